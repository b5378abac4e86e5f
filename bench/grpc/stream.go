package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// How long the streams may take to open before, and to end after the measured seconds.
const grace = 10 * time.Second

type report struct {
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
	Bytes    int     `json:"bytes"`
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
	P999     float64 `json:"p999"`
}

func stream(words []string) error {
	var numbers [4]int
	for i := range numbers {
		number, err := strconv.Atoi(words[i+1])
		if err != nil || number < 1 {
			return fmt.Errorf("%q is not a whole number above 0", words[i+1])
		}
		numbers[i] = number
	}
	connections, streams, size, seconds := numbers[0], numbers[1], numbers[2], time.Duration(numbers[3])*time.Second
	ctx, cancel := context.WithTimeout(context.Background(), seconds+2*grace)
	defer cancel()
	opened, err := openStreams(ctx, words[0], connections, streams)
	if err != nil {
		return err
	}
	started := time.Now()
	latencies, err := exchangeAll(opened, size, started.Add(seconds))
	if err != nil {
		return err
	}
	result := report{Requests: len(latencies), Seconds: time.Since(started).Seconds(), Bytes: len(latencies) * size}
	slices.Sort(latencies)
	result.P50, result.P99, result.P999 = at(latencies, 0.5), at(latencies, 0.99), at(latencies, 0.999)
	return json.NewEncoder(os.Stdout).Encode(result)
}

func openStreams(ctx context.Context, address string, connections, streams int) ([]grpc.ClientStream, error) {
	description := &grpc.StreamDesc{StreamName: "Stream", ServerStreams: true, ClientStreams: true}
	var opened []grpc.ClientStream
	for range connections {
		client, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, err
		}
		for range streams {
			one, err := client.NewStream(ctx, description, "/towpath.bench.Echo/Stream")
			if err != nil {
				return nil, err
			}
			opened = append(opened, one)
		}
	}
	return opened, nil
}

// exchangeAll keeps all streams busy until then, and ends each properly. Any error fails the whole.
func exchangeAll(streams []grpc.ClientStream, size int, until time.Time) ([]time.Duration, error) {
	latencies := make([][]time.Duration, len(streams))
	failures := make([]error, len(streams))
	var all sync.WaitGroup
	for i, one := range streams {
		all.Go(func() { latencies[i], failures[i] = exchange(one, size, until) })
	}
	all.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(latencies...), nil
}

func exchange(stream grpc.ClientStream, size int, until time.Time) ([]time.Duration, error) {
	message := wrapperspb.Bytes(make([]byte, size))
	answer := new(wrapperspb.BytesValue)
	var latencies []time.Duration
	for sent := time.Now(); sent.Before(until); sent = time.Now() {
		if err := stream.SendMsg(message); err != nil {
			return nil, fmt.Errorf("a message could not be sent: %w", stream.RecvMsg(answer))
		}
		if err := stream.RecvMsg(answer); err != nil {
			return nil, fmt.Errorf("no answer: %w", err)
		}
		if len(answer.Value) != size {
			return nil, fmt.Errorf("an answer has %d bytes instead of %d", len(answer.Value), size)
		}
		latencies = append(latencies, time.Since(sent))
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	if err := stream.RecvMsg(answer); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the stream did not end with status OK: %v", err)
	}
	return latencies, nil
}

// at returns the latency below which that fraction of the sorted ones lies, in milliseconds.
func at(sorted []time.Duration, fraction float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(float64(len(sorted)-1)*fraction)].Microseconds()) / 1000
}
