package main

import (
	"runtime"
	"sync"
)

func syncRows() []row {
	return []row{
		{"mutex", 8, mutex},
		{"mutex-uncontended", 1, mutexUncontended},
		{"semaphore", 16, semaphore},
		{"singleflight-hit", 64, singleflightHit},
	}
}

func mutex(n int) {
	var mu sync.Mutex
	held, count := 0, 0
	inParallel(8, func() {
		for i := 0; i < n/8; i++ {
			mu.Lock()
			held++
			runtime.Gosched()
			if held != 1 {
				panic("mutex: two hold it")
			}
			held--
			count++
			mu.Unlock()
		}
	})
	check("mutex", count, n)
}

func mutexUncontended(n int) {
	var mu sync.Mutex
	count := 0
	for i := 0; i < n; i++ {
		mu.Lock()
		count++
		mu.Unlock()
	}
	check("mutex-uncontended", count, n)
}

// semaphore is a channel with as many places as there are permits, as Go programs without x/sync have it.
func semaphore(n int) {
	permits := make(chan struct{}, 4)
	counts := make(chan int, 16)
	inParallel(16, func() {
		count := 0
		for i := 0; i < n/16; i++ {
			permits <- struct{}{}
			runtime.Gosched()
			count++
			<-permits
		}
		counts <- count
	})
	total := 0
	for i := 0; i < 16; i++ {
		total += <-counts
	}
	check("semaphore", total, n)
}

// flights is x/sync's singleflight, reduced to what `Do` needs: no panics, no Goexit, no `shared`.
type flights struct {
	mu    sync.Mutex
	calls map[string]*flight
}

type flight struct {
	done  sync.WaitGroup
	dups  int
	value int
	err   error
}

func (f *flights) do(key string, fn func() (int, error)) (int, error) {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = make(map[string]*flight)
	}
	if c, ok := f.calls[key]; ok {
		c.dups++
		f.mu.Unlock()
		c.done.Wait()
		return c.value, c.err
	}
	c := new(flight)
	c.done.Add(1)
	f.calls[key] = c
	f.mu.Unlock()

	c.value, c.err = fn()

	f.mu.Lock()
	delete(f.calls, key)
	f.mu.Unlock()
	c.done.Done()
	return c.value, c.err
}

// joined tells how many callers share the call in flight, the first included.
func (f *flights) joined(key string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, ok := f.calls[key]; ok {
		return 1 + c.dups
	}
	return 0
}

func singleflightHit(n int) {
	var group flights
	for wave := 0; wave < n/64; wave++ {
		var waiting sync.WaitGroup
		waiting.Add(64)
		gate := make(chan struct{})
		calls := 0
		var mu sync.Mutex
		sum := 0
		for caller := 0; caller < 64; caller++ {
			go func() {
				value, err := group.do("key", func() (int, error) {
					calls++
					<-gate
					return 7, nil
				})
				if err != nil {
					panic(err)
				}
				mu.Lock()
				sum += value
				mu.Unlock()
				waiting.Done()
			}()
		}
		for group.joined("key") < 64 {
			runtime.Gosched()
		}
		close(gate)
		waiting.Wait()
		check("singleflight-hit", sum, 64*7)
		check("singleflight-hit calls", calls, 1)
	}
}

func inParallel(tasks int, body func()) {
	var all sync.WaitGroup
	all.Add(tasks)
	for i := 0; i < tasks; i++ {
		go func() {
			body()
			all.Done()
		}()
	}
	all.Wait()
}
