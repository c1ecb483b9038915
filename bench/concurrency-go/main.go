// The rows of the subject "concurrency" in Go, for comparison: measures each one and prints nanoseconds per operation as
// one JSON object. Every row checks that its work was done. GOMAXPROCS comes from the environment: on one processor it
// measures CPU time, as the benches of Node do; on several, where CPU time would count them all, the time that passes.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// A row does n operations, a multiple of batch, and panics if they were not done.
type row struct {
	name  string
	batch int
	run   func(n int)
}

func main() {
	target := flag.Duration("target", 150*time.Millisecond, "how long one row should take")
	flag.Parse()
	rows := append(append(channelRows(), syncRows()...), taskRows()...)
	results := make(map[string]float64, len(rows))
	for _, r := range rows {
		results[r.name] = measure(r, *target)
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Others use the machine too: of so many runs the best one counts.
const runs = 3

// measure finds out how many operations take about as long as the target in all, then measures that many: nanoseconds each.
func measure(r row, target time.Duration) float64 {
	target /= runs
	n := roundUp(1000, r.batch)
	for {
		took := timed(r, n)
		if took*4 >= target {
			n = roundUp(int(float64(n)*float64(target)/float64(took)), r.batch)
			break
		}
		n *= 4
	}
	best := timed(r, n)
	for i := 1; i < runs; i++ {
		best = min(best, timed(r, n))
	}
	return float64(best) / float64(n)
}

func timed(r row, n int) time.Duration {
	runtime.GC()
	if runtime.GOMAXPROCS(0) > 1 {
		start := time.Now()
		r.run(n)
		return time.Since(start)
	}
	before := cpuTime()
	r.run(n)
	return cpuTime() - before
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func roundUp(n, batch int) int {
	return (n + batch - 1) / batch * batch
}

func check(name string, got, want int) {
	if got != want {
		panic(fmt.Sprintf("%s: %d instead of %d", name, got, want))
	}
}

// sumBelow is 0 + 1 + … + (n-1).
func sumBelow(n int) int {
	return n * (n - 1) / 2
}
