package core

import (
	"maps"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
)

// stepSession gives the session with p an event and carries out what it says.
// It reports false for what the spec rules out; the caller knows whose fault
// that is.
func (c *Core) trySession(p *peer, ev arc.SessionEvent) bool {
	var fx arc.SessionEffects
	from := p.session.State
	edge := p.session.Step(ev, &fx)
	if edge == arc.SessionNever {
		return false
	}
	c.trace("session", p.id, uint8(from), uint8(edge), uint8(p.session.State))
	for _, e := range fx.All() {
		c.sessionEffect(p, e)
	}
	return true
}

func (c *Core) stepSession(p *peer, ev arc.SessionEvent) {
	from := p.session.State
	if !c.trySession(p, ev) {
		c.bug("session", from.String(), ev.Kind.String())
	}
}

func (c *Core) sessionEffect(p *peer, e arc.SessionEffect) {
	switch e.Kind {
	case arc.SessionFxDial:
		c.must(p, p.session.State == arc.SessionDialing, "dial")
		c.dial(p)
	case arc.SessionFxHangup:
		if p.link.State != signal.LinkIdle {
			c.hand = hand{}
			c.stepLink(p, signal.LinkHangup())
			c.later(func() { c.letIn(p) })
		}
	case arc.SessionFxBind:
		asked := func(a *anArc) bool { return a.m.State == arc.ArcAsked }
		c.must(p, slices.ContainsFunc(p.arcs, asked), "bind without requests")
		for _, a := range slices.Clone(p.arcs) {
			if a.m.State == arc.ArcAsked {
				c.stepArc(p, a, arc.ArcReady())
			}
		}
	case arc.SessionFxSever:
		c.must(p, len(p.arcs) > 0, "sever without arcs")
		together(p.arcs)
		for _, a := range slices.Clone(p.arcs) {
			c.stepArc(p, a, arc.ArcSevered())
		}
	case arc.SessionFxGiveup:
		c.must(p, slices.ContainsFunc(p.arcs, (*anArc).waits), "giveup without requests")
		for _, a := range slices.Clone(p.arcs) {
			if a.waits() {
				if a.err = p.failure; a.err == nil {
					a.err = ErrFailed
				}
				c.stepArc(p, a, arc.ArcGiveup())
			}
		}
	case arc.SessionFxSendBye:
		c.send(p, &arc.Bye{})
	case arc.SessionFxSendAgree:
		c.send(p, &arc.Agree{})
	case arc.SessionFxSendStay:
		c.send(p, &arc.Stay{})
	case arc.SessionFxStartLinger:
		c.timers.start(timer{kind: timerLinger, peer: p.id}, c.now+c.cfg.Linger)
	case arc.SessionFxStopLinger:
		c.timers.stop(timer{kind: timerLinger, peer: p.id})
	case arc.SessionFxStartParting:
		c.timers.start(timer{kind: timerParting, peer: p.id}, c.now+arc.CloseTimeout)
	case arc.SessionFxStopParting:
		c.timers.stop(timer{kind: timerParting, peer: p.id})
	}
}

// must reports what a session may not say in its state.
func (c *Core) must(p *peer, holds bool, what string) {
	if !holds {
		c.bug("session", p.session.State.String(), what)
	}
}

// heartbeat finds out that the other end is gone when the driver does not.
type heartbeat struct {
	heard time.Duration // the last message
	sent  time.Duration // the last ping
	due   time.Duration // the next one
	id    uint64        // its number
	rtt   time.Duration
}

// firstPing is when a session that has opened is pinged for the first time: what
// it was opened for comes first, and one that is over by then costs no ping.
const firstPing = time.Second

func (c *Core) startBeat(p *peer) {
	p.beat = heartbeat{heard: c.now}
	if c.cfg.Heartbeat > 0 {
		p.beat.due = c.now + min(firstPing, c.cfg.Heartbeat)
		c.timers.start(timer{kind: timerPing, peer: p.id}, p.beat.due)
	}
}

func (c *Core) ping(p *peer) {
	b := &p.beat
	b.id++
	b.sent, b.due = c.now, c.now+c.cfg.Heartbeat
	c.send(p, &arc.Ping{Id: b.id})
	c.timers.start(timer{kind: timerPing, peer: p.id}, b.due)
}

func (c *Core) beat(p *peer) {
	if !p.usable() {
		return
	}
	b := &p.beat
	if c.now-b.due > c.cfg.Heartbeat {
		b.heard = c.now // it was us who slept
	}
	if c.now-b.heard >= 3*c.cfg.Heartbeat {
		c.drop(p, Idle, ErrSilent)
		return
	}
	c.ping(p)
}

func (c *Core) pong(p *peer, id uint64) {
	if b := &p.beat; id == b.id {
		b.rtt = max(c.now-b.sent, 1)
	}
}

// leave gives up what is under way and says farewell. The others close the
// sessions.
func (c *Core) leave() {
	c.leaving = true
	for _, n := range slices.Sorted(maps.Keys(c.guests)) {
		c.endGuest(c.guests[n], ErrClosed)
	}
	for _, id := range slices.Sorted(maps.Keys(c.meetings)) {
		c.cancelMeeting(c.meetings[id], ErrClosed)
	}
	for _, p := range c.inOrder() {
		for _, a := range slices.Clone(p.arcs) {
			if a.waits() {
				a.err = ErrClosed
				c.endRequest(p, a, arc.ArcDisconnect())
			}
		}
		if p.link.State.Pending() {
			c.drop(p, Here, ErrClosed) // the other end wanted it
		}
		if p.usable() {
			c.send(p, &arc.Farewell{})
		}
	}
}
