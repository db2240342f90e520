package core

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// remember is how long a peer's spent offer numbers are kept once nothing else
// is known of it: longer than any signal may be under way.
const remember = 10 * time.Minute

// peer is what this peer knows of one other.
type peer struct {
	id      transport.PeerID
	link    signal.Link
	session arc.Session
	at      *attempt // the attempt or the open session that link has in hand
	arcs    []*anArc // by age
	holds   []hold   // of the arcs to it
	boot    uint64   // of the other end, from its hello

	used    time.Duration // when something last happened between us
	dialing Route         // how the next attempt of ours is signaled
	route   Route         // how the last attempt was signaled
	failure error         // why the last attempt failed
	state   string        // of the link, when it failed
	cause   Cause         // why the open session is being lost
	waiting []waiting     // offers of this peer that wait for what becomes of another one
	beat    heartbeat
}

// waiting is an offer that another attempt or session makes superfluous. If that
// attempt comes to nothing, it is taken after all. If there is a session, who
// does not know whom its offer met is told; and the keeper of the channel that
// it came over is told as soon as its sender uses the session.
type waiting struct {
	route      Route
	offer      *transport.Signal
	candidates *transport.Signal // that came for it
	told       bool              // the sender
}

// wait keeps an offer for later; of too many, the oldest is turned away.
func (c *Core) wait(p *peer, w waiting) {
	p.waiting = append(p.waiting, w)
	if len(p.waiting) <= maxWaiting {
		return
	}
	old := p.waiting[0]
	p.waiting = p.waiting[1:]
	switch {
	case old.told:
		c.doorDone(old.route, p.id, nil)
	case old.offer.To.IsZero():
		c.reject(old.route, old.offer, transport.Busy)
		c.doorDone(old.route, p.id, ErrBusy)
	}
}

const maxWaiting = 4

// getPeer gives what is known of a peer, from now on.
func (c *Core) getPeer(id transport.PeerID) (*peer, bool) {
	p := c.peers[id]
	if p != nil {
		return p, true
	}
	if len(c.peers) >= c.cfg.MaxPeers && !c.forgetOldest() {
		return nil, false
	}
	p = &peer{id: id, link: signal.NewLink(c.cfg.ID.Compare(id) < 0), used: c.now}
	p.link.Seq = c.cfg.First // what was offered before we were started is dead
	c.peers[id] = p
	c.timers.start(timer{kind: timerForget, peer: id}, c.now+remember)
	return p, true
}

// forget drops a peer of which nothing is left but old numbers.
func (c *Core) forget(p *peer) {
	if p.idle() && c.now-p.used >= remember {
		delete(c.peers, p.id)
		return
	}
	at := p.used + remember
	if at <= c.now {
		at = c.now + remember
	}
	c.timers.start(timer{kind: timerForget, peer: p.id}, at)
}

// forgetOldest makes room; false: everybody is needed.
func (c *Core) forgetOldest() bool {
	var oldest *peer
	for _, p := range c.peers {
		if p.idle() && (oldest == nil || p.used < oldest.used || p.used == oldest.used && p.id.Compare(oldest.id) < 0) {
			oldest = p
		}
	}
	if oldest == nil {
		return false
	}
	c.timers.stop(timer{kind: timerForget, peer: oldest.id})
	delete(c.peers, oldest.id)
	return true
}

func (p *peer) idle() bool {
	return p.link.State == signal.LinkIdle && p.session.State == arc.SessionNone && len(p.arcs) == 0 && len(p.waiting) == 0
}

// inOrder gives the peers in the order of their ids, so that equal inputs have
// equal effects.
func (c *Core) inOrder() []*peer {
	return slices.SortedFunc(maps.Values(c.peers), func(a, b *peer) int { return a.id.Compare(b.id) })
}

// usable reports whether messages can be sent to p.
func (p *peer) usable() bool { return p != nil && p.link.State == signal.LinkOpen }

// neighbor reports whether an arc to p can begin without signaling.
func (p *peer) neighbor() bool {
	if p == nil {
		return false
	}
	switch p.session.State {
	case arc.SessionLiving, arc.SessionLingering, arc.SessionClosing:
		return true
	}
	return false
}

// send says something to a neighbor. Machines have nothing to say to others.
func (c *Core) send(p *peer, m Message) {
	if !p.usable() {
		c.must(p, false, fmt.Sprintf("send of %T", m))
		return
	}
	c.emit(Send{p.at.id, m})
}

// Neighbor is a peer with an open session.
type Neighbor struct {
	Peer      transport.PeerID
	Session   transport.SessionID
	Since     time.Duration
	RTT       time.Duration // zero: not measured yet
	Protocols []string
}

// Neighbors lists the peers with an open session, in the order of their ids.
func (c *Core) Neighbors() []Neighbor {
	var list []Neighbor
	for _, p := range c.inOrder() {
		if !p.neighbor() {
			continue
		}
		n := Neighbor{Peer: p.id, Session: p.at.id, Since: p.at.opened, RTT: p.beat.rtt}
		seen := map[string]bool{}
		for _, a := range p.arcs {
			if a.m.State == arc.ArcUp && !seen[a.protocol] {
				seen[a.protocol] = true
				n.Protocols = append(n.Protocols, a.protocol)
			}
		}
		list = append(list, n)
	}
	return list
}

// Stats gives the counters.
func (c *Core) Stats() Stats { return c.stats }

// Idle reports whether nothing is under way and nothing is left over: no
// attempt, no call, no session. A closed network ends like that.
func (c *Core) Idle() bool {
	if len(c.sessions)+len(c.guests)+len(c.meetings) > 0 {
		return false
	}
	for _, p := range c.peers {
		if p.link.State != signal.LinkIdle || p.session.State != arc.SessionNone || len(p.arcs) > 0 {
			return false
		}
	}
	return true
}

// Quiet reports whether nothing is under way: every session is open or gone,
// every arc up.
func (c *Core) Quiet() bool {
	if len(c.guests)+len(c.meetings) > 0 {
		return false
	}
	for _, p := range c.peers {
		switch p.link.State {
		case signal.LinkIdle, signal.LinkOpen:
		default:
			return false
		}
		switch p.session.State {
		case arc.SessionNone, arc.SessionLiving, arc.SessionLingering:
		default:
			return false
		}
		if p.at != nil && p.at.media.m.State.Busy() {
			return false
		}
		for _, a := range p.arcs {
			if a.m.State != arc.ArcUp {
				return false
			}
		}
	}
	return true
}
