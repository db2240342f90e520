package sim

import (
	"fmt"
	"maps"
	"slices"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Check reports the first thing that must never be, in any world of honest
// peers, whatever is lost, repeated, reordered or crashes: to be called after
// every step.
func (w *World) Check() error {
	if w.fault != nil {
		return w.fault
	}
	for _, p := range w.Peers {
		if !p.Alive {
			continue
		}
		if err := p.Core.Check(); err != nil {
			return fmt.Errorf("%s: %w", w.Name(p.ID), err)
		}
		if err := w.checkDriver(p); err != nil {
			return fmt.Errorf("%s: %w", w.Name(p.ID), err)
		}
		if err := w.checkViews(p); err != nil {
			return fmt.Errorf("%s: %w", w.Name(p.ID), err)
		}
		if err := w.checkHolders(p); err != nil {
			return fmt.Errorf("%s: %w", w.Name(p.ID), err)
		}
	}
	return nil
}

// checkDriver: every driver session is owned.
func (w *World) checkDriver(p *Peer) error {
	driven := p.driven()
	if len(driven) != len(p.ends) {
		return fmt.Errorf("%d driver sessions, the core knows %d", len(p.ends), len(driven))
	}
	for _, id := range driven {
		if p.end(id) == nil {
			return fmt.Errorf("driver session %s is not there", w.session(id))
		}
	}
	return nil
}

// checkViews: the events told of exactly the arcs that are open.
func (w *World) checkViews(p *Peer) error {
	out, in := map[Arc]int{}, map[Arc]int{}
	for a := range p.Core.Arcs() {
		if a.Out {
			out[Arc{a.Protocol, a.Peer}]++
		} else {
			in[Arc{a.Protocol, a.Peer}]++
		}
	}
	if !maps.Equal(out, p.Out) || !maps.Equal(in, p.In) {
		return fmt.Errorf("arcs out %v in %v, events say out %v in %v", out, in, p.Out, p.In)
	}
	return nil
}

// checkHolders: of the two ends of an arc at most one holds it, and the views are
// held as they should.
func (w *World) checkHolders(p *Peer) error {
	for a := range p.Core.Arcs() {
		q := w.Peers[a.Peer[0]-1]
		if !a.Out || !q.Alive || w.liar(p.ID) || w.liar(q.ID) {
			continue
		}
		mine, _ := p.Core.Open(q.ID)
		if theirs, _ := q.Core.Open(p.ID); mine != theirs {
			continue
		}
		if b, up := q.Core.Arc(p.ID, !a.Mine, a.Number); up && b.Out {
			return fmt.Errorf("both ends hold arc %d with %s", a.Number, w.Name(q.ID))
		}
	}
	for arc := range p.Out {
		if got, want := p.Core.Holds(arc.Peer, arc.Protocol), p.holds(arc); got != want {
			return fmt.Errorf("%d holds of arcs to %s (%s), want %d", got, w.Name(arc.Peer), arc.Protocol, want)
		}
	}
	return nil
}

// checkTogether: as many arcs end at once as the events of one step say.
func (w *World) checkTogether(p *Peer, fx []core.Effect) {
	n := map[Arc]int{}
	for _, e := range fx {
		if e, ok := e.(core.Closed); ok {
			n[Arc{e.Protocol, e.Peer}]++
		}
	}
	for _, e := range fx {
		if e, ok := e.(core.Closed); ok && e.Arcs != n[Arc{e.Protocol, e.Peer}] {
			w.failed(p, "%d arcs with %s ended at once, an event says %d", n[Arc{e.Protocol, e.Peer}], w.Name(e.Peer), e.Arcs)
		}
	}
}

// checkLeft: a signal makes a peer leave an attempt that both have agreed to
// only if the other end has left it before. Without that, one stale signal
// could end a good session. An offer that names nobody is different: its sender
// could not know that it would meet somebody with whom an attempt is under way.
func (w *World) checkLeft(p *Peer, id transport.SessionID) {
	if in, ok := w.cause.(core.Signaled); ok && in.Signal.To.IsZero() || w.left == (core.Edge{}) {
		return
	}
	s := p.end(id)
	if s == nil {
		return
	}
	for _, q := range w.Peers {
		if o := q.end(id); o != nil && s.fits(o) && !o.over && q.Core.InHand(id) && !w.liar(q.ID) {
			w.failed(p, "left session %s, which %s is in, because of a signal", w.session(id), w.Name(q.ID))
		}
	}
}

// CheckQuiet reports what is wrong once nothing is under way (Settle): two ends
// that disagree, a view that is not mirrored, something left over, a call that
// has not ended.
func (w *World) CheckQuiet() error {
	if err := w.Check(); err != nil {
		return err
	}
	if len(w.pending) > 0 {
		return fmt.Errorf("pending: %s", w.Describe(w.pending[0]))
	}
	for _, p := range w.Peers {
		if !p.Alive {
			continue
		}
		if err := p.Core.CheckQuiet(); err != nil {
			return fmt.Errorf("%s: %w", w.Name(p.ID), err)
		}
		for _, s := range p.ends {
			if !s.up || s.over {
				return fmt.Errorf("%s: session %s is left over", w.Name(p.ID), w.session(s.id))
			}
		}
		for _, q := range w.Peers {
			if p != q && !w.isCut(p, q) {
				if err := w.checkPair(p, q); err != nil {
					return err
				}
			}
		}
	}
	for _, c := range w.calls {
		if c.Ended != 1 && !c.Lost {
			return fmt.Errorf("call %q ended %d times", c.Text, c.Ended)
		}
	}
	return nil
}

// checkPair: both ends agree on the session and on every arc.
func (w *World) checkPair(p, q *Peer) error {
	mine, open := p.Core.Open(q.ID)
	if !q.Alive {
		if open {
			return fmt.Errorf("%s has a session with %s, which is dead", w.Name(p.ID), w.Name(q.ID))
		}
		return nil
	}
	if theirs, there := q.Core.Open(p.ID); open != there || mine != theirs {
		return fmt.Errorf("%s has session %s (%v) with %s, which has %s (%v)",
			w.Name(p.ID), w.session(mine), open, w.Name(q.ID), w.session(theirs), there)
	}
	if open && (p.Left || q.Left) {
		return fmt.Errorf("session %s outlives a farewell", w.session(mine))
	}
	for _, protocol := range w.opts.Protocols {
		if out, in := p.Out[Arc{protocol, q.ID}], q.In[Arc{protocol, p.ID}]; out != in {
			return fmt.Errorf("%s has %d arcs to %s, which has %d from it (%s)", w.Name(p.ID), out, w.Name(q.ID), in, protocol)
		}
	}
	return w.checkChannels(p, q)
}

// checkChannels: the protocols of open arcs have the same channel at both ends.
func (w *World) checkChannels(p, q *Peer) error {
	for _, protocol := range w.opts.Protocols {
		if p.Out[Arc{protocol, q.ID}] == 0 {
			continue
		}
		a, b := p.Core.Channel(q.ID, protocol), q.Core.Channel(p.ID, protocol)
		if a != b || a == 0 {
			return fmt.Errorf("%s has channel %d for %s, %s has %d", w.Name(p.ID), a, protocol, w.Name(q.ID), b)
		}
		id, _ := p.Core.Open(q.ID)
		for _, peer := range []*Peer{p, q} {
			if s := peer.end(id); s == nil || !s.channel(a).usable {
				return fmt.Errorf("%s was not told that it can use channel %d for %s", w.Name(peer.ID), a, protocol)
			}
		}
	}
	return nil
}

// CheckUsed reports a session that is kept without an arc on it, when every
// linger is over.
func (w *World) CheckUsed() error {
	for _, p := range w.Peers {
		for _, q := range w.Peers {
			if _, open := p.Core.Open(q.ID); open && p.Alive && q.Alive && len(w.arcs(p, q)) == 0 {
				return fmt.Errorf("%s keeps a session with %s for nothing", w.Name(p.ID), w.Name(q.ID))
			}
		}
	}
	return nil
}

func (w *World) arcs(p, q *Peer) []Arc {
	var list []Arc
	for _, protocol := range w.opts.Protocols {
		if p.Out[Arc{protocol, q.ID}]+p.In[Arc{protocol, q.ID}] > 0 {
			list = append(list, Arc{protocol, q.ID})
		}
	}
	return slices.Clip(list)
}
