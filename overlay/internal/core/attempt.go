package core

import (
	"errors"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// attempt is one driver session, from its beginning to its end. A driver's
// event that names another one changes nothing.
type attempt struct {
	id     transport.SessionID
	to     transport.PeerID // zero: an offer that names nobody
	mine   bool             // we offered
	theirs bool             // the other end's boot of this session counted among those that others began
	route  Route
	bulk   bool // route carries one message each way: everything goes into it

	local *transport.Description // nil until the driver has described it
	found []transport.Candidate  // since then
	last  bool                   // no more will be found

	owe    bool              // the offer or answer is to be sent as soon as it can be
	void   uint64            // of the answer: our offers up to this number are dead
	signal *transport.Signal // the offer or answer, once it was sent
	offer  *transport.Signal // the other end's
	ref    [32]byte          // hash of the offer
	wish   *transport.Wish   // of the offer, whoever made it; nil: none

	up      bool // the control channel carries messages
	greeted bool // the other end said hello
	early   bool // open before that: its offer says all that its hello will
	wished  bool // our Bind of the wish's arc is sent, or its Unbind
	opened  time.Duration

	media exchange
	lines map[string]*line // of each protocol
	used  map[uint16]bool  // channel numbers
}

func (c *Core) described(in Described) {
	if at := c.attempt(in.ID); at != nil && at.local == nil {
		d := in.D
		at.local = &d
		c.describe(at)
	}
}

func (c *Core) gathered(in Gathered) {
	at := c.attempt(in.ID)
	if at == nil {
		return
	}
	for _, f := range in.C {
		if len(at.found) < transport.MaxCandidates {
			at.found = append(at.found, f)
		}
	}
	at.last = at.last || in.Last
	switch {
	case at.owe:
		c.describe(at)
	case len(in.C) > 0:
		c.trickle(at)
	}
}

// attempt finds the driver session that is in hand under that name.
func (c *Core) attempt(id transport.SessionID) *attempt {
	if p := c.sessions[id]; p != nil && p.at != nil && p.at.id == id {
		return p.at
	}
	if g := c.guests[id.Number]; g != nil && g.at.id == id {
		return g.at
	}
	return nil
}

// describe sends the offer or answer that is owed, if it is known by now.
func (c *Core) describe(at *attempt) {
	if !at.owe || at.local == nil || at.bulk && !at.last {
		return
	}
	at.owe = false
	if at.signal == nil {
		d := *at.local
		if room := transport.MaxCandidates - len(d.Candidates); at.bulk {
			d.Candidates = append(d.Candidates[:len(d.Candidates):len(d.Candidates)], at.found[:min(room, len(at.found))]...)
		}
		s := &transport.Signal{Kind: transport.Offer, Session: at.id, To: at.to, Description: &d, Wish: at.wish}
		if !at.mine {
			s.Kind, s.Ref, s.Mine, s.Wish = transport.Answer, at.ref, at.void, nil
		}
		s.From = c.cfg.ID
		if at.mine {
			at.ref = c.cfg.Hash(s)
		}
		at.signal = s
	}
	c.signal(at.route, at.to, at.signal)
	if len(at.found) > 0 {
		c.trickle(at)
	}
}

// trickle tells the other end which candidates were found since the
// description. All are in each signal, so that a lost one costs nothing.
func (c *Core) trickle(at *attempt) {
	if at.signal == nil || at.bulk || len(at.found) == 0 {
		return
	}
	c.signal(at.route, at.to, &transport.Signal{
		Kind: transport.Candidates, Session: at.id, From: c.cfg.ID, To: at.to,
		Ref: at.ref, Candidates: at.found[:len(at.found):len(at.found)], Last: at.last,
	})
}

// signal sends a signal on its way. One that no broker can take is treated as
// if the broker had said so.
func (c *Core) signal(r Route, to transport.PeerID, s *transport.Signal) {
	s.From = c.cfg.ID
	if r.Conn != 0 {
		c.stats.SignalsSent++
		c.emit(SendSignal{Conn: r.Conn, Signal: s})
		return
	}
	if len(r.Brokers) == 0 {
		return // the channel that the attempt came over is gone
	}
	first := c.peers[r.Brokers[0]]
	if !first.usable() {
		c.later(func() { c.unreachable(to, s.Session, r.Brokers) })
		return
	}
	path := make([]transport.PeerID, 0, len(r.Brokers)+2)
	path = append(append(append(path, c.cfg.ID), r.Brokers...), to)
	c.stats.SignalsSent++
	c.emit(SendSignal{Via: first.at.id, Path: path, Signal: s})
}

// unreachable handles a broker's word that a signal to a peer came no further.
// It counts only for the way that the attempt goes: no neighbor can end what
// others broker.
func (c *Core) unreachable(to transport.PeerID, id transport.SessionID, brokers []transport.PeerID) {
	p := c.peers[to]
	if p == nil || id.Initiator != c.cfg.ID {
		return
	}
	if p.at != nil && p.at.id == id && !slices.Equal(p.at.route.Brokers, brokers) {
		return
	}
	c.hand = hand{err: ErrBrokerLost}
	c.stepLink(p, signal.LinkUnreachable(id.Number))
	c.hand = hand{}
}

// driverUp greets the other end: connected is not usable.
func (c *Core) driverUp(id transport.SessionID) {
	at := c.attempt(id)
	if at == nil || at.up {
		return
	}
	at.up = true
	c.emit(Send{id, &arc.Hello{
		Version: Version, Boot: boot(c.cfg.First), Initiator: id.Initiator, Number: id.Number,
	}})
	if at.offer != nil && at.wish != nil {
		c.openEarly(c.sessions[id], at)
	}
}

// openEarly opens a session that the other end offered, before its hello is
// here: DTLS has proven the key that the offer was signed for. The arc that it
// was made for begins with it, so that the other end, which hears of both at
// once, has the arc as soon as the session.
func (c *Core) openEarly(p *peer, at *attempt) {
	at.early = true
	p.boot = boot(at.id.Number)
	c.stepLink(p, signal.LinkUp())
	c.later(func() {
		if p.at == at {
			c.welcome(p)
			c.begins(p, &arc.Bind{Arc: at.wish.Arc, Protocol: at.wish.Protocol, Channel: transport.FirstChannel, Fresh: true}, false)
		}
	})
}

// wishes reports whether an arc is the one that our offer wished for.
func (at *attempt) wishes(arc uint64) bool {
	return at.mine && at.wish != nil && at.wish.Arc == arc
}

func (c *Core) driverDown(id transport.SessionID, err error) {
	if g := c.guests[id.Number]; g != nil && g.at.id == id {
		c.endGuest(g, ErrFailed)
		return
	}
	p := c.sessions[id]
	if p == nil || p.at == nil || p.at.id != id {
		return
	}
	cause := Crashed
	if errors.Is(err, transport.ErrSilent) {
		cause = Idle
	}
	c.drop(p, cause, err)
}

// drop ends what link has in hand, because the driver lost it or the peer
// deserves no better.
func (c *Core) drop(p *peer, cause Cause, err error) {
	if p.link.State == signal.LinkIdle {
		return
	}
	p.cause = cause
	if p.failure == nil { // else we know better: it speaks another version
		p.failure = err
	}
	if p.failure == nil {
		p.failure = ErrFailed
	}
	if c.leaving {
		p.cause = Here
	}
	c.hand = hand{}
	c.stepLink(p, signal.LinkDown())
}

// hello opens the session, if the other end speaks our version.
func (c *Core) hello(p *peer, m *arc.Hello) {
	at := p.at
	if m.Version != Version {
		if at.early { // it knows, by our hello
			c.drop(p, Crashed, ErrVersion)
			return
		}
		p.failure = ErrVersion
		c.emit(Send{at.id, &arc.Deny{Version: Version}})
		return // the other end closes; if it does not, the attempt times out
	}
	if at.greeted || p.link.State == signal.LinkOffering || transport.PeerID(m.Initiator) != at.id.Initiator || m.Number != at.id.Number {
		c.violate(p, "hello of another session")
		return
	}
	at.greeted = true
	c.driverUp(at.id) // its hello may overtake the driver's word
	p.boot = m.Boot
	if !at.early {
		c.stepLink(p, signal.LinkUp())
	}
}

func (c *Core) violate(p *peer, what string) {
	c.stats.Violations++
	err := &ViolationError{Peer: p.id, What: what}
	c.emit(Fault{Peer: p.id, Err: err})
	c.drop(p, Crashed, err)
}

// ViolationError says how a peer broke the protocol. It is ErrViolation.
type ViolationError struct {
	Peer transport.PeerID
	What string
}

func (e *ViolationError) Error() string { return ErrViolation.Error() + ": " + e.What }

// Is makes errors.Is(err, ErrViolation) hold.
func (e *ViolationError) Is(target error) bool { return target == ErrViolation }
