package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// What the server has seen since its start. A message counts when its answer was handed to gRPC.
type counts struct {
	connections atomic.Int64
	calls       atomic.Int64
	messages    atomic.Int64
}

func serve(words []string) error {
	var seen counts
	listener, err := net.Listen("tcp", words[0])
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	server.RegisterService(describe(&seen), nil)
	http.HandleFunc("/counts", func(response http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(response).Encode(map[string]int64{
			"connections": seen.connections.Load(),
			"calls":       seen.calls.Load(),
			"messages":    seen.messages.Load(),
		})
	})
	failed := make(chan error, 2)
	go func() { failed <- http.ListenAndServe(words[1], nil) }()
	go func() { failed <- server.Serve(&countingListener{listener, &seen}) }()
	return <-failed
}

type countingListener struct {
	net.Listener
	seen *counts
}

func (listener *countingListener) Accept() (net.Conn, error) {
	connection, err := listener.Listener.Accept()
	if err == nil {
		listener.seen.connections.Add(1)
	}
	return connection, err
}

// Both methods echo a google.protobuf.BytesValue, so that no code needs to be generated.
func describe(seen *counts) *grpc.ServiceDesc {
	unary := func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		message := new(wrapperspb.BytesValue)
		if err := decode(message); err != nil {
			return nil, err
		}
		seen.calls.Add(1)
		seen.messages.Add(1)
		return message, nil
	}
	stream := func(_ any, stream grpc.ServerStream) error {
		message := new(wrapperspb.BytesValue)
		for {
			if err := stream.RecvMsg(message); errors.Is(err, io.EOF) {
				seen.calls.Add(1)
				return nil
			} else if err != nil {
				return err
			}
			if err := stream.SendMsg(message); err != nil {
				return err
			}
			seen.messages.Add(1)
		}
	}
	return &grpc.ServiceDesc{
		ServiceName: "towpath.bench.Echo",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Unary", Handler: unary}},
		Streams:     []grpc.StreamDesc{{StreamName: "Stream", Handler: stream, ServerStreams: true, ClientStreams: true}},
	}
}
