package verify

import (
	"fmt"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
)

// The generated Go and the generated Promela come to the same states of the world
// of ends.
func TestEndsSpin(t *testing.T) {
	budgets := endBudgets
	if *large {
		budgets = []endBudget{{N: 2, Breaks: 1}, {N: 2, Early: 1}, {N: 2, Gives: 1}, {N: 2, Turns: 1}}
	}
	for _, b := range budgets {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			both := newSets()
			r := explore(endWorld{endBudget: b}, func(w ends) { both.add(endLine(w)) })
			if r.Fault != "" {
				t.Error(story(r))
			}
			defines := []string{fmt.Sprintf("N=%d", b.N), fmt.Sprintf("BREAKS=%d", b.Breaks), fmt.Sprintf("FAILS=%d", b.Fails),
				fmt.Sprintf("GIVES=%d", b.Gives), fmt.Sprintf("EARLY=%d", b.Early), fmt.Sprintf("TURNS=%d", b.Turns)}
			spin(t, "ends.pml", []string{"../promela/arc_gen.pml"}, defines, both.spin)
			both.equal(t)
		})
	}
}

// endLine is what ends.pml prints of a state.
func endLine(w ends) []byte {
	b := []byte("S")
	for _, s := range w.session {
		b = numbers(numbers(b, s.State), s.Arcs, s.Wants)
		b = append(numbers(b, s.Tries, b2u(s.Linger), b2u(s.Parting)), " |"...)
	}
	for p := range 2 {
		for _, list := range [][maxArcs]arc.Arc{w.out[p], w.in[p]} {
			for _, a := range list {
				b = numbers(numbers(b, a.State), b2u(a.Out), b2u(a.Request))
			}
		}
	}
	b = append(numbers(numbers(append(b, " |"...), w.line[:]...), w.answers), " |"...)
	b = numbers(numbers(b, w.queue[0][:]...), w.queue[1][:]...)
	return numbers(append(b, " |"...), w.breaks, w.fails, w.gives, w.early, w.turns, b2u(w.failed))
}
