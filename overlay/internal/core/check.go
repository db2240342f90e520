package core

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// Check reports the first thing that must not be between two steps: an
// invariant of the spec that is broken, or parts that disagree. It is for tests
// and searches, which call it after every step.
func (c *Core) Check() error {
	if len(c.todo) > 0 || c.hand.signal != nil || c.hand.guest != nil || c.hand.err != nil {
		return fmt.Errorf("step left %d things to do, hand %+v", len(c.todo), c.hand)
	}
	pending, owned := 0, 0
	for _, p := range c.inOrder() {
		if err := c.checkPeer(p); err != nil {
			return fmt.Errorf("%s: %w", p.id.Short(), err)
		}
		if p.at != nil {
			owned++
			if p.at.theirs {
				pending++
			}
		}
	}
	switch {
	case pending != c.pending:
		return fmt.Errorf("%d attempts of others, %d counted", pending, c.pending)
	case owned != len(c.sessions):
		return fmt.Errorf("%d driver sessions in hand, %d listed", owned, len(c.sessions))
	case c.broker.Check() != "":
		return fmt.Errorf("broker: %s", c.broker.Check())
	}
	for id, m := range c.meetings {
		if s := m.m.Check(); s != "" {
			return fmt.Errorf("meeting: %s", s)
		}
		if m.m.State != signal.MeetingWaiting || m.m.Wait != c.runs(timer{kind: timerMeeting, key: id}) {
			return fmt.Errorf("meeting %d is %v, timer=%v", id, m.m.State, m.m.Wait)
		}
	}
	return c.checkTimers()
}

func (c *Core) checkPeer(p *peer) error {
	link, session := p.link.Check(), p.session.Check()
	var up, waits uint16
	for _, a := range p.arcs {
		if s := a.m.Check(); s != "" {
			return fmt.Errorf("arc %d: %s", a.number, s)
		}
		switch a.m.State {
		case arc.ArcUp:
			up++
		case arc.ArcAsked, arc.ArcOpening:
			waits++
		default:
			return fmt.Errorf("arc %d is kept as %v", a.number, a.m.State)
		}
		switch {
		case a.waits() && !a.mine:
			return fmt.Errorf("arc %d of the other end waits here", a.number)
		case a.m.Request != c.runs(timer{timerRequest, p.id, a.number}) && a.mine:
			return fmt.Errorf("arc %d: request timer", a.number)
		case a.m.State != arc.ArcAsked && p.session.State != arc.SessionLiving:
			return fmt.Errorf("arc %d is %v on a session that is %v", a.number, a.m.State, p.session.State)
		case a.m.State == arc.ArcAsked && p.session.State == arc.SessionLiving:
			return fmt.Errorf("arc %d waits for a session that is there", a.number)
		}
	}
	for _, h := range p.holds {
		if p.outArcs(h.protocol) == 0 {
			return fmt.Errorf("hold %d holds nothing", h.call)
		}
	}
	switch {
	case link != "":
		return fmt.Errorf("link: %s", link)
	case session != "":
		return fmt.Errorf("session: %s", session)
	case p.session.Arcs != up || p.session.Wants != waits:
		return fmt.Errorf("session counts arcs=%d wants=%d, there are %d and %d", p.session.Arcs, p.session.Wants, up, waits)
	case p.session.State.Usable() != (p.link.State == signal.LinkOpen):
		return fmt.Errorf("session %v on a link that is %v", p.session.State, p.link.State)
	case p.session.State == arc.SessionDialing && p.link.State == signal.LinkIdle:
		return fmt.Errorf("nobody dials")
	case (p.at == nil) != (p.link.State == signal.LinkIdle):
		return fmt.Errorf("link %v, attempt %v", p.link.State, p.at)
	case p.at != nil && c.sessions[p.at.id] != p:
		return fmt.Errorf("session %v is not listed", p.at.id)
	case p.at != nil && p.at.mine != p.link.Mine:
		return fmt.Errorf("link mine=%v, attempt of %v", p.link.Mine, p.at.id.Initiator.Short())
	case p.at != nil && (p.at.media.m.Check() != "" || p.at.media.hand != nil):
		return fmt.Errorf("exchange: %s, in hand %v", p.at.media.m.Check(), p.at.media.hand)
	case p.link.State == signal.LinkOpen && (p.at.theirs || !p.at.greeted && !p.at.early):
		return fmt.Errorf("open, theirs=%v greeted=%v early=%v", p.at.theirs, p.at.greeted, p.at.early)
	case len(p.waiting) > 0 && p.link.State == signal.LinkIdle:
		return fmt.Errorf("%d newcomers wait for nothing", len(p.waiting))
	}
	return nil
}

func (c *Core) runs(t timer) bool {
	_, ok := c.timers.due[t]
	return ok
}

