package core

import (
	"maps"
	"slices"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// guest is an offer of ours that names nobody: it is given to whoever is at the
// other end of a channel. The answer names the peer, and the link with that
// peer decides (event adopt) whether the attempt goes on under it.
type guest struct {
	at       *attempt
	call     uint64
	protocol string
	arc      uint64
	sent     int
}

// door is a channel on which newcomers' offers may come.
type door struct{ trickle bool }

func (c *Core) join(in Join) {
	g := &guest{call: in.Call, protocol: in.Protocol, arc: c.newArc()}
	if c.leaving || !c.protocols[in.Protocol] {
		c.guestFailed(g, transport.PeerID{}, ErrClosed)
		return
	}
	n := c.newNumber(nil)
	id := transport.SessionID{Initiator: c.cfg.ID, Number: n}
	g.at = &attempt{id: id, mine: true, owe: true, route: Route{Conn: in.Conn}, bulk: !in.Trickle}
	if !c.cfg.Wishless {
		g.at.wish = &transport.Wish{Arc: g.arc, Protocol: g.protocol}
	}
	c.guests[n] = g
	c.emit(MakeOffer{ID: id})
	if in.Trickle {
		c.timers.start(timer{kind: timerGuest, key: n}, c.now+signal.RetryEvery)
	}
}

// guestRetry offers again, as the link does for offers that name somebody. The
// caller decides how long it waits for an answer.
func (c *Core) guestRetry(n uint64) {
	g := c.guests[n]
	if g == nil || g.sent >= signal.Retries {
		return
	}
	g.sent++
	g.at.owe = true
	c.describe(g.at)
	c.timers.start(timer{kind: timerGuest, key: n}, c.now+signal.RetryEvery)
}

// guestSignal takes what comes back: an answer or a reject, by a peer that now
// has a name.
func (c *Core) guestSignal(g *guest, r Route, s *transport.Signal) {
	// A reset is bound to no offer: it may be about one that it has not seen.
	if s.Ref != g.at.ref && s.Kind != transport.Reset || g.at.signal == nil || r.Conn != g.at.route.Conn {
		c.stats.SignalsRefused++
		return
	}
	switch s.Kind {
	case transport.Reset:
		if s.Yours >= s.Session.Number {
			c.unborn(g, r, s)
		}
	case transport.Answer:
		c.adopt(g, r, s)
	case transport.Reject:
		c.rejected(g, s)
	}
}

func (c *Core) adopt(g *guest, r Route, s *transport.Signal) {
	p, ok := c.getPeer(s.From)
	if !ok {
		c.endGuest(g, ErrBusy)
		return
	}
	c.dropGuest(g)
	c.hand = hand{signal: s, route: r, guest: g}
	blind := p.at != nil && p.at.offer != nil && p.at.offer.To.IsZero()
	old := boot(s.Mine) < boot(p.link.Hi) // what an answer voids begins at its sender's boot
	before := p.at
	if c.stepLink(p, signal.LinkAdopt(g.at.id.Number, s.Mine, blind, old)) == signal.LinkEdgeAnsweringAdoptSwitch {
		c.superseded(p, before)
	}
	c.hand = hand{}
	c.named(g, p)
}

// named goes on with a join whose peer has a name now: as a request for an arc,
// which uses the session that there is, or gets one over the same channel.
func (c *Core) named(g *guest, p *peer) {
	a := &anArc{number: g.arc, protocol: g.protocol, call: g.call}
	if !g.at.bulk {
		a.route = g.at.route
	}
	c.settle() // a session that was replaced ends before this one is wanted
	c.request(p, a, 0)
}

// rejected: the peer wants no session, or believes that it has one with us.
func (c *Core) rejected(g *guest, s *transport.Signal) {
	c.dropGuest(g)
	c.emit(CloseSession{g.at.id})
	if p, ok := c.getPeer(s.From); ok && s.Reason == transport.Known {
		c.named(g, p)
		return
	}
	c.guestFailed(g, s.From, rejection(s.Reason))
}

// unborn: the peer has seen our number before, because it has given our offer up
// or because our clock was set back. Another number will do.
func (c *Core) unborn(g *guest, r Route, s *transport.Signal) {
	c.dropGuest(g)
	c.emit(CloseSession{g.at.id})
	p, ok := c.getPeer(s.From)
	if !ok || g.at.bulk {
		c.guestFailed(g, s.From, ErrRefused)
		return
	}
	c.hand = hand{signal: s, route: r}
	c.stepLink(p, signal.LinkReset(s.Mine, s.Yours))
	c.hand = hand{}
	c.named(g, p)
}

func (c *Core) dropGuest(g *guest) {
	delete(c.guests, g.at.id.Number)
	c.timers.stop(timer{kind: timerGuest, key: g.at.id.Number})
}

// endGuest gives an offer up that nobody has answered.
func (c *Core) endGuest(g *guest, err error) {
	c.dropGuest(g)
	c.emit(CloseSession{g.at.id})
	c.guestFailed(g, transport.PeerID{}, err)
}

func (c *Core) guestFailed(g *guest, p transport.PeerID, err error) {
	f := Failed{Protocol: g.protocol, Peer: p, State: signal.LinkOffering.String(), Err: err}
	c.emit(f)
	c.emit(Done{Call: g.call, Peer: p, Err: &f})
}

func (c *Core) openDoor(in OpenDoor) { c.doors[in.Conn] = &door{in.Trickle} }

// closeDoor forgets a channel. An attempt that went over it goes on if its
// signals were exchanged, and otherwise is over: nothing can be heard of it.
func (c *Core) closeDoor(conn uint64) {
	delete(c.doors, conn)
	for _, n := range slices.Sorted(maps.Keys(c.guests)) {
		if g := c.guests[n]; g.at.route.Conn == conn {
			c.endGuest(g, ErrFailed)
		}
	}
	for _, p := range c.inOrder() {
		if p.at != nil && p.at.route.Conn == conn {
			p.at.route = Route{}
			if p.link.State == signal.LinkOffering || p.at.owe {
				c.later(func() { c.drop(p, Crashed, ErrFailed) })
			}
		}
		if p.route.Conn == conn {
			p.route = Route{}
		}
		for _, a := range p.arcs {
			if a.route.Conn == conn {
				a.route = Route{}
			}
		}
		p.waiting = slices.DeleteFunc(p.waiting, func(w waiting) bool { return w.route.Conn == conn })
	}
}

// welcome tells the keepers of doors that the newcomer uses the session it has.
func (c *Core) welcome(p *peer) {
	for _, w := range p.waiting {
		c.doorDone(w.route, p.id, nil)
	}
	p.waiting = nil
}

// superseded keeps the offer over a channel that was being answered when another
// attempt took its place: its sender rides on that one.
func (c *Core) superseded(p *peer, at *attempt) {
	if c.doors[at.route.Conn] != nil {
		c.wait(p, waiting{route: at.route, offer: at.offer})
	}
}

// letIn takes the last offer that waited for an attempt which came to nothing.
// Earlier ones wait for this one.
func (c *Core) letIn(p *peer) {
	for last := len(p.waiting) - 1; last >= 0 && p.link.State == signal.LinkIdle; last-- {
		w := p.waiting[last]
		p.waiting = p.waiting[:last]
		c.hand = hand{signal: w.offer, route: w.route}
		c.offer(p, w.route, w.offer)
		if w.candidates != nil {
			c.candidates(p, w.candidates)
		}
		c.hand = hand{}
	}
}

// doorDone tells the keeper of a door what became of the newcomer.
func (c *Core) doorDone(r Route, p transport.PeerID, err error) {
	if _, ok := c.doors[r.Conn]; ok {
		c.emit(DoorDone{r.Conn, p, err})
	}
}
