package core

import (
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// stepLink gives the link with p an event and carries out what it says.
func (c *Core) stepLink(p *peer, ev signal.LinkEvent) signal.LinkEdge {
	var fx signal.LinkEffects
	from := p.link.State
	p.used = c.now
	edge := p.link.Step(ev, &fx)
	if edge == signal.LinkNever {
		c.bug("link", from.String(), ev.Kind.String())
		return edge
	}
	c.trace("link", p.id, uint8(from), uint8(edge), uint8(p.link.State))
	for _, e := range fx.All() {
		c.linkEffect(p, from, e)
	}
	return edge
}

func (c *Core) linkEffect(p *peer, from signal.LinkState, e signal.LinkEffect) {
	switch e.Kind {
	case signal.LinkFxCreate:
		id := transport.SessionID{Initiator: c.cfg.ID, Number: e.N}
		c.begin(p, &attempt{id: id, to: p.id, mine: true, route: p.dialing, wish: c.wish(p)})
		c.emit(MakeOffer{id, p.id})
	case signal.LinkFxAccept:
		s := c.hand.signal
		id := s.Session
		at := &attempt{id: id, to: p.id, theirs: true, route: c.hand.route, offer: s, ref: c.cfg.Hash(s), wish: s.Wish}
		var patience time.Duration
		if d := c.doors[at.route.Conn]; d != nil && !d.trickle {
			at.bulk, patience = true, c.cfg.AdmitTimeout
		}
		c.pending++
		c.begin(p, at)
		c.emit(MakeAnswer{id, p.id, *s.Description, patience})
	case signal.LinkFxFinish:
		if g := c.hand.guest; g != nil {
			g.at.to = p.id
			c.begin(p, g.at)
		}
		c.emit(Finish{p.at.id, *c.hand.signal.Description})
	case signal.LinkFxRemote:
		c.emit(AddCandidates{p.at.id, c.hand.signal.Candidates})
	case signal.LinkFxTrickle:
		c.trickle(p.at)
	case signal.LinkFxClose:
		c.end(p)
	case signal.LinkFxDiscard:
		c.emit(CloseSession{transport.SessionID{Initiator: c.cfg.ID, Number: e.N}})
	case signal.LinkFxOpened:
		c.linkOpened(p)
	case signal.LinkFxFailed:
		c.linkFailed(p, from, e.Why)
	case signal.LinkFxLost:
		c.stats.SessionsLost++
		c.later(func() { c.stepSession(p, arc.SessionDown()) })
	case signal.LinkFxSendOffer:
		p.at.owe = true
		c.describe(p.at)
	case signal.LinkFxSendAnswer:
		p.at.owe, p.at.void = true, e.H
		if c.hand.signal != nil && (c.hand.route.Conn == 0 || p.at.route.none()) {
			p.at.route = c.hand.route // the way that works now
		}
		c.describe(p.at)
	case signal.LinkFxSendReset:
		c.reset(p, e.M, e.Y)
	case signal.LinkFxSendReject:
		c.reject(c.hand.route, c.hand.signal, transport.Known)
	case signal.LinkFxStartSetup:
		d := c.cfg.setup()
		if p.at.bulk {
			d = c.cfg.AdmitTimeout
		}
		c.timers.start(timer{kind: timerSetup, peer: p.id}, c.now+d)
	case signal.LinkFxStopSetup:
		c.timers.stop(timer{kind: timerSetup, peer: p.id})
	case signal.LinkFxStartRetry:
		c.timers.start(timer{kind: timerRetry, peer: p.id}, c.now+signal.RetryEvery)
	case signal.LinkFxStopRetry:
		c.timers.stop(timer{kind: timerRetry, peer: p.id})
	}
}

// begin puts a driver session into the link's hand.
func (c *Core) begin(p *peer, at *attempt) {
	at.lines = map[string]*line{}
	at.used = map[uint16]bool{}
	if w := at.wish; w != nil {
		at.lines[w.Protocol] = &line{number: transport.FirstChannel, by: w.Arc}
		at.used[transport.FirstChannel] = true
	}
	p.at, p.route, p.failure, p.cause = at, at.route, nil, Crashed
	c.sessions[at.id] = p
}

// end takes it out of it.
func (c *Core) end(p *peer) {
	at := p.at
	delete(c.sessions, at.id)
	p.at = nil
	c.settled(at)
	if at.greeted || at.early {
		p.waiting = nil // who finds no session offers again, by name
		c.later(func() { c.leaveMeetings(p) })
	}
	c.timers.stop(timer{kind: timerPing, peer: p.id})
	c.timers.stop(timer{kind: timerMedia, peer: p.id})
	c.emit(CloseSession{at.id})
}

// settled stops counting an attempt among those that others began.
func (c *Core) settled(at *attempt) {
	if at.theirs {
		at.theirs = false
		c.pending--
	}
}

func (c *Core) linkOpened(p *peer) {
	p.at.opened = c.now
	p.at.media.m = media.NewExchange(p.at.mine, c.cfg.Media)
	c.settled(p.at)
	c.stats.SessionsOpened++
	c.startBeat(p)
	c.doorDone(p.at.route, p.id, nil)
	c.later(func() {
		c.stepSession(p, arc.SessionUp())
		for i := range p.waiting {
			w := &p.waiting[i]
			if !w.told && w.offer.To.IsZero() {
				c.reject(w.route, w.offer, transport.Known)
			}
			w.told = true
		}
	})
}

// linkFailed hears that an attempt is over, and whom that concerns.
func (c *Core) linkFailed(p *peer, from signal.LinkState, why signal.Cause) {
	p.state = from.String()
	switch why {
	case signal.CauseTimeout:
		if p.failure == nil {
			p.failure = ErrTimeout
		}
	case signal.CauseReset:
		p.failure = ErrFailed
	case signal.CauseRejected:
		p.failure = c.hand.err
	}
	err, route := p.failure, p.route
	c.later(func() {
		// Who asked for what cannot work fails now, others get another attempt.
		for _, a := range slices.Clone(p.arcs) {
			if a.waits() && hopeless(err, a, route) {
				a.err = err
				c.endRequest(p, a, arc.ArcGiveup())
			}
		}
		c.letIn(p)
		if p.link.State == signal.LinkIdle {
			c.stepSession(p, arc.SessionFailed())
		}
	})
}

func hopeless(err error, a *anArc, failed Route) bool {
	switch err {
	case ErrBrokerLost:
		return a.route.Conn == failed.Conn && slices.Equal(a.route.Brokers, failed.Brokers)
	case ErrRefused, ErrBusy, ErrVersion:
		return true
	}
	return false
}

// reset tells the other end which attempts are dead, by the way that the
// signal at hand or the last attempt came.
func (c *Core) reset(p *peer, mine, yours uint64) {
	r, id := p.route, transport.SessionID{Initiator: c.cfg.ID, Number: mine}
	if c.hand.signal != nil {
		c.stats.SignalsStale++
		r, id = c.hand.route, c.hand.signal.Session
	}
	c.signal(r, p.id, &transport.Signal{
		Kind: transport.Reset, Session: id, To: p.id, Mine: mine, Yours: yours,
	})
}

// dial begins an attempt for those who wait for a session with p, by the way
// of the one that was tried least.
func (c *Core) dial(p *peer) {
	if p.link.State != signal.LinkIdle {
		c.stepLink(p, signal.LinkConnect(0)) // what is under way will do
		return
	}
	for p.session.State == arc.SessionDialing {
		var next *anArc
		for _, a := range p.arcs {
			if a.waits() && (next == nil || a.dials < next.dials) {
				next = a
			}
		}
		if next == nil {
			return
		}
		if err := c.dialable(p, next); err != nil {
			next.err = err
			c.endRequest(p, next, arc.ArcGiveup())
			continue
		}
		next.dials++
		p.dialing = next.route
		c.stepLink(p, signal.LinkConnect(c.newNumber(p)))
		return
	}
}

// dialable reports why a request cannot get a session.
func (c *Core) dialable(p *peer, a *anArc) error {
	switch {
	case a.route.Conn != 0:
		return nil
	case len(a.route.Brokers) > 0 && !c.peers[a.route.Brokers[0]].usable():
		return ErrBrokerLost
	case len(a.route.Brokers) > 0:
		return nil
	case p.failure != nil:
		return p.failure
	}
	return ErrNotNeighbor
}

// newNumber gives a number that no session of ours has and, to p, none had.
func (c *Core) newNumber(p *peer) uint64 {
	n := c.number + 1
	c.number = n
	if p == nil || p.link.Seq < n {
		return n
	}
	// After a crash that set our clock back. A Reset has told us that numbers
	// up to Seq are dead; the next one may be that of a session still alive there.
	n = p.link.Seq + 2
	for c.attempt(transport.SessionID{Initiator: c.cfg.ID, Number: n}) != nil {
		n++
	}
	return n
}
