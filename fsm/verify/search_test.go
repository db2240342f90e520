package verify

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	large  = flag.Bool("large", false, "search large worlds, too")
	update = flag.Bool("update", false, "write the golden files")
)

// The worlds of the normal run, and the large ones.
var (
	pairBudgets = []budget{
		{K: 1, Loss: 1, R: 1, Breaks: 1},
		{K: 2},
		{K: 1, Timely: true},
		{K: 1, Loss: 2, R: 2, Timely: true},
		{K: 2, Loss: 1, R: 1, Early: 1, Timely: true},
		{K: 3, Early: 1, Timely: true},
	}
	largePairs = []budget{
		{K: 2, Breaks: 1},
		{K: 2, Loss: 1, R: 1, Breaks: 1},
		{K: 2, Loss: 2, R: 2, Breaks: 1},
		{K: 3, Early: 2, Timely: true},
		{K: 3, Loss: 1, R: 1, Early: 2, Timely: true},
		{K: 3, Loss: 2, R: 2, Early: 2, Timely: true},
	}
	endBudgets = []endBudget{
		{N: 1},
		{N: 1, Breaks: 1, Fails: 1, Gives: 1, Early: 1},
		{N: 1, Breaks: 2, Fails: 2},
		{N: 2},
		{N: 1, Breaks: 1, Turns: 3},
		{N: 1, Gives: 1, Early: 1, Turns: 1},
	}
	largeEnds = []endBudget{
		{N: 2, Breaks: 1},
		{N: 2, Early: 1},
		{N: 2, Gives: 1},
		{N: 1, Breaks: 1, Fails: 1, Gives: 1, Early: 1, Turns: 1},
		{N: 2, Breaks: 1, Fails: 1},
		{N: 2, Breaks: 1, Early: 1},
	}
)

// The pair world holds, over the generated Go and over the interpreter, which
// find the same in it.
func TestPair(t *testing.T) {
	budgets, real := pairBudgets, interpret(t, machine(t, load(t, "../../spec/signal.fsm"), "link"))
	if *large {
		budgets = largePairs
	}
	var counts strings.Builder
	for _, b := range budgets {
		t.Run(b.String(), func(t *testing.T) {
			r := holds(t, newPairs(generated{}, b, every))
			fmt.Fprintf(&counts, "%v: %s\n", b, count(r))
			if i := explore(newPairs(real, b, every), nil); count(i) != count(r) || i.Fault != r.Fault {
				t.Errorf("the interpreter finds %s %s", count(i), i.Fault)
			}
		})
	}
	goldenCounts(t, "pair", counts.String())
}

// The world of ends holds.
func TestEnds(t *testing.T) {
	budgets := endBudgets
	if *large {
		budgets = largeEnds
	}
	var counts strings.Builder
	for _, b := range budgets {
		t.Run(b.String(), func(t *testing.T) {
			fmt.Fprintf(&counts, "%v: %s\n", b, count(holds(t, endWorld{endBudget: b})))
		})
	}
	goldenCounts(t, "ends", counts.String())
}

func holds[W comparable, S any](t *testing.T, m model[W, S]) result {
	t.Helper()
	r := explore(m, nil)
	t.Log(r)
	if r.Fault != "" {
		t.Error(story(r))
	}
	return r
}

// How much is searched is golden: a world that shrinks has been closed somewhere.
func goldenCounts(t *testing.T, name, counts string) {
	t.Helper()
	if *large {
		name += "-large"
	}
	golden(t, name+".txt", counts)
}

func count(r result) string {
	return fmt.Sprintf("%d states, %d steps, depth %d, %d at rest", r.States, r.Steps, r.Depth, r.Quiet)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
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
		t.Errorf("%s (go test ./fsm/verify -update writes it):\n%s\nwant:\n%s", path, got, want)
	}
}
