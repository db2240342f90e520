package sim

import (
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// number gives a call its number: that of its turn, or one that was reserved.
func (w *World) number(c *Call) {
	if w.nextID != 0 {
		c.ID, w.nextID = w.nextID, 0
		w.calls[c.ID-1] = c
		return
	}
	c.ID = uint64(len(w.calls) + 1)
	w.calls = append(w.calls, c)
}

// ownCall gives a call to be changed: clones of the world share the old one.
func (w *World) ownCall(id uint64) *Call {
	c := *w.calls[id-1]
	w.calls[id-1] = &c
	return &c
}

// Reserve sets the numbers of n calls aside, and gives the first: a call that
// may be made before or after another one has the same number then. Next says
// that the next call is to have one of them.
func (w *World) Reserve(n int) uint64 {
	first := uint64(len(w.calls) + 1)
	for range n {
		w.number(&Call{Lost: true})
	}
	return first
}

// Next gives the next call a number that was reserved.
func (w *World) Next(id uint64) { w.nextID = id }

// payload adds the number of what a relay carries.
func payload(k *core.Key, m core.Message) {
	if r, ok := m.(*signal.Relay); ok {
		k.B = append(k.B, r.Payload...)
	}
}

// Boots counts the starts of all peers.
func (w *World) Boots() (n int) {
	for _, p := range w.Peers {
		n += int(p.boot)
	}
	return n
}
