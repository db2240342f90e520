package verify

import (
	"path/filepath"
	"strings"
	"testing"
)

// The designs that fail, and the least world in which each does.
var negatives = []struct {
	name  string
	fails string // the property
	in    []budget
	rules rules
}{
	{"keepfirst", "L1", []budget{{K: 1, Timely: true}}, live}, // two driver sessions at once are its design
	{"ignore", "L1", []budget{{K: 1, Timely: true}, {K: 2, Timely: true}, {K: 3, Timely: true}}, every},
	{"yield", "L1", []budget{{K: 1, Timely: true}, {K: 2, Timely: true}, {K: 3, Timely: true}}, every},
	{"withdraw", "L1", []budget{{K: 1, Timely: true}, {K: 2, Timely: true}, {K: 3, Timely: true}}, every},
	{"novoid", "S3", []budget{{K: 2}}, every},
	{"nonumbers", "S3", []budget{{K: 2}}, s3}, // it answers an offer more than once
	{"noreset", "L2", []budget{{K: 2, Early: 1, Timely: true}}, every},
}

// The search refutes each, by the property that it is known to break, and the
// shortest way there is as it was.
func TestNegative(t *testing.T) {
	listed := map[string]bool{"control": true}
	for _, n := range negatives {
		listed[n.name] = true
		t.Run(n.name, func(t *testing.T) {
			p := interpret(t, machine(t, load(t, negativePath(n.name)), "link"))
			for i, b := range n.in {
				r := explore(newPairs(p, b, n.rules), nil)
				t.Log(b, r)
				if !strings.HasPrefix(r.Fault, n.fails+":") {
					t.Errorf("%v: %q, want %s", b, story(r), n.fails)
				}
				if i == 0 {
					golden(t, n.name+".txt", b.String()+"\n"+story(r))
				}
			}
		})
	}
	paths, err := filepath.Glob("../../spec/negative/*.fsm")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if !listed[strings.TrimSuffix(filepath.Base(path), ".fsm")] {
			t.Errorf("%s: nothing refutes it", path)
		}
	}
}

// What the designs change holds when it is not changed, in the worlds where they
// fail; and those that fail by L keep what is safe, so that it is L that tells.
func TestControl(t *testing.T) {
	control := interpret(t, machine(t, load(t, negativePath("control")), "link"))
	real := interpret(t, machine(t, load(t, "../../spec/signal.fsm"), "link"))
	for _, n := range negatives {
		for _, b := range n.in {
			for _, p := range []*interpreted{control, real} {
				if r := explore(newPairs(p, b, every), nil); r.Fault != "" {
					t.Errorf("%s in %v: %s", p.m.Spec.Name, b, story(r))
				}
			}
		}
		if b := (budget{K: 2}); n.rules == every && n.fails[0] == 'L' {
			p := interpret(t, machine(t, load(t, negativePath(n.name)), "link"))
			if r := explore(newPairs(p, b, safe), nil); r.Fault != "" {
				t.Errorf("%s in %v: %s", n.name, b, story(r))
			}
		}
	}
}

func negativePath(name string) string { return "../../spec/negative/" + name + ".fsm" }

// With timers in time, one attempt opens if and only if an offer may be repeated
// as often as signals are lost (PROTOCOL 4.3).
func TestLossLaw(t *testing.T) {
	for loss := range uint8(4) {
		for r := range uint8(4) {
			b := budget{K: 1, Loss: loss, R: r, Timely: true}
			got := explore(newPairs(generated{}, b, every), nil)
			if want := r >= loss; want != (got.Fault == "") || !want && !strings.HasPrefix(got.Fault, "L1:") {
				t.Errorf("%v: %s", b, story(got))
			}
		}
	}
}

// Ends that are built wrong are found out.
func TestWrongEnds(t *testing.T) {
	for _, c := range []struct {
		wrong design
		name  string
		fails string
		in    endBudget
	}{
		{closesOnce, "closesonce", "F:", endBudget{N: 1}},
		{losesAgree, "losesagree", "B:", endBudget{N: 1}},
		{countsArcs, "countsarcs", "N:", endBudget{N: 1}},
		{namesByWay, "namesbyway", "A:", endBudget{N: 1, Turns: 1}},
	} {
		r := explore(endWorld{c.in, c.wrong}, nil)
		if !strings.HasPrefix(r.Fault, c.fails) {
			t.Errorf("%s in %v: %v, %s, want %s", c.name, c.in, r, story(r), c.fails)
		}
		golden(t, c.name+".txt", c.in.String()+"\n"+story(r))
	}
}

// A run without end is found out: S4.
func TestCycle(t *testing.T) {
	if r := explore(round{}, nil); !strings.HasPrefix(r.Fault, "S4:") || r.States != 3 {
		t.Errorf("%v, %q", r, r.Fault)
	}
}

// round goes 0, 1, 2, 1, 2, …
type round struct{}

func (round) starts() []int                            { return []int{0} }
func (round) judge(int, bool) string                   { return "" }
func (round) text(int, int) string                     { return "" }
func (round) show(int) string                          { return "" }
func (round) next(w int, visit func(int, int, string)) { visit(0, w%2+1, "") }
