package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func taskRows() []row {
	return []row{
		{"group-100", 100, groupOfHundred},
		{"limit-8", 1000, limitEight},
		{"context-deadline", 1, contextDeadline},
		{"context-using", 1, contextUsing},
	}
}

// errgroup is x/sync's errgroup, reduced to Go, Wait and the limit.
type errgroup struct {
	all    sync.WaitGroup
	once   sync.Once
	err    error
	cancel context.CancelCauseFunc
	places chan struct{}
}

func (g *errgroup) goDo(fn func() error) {
	if g.places != nil {
		g.places <- struct{}{}
	}
	g.all.Add(1)
	go func() {
		defer func() {
			if g.places != nil {
				<-g.places
			}
			g.all.Done()
		}()
		if err := fn(); err != nil {
			g.once.Do(func() {
				g.err = err
				g.cancel(err)
			})
		}
	}()
}

func (g *errgroup) wait() error {
	g.all.Wait()
	g.cancel(g.err)
	return g.err
}

func groupOfHundred(n int) {
	var count atomic.Int64
	for wave := 0; wave < n/100; wave++ {
		_, cancel := context.WithCancelCause(context.Background())
		g := errgroup{cancel: cancel}
		for task := 0; task < 100; task++ {
			g.goDo(func() error {
				count.Add(1)
				return nil
			})
		}
		if err := g.wait(); err != nil {
			panic(err)
		}
	}
	check("group-100", int(count.Load()), n)
}

func limitEight(n int) {
	var count, active, most atomic.Int64
	for wave := 0; wave < n/1000; wave++ {
		_, cancel := context.WithCancelCause(context.Background())
		g := errgroup{cancel: cancel, places: make(chan struct{}, 8)}
		for task := 0; task < 1000; task++ {
			g.goDo(func() error {
				if now := active.Add(1); now > most.Load() {
					most.Store(now)
				}
				runtime.Gosched()
				active.Add(-1)
				count.Add(1)
				return nil
			})
		}
		if err := g.wait(); err != nil {
			panic(err)
		}
	}
	check("limit-8", int(count.Load()), n)
	if most.Load() > 8 {
		panic("limit-8: more than eight at once")
	}
}

type key struct{ name string }

var keys = [3]*key{{"tenant"}, {"principal"}, {"trace"}}

func contextDeadline(n int) {
	parent, stop := context.WithCancel(context.Background())
	defer stop()
	sum := 0
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithTimeout(parent, time.Second)
		ctx = context.WithValue(ctx, keys[0], i)
		ctx = context.WithValue(ctx, keys[1], "user")
		ctx = context.WithValue(ctx, keys[2], true)
		sum += ctx.Value(keys[0]).(int)
		cancel()
	}
	check("context-deadline", sum, sumBelow(n))
}

func contextUsing(n int) {
	parent, stop := context.WithCancel(context.Background())
	defer stop()
	sum := 0
	for i := 0; i < n; i++ {
		sum += request(parent, i)
	}
	check("context-using", sum, sumBelow(n))
}

// request leaves its context by `defer`, Go's counterpart of `using`.
func request(parent context.Context, i int) int {
	ctx, cancel := context.WithTimeout(parent, time.Second)
	defer cancel()
	ctx = context.WithValue(ctx, keys[0], i)
	ctx = context.WithValue(ctx, keys[1], "user")
	ctx = context.WithValue(ctx, keys[2], true)
	return ctx.Value(keys[0]).(int)
}
