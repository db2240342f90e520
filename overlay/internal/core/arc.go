package core

import (
	"maps"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/transport"
)

// anArc is one arc at one of its ends.
type anArc struct {
	m        arc.Arc
	mine     bool   // this end has asked for it once; then number is ours, else the other end's
	number   uint64 // names it together with mine, whichever way it goes now
	protocol string

	route Route // by which a session may be had
	dials int
	since transport.SessionID // the session that was open when it was asked for
	fresh bool                // the session was made for it
	along int                 // so many of its protocol end with it; zero: it alone
	err   error               // why it failed
	call  uint64              // who waits for it
	asked *asked              // which neighbor asked for it
}

// waits reports whether the arc is a request that needs a session.
func (a *anArc) waits() bool { return a.m.State == arc.ArcAsked || a.m.State == arc.ArcOpening }

func (p *peer) find(mine bool, number uint64) *anArc {
	for _, a := range p.arcs {
		if a.mine == mine && a.number == number {
			return a
		}
	}
	return nil
}

// request begins an arc to p.
func (c *Core) request(p *peer, a *anArc, timeout time.Duration) {
	a.mine = true
	if a.number == 0 {
		a.number = c.newArc()
	}
	if p.usable() {
		a.since = p.at.id
	}
	p.arcs = append(p.arcs, a)
	c.stepArc(p, a, arc.ArcAsk())
	if timeout <= 0 || timeout > c.cfg.ConnectTimeout {
		timeout = c.cfg.ConnectTimeout
	}
	c.timers.start(timer{timerRequest, p.id, a.number}, c.now+timeout)
	c.stepSession(p, arc.SessionWant())
}

func (c *Core) newArc() uint64 {
	c.nextArc++
	return c.nextArc
}

// wish names the arc that a session with p would be for.
func (c *Core) wish(p *peer) *transport.Wish {
	for _, a := range p.arcs {
		if a.waits() && !c.cfg.Wishless {
			return &transport.Wish{Arc: a.number, Protocol: a.protocol}
		}
	}
	return nil
}

// connect asks for an arc to a neighbor, or by way of brokers.
func (c *Core) connect(in Connect) {
	a := &anArc{protocol: in.Protocol, call: in.Call, route: Route{Brokers: in.Path}}
	c.connectArc(in.To, a, in.Timeout)
}

func (c *Core) connectArc(to transport.PeerID, a *anArc, timeout time.Duration) {
	refuse := func(err error) {
		a.err = err
		c.ended(&peer{id: to}, a)
	}
	switch {
	case c.leaving || !c.protocols[a.protocol]:
		refuse(ErrClosed)
		return
	case to == c.cfg.ID || to.IsZero() || slices.Contains(a.route.Brokers, c.cfg.ID):
		refuse(ErrSelf)
		return
	}
	p, ok := c.getPeer(to)
	path := a.route.Brokers
	switch {
	case !ok || len(p.arcs) >= c.cfg.MaxArcs:
		refuse(ErrBusy)
	case len(path) == 0 && !p.neighbor():
		refuse(ErrNotNeighbor)
	case len(path) > 0 && !p.neighbor() && !c.peers[path[0]].usable():
		refuse(ErrBrokerLost)
	default:
		c.request(p, a, timeout)
	}
}

// cancel ends what nobody waits for any more.
func (c *Core) cancel(call uint64) {
	for _, p := range c.peers {
		for _, a := range p.arcs {
			if a.call == call && a.waits() {
				a.err = ErrCancelled
				c.endRequest(p, a, arc.ArcDisconnect())
				return
			}
		}
	}
	for _, m := range c.meetings {
		if m.call == call {
			c.cancelMeeting(m, ErrCancelled)
			return
		}
	}
	for _, g := range c.guests {
		if g.call == call {
			c.endGuest(g, ErrCancelled)
			return
		}
	}
}

func (c *Core) unregister(protocol string) {
	delete(c.protocols, protocol)
	for _, n := range slices.Sorted(maps.Keys(c.guests)) {
		if g := c.guests[n]; g.protocol == protocol {
			c.endGuest(g, ErrClosed)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.meetings)) {
		if m := c.meetings[id]; m.protocol == protocol {
			c.cancelMeeting(m, ErrClosed)
		}
	}
	for _, p := range c.inOrder() {
		arcs := slices.DeleteFunc(slices.Clone(p.arcs), func(a *anArc) bool { return a.protocol != protocol })
		together(arcs)
		for _, a := range arcs {
			switch {
			case a.waits():
				a.err = ErrClosed
				c.endRequest(p, a, arc.ArcDisconnect())
			case a.m.State == arc.ArcUp:
				c.endArc(p, a, arc.ArcDisconnect())
			}
		}
		c.closeLines(p, protocol)
	}
}

