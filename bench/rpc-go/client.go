package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

const (
	unaryMethod  = "/flotilla.bench.v1.EchoService/Echo"
	streamMethod = "/flotilla.bench.v1.EchoService/EchoStream"
)

// The one of note.ts.
var note = &Note{
	Id:    1234567890123,
	User:  "user-8c1f29e4",
	Room:  "room-4711",
	Text:  "see you all at nine, and bring the good headphones!",
	Marks: []int32{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144},
}

// An exchange sends the note and takes the answer.
type exchange func() (*Note, error)

func call(port string) {
	connection, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var kind string
		var callers int
		var seconds float64
		if _, err := fmt.Sscanf(lines.Text(), "%s %d %f", &kind, &callers, &seconds); err != nil {
			log.Fatal(err)
		}
		run(callers, seconds, func() (exchange, func()) {
			if kind == "stream" {
				return openStream(connection)
			}
			return unary(connection), func() {}
		})
	}
}

func unary(connection *grpc.ClientConn) exchange {
	return func() (*Note, error) {
		answer := new(Note)
		return answer, connection.Invoke(context.Background(), unaryMethod, note, answer)
	}
}

func openStream(connection *grpc.ClientConn) (exchange, func()) {
	desc := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := connection.NewStream(ctx, desc, streamMethod)
	if err != nil {
		log.Fatal(err)
	}
	return func() (*Note, error) {
		if err := stream.SendMsg(note); err != nil {
			return nil, err
		}
		answer := new(Note)
		return answer, stream.RecvMsg(answer)
	}, cancel
}

func run(callers int, seconds float64, open func() (exchange, func())) {
	latencies := make([][]float64, callers)
	var done sync.WaitGroup
	start := time.Now()
	end := start.Add(time.Duration(seconds * float64(time.Second)))
	for i := range callers {
		done.Go(func() {
			exchange, leave := open()
			defer leave()
			for time.Now().Before(end) {
				began := time.Now()
				answer, err := exchange()
				if err != nil {
					log.Fatal(err)
				}
				if len(latencies[i]) == 0 && !proto.Equal(answer, note) {
					log.Fatal("the answer is another one: ", answer)
				}
				latencies[i] = append(latencies[i], float64(time.Since(began).Microseconds())/1000)
			}
		})
	}
	done.Wait()
	took := time.Since(start).Seconds()
	all := slices.Concat(latencies...)
	slices.Sort(all)
	json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"calls":   float64(len(all)),
		"seconds": took,
		"p50":     all[len(all)/2],
		"p99":     all[len(all)*99/100],
	})
}
