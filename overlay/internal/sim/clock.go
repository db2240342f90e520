package sim

import (
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// patience bounds a run that should come to rest: far beyond any that does.
const patience = 100_000

// deadline gives when a peer's next timer fires, by the world's clock.
func (w *World) deadline(p *Peer) (time.Duration, bool) {
	at, ok := p.Core.Deadline()
	return max(at-p.ahead, w.Now), ok && p.Alive
}

// exchangePatience is how long an application waits for the answer to an offer
// that it carries: the core leaves that to it.
const exchangePatience = 30 * time.Second

// giveUp cancels the joins that have waited long enough.
func (w *World) giveUp() {
	for _, c := range w.calls {
		if c.waitsForever() && c.begun+exchangePatience <= w.Now {
			w.Cancel(c.Peer, c.ID)
		}
	}
}

func (c *Call) waitsForever() bool { return c.conn != 0 && c.Ended == 0 && !c.Lost && !c.Cancelled }

// next gives the next moment at which a timer fires or somebody gives up.
func (w *World) next() (at time.Duration, any bool) {
	for _, c := range w.calls {
		if d := max(c.begun+exchangePatience, w.Now); c.waitsForever() && (!any || d < at) {
			at, any = d, true
		}
	}
	for _, p := range w.Peers {
		if d, ok := w.deadline(p); ok && (!any || d < at) {
			at, any = d, true
		}
	}
	return at, any
}

// Advance lets time pass until the next timer fires; false: none runs.
func (w *World) Advance() bool {
	at, ok := w.next()
	if !ok {
		return false
	}
	w.Now = at
	for i, p := range w.Peers {
		if d, ok := w.deadline(p); ok && d <= w.Now {
			w.tick(i)
		}
	}
	w.giveUp()
	return true
}

func (w *World) tick(i int) {
	w.tell(true, "%s timer", w.letter(i))
	w.Input(i, core.Tick{})
}

// hasten fires a timer of one peer now that is due at a later time by its clock.
func (w *World) hasten(i int, at time.Duration) {
	p := w.Peers[i]
	by := max(at-w.Now-p.ahead, 0)
	p.ahead += by
	if by == 0 {
		w.tick(i)
		return
	}
	w.tell(true, "%s timer, %v early", w.letter(i), by)
	w.Input(i, core.Tick{})
}

// Early fires the next timer of one peer now: its clock is fast. False: none runs.
func (w *World) Early(i int) bool {
	p := w.Peers[i]
	at, ok := p.Core.Deadline()
	if !ok || !p.Alive {
		return false
	}
	w.hasten(i, at)
	return true
}

// Deliveries delivers everything that is pending, in order, and what comes of it.
func (w *World) Deliveries() {
	for n := 0; len(w.pending) > 0; n++ {
		if n > patience {
			panic("sim: the network does not become quiet: " + w.Dump())
		}
		w.Deliver(w.pending[0])
	}
}

// Settle delivers everything and lets time pass until every core is quiet.
func (w *World) Settle() {
	for n := 0; ; n++ {
		w.Deliveries()
		if w.Quiet() {
			return
		}
		if n > patience || !w.Advance() {
			panic("sim: the cores do not become quiet: " + w.Dump())
		}
	}
}

// Quiet reports whether nothing is under way.
func (w *World) Quiet() bool {
	for _, p := range w.Peers {
		if p.Alive && !p.Core.Quiet() {
			return false
		}
	}
	return len(w.pending) == 0
}

// Run lets time pass by d, delivering everything at once.
func (w *World) Run(d time.Duration) {
	until := w.Now + d
	for {
		w.Deliveries()
		if at, ok := w.next(); !ok || at > until {
			w.Now = until
			return
		}
		w.Advance()
	}
}
