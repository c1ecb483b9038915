// Go's gRPC as the RPC bench's peer: `rpc-go server PORT`, and `rpc-go client PORT`, which reads loads from stdin
// (`unary 64 2`: kind, callers, seconds) and answers each with a line of JSON. The bench sets GOMAXPROCS=1.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
)

func main() {
	if os.Args[1] == "server" {
		serve(os.Args[2])
	} else {
		call(os.Args[2])
	}
}

type echoServer struct{}

func serve(port string) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.MaxConcurrentStreams(1000))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "flotilla.bench.v1.EchoService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: echo}},
		Streams:     []grpc.StreamDesc{{StreamName: "EchoStream", Handler: echoStream, ServerStreams: true, ClientStreams: true}},
	}, echoServer{})
	log.Fatal(server.Serve(listener))
}

func echo(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	note := new(Note)
	if err := decode(note); err != nil {
		return nil, err
	}
	return note, nil
}

func echoStream(_ any, stream grpc.ServerStream) error {
	for {
		note := new(Note)
		if err := stream.RecvMsg(note); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(note); err != nil {
			return err
		}
	}
}
