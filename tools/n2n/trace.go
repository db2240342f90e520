package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/n2n-overlay/n2n/spec/chart"
)

const traceHelp = `
Shows a trace as a sequence chart: a column for each peer, an arrow for each
message, and what came of it. Searches (n2n verify) and random walks (go test) write
a trace file when something is wrong, and print its path; traces of the protocol's
stories are in spec/traces. "-" reads standard input.

Examples:
  n2n trace spec/traces/06-glare.trace
  n2n trace --format mermaid spec/traces/06-glare.trace
  n2n trace --json /tmp/n2n-glare-1.trace | jq .lines[-1]`

func runTrace(_ context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("trace", "trace FILE [flags]", traceHelp)
	format := f.String("format", "text", "`FORMAT` text or mermaid")
	asJSON := f.Bool("json", false, "print the trace as one line of JSON")
	all := f.Bool("all", false, "also what happened before the story begins")
	files, code, ok := f.parse(args, 1, stdout, stderr)
	if !ok {
		return code
	}
	if len(files) == 0 {
		return f.wrong(stderr, "which trace? Give the path of a file")
	}
	if *format != "text" && *format != "mermaid" {
		return f.wrong(stderr, "--format %s: want text or mermaid", clean(*format, 40))
	}
	t, err := readTrace(files[0], stdin)
	if err != nil {
		return fault(stderr, "trace", err)
	}
	if *all {
		t.Before, t.Lines = nil, append(t.Before, t.Lines...)
	}
	switch {
	case *asJSON:
		err = json.NewEncoder(stdout).Encode(t)
	case *format == "mermaid":
		err = t.Mermaid(stdout)
	default:
		err = t.Text(stdout)
	}
	if err != nil {
		return fault(stderr, "trace", err)
	}
	return exitOK
}

func readTrace(name string, stdin io.Reader) (*chart.Trace, error) {
	if name == "-" {
		return chart.Read(stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t, err := chart.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}
