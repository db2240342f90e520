package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/n2n-overlay/n2n/tools/bench"
)

const benchHelp = `
Measures n2n beside raw pion/webrtc, with its default settings and with the best
ones known, in turns in one process, so that the ratios hold on a busy machine:
time to open (direct, one broker, three; on loopback, and with a delay on packets
and signals), openings per second, what a session holds, throughput, latency.
Nothing leaves loopback. The full run takes about four minutes, --quick at most 45 s.

For each ratio the table has the median over the rounds and their spread, and,
where this project has set itself a bar, whether it holds.

Examples:
  n2n bench --quick
  n2n bench --json
  n2n bench --only open,"messages of 16 KiB"
  n2n bench --only open --cpuprofile open.prof

The tables go to standard output, progress to standard error. With --json the
last line is one object, with the medians in "ratios".`

func runBench(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("bench", "bench [flags]", benchHelp)
	quick := f.Bool("quick", false, "fewer rounds and sizes")
	asJSON := f.Bool("json", false, "end with one line of JSON instead of printing tables")
	only := f.String("only", "", "`NAMES` of the phases to run, separated by commas: "+strings.Join(bench.Phases(false), ", "))
	cpu := f.String("cpuprofile", "", "write a profile of the processor time to this `FILE`")
	heap := f.String("memprofile", "", "write a profile of what was allocated to this `FILE`")
	if _, code, ok := f.parse(args, 0, stdout, stderr); !ok {
		return code
	}
	show := newProgress(stderr)
	o := bench.Options{Quick: *quick}
	if *only != "" {
		names := strings.Split(*only, ",")
		for _, name := range names {
			if !slices.Contains(bench.Phases(*quick), name) {
				return f.wrong(stderr, "--only %s: there is no such phase", clean(name, 40))
			}
		}
		o.Only = func(phase string) bool { return slices.Contains(names, phase) }
	}
	o.Progress = func(phase string, done, of int) {
		switch done {
		case 0:
			show.begin(phase, of)
		case of:
			show.step()
			show.end("")
		default:
			show.step()
		}
	}
	stop, err := profiles(*cpu, *heap)
	if err != nil {
		return fault(stderr, "bench", err)
	}
	r, err := bench.Run(ctx, o)
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "n2n bench: interrupted")
		return exitInterrupted
	}
	if err = errors.Join(err, stop()); err != nil {
		return fault(stderr, "bench", err)
	}
	if *asJSON {
		err = r.JSON(stdout)
	} else {
		err = r.Text(stdout)
	}
	if err != nil {
		return fault(stderr, "bench", err)
	}
	return exitOK
}
