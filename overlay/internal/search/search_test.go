package search

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
	"github.com/n2n-overlay/n2n/spec/chart"
)

var (
	update = flag.Bool("update", false, "write testdata/*.txt anew")
	size   = flag.String("search.size", "short", "worlds to search: short, quick or full")
)

var sizes = map[string]Size{"short": Short, "quick": Quick, "full": Full}

// Every goroutine of a search has ended when it returns.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestWorlds searches the short worlds, or with -search.size more. How many
// states each has is in testdata/states-full.txt: a change of behavior shows there,
// wanted or not. With -update, the lines of the worlds that were searched are
// written anew:
//
//	go test ./overlay/internal/search -run TestWorlds -search.size=full -timeout 3h -update
//	go test ./overlay/internal/search -run 'TestWorlds/^glare$' -search.size=full -update
func TestWorlds(t *testing.T) {
	want := states(t)
	for _, w := range Worlds(sizes[*size]) {
		t.Run(w.Name, func(t *testing.T) {
			r, err := Run(t.Context(), w, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Err != nil {
				t.Errorf("%v\n%s", r.Err, strings.Join(r.Trace, "\n"))
			}
			got := fmt.Sprintf("%d states, depth %d, %d at rest", r.States, r.Depth, r.Rest)
			if !*update && got != want[w.Name] {
				t.Errorf("%s (-update renews it), want %s", got, want[w.Name])
			}
			want[w.Name] = got
		})
	}
	var all strings.Builder
	for _, w := range Worlds(Full) {
		if want[w.Name] != "" {
			fmt.Fprintf(&all, "%-32s %48s\n", w.Name, want[w.Name])
		}
	}
	if *update {
		golden(t, "states-full", all.String())
	}
}

// states reads the golden counts, by world.
func states(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/states-full.txt")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, count, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		counts[name] = strings.TrimSpace(count)
	}
	return counts
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name + ".txt"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update renews it):\n%s\nwant\n%s", path, got, want)
	}
}

// TestSame: neither the number of workers, nor whether worlds are kept or made
// again, nor the memory of what cores do changes what a search finds.
func TestSame(t *testing.T) {
	for _, name := range []string{"revival", "farewell", "return"} {
		want := same(t, name, Options{Workers: 1}, false)
		for _, test := range []struct {
			opts Options
			bare bool
		}{
			{Options{Workers: 4}, false},
			{Options{Workers: 2, Keep: 1}, false},
			{Options{Workers: 2}, true},
		} {
			if got := same(t, name, test.opts, test.bare); got != want {
				t.Errorf("%s, %+v: %s, want %s", name, test, got, want)
			}
		}
	}
}

func same(t *testing.T, name string, opts Options, bare bool) string {
	t.Helper()
	opts.fill()
	s := newSearch(find(t, name), opts)
	s.bare = bare
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := s.result
	if r.Err != nil {
		t.Errorf("%s, %+v: %v", name, opts, r.Err)
	}
	return fmt.Sprint(len(s.steps), r.Moves, r.Depth, r.Quiet, r.Rest)
}

func find(t *testing.T, name string) *World {
	t.Helper()
	for _, w := range Worlds(Full) {
		if w.Name == name {
			return w
		}
	}
	t.Fatalf("no world %s", name)
	return nil
}

// TestFails: a world that does not hold is told by the shortest way there. This
// one claims that every call succeeds, although b may refuse.
func TestFails(t *testing.T) {
	w := *find(t, "farewell")
	w.Prompt = true
	r, err := Run(t.Context(), &w, Options{})
	if err != nil || r.Err == nil {
		t.Fatalf("%v, world: %v", err, r.Err)
	}
	golden(t, "refused", strings.Join(r.Trace, "\n")+"\n")
	trace, err := chart.Read(strings.NewReader(strings.Join(r.Record, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	if w, err := sim.Play(trace, sim.Options{}); err != nil || len(w.Calls()) < 2 {
		t.Errorf("played again: %v", err)
	}
	again, err := Run(t.Context(), &w, Options{Workers: 3, Keep: 1})
	if err != nil || strings.Join(again.Trace, "\n") != strings.Join(r.Trace, "\n") {
		t.Errorf("%v, another search tells it otherwise:\n%s", err, strings.Join(again.Trace, "\n"))
	}
}

// TestSometimes: a search that does not see what it should fails.
func TestSometimes(t *testing.T) {
	w := *find(t, "glare")
	w.Sometimes = append([]Sometimes{{Name: "never", Edge: session(arc.SessionEdgeClosingParting)}}, w.Sometimes...)
	r, err := Run(t.Context(), &w, Options{})
	if err != nil || r.Err == nil || fmt.Sprint(r.Missing) != "[never]" {
		t.Errorf("%v, world: %v, missing %v", err, r.Err, r.Missing)
	}
}

// TestNames: worlds can be told apart, every one says what must happen in it, and
// it is known how many states it has.
func TestNames(t *testing.T) {
	seen, counts := map[string]bool{}, states(t)
	for _, w := range Worlds(Full) {
		if seen[w.Name] || w.About == "" || len(w.Sometimes) == 0 {
			t.Errorf("world %q: twice=%v, about=%q, %d things that must happen", w.Name, seen[w.Name], w.About, len(w.Sometimes))
		}
		seen[w.Name] = true
		if counts[w.Name] == "" {
			t.Errorf("testdata/states-full.txt does not have %s: see TestWorlds", w.Name)
		}
		delete(counts, w.Name)
	}
	if len(counts) > 0 {
		t.Errorf("testdata/states-full.txt has worlds that are not there: %v", counts)
	}
}

func TestEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := find(t, "entering")
	_, err := Run(ctx, w, Options{Progress: func(p Progress) {
		if p.Depth == 5 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Run(t.Context(), w, Options{Most: 100}); !errors.Is(err, ErrMost) {
		t.Errorf("too many states: %v", err)
	}
	many := *w
	many.Script = make([]Line, 33)
	if _, err := Run(t.Context(), &many, Options{}); err == nil {
		t.Error("33 lines of script are taken")
	}
}

// TestTable: a set that grows has what was added, and nothing else.
func TestTable(t *testing.T) {
	s := newTable()
	sum := func(i int) (f sim.Fingerprint) {
		f[0], f[1], f[2], f[15] = byte(i), byte(i>>8), byte(i>>16), 1
		return f
	}
	for i := range 20_000 {
		if s.has(sum(i)) || !s.add(sum(i)) || s.add(sum(i)) || !s.has(sum(i)) {
			t.Fatalf("%d", i)
		}
	}
	for i := range 40_000 {
		if s.has(sum(i)) != (i < 20_000) {
			t.Fatalf("%d: has=%v", i, s.has(sum(i)))
		}
	}
}