// checkTimers compares the timers that run with what runs according to the machines.
func (c *Core) checkTimers() error {
	for t := range c.timers.due {
		p := c.peers[t.peer]
		ok := p != nil
		switch t.kind {
		case timerMeeting:
			ok = c.meetings[t.key] != nil
		case timerGuest:
			ok = c.guests[t.key] != nil
		case timerRequest:
			ok = ok && p.find(true, t.key) != nil
		}
		if !ok {
			return fmt.Errorf("timer %v runs for nobody", t)
		}
	}
	for id, p := range c.peers {
		for kind, want := range map[timerKind]bool{
			timerSetup: p.link.Setup, timerRetry: p.link.Retry, timerLinger: p.session.Linger, timerParting: p.session.Parting,
			timerMedia: p.at != nil && p.at.media.m.Patience,
			timerPing:  p.link.State == signal.LinkOpen && c.cfg.Heartbeat > 0, timerForget: true,
		} {
			if c.runs(timer{kind: kind, peer: id}) != want {
				return fmt.Errorf("%s: timer %d runs=%v", id.Short(), kind, !want)
			}
		}
	}
	return nil
}

// CheckQuiet reports what is left over when nothing is under way: an attempt,
// a call, a timer other than for what is kept on purpose.
func (c *Core) CheckQuiet() error {
	if !c.Quiet() {
		return fmt.Errorf("not quiet:\n%s", c.Dump())
	}
	if c.pending != 0 {
		return fmt.Errorf("%d attempts of others", c.pending)
	}
	for t := range c.timers.due {
		switch t.kind {
		case timerLinger, timerPing, timerForget:
		default:
			return fmt.Errorf("timer %v runs", t)
		}
	}
	for _, p := range c.inOrder() {
		if p.at != nil && !p.at.greeted {
			return fmt.Errorf("%s: no hello", p.id.Short())
		}
		for _, w := range p.waiting {
			if !w.told || c.doors[w.route.Conn] != nil {
				return fmt.Errorf("%s: a newcomer waits", p.id.Short())
			}
		}
	}
	return nil
}

// Driven lists the driver sessions that the core has begun and not closed.
func (c *Core) Driven() []transport.SessionID {
	var ids []transport.SessionID
	for id := range c.sessions {
		ids = append(ids, id)
	}
	for _, g := range c.guests {
		ids = append(ids, g.at.id)
	}
	slices.SortFunc(ids, func(a, b transport.SessionID) int {
		if d := a.Initiator.Compare(b.Initiator); d != 0 {
			return d
		}
		return cmp.Compare(a.Number, b.Number)
	})
	return ids
}

// InHand reports whether a link has that session in hand, and not only a guest.
func (c *Core) InHand(id transport.SessionID) bool { return c.sessions[id] != nil }

// Known counts the peers that are remembered.
func (c *Core) Known() int { return len(c.peers) }

// Open gives the open session with a peer.
func (c *Core) Open(id transport.PeerID) (transport.SessionID, bool) {
	if p := c.peers[id]; p.usable() {
		return p.at.id, true
	}
	return transport.SessionID{}, false
}

// Session gives the state of the session with a peer.
func (c *Core) Session(id transport.PeerID) arc.SessionState {
	if p := c.peers[id]; p != nil {
		return p.session.State
	}
	return arc.SessionNone
}

// ArcInfo is one open arc, as the core knows it.
type ArcInfo struct {
	Protocol string
	Peer     transport.PeerID
	Out      bool
	Mine     bool   // this end has asked for it once
	Number   uint64 // names it together with Mine
}

// Arcs gives every open arc.
func (c *Core) Arcs() iter.Seq[ArcInfo] {
	return func(yield func(ArcInfo) bool) {
		for _, p := range c.inOrder() {
			for _, a := range p.arcs {
				if a.m.State == arc.ArcUp && !yield(ArcInfo{a.protocol, p.id, a.m.Out, a.mine, a.number}) {
					return
				}
			}
		}
	}
}

// Arc finds an open arc with a peer by its name.
func (c *Core) Arc(id transport.PeerID, mine bool, number uint64) (ArcInfo, bool) {
	if p := c.peers[id]; p != nil {
		if a := p.find(mine, number); a != nil && a.m.State == arc.ArcUp {
			return ArcInfo{a.protocol, p.id, a.m.Out, a.mine, a.number}, true
		}
	}
	return ArcInfo{}, false
}

// Holds counts the holds of a protocol's arcs to a peer.
func (c *Core) Holds(id transport.PeerID, protocol string) int {
	if p := c.peers[id]; p != nil {
		return p.holdsOf(protocol)
	}
	return 0
}

// Channel gives the channel of a protocol on the session with a peer; zero: none.
func (c *Core) Channel(id transport.PeerID, protocol string) uint16 {
	if p := c.peers[id]; p.usable() {
		if l := p.at.lines[protocol]; l != nil && l.usable {
			return l.number
		}
	}
	return 0
}
