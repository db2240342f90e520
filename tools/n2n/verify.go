package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/n2n-overlay/n2n/overlay/verify"
)

const verifyHelp = `
Searches small networks of peers for anything that must not be: every order of
messages, timers and faults, within a budget, in the code that a node runs. The
search is complete: a world that holds has no other state than those it counts.
A world that fails is told by the shortest way to what is wrong, which is also
written to a file for n2n trace, and the exit code is 1.

Examples:
  n2n verify --quick
  n2n verify --world glare,revival
  n2n verify --json

The table goes to standard output, progress to standard error. A search takes
about 60 bytes for each state, and at most some 700 MB for everything else.`

// A search keeps little and throws much away: it pays to collect seldom.
const (
	garbage = 400       // percent of what is kept
	memory  = 700 << 20 // bytes, from which on it is collected more often
)

func runVerify(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("verify", "verify [flags]", verifyHelp)
	quick := f.Bool("quick", false, "only worlds that take some 20 s together")
	names := f.String("world", "", "`NAMES` of the worlds to search, separated by commas")
	asJSON := f.Bool("json", false, "end with one line of JSON instead of printing a table")
	list := f.Bool("list", false, "tell what the worlds are about, and search none")
	if _, code, ok := f.parse(args, 0, stdout, stderr); !ok {
		return code
	}
	size := verify.Full
	if *quick {
		size = verify.Quick
	}
	worlds := verify.Worlds(size)
	if *names != "" {
		var unknown string
		if worlds, unknown = pickWorlds(verify.Worlds(verify.Full), *names); unknown != "" {
			return f.wrong(stderr, "--world %s: there is no such world: see n2n verify --list", clean(unknown, 40))
		}
	}
	if *list {
		for _, w := range worlds {
			fmt.Fprintf(stdout, "%-28s %s\n", w.Name, w.About)
		}
		return exitOK
	}
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memory))
	return verifyAll(ctx, worlds, *asJSON, stdout, stderr)
}

// tellTrace writes a trace to a file and says where that is.
func tellTrace(stderr io.Writer, world string, lines []string) {
	file, err := os.CreateTemp("", "n2n-"+world+"-*.trace")
	if err == nil {
		_, err = io.WriteString(file, strings.Join(lines, "\n")+"\n")
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		fmt.Fprintf(stderr, "n2n verify: the trace cannot be kept: %v\n", err)
		return
	}
	fmt.Fprintf(stderr, "n2n verify: to see it as a chart: n2n trace %s\n", file.Name())
}

func pickWorlds(all []*verify.World, names string) (worlds []*verify.World, unknown string) {
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(w *verify.World) bool { return w.Name == name })
		if i < 0 {
			return nil, name
		}
		worlds = append(worlds, all[i])
	}
	return worlds, ""
}

// verified is one world in the line of JSON.
type verified struct {
	World   string  `json:"world"`
	States  int     `json:"states"`
	Depth   int     `json:"depth"`
	Seconds float64 `json:"seconds"`
	Result  string  `json:"result"`
}

func verifyAll(ctx context.Context, worlds []*verify.World, asJSON bool, stdout, stderr io.Writer) int {
	const row = "%-28s %12s %6s %8s %10s  %s\n"
	told := &teller{w: stderr, live: isTerminal(stderr)}
	if !asJSON {
		fmt.Fprintf(stdout, row, "world", "states", "depth", "seconds", "states/s", "result")
	}
	sum := struct {
		Worlds []verified `json:"worlds"`
	}{[]verified{}}
	states, failed, begun := 0, 0, time.Now()
	for i, w := range worlds {
		told.begin(fmt.Sprintf("%d of %d", i+1, len(worlds)))
		r, err := verify.Run(ctx, w, verify.Options{Progress: told.progress})
		told.end()
		if errors.Is(err, context.Canceled) {
			fmt.Fprintln(stderr, "n2n verify: interrupted")
			return exitInterrupted
		}
		if err != nil {
			return fault(stderr, "verify", err)
		}
		v := verified{w.Name, r.States, r.Depth, r.Time.Seconds(), "holds"}
		states += r.States
		if r.Err != nil {
			v.Result = "fails"
			failed++
			fmt.Fprintf(stderr, "n2n verify: %s: %v\n", w.Name, r.Err)
			for _, line := range r.Trace {
				fmt.Fprintln(stderr, "  "+line)
			}
			tellTrace(stderr, w.Name, r.Record)
		}
		sum.Worlds = append(sum.Worlds, v)
		if !asJSON {
			fmt.Fprintf(stdout, row, v.World, fmt.Sprint(v.States), fmt.Sprint(v.Depth),
				fmt.Sprintf("%.1f", v.Seconds), fmt.Sprintf("%.0f", float64(v.States)/v.Seconds), v.Result)
		}
	}
	took := time.Since(begun).Seconds()
	if asJSON {
		json.NewEncoder(stdout).Encode(sum) // a writer that fails is noticed by checked
	} else {
		fmt.Fprintf(stdout, row, fmt.Sprintf("%d worlds, %d fail", len(worlds), failed), fmt.Sprint(states), "",
			fmt.Sprintf("%.1f", took), fmt.Sprintf("%.0f", float64(states)/took), "")
	}
	if failed > 0 {
		return exitFault
	}
	return exitOK
}
