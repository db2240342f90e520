package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// fork says what a peer shares with clones of its world, and keeps the
// fingerprint of its core for as long as nothing happens to it.
type fork struct {
	shared bool // core and views are those of another world, too
	known  bool
	at     time.Duration // of the fingerprint, by the peer's clock
	sum    Fingerprint
	from   *known // whose core it is; nil: not in the memo
}

// Clone gives a world that is in the same state, and from there on goes its own
// way. Cores are copied when something happens to them. The two worlds, and
// clones of them, may be used by different goroutines.
func (w *World) Clone() *World { return w.CloneInto(nil) }

// CloneInto does so in the memory of a clone that nobody needs any more, if there
// is one.
func (w *World) CloneInto(n *World) *World {
	var old World
	if n == nil {
		n = new(World)
	} else {
		old = *n
	}
	*n = *w
	n.story, n.cause, n.left = story{}, nil, core.Edge{}
	n.pending = append(old.pending[:0], w.pending...)
	n.calls = append(old.calls[:0], w.calls...)
	n.Peers, n.room = old.Peers, old.room
	if n.Peers == nil {
		n.Peers = make([]*Peer, len(w.Peers))
		for i, all := 0, make([]Peer, len(w.Peers)); i < len(all); i++ {
			n.Peers[i] = &all[i]
		}
	}
	ends := 0
	for _, p := range w.Peers {
		ends += len(p.ends)
	}
	n.room = slices.Grow(n.room[:0], ends)
	for _, p := range w.Peers {
		for _, s := range p.ends {
			n.room = append(n.room, *s)
		}
	}
	room := n.room
	for i, p := range w.Peers {
		if !p.fork.shared {
			p.Core.SetTrace(nil) // it would keep this world alive
			p.fork.shared = true
		}
		q := n.Peers[i]
		ends := q.ends[:0]
		*q = *p
		q.changed = false
		q.Faults = slices.Clip(q.Faults)
		q.ends = ends
		for range p.ends {
			s := &room[0]
			room = room[1:]
			s.peer = q
			s.inbox = slices.Clip(s.inbox)
			q.ends = append(q.ends, s)
		}
	}
	return n
}

// CheckChanged is Check for the peers to whom something has happened since the
// world was cloned: what it says of the others is as it was.
func (w *World) CheckChanged() error {
	if w.fault != nil {
		return w.fault
	}
	for _, p := range w.Peers {
		if !p.changed || !p.Alive {
			continue
		}
		var err error
		if w.memo == nil { // else it has checked the core
			err = p.Core.Check()
		}
		if err == nil {
			err = w.checkDriver(p)
		}
		if err == nil {
			err = w.checkViews(p)
		}
		if err == nil {
			err = w.checkHolders(p)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", w.Name(p.ID), err)
		}
	}
	return nil
}

// CheckPrompt reports who waits for a timer, and which call has failed: in a
// world without faults, whose calls have what they need, nobody and none.
func (w *World) CheckPrompt() error {
	if at, ok := w.alarm(); len(w.pending) > 0 || ok && at <= w.Now {
		return nil
	}
	if !w.Quiet() {
		return errors.New("nothing is under way, but somebody waits for a timer")
	}
	for _, c := range w.calls {
		if c.Err != nil && !c.AtOnce {
			return fmt.Errorf("call %q failed: %w", c.Text, c.Err)
		}
	}
	return nil
}
