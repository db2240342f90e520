package verify

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The generated Go and the generated Promela come to the same states of the pair
// world.
func TestPairSpin(t *testing.T) {
	budgets := pairBudgets
	if *large {
		budgets = []budget{{K: 2, Breaks: 1}, {K: 2, Loss: 1}, {K: 3, Early: 2, Timely: true}}
	}
	for _, b := range budgets {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			both := newSets()
			r := explore(newPairs(generated{}, b, every), func(w pair) { both.add(pairLine(w)) })
			if r.Fault != "" {
				t.Error(story(r))
			}
			spin(t, "pair.pml", []string{"../promela/signal_gen.pml"}, b.defines(), both.spin)
			both.equal(t)
		})
	}
}

func (b budget) defines() []string {
	out := []string{fmt.Sprintf("K=%d", b.K), fmt.Sprintf("LOSS=%d", b.Loss), fmt.Sprintf("R=%d", b.R),
		fmt.Sprintf("BREAKS=%d", b.Breaks), fmt.Sprintf("EARLY=%d", b.Early)}
	if b.Timely {
		out = append(out, "TIMELY")
	}
	return out
}

// A comparison that finds nothing is not trusted: one action less in what gen
// made for SPIN, and both see it.
func TestPlantedDifference(t *testing.T) {
	real, err := os.ReadFile("../promela/signal_gen.pml")
	if err != nil {
		t.Fatal(err)
	}
	const action = "_m.sent = _m.sent + 1;"
	wrong := strings.Replace(string(real), action, "skip;", 1)
	if wrong == string(real) {
		t.Fatalf("no %q to leave out", action)
	}
	model := filepath.Join(t.TempDir(), "signal_gen.pml")
	if err := os.WriteFile(model, []byte(wrong), 0o644); err != nil {
		t.Fatal(err)
	}
	link, world := newSets(), newSets()
	lines(machine(t, load(t, "../../spec/signal.fsm"), "link"), link)
	spin(t, model, nil, []string{"LINK_ALONE"}, link.spin)
	b := budget{K: 1, Loss: 1, R: 1}
	explore(newPairs(generated{}, b, every), func(w pair) { world.add(pairLine(w)) })
	spin(t, "pair.pml", []string{model}, b.defines(), world.spin)
	for name, s := range map[string]*sets{"alone": link, "pair": world} {
		if len(s.extra)+len(s.missing()) == 0 {
			t.Errorf("%s: no difference seen", name)
		}
	}
}

// pairLine is what pair.pml prints of a state.
func pairLine(w pair) []byte {
	b := []byte("S")
	for _, l := range w.link {
		b = append(numbers(numbers(b, l.state), l.slot[:]...), " |"...)
	}
	for p := range 2 {
		for owner := range 2 {
			b = numbers(b, w.driver[p][owner][:]...)
		}
	}
	for _, owner := range w.joined {
		for _, j := range owner {
			b = numbers(b, b2u(j))
		}
	}
	b = numbers(append(b, " |"...), w.offers[:]...)
	b = append(numbers(numbers(b, w.answers[:]...), w.resets[:]...), " |"...)
	return numbers(b, w.loss, w.breaks, w.early, b2u(w.want[0]), b2u(w.want[1]))
}
