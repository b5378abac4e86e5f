// A gRPC server that counts, and a client that keeps bidirectional streams busy: the independent peers of the gRPC rows.
package main

import (
	"fmt"
	"os"
)

const usage = `Usage: bench-grpc serve ADDRESS COUNTS_ADDRESS
       bench-grpc stream ADDRESS CONNECTIONS STREAMS BYTES SECONDS

  serve   answers the service towpath.bench.Echo; what it has counted is served as JSON over HTTP at COUNTS_ADDRESS
  stream  opens STREAMS bidirectional streams on each of CONNECTIONS connections; each sends a message of BYTES bytes as
          soon as the last one came back. Prints one line of JSON

Exit status: 0 done, 1 failed, 2 wrong usage.
`

func main() {
	var run func([]string) error
	switch words := len(os.Args) - 2; {
	case words == 2 && os.Args[1] == "serve":
		run = serve
	case words == 5 && os.Args[1] == "stream":
		run = stream
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := run(os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "bench-grpc: %v\n", err)
		os.Exit(1)
	}
}
