package core

import (
	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// received takes a message on a control channel. It belongs to the session that
// it came on: what comes on another one than the one in hand changes nothing.
func (c *Core) received(in Received) {
	p := c.sessions[in.ID]
	if p == nil || p.at == nil || p.at.id != in.ID {
		return
	}
	p.beat.heard = c.now
	switch m := in.Msg.(type) {
	case *arc.Hello:
		c.hello(p, m)
		return
	case *arc.Deny:
		c.drop(p, Crashed, ErrVersion)
		return
	}
	if p.failure == ErrVersion {
		return // it spoke before it could know
	}
	if !p.at.greeted {
		c.violate(p, "message before hello")
		return
	}
	if !c.control(p, in) {
		c.violate(p, "message out of place")
	}
}

// control handles a neighbor's message; false: it has no place here.
func (c *Core) control(p *peer, in Received) bool {
	switch m := in.Msg.(type) {
	case *arc.Bind:
		return c.bind(p, m)
	case *arc.Bound:
		return c.bound(p, m)
	case *arc.Refused:
		if a := p.find(true, m.Arc); a != nil {
			return c.tryRequest(p, a, arc.ArcRefused())
		}
	case *arc.Unbind:
		return c.unbind(p, m)
	case *arc.Turn:
		return c.turn(p, m)
	case *arc.Bye:
		return c.trySession(p, arc.SessionBye())
	case *arc.Agree:
		return c.trySession(p, arc.SessionAgree())
	case *arc.Stay:
		return c.trySession(p, arc.SessionStay())
	case *arc.Ping:
		c.send(p, &arc.Pong{Id: m.Id})
	case *arc.Pong:
		c.pong(p, m.Id)
	case *arc.Farewell:
		c.drop(p, Left, nil)
	case *signal.Relay:
		c.relay(p, m, in.Signal)
	case *signal.Bounce:
		c.bounced(p, m)
	case *signal.Meet:
		c.asked(p, m.Meeting, m.Protocol, transport.PeerID(m.To), true, m.Budget)
	case *signal.Invite:
		c.asked(p, m.Meeting, m.Protocol, p.id, false, m.Budget)
	case *signal.Met:
		c.met(p, m)
	default:
		return c.media(p, in)
	}
	return true
}

// unbind ends an arc at the other end's wish. One that is gone already was
// ended by both ends at once.
func (c *Core) unbind(p *peer, m *arc.Unbind) bool {
	if !m.Mine {
		c.acknowledged(p, m.Arc)
	}
	a := p.find(!m.Mine, m.Arc)
	switch {
	case a == nil:
	case a.waits(): // there is no room for it
		return c.tryRequest(p, a, arc.ArcUnbind())
	default:
		c.endArc(p, a, arc.ArcUnbind())
	}
	return true
}

func (c *Core) tryRequest(p *peer, a *anArc, ev arc.ArcEvent) bool {
	if !c.tryArc(p, a, ev) {
		return false
	}
	c.stepSession(p, arc.SessionCancel())
	return true
}
