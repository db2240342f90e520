// Mutants asks how much the proof of n2n is worth: it makes many copies of the
// module with one small fault each, runs the fast proof on every one, and
// reports the faults that nothing noticed.
//
//	go run ./tools/mutants                    every mutant
//	go run ./tools/mutants --sample 100       so many of those that the checker lets pass
//	go run ./tools/mutants --only link.Offer  those whose name matches it
//	go run ./tools/mutants --list             only their names
//
// # The mutants
//
// Of every rule of spec/*.fsm: another next state, the rule ignored (same, no
// actions), the rule ruled out (never), its guard dropped, negated, or one of
// its operators changed, each action (effect, update, timer) dropped, each
// effect without parameters added. Of every do and define: an action dropped,
// the condition negated, an operator changed. A rule that leads to never is
// changed to same only if a message triggers it: of all others the proof says
// that they do not happen, and so no run can tell.
//
// Of the core: the decisions listed in decisions/, as edits of its source.
//
// # Killers
//
// A mutant of a spec is killed when package spec's checker refuses it; else the
// code is generated anew in a temporary copy of the module. Then, and for the
// core's decisions, it is killed when the code does not build, or when a test of
// overlay/internal/core, overlay/internal/search or fsm/verify fails; the first
// one ends the run, and the tests of the core, which are quickest, go first. Tests that
// only compare generated code with the very spec that it was made of do not
// count: those of fsm, gen and spec are not run, and see notKillers.
//
// Building takes longer than the tests that kill most mutants, so one build holds
// many: every function that one of them changes is in it several times, and an
// environment variable says which of them is to run (see splice.go). Mutants that
// change more than functions, and those that only fsm/verify can kill, which
// reads the specs as well, have a build of their own.
//
// A mutant that behaves like the original cannot be killed. Those are named in
// equivalent.txt, with the reason; one that is killed nevertheless is a fault.
// They are run as well, but for fsm/verify.
//
// The score is killed / (judged - equivalent). Exit codes: 0 every mutant is
// killed or named, 1 some are not, 2 wrong usage, 130 interrupted; what was found
// until then is reported. Each job is a goroutine with a copy of its own, which
// is removed when the program ends; all else belongs to the goroutine of main.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"syscall"
	"time"
)

// The exit codes.
const (
	exitOK          = 0
	exitFault       = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends a program that does not stop
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are what the flags say.
type options struct {
	dir    string
	only   string
	sample int
	seed   uint64
	jobs   int
	skip   string
	json   bool
	list   bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.dir, "dir", ".", "root of the module")
	flags.StringVar(&o.only, "only", "", "only mutants whose name matches this `regexp`")
	flags.IntVar(&o.sample, "sample", 0, "run the tests on so many mutants, drawn at random (0: all)")
	flags.Uint64Var(&o.seed, "seed", 1, "of the sample")
	flags.IntVar(&o.jobs, "jobs", 1, "builds at once, each in a copy of its own")
	flags.StringVar(&o.skip, "skip", "", "tests that do not count, as a `regexp`; for a proof that fails without any mutant")
	flags.BoolVar(&o.json, "json", false, "print the report as JSON, on one line")
	flags.BoolVar(&o.list, "list", false, "print the names of the mutants, and stop")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	case flags.NArg() > 0 || o.jobs < 1 || o.sample < 0:
		fmt.Fprintln(stderr, "mutants: want no arguments, --jobs from 1, --sample from 0: see --help")
		return exitUsage
	}
	rep, err := judge(ctx, o, stdout, stderr)
	switch {
	case err != nil && ctx.Err() != nil:
		fmt.Fprintln(stderr, "mutants: interrupted")
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(stderr, "mutants:", err)
		return exitFault
	case rep == nil: // --list
		return exitOK
	}
	if err := rep.print(stdout, o.json); err != nil {
		fmt.Fprintln(stderr, "mutants:", err)
		return exitFault
	}
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case rep.Survived > 0 || len(rep.Misnamed) > 0:
		return exitFault
	}
	return exitOK
}

// judge makes the mutants and finds out what kills them.
func judge(ctx context.Context, o options, stdout, stderr io.Writer) (*report, error) {
	all, err := collect(os.DirFS(o.dir))
	if err != nil {
		return nil, err
	}
	equivalent, err := readEquivalent(equivalentText)
	if err != nil {
		return nil, err
	}
	if err := equivalent.known(all); err != nil {
		return nil, err
	}
	only, err := regexp.Compile(o.only)
	if err != nil {
		return nil, fmt.Errorf("--only: %w", err)
	}
	for _, m := range all {
		m.named = equivalent[m.name] != ""
	}
	all = slices.DeleteFunc(all, func(m *mutant) bool { return !only.MatchString(m.name) })
	if len(all) == 0 {
		return nil, fmt.Errorf("no mutant's name matches %q: see --list", o.only)
	}
	if o.list {
		for _, m := range all {
			fmt.Fprintln(stdout, m.name)
		}
		return nil, nil
	}
	rep := newReport(len(all), equivalent)
	var rest []*mutant
	for _, m := range all {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if r, killed := check(m); killed {
			rep.add(r)
			continue
		}
		rest = append(rest, m)
	}
	fmt.Fprintf(stderr, "%d mutants; the checker kills %d in %.1f s\n", len(all), len(all)-len(rest), rep.age().Seconds())
	if o.sample > 0 && o.sample < len(rest) {
		r := rand.New(rand.NewPCG(o.seed, 0))
		r.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
		rest = rest[:o.sample]
		rep.Sample, rep.Seed = o.sample, o.seed
	}
	if len(rest) == 0 {
		return rep, nil
	}
	return rep, prove(ctx, o, rest, rep, stderr)
}

// prove runs the tests on the mutants that the checker let pass.
func prove(ctx context.Context, o options, rest []*mutant, rep *report, stderr io.Writer) error {
	w, err := newWorkshop(ctx, o)
	if err != nil {
		return err
	}
	defer w.close()
	start := time.Now()
	if err := w.baseline(ctx); err != nil {
		return err
	}
	once := time.Since(start)
	fmt.Fprintf(stderr, "the proof holds without a mutant, in %.1f s; %d mutants to run, at most %v\n",
		once.Seconds(), len(rest), (once * time.Duration(len(rest)) / time.Duration(o.jobs)).Round(time.Second))
	done := 0
	return w.each(ctx, rest, func(r result) {
		done++
		rep.add(r)
		fmt.Fprintf(stderr, "[%d/%d] %-10s %5.1f s  %s  (%s)\n", done, len(rest), rep.verdict(r), r.Seconds, r.Name, r.Killer)
	})
}
