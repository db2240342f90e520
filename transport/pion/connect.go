package pion

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// setupPoll is how often an attempt looks at the clock, and for faults.
const setupPoll = 250 * time.Millisecond

var (
	errFailed      = errors.New("failed") // as pion says it; why finds out more
	errFingerprint = errors.New("DTLS: the peer's certificate is not the one that it signed")
	errDTLS        = errors.New("DTLS: the handshake failed, or the peer refused it")
	errSCTP        = errors.New("SCTP: no association")
)

// drive makes the connection and serves it until it is open and nothing more is
// to be told of it, or returns why it is over.
func (s *session) drive() error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	if err := s.use(c); err != nil {
		return err
	}
	s.resolveNames()
	if err := s.describe(c); err != nil {
		return err
	}
	s.gather()
	return s.serve(c)
}

// sockets gives the sockets to use; nil: only relays. Nothing in DTLS 1.2 tells
// which of two sessions between the same two sockets a packet is for, so the second
// one needs another socket at one end. That is the answerer's, since the initiator
// does not know yet whom it will talk to.
func (s *session) sockets() (*mux, error) {
	d := s.driver
	if d.mux == nil || s.initiator || !s.rivals() {
		return d.mux, nil
	}
	own, err := newMux(netip.AddrPortFrom(d.addresses.bound, 0), d.addresses, s.fail)
	if err != nil {
		return nil, err
	}
	s.own = own
	return own, nil
}

// use gives the connection the channels that were asked for so far; later ones come
// from Channel.
func (s *session) use(c connection) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connection = c
	for _, x := range s.channels {
		if err := c.open(x); err != nil {
			return fmt.Errorf("channel %d: %w", x.number, err)
		}
	}
	return nil
}

// describe makes this end's description and tells it. The connection begins to work
// when it is told: the sooner it is on its way, the better.
func (s *session) describe(c connection) error {
	var offer *transport.Description
	if !s.initiator {
		offer = &s.offered
		s.remote, s.applied = offer.Fingerprint, *offer
	}
	d, err := c.describe(offer)
	if err != nil {
		return fmt.Errorf("description: %w", err)
	}
	d.Eager = true
	s.mu.Lock()
	s.ufrag = d.Ufrag
	s.mu.Unlock()
	if s.described = d; offer != nil && offer.Eager {
		s.driver.eager.expect(d.Ufrag)
	}
	d.Candidates = s.newlyTold(s.known())
	s.tell(func() { s.handler.Described(s.id, d) })
	return c.begin()
}

// apply gives the connection the answer: it begins to connect.
func (s *session) apply(c connection, answer transport.Description) error {
	s.remote, s.applied = answer.Fingerprint, answer
	s.hurry(answer)
	return c.answered(answer)
}

// giveCandidates gives the connection those of the peer's addresses that it has not
// yet.
func (s *session) giveCandidates(c connection) {
	s.mu.Lock()
	fresh := s.candidates[s.given:]
	s.given = len(s.candidates)
	s.mu.Unlock()
	for _, x := range fresh {
		c.add(x)
	}
}

// serve answers to all that happens until the session is open and its last
// candidate was told. Its error is why the session is over.
func (s *session) serve(c connection) error {
	poll := time.NewTicker(setupPoll)
	defer poll.Stop()
	var known time.Time // when both descriptions were
	if !s.initiator {
		known = time.Now()
	}
	found, opened := s.found, s.opened
	limit := max(setupTimeout, s.silence)
	for opened != nil || found != nil {
		select {
		case <-s.ctx.Done():
			return s.why()
		case answer := <-s.answer:
			if err := s.apply(c, answer); err != nil {
				return fmt.Errorf("answer: %w", err)
			}
			known = time.Now()
		case <-s.added:
			s.look()
		case fresh, more := <-found:
			if !more {
				found = nil
			}
			s.gathered(fresh, !more)
		case <-opened:
			opened = nil
			poll.Stop()
			if !s.proven() {
				return errFingerprint
			}
			if err := c.link(); err != nil {
				return err
			}
			s.tell(func() { s.handler.Up(s.id) })
			s.read()
		case <-poll.C:
			switch {
			case known.IsZero(): // it waits for an answer as long as the node likes
			case c.fault() != nil:
				return c.fault()
			case time.Since(known) > limit:
				return fmt.Errorf("no connection within %v", limit)
			}
		}
	}
	return nil
}

// proven reports whether the peer has the certificate that it signed. DTLS has
// found out already; that it did is not left to a library's options.
func (s *session) proven() bool {
	return sha256.Sum256(s.connection.certificate()) == s.remote
}

// why is the reason for the end of the session, as exact as can be known.
func (s *session) why() error {
	reason := context.Cause(s.ctx)
	switch {
	case reason != errFailed:
		return reason
	case s.connection.lost():
		return fmt.Errorf("%w for %v%s", transport.ErrSilent, s.silence, s.hidden())
	case s.connection.certificate() != nil && !s.proven():
		return errFingerprint
	}
	return errDTLS
}
