package overlaytest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing/synctest"

	"github.com/n2n-overlay/n2n/transport"
)

// shown bounds how many faults of one kind are told.
const shown = 10

// checkViews waits until the two ends of all arcs agree, and fails the test if
// they do not come to it.
func (w *World) checkViews() {
	w.t.Helper()
	if w.cfg.Settle < 0 {
		return
	}
	names := map[string]bool{}
	for _, p := range w.peers {
		for _, q := range p.protocols() {
			names[q.Name()] = true
		}
	}
	end := w.Now() + w.cfg.Settle
	for _, name := range slices.Sorted(maps.Keys(names)) {
		faults := w.disagreements(name)
		for len(faults) > 0 && w.Now() < end {
			w.Sleep(Poll)
			faults = w.disagreements(name)
		}
		if len(faults) > 0 {
			w.t.Errorf("%v: protocol %q: %d views are wrong at rest:\n%s", w.Now(), name, len(faults), strings.Join(faults[:min(shown, len(faults))], "\n"))
		}
	}
}

// arc is one entry of a view, seen from either end.
type arc struct{ from, to transport.PeerID }

// disagreements lists the arcs that their ends count differently. A peer that
// is down counts none.
func (w *World) disagreements(name string) (faults []string) {
	synctest.Wait()
	out, in := map[arc]int{}, map[arc]int{}
	index := map[transport.PeerID]int{}
	for i, p := range w.peers {
		index[p.ID()] = i
		q := p.named(name)
		if q == nil || !p.Alive() {
			continue
		}
		for id, n := range q.Outview().All() {
			out[arc{p.ID(), id}] = n
		}
		for id, n := range q.Inview().All() {
			in[arc{id, p.ID()}] = n
		}
	}
	all := maps.Clone(out)
	maps.Copy(all, in)
	for a := range all {
		if out[a] != in[a] {
			i, j := index[a.from], index[a.to]
			faults = append(faults, fmt.Sprintf("peer %d counts %d arcs to %d, which counts %d from it%s%s", i, out[a], j, in[a], w.state(i), w.state(j)))
		}
	}
	slices.Sort(faults)
	return faults
}

func (w *World) state(i int) string {
	if !w.peers[i].Alive() {
		return fmt.Sprintf("; %d is down", i)
	}
	return ""
}

// checkStats looks at what the nodes have counted, all that there ever were.
// They are closed.
func (w *World) checkStats() {
	w.t.Helper()
	for _, p := range slices.Concat(w.former, w.peers) {
		s := p.Node().Stats()
		if s.Bugs+s.Divergences+s.Violations+s.Malformed+s.BadSignatures+s.Forged > 0 {
			w.t.Errorf("peer %d: %d bugs, %d divergences, %d violations, %d malformed, %d bad signatures, %d forged: -overlaytest.log shows them",
				p.Index, s.Bugs, s.Divergences, s.Violations, s.Malformed, s.BadSignatures, s.Forged)
		}
		if !w.cfg.NoAudit && s.SessionsOpened > 0 && s.Edges == 0 {
			w.t.Errorf("peer %d: the referee saw no edge", p.Index)
		}
	}
}
