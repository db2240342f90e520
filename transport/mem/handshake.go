package mem

import (
	"net/netip"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// How two ends connect. The initiator takes one step after the other, each a
// round trip: setup 1 -> ack 1 -> setup 2 -> ack 2. The answerer is up with the
// last setup, the initiator with the last ack. Each step is repeated until it
// is answered. Until the first setup comes the answerer pokes, so that an
// initiator without candidates learns its address.

// connect begins when the other end's description is known.
func (s *session) connect(remote transport.Description) {
	s.remote = &remote
	s.learn(remote.Candidates)
	if silence, ok := s.driver.network.silence(); ok {
		s.after(silence, func() {
			if !s.up {
				s.fail(errNoPath)
			}
		})
	}
	if s.initiator {
		s.round = 1
	}
	s.knock()
}

// knock sends the step that is due, and sees to it that it is repeated.
func (s *session) knock() {
	if s.remote == nil || s.up || !s.initiator && s.round > 0 {
		return
	}
	what := poke
	if s.initiator {
		what = setup
	}
	s.knocks++
	s.tries++
	wait := time.Duration(0)
	for _, dest := range s.targets() {
		dg := s.datagram(what)
		dg.round, dg.seq, dg.attempt = s.round, uint64(s.knocks), s.tries
		s.driver.network.transmit(s.driver, s.id, dg, dest)
		wait = max(wait, s.driver.network.rto(s.driver, dest, s.tries))
	}
	if wait == 0 {
		return // no address yet
	}
	this := s.knocks
	s.after(wait, func() {
		if s.knocks == this {
			s.knock()
		}
	})
}

// targets are the addresses to send to: all that may be the other end's until
// it is known which one is.
func (s *session) targets() []netip.AddrPort {
	if s.peer.IsValid() {
		return []netip.AddrPort{s.peer}
	}
	return s.candidates
}

// datagram makes one for the other end, whose description is known.
func (s *session) datagram(k kind) *datagram {
	dg := &datagram{kind: k}
	s.address(dg)
	return dg
}

func (s *session) address(dg *datagram) {
	dg.from = s.driver.addr
	dg.ufrag = s.remote.Ufrag
	dg.password = s.remote.Password
	dg.sender = s.ufrag
	dg.fingerprint = s.driver.fingerprint
}

// receive takes a datagram whose sender knows the passwords of this attempt.
func (s *session) receive(dg *datagram) {
	found := !s.peer.IsValid()
	if found {
		s.peer = dg.from
	}
	if dg.fingerprint != s.remote.Fingerprint {
		s.fail(errFingerprint)
		return
	}
	switch dg.kind {
	case poke:
		if found && s.initiator {
			s.knock() // RFC 8445 section 7.3.1.4: a triggered check
		}
	case setup:
		if s.initiator {
			return
		}
		s.round = max(s.round, dg.round)
		ack := s.datagram(setupAck)
		ack.round, ack.seq = dg.round, dg.seq
		s.driver.network.transmit(s.driver, s.id, ack, s.peer)
		if dg.round == s.driver.network.roundTrips() {
			s.opened()
		}
	case setupAck:
		if s.up || dg.round != s.round {
			return // of a step that was repeated
		}
		if s.round == s.driver.network.roundTrips() {
			s.opened()
			return
		}
		s.round++
		s.tries = 0
		s.knock()
	case data, reset:
		s.receiveData(dg)
	case credit:
		if c := s.channels[dg.channel]; c != nil {
			c.read = max(c.read, dg.read)
			c.flush()
		}
	case bye:
		s.end(errPeerClosed)
	}
}

func (s *session) opened() {
	if s.up {
		return
	}
	s.up = true
	s.call(func() {
		s.handler.Up(s.id)
		s.driver.mu.Lock()
		defer s.driver.mu.Unlock()
		s.announced = true
		s.changed.Broadcast()
	})
	for _, c := range s.inOrder() {
		c.flush()
	}
}