// together says of the open ones of these arcs that they end at once.
func together(arcs []*anArc) {
	n := map[string]int{}
	for _, a := range arcs {
		if a.m.State == arc.ArcUp {
			n[a.protocol]++
		}
	}
	for _, a := range arcs {
		if a.m.State == arc.ArcUp {
			a.along = n[a.protocol]
		}
	}
}

// endRequest ends a request by ev, and the session hears of it.
func (c *Core) endRequest(p *peer, a *anArc, ev arc.ArcEvent) {
	if c.stepArc(p, a, ev) {
		c.stepSession(p, arc.SessionCancel())
	}
}

// endArc ends an open arc by ev, and the session hears of it.
func (c *Core) endArc(p *peer, a *anArc, ev arc.ArcEvent) {
	p.cause = Here
	if ev.Kind == arc.ArcOnUnbind {
		p.cause = There
	}
	if c.stepArc(p, a, ev) {
		c.stepSession(p, arc.SessionUnbound())
	}
}

// tryArc gives an arc an event and carries out what it says; false: the spec
// rules it out.
func (c *Core) tryArc(p *peer, a *anArc, ev arc.ArcEvent) bool {
	var fx arc.ArcEffects
	from := a.m.State
	edge := a.m.Step(ev, &fx)
	if edge == arc.ArcNever {
		return false
	}
	c.trace("arc", p.id, uint8(from), uint8(edge), uint8(a.m.State))
	for _, e := range fx.All() {
		c.arcEffect(p, a, e)
	}
	if a.m.State == arc.ArcGone {
		p.arcs = slices.DeleteFunc(p.arcs, func(b *anArc) bool { return b == a })
		p.endHolds(a.protocol)
	}
	return true
}

func (c *Core) stepArc(p *peer, a *anArc, ev arc.ArcEvent) bool {
	from := a.m.State
	if !c.tryArc(p, a, ev) {
		c.bug("arc", from.String(), ev.Kind.String())
		return false
	}
	return true
}

func (c *Core) arcEffect(p *peer, a *anArc, e arc.ArcEffect) {
	switch e.Kind {
	case arc.ArcFxOpened:
		c.arcOpened(p, a)
	case arc.ArcFxClosed:
		c.emit(Closed{a.protocol, p.id, a.m.Out, p.cause, max(a.along, 1)})
	case arc.ArcFxTurned:
		c.emit(Reversed{a.protocol, p.id, a.m.Out})
	case arc.ArcFxFailed:
		if e.Reason == arc.WhyRefused {
			a.err = ErrRefused
		}
		c.ended(p, a)
	case arc.ArcFxSendBind:
		n, ok := c.lineFor(p, a)
		if !ok {
			c.later(func() { c.noChannel(p, a) })
			return
		}
		a.fresh = p.at.id != a.since
		p.at.wished = p.at.wished || p.at.wishes(a.number)
		c.send(p, &arc.Bind{Arc: a.number, Protocol: a.protocol, Channel: n, Fresh: a.fresh})
	case arc.ArcFxSendBound:
		c.send(p, &arc.Bound{Arc: a.number, Channel: p.at.lines[a.protocol].number})
	case arc.ArcFxSendUnbind:
		c.send(p, &arc.Unbind{Arc: a.number, Mine: a.mine})
	case arc.ArcFxSendTurn:
		c.send(p, &arc.Turn{Arc: a.number, Mine: a.mine})
	case arc.ArcFxStartRequest:
		// request starts the timer: it knows for how long.
	case arc.ArcFxStopRequest:
		c.timers.stop(timer{timerRequest, p.id, a.number})
	}
}

// noChannel fails a request: the session has no channel left for its protocol.
func (c *Core) noChannel(p *peer, a *anArc) {
	if a.waits() {
		a.err = ErrBusy
		c.endRequest(p, a, arc.ArcGiveup())
	}
}

func (c *Core) arcOpened(p *peer, a *anArc) {
	o := Opened{Protocol: a.protocol, Peer: p.id, Out: a.m.Out, NewSession: a.fresh}
	if a.fresh {
		o.Via = p.at.route.Brokers
	}
	c.emit(o)
	if a.call != 0 {
		c.emit(Done{Call: a.call, Peer: p.id})
	}
	c.tellAsker(a, nil)
}

// ended tells everyone who waits for a request that it failed.
func (c *Core) ended(p *peer, a *anArc) {
	if a.err == nil {
		a.err = ErrFailed
	}
	f := Failed{Protocol: a.protocol, Peer: p.id, Via: a.route.Brokers, State: p.state, Err: a.err}
	if p.at != nil {
		f.State = p.link.State.String()
	}
	c.emit(f)
	if a.call != 0 {
		c.emit(Done{Call: a.call, Peer: p.id, Err: &f})
	}
	c.tellAsker(a, a.err)
}
