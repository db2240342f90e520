package core

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// meeting is an introduction or invitation that this peer asked a neighbor for.
type meeting struct {
	m        signal.Meeting
	id       uint64
	call     uint64
	protocol string
	from, to transport.PeerID // from is the neighbor that opens the arc
	msg      Message
	err      error // why it was cancelled
}

// asked is the other side of it: who asked this peer for an arc.
type asked struct {
	by      transport.PeerID
	session transport.SessionID
	id      uint64
}

func (c *Core) introduce(in Introduce) {
	m := &meeting{call: in.Call, protocol: in.Protocol, from: in.From, to: in.To}
	c.nextMeet++
	m.id = c.nextMeet
	m.msg = &signal.Meet{Meeting: m.id, Protocol: in.Protocol, To: in.To, Budget: c.budget()}
	switch {
	case in.From == in.To || in.From == c.cfg.ID || in.To == c.cfg.ID:
		c.meetingDone(m, ErrSelf)
	case !c.peers[in.To].neighbor():
		c.meetingDone(m, ErrNotNeighbor)
	default:
		c.meet(m)
	}
}

func (c *Core) invite(in Invite) {
	m := &meeting{call: in.Call, protocol: in.Protocol, from: in.From, to: c.cfg.ID}
	c.nextMeet++
	m.id = c.nextMeet
	m.msg = &signal.Invite{Meeting: m.id, Protocol: in.Protocol, Budget: c.budget()}
	c.meet(m)
}

// budget is how long, in milliseconds, the neighbor may try: less than we wait.
func (c *Core) budget() uint32 {
	return uint32(c.cfg.ConnectTimeout * 8 / 10 / time.Millisecond)
}

func (c *Core) meet(m *meeting) {
	switch {
	case c.leaving || !c.protocols[m.protocol]:
		c.meetingDone(m, ErrClosed)
	case !c.peers[m.from].neighbor():
		c.meetingDone(m, ErrNotNeighbor)
	default:
		c.meetings[m.id] = m
		c.stepMeeting(m, signal.MeetingAsk())
	}
}

func (c *Core) stepMeeting(m *meeting, ev signal.MeetingEvent) {
	var fx signal.MeetingEffects
	from := m.m.State
	edge := m.m.Step(ev, &fx)
	if edge == signal.MeetingNever {
		c.bug("meeting", from.String(), ev.Kind.String())
		return
	}
	c.trace("meeting", m.from, uint8(from), uint8(edge), uint8(m.m.State))
	for _, e := range fx.All() {
		switch e.Kind {
		case signal.MeetingFxRequest:
			c.send(c.peers[m.from], m.msg)
		case signal.MeetingFxEnded:
			delete(c.meetings, m.id)
			err := outcomeError(e.How)
			if m.err != nil {
				err = m.err
			}
			c.meetingDone(m, err)
		case signal.MeetingFxStartWait:
			c.timers.start(timer{kind: timerMeeting, key: m.id}, c.now+c.cfg.ConnectTimeout)
		case signal.MeetingFxStopWait:
			c.timers.stop(timer{kind: timerMeeting, key: m.id})
		}
	}
}

func (c *Core) meetingDone(m *meeting, err error) {
	if m.call == 0 {
		return
	}
	d := Done{Call: m.call, Peer: m.from}
	if err != nil {
		d.Err = &Failed{Protocol: m.protocol, Peer: m.to, Via: []transport.PeerID{c.cfg.ID}, State: "meeting " + m.from.Short(), Err: err}
	}
	c.emit(d)
}

func (c *Core) cancelMeeting(m *meeting, err error) {
	m.err = err
	c.stepMeeting(m, signal.MeetingCancel())
}

// met hears from a neighbor how what it was asked for ended.
func (c *Core) met(p *peer, msg *signal.Met) {
	if m := c.meetings[msg.Meeting]; m != nil && m.from == p.id {
		c.stepMeeting(m, signal.MeetingMet(msg.Result))
	}
}

// leaveMeetings ends the meetings that wait for a neighbor that is gone.
func (c *Core) leaveMeetings(p *peer) {
	for _, id := range slices.Sorted(maps.Keys(c.meetings)) {
		if m := c.meetings[id]; m.from == p.id {
			c.stepMeeting(m, signal.MeetingLeave())
		}
	}
}

// asked does what a neighbor asks for: an arc to a peer through it (brokered),
// or to itself.
func (c *Core) asked(p *peer, id uint64, protocol string, to transport.PeerID, brokered bool, budget uint32) {
	a := &anArc{protocol: protocol, asked: &asked{p.id, p.at.id, id}}
	if brokered {
		a.route.Brokers = []transport.PeerID{p.id}
	}
	if c.askedBy(p.id) >= maxAsked || to == p.id && brokered {
		c.tellAsker(a, ErrRefused)
		return
	}
	c.connectArc(to, a, max(time.Duration(budget)*time.Millisecond, time.Millisecond))
}

// maxAsked is how many arcs one neighbor may have this peer try at once.
const maxAsked = 16

func (c *Core) askedBy(id transport.PeerID) (n int) {
	for _, p := range c.peers {
		for _, a := range p.arcs {
			if a.waits() && a.asked != nil && a.asked.by == id {
				n++
			}
		}
	}
	return n
}

// tellAsker reports to the neighbor that asked for an arc how that ended.
func (c *Core) tellAsker(a *anArc, err error) {
	k := a.asked
	a.asked = nil
	if k == nil {
		return
	}
	if p := c.peers[k.by]; p.usable() && p.at.id == k.session {
		c.send(p, &signal.Met{Meeting: k.id, Result: errorOutcome(err)})
	}
}

func outcomeError(o signal.Outcome) error {
	switch o {
	case signal.OutcomeOpened:
		return nil
	case signal.OutcomeRefused:
		return ErrRefused
	case signal.OutcomeLost:
		return ErrNotNeighbor
	case signal.OutcomeTimeout:
		return ErrTimeout
	}
	return ErrFailed
}

func errorOutcome(err error) signal.Outcome {
	switch {
	case err == nil:
		return signal.OutcomeOpened
	case errors.Is(err, ErrRefused), errors.Is(err, ErrBusy), errors.Is(err, ErrClosed), errors.Is(err, ErrSelf):
		return signal.OutcomeRefused
	case errors.Is(err, ErrTimeout):
		return signal.OutcomeTimeout
	case errors.Is(err, ErrNotNeighbor):
		return signal.OutcomeLost
	}
	return signal.OutcomeFailed
}
