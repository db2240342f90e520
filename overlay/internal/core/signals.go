package core

import (
	"slices"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// signaled takes a signal that came over a channel of the application's.
func (c *Core) signaled(in Signaled) {
	c.takeSignal(Route{Conn: in.Conn}, in.Signal)
}

// takeSignal takes a signal that its sender's signature vouches for.
func (c *Core) takeSignal(r Route, s *transport.Signal) {
	c.stats.SignalsReceived++
	if !c.fits(r, s) {
		c.stats.SignalsRefused++
		if s.Kind == transport.Offer {
			c.doorDone(r, s.From, ErrRefused)
		}
		return
	}
	if g := c.guests[s.Session.Number]; g != nil && s.Session == g.at.id {
		c.guestSignal(g, r, s)
		return
	}
	p, ok := c.getPeer(s.From)
	if !ok {
		c.stats.SignalsRefused++
		return
	}
	c.hand = hand{signal: s, route: r}
	switch s.Kind {
	case transport.Offer:
		c.offer(p, r, s)
	case transport.Answer:
		if c.about(p, s) {
			c.stepLink(p, signal.LinkAnswer(s.Session.Number, s.Mine))
		}
	case transport.Candidates:
		c.candidates(p, s)
	case transport.Reset:
		c.stepLink(p, signal.LinkReset(covered(p, s), s.Yours))
	case transport.Reject:
		if c.about(p, s) {
			c.hand.err = rejection(s.Reason)
			c.stepLink(p, signal.LinkReject(s.Session.Number))
		}
	}
	c.hand = hand{}
}

// covered gives up to which number a reset voids its sender's offers. The sender
// does not know whom its offers reach that name nobody: it has left such an
// attempt only if the reset is about that very one.
func covered(p *peer, s *transport.Signal) uint64 {
	if p.link.State == signal.LinkAnswering && p.at.offer.To.IsZero() && p.at.id != s.Session {
		return min(s.Mine, p.at.id.Number-1)
	}
	return s.Mine
}

// tooFar bounds how far a peer can make us count on.
const tooFar = 1 << 63

// fits reports whether a signal can be meant for this peer at all.
func (c *Core) fits(r Route, s *transport.Signal) bool {
	me := c.cfg.ID
	if s.From == me || s.From.IsZero() || s.Session.Number == 0 || max(s.Session.Number, s.Mine, s.Yours) >= tooFar {
		return false
	}
	named := s.To == me
	switch s.Kind {
	case transport.Offer:
		_, door := c.doors[r.Conn]
		return s.Description != nil && s.Session.Initiator == s.From && (named || s.To.IsZero() && door)
	case transport.Answer:
		return s.Description != nil && s.Session.Initiator == me && named
	case transport.Candidates:
		return s.Session.Initiator == s.From && (named || s.To.IsZero()) || s.Session.Initiator == me && named
	case transport.Reject:
		return s.Session.Initiator == me && named
	case transport.Reset:
		return named
	}
	return false
}

func rejection(r transport.Reason) error {
	switch r {
	case transport.Busy:
		return ErrBusy
	default:
		return ErrRefused
	}
}

func (c *Core) offer(p *peer, r Route, s *transport.Signal) {
	if c.leaving {
		c.reject(r, s, transport.Refused)
		c.doorDone(r, s.From, ErrClosed)
		return
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(w waiting) bool {
		return w.route.Conn == r.Conn && r.Conn != 0 // its sender has gone on
	})
	if p.link.State == signal.LinkIdle && c.pending >= c.cfg.MaxPending {
		c.reject(r, s, transport.Busy)
		c.doorDone(r, s.From, ErrBusy)
		return
	}
	before := p.at
	switch edge := c.stepLink(p, signal.LinkOffer(s.Session.Number, s.To.IsZero(), p.uses(s))); edge {
	case signal.LinkEdgeOfferingOfferMeet, signal.LinkEdgeAnsweringOfferMeet, signal.LinkEdgeAnsweringOfferMeet2,
		signal.LinkEdgeFinalizingOfferMeet, signal.LinkEdgeFinalizingOfferMeet2:
		c.wait(p, waiting{route: r, offer: s})
	case signal.LinkEdgeOpenOfferMeet:
		c.wait(p, waiting{route: r, offer: s, told: true})
	case signal.LinkEdgeOfferingOfferInsist:
		c.stats.Glares++
		c.wait(p, waiting{route: r, offer: s})
	case signal.LinkEdgeOfferingOfferYield:
		c.stats.Glares++
	case signal.LinkEdgeAnsweringOfferRenew:
		c.superseded(p, before)
	case signal.LinkEdgeIdleOfferStale:
		c.stats.SignalsStale++
	case signal.LinkEdgeOpenOfferLate:
		c.stats.SignalsStale++
		c.doorDone(r, p.id, nil) // its sender is in
	}
}

// uses reports whether the sender of an offer uses what is in hand, and has not
// been started anew since.
func (p *peer) uses(offer *transport.Signal) bool {
	switch {
	case p.usable():
		return boot(offer.Session.Number) == p.boot
	case p.link.State == signal.LinkAnswering:
		return p.at.up && boot(offer.Session.Number) == boot(p.at.id.Number)
	}
	return false
}

// candidates takes addresses of the other end, for what is in hand or waits.
func (c *Core) candidates(p *peer, s *transport.Signal) {
	for i, w := range p.waiting {
		if w.offer.Session == s.Session && c.cfg.Hash(w.offer) == s.Ref {
			p.waiting[i].candidates = s
			return
		}
	}
	if !c.about(p, s) {
		return
	}
	c.hand.signal = s
	c.stepLink(p, signal.LinkCandidates(s.Session.Initiator == p.id, s.Session.Number))
}

// about reports whether a signal that names the session in hand is about the
// very offer that began it. What is about another session is for the link to
// judge: it is stale.
func (c *Core) about(p *peer, s *transport.Signal) bool {
	if p.at != nil && p.at.id == s.Session && p.at.ref != s.Ref {
		c.stats.SignalsRefused++
		return false
	}
	return true
}

// reject tells the sender of an offer that it gets no answer.
func (c *Core) reject(r Route, offer *transport.Signal, why transport.Reason) {
	c.signal(r, offer.From, &transport.Signal{
		Kind: transport.Reject, Session: offer.Session, To: offer.From,
		Ref: c.cfg.Hash(offer), Reason: why,
	})
}
