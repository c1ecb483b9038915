package main

import (
	"context"
	"time"
)

func channelRows() []row {
	return []row{
		{"buffered", 1, func(n int) { oneWay("buffered", n, 128) }},
		{"buffered-await", 1, func(n int) { oneWay("buffered-await", n, 128) }},
		{"unbuffered-pingpong", 1, pingPong},
		{"pingpong-deadline", 1, pingPongDeadline},
		{"unbuffered-one-way", 1, func(n int) { oneWay("unbuffered-one-way", n, 0) }},
		{"one-to-eight", 8, oneToEight},
		{"eight-to-one", 8, eightToOne},
		{"select-4", 4, func(n int) { selectFour("select-4", n, 128) }},
		{"select-4-parked", 4, func(n int) { selectFour("select-4-parked", n, 0) }},
		{"pipeline-5", 1, pipeline},
		{"pipeline-5-channels", 1, pipeline},
	}
}

func oneWay(name string, n, capacity int) {
	ch := make(chan int, capacity)
	go send(ch, 0, n, 1)
	sum := 0
	for i := 0; i < n; i++ {
		sum += <-ch
	}
	check(name, sum, sumBelow(n))
}

// send sends first, first+step, … below end.
func send(ch chan<- int, first, end, step int) {
	for i := first; i < end; i += step {
		ch <- i
	}
}

func pingPong(n int) {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for i := 0; i < n; i++ {
			pong <- 1 + <-ping
		}
	}()
	sum := 0
	for i := 0; i < n; i++ {
		ping <- i
		sum += <-pong
	}
	check("unbuffered-pingpong", sum, sumBelow(n)+n)
}

func pingPongDeadline(n int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ping, pong := make(chan int), make(chan int)
	go func() {
		for i := 0; i < n; i++ {
			sendUntil(ctx, pong, 1+recvUntil(ctx, ping))
		}
	}()
	sum := 0
	for i := 0; i < n; i++ {
		sendUntil(ctx, ping, i)
		sum += recvUntil(ctx, pong)
	}
	check("pingpong-deadline", sum, sumBelow(n)+n)
}

func sendUntil(ctx context.Context, ch chan<- int, i int) {
	select {
	case ch <- i:
	case <-ctx.Done():
		panic(ctx.Err())
	}
}

func recvUntil(ctx context.Context, ch <-chan int) int {
	select {
	case i := <-ch:
		return i
	case <-ctx.Done():
		panic(ctx.Err())
	}
}

func oneToEight(n int) {
	ch, sums := make(chan int), make(chan int)
	for receiver := 0; receiver < 8; receiver++ {
		go func() {
			sum := 0
			for i := range ch {
				sum += i
			}
			sums <- sum
		}()
	}
	send(ch, 0, n, 1)
	close(ch)
	total := 0
	for receiver := 0; receiver < 8; receiver++ {
		total += <-sums
	}
	check("one-to-eight", total, sumBelow(n))
}

func eightToOne(n int) {
	ch := make(chan int)
	for sender := 0; sender < 8; sender++ {
		go send(ch, sender, n, 8)
	}
	sum := 0
	for i := 0; i < n; i++ {
		sum += <-ch
	}
	check("eight-to-one", sum, sumBelow(n))
}

func selectFour(name string, n, capacity int) {
	var chans [4]chan int
	for i := range chans {
		chans[i] = make(chan int, capacity)
		go send(chans[i], i, n, 4)
	}
	a, b, c, d := chans[0], chans[1], chans[2], chans[3]
	sum := 0
	for i := 0; i < n; i++ {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += v
		case v := <-c:
			sum += v
		case v := <-d:
			sum += v
		}
	}
	check(name, sum, sumBelow(n))
}

func pipeline(n int) {
	first := make(chan int, 128)
	in := first
	for stage := 0; stage < 5; stage++ {
		from, to := in, make(chan int, 128)
		go func() {
			for i := range from {
				to <- i + 1
			}
			close(to)
		}()
		in = to
	}
	go func() {
		send(first, 0, n, 1)
		close(first)
	}()
	sum := 0
	for i := range in {
		sum += i
	}
	check("pipeline-5", sum, sumBelow(n)+5*n)
}
