package tcp

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

// connect waits for a connection that counts; nil: the session is over.
func (s *session) connect() *tls.Conn {
	known := s.known
	late := make(<-chan time.Time)
	for {
		select {
		case <-known:
			known = nil
			timer := time.NewTimer(patience)
			defer timer.Stop()
			late = timer.C
			s.stir()
		case <-s.wake:
			s.dialWaiting()
		case conn := <-s.found:
			return conn
		case <-late:
			s.cancel(errNoPath)
		case <-s.ctx.Done():
			return nil
		}
	}
}

func (s *session) dialWaiting() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remote == nil {
		return
	}
	for _, addr := range s.waiting {
		s.work.Go(func() { s.try(addr) })
	}
	s.waiting = nil
}

// try dials one address.
func (s *session) try(addr netip.AddrPort) {
	var dialer net.Dialer
	ctx, cancel := context.WithTimeout(s.ctx, helloTimeout)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return // nobody is there; another address may do
	}
	c := tls.Client(conn, s.driver.tls())
	if err := c.HandshakeContext(ctx); err != nil {
		c.Close()
		return
	}
	if !certified(c, *s.remote) {
		c.Close()
		s.cancel(errFingerprint)
		return
	}
	h := hello{s.remote.Ufrag, s.remote.Password, s.local.Ufrag, s.local.Password}
	if h.write(c) != nil {
		c.Close()
		return
	}
	s.settle(c, true)
}

// greeted takes a connection that the other end has dialed. It waits until this
// end knows whom it talks to.
func (s *session) greeted(c *tls.Conn, h hello) {
	select {
	case <-s.known:
	case <-s.ctx.Done():
		c.Close()
		return
	}
	want := hello{s.local.Ufrag, s.local.Password, s.remote.Ufrag, s.remote.Password}
	switch {
	case !h.same(want): // another attempt's
		c.Close()
		return
	case !certified(c, *s.remote):
		c.Close()
		s.cancel(errFingerprint)
		return
	}
	if _, err := c.Write([]byte{accepted}); err != nil {
		c.Close()
		return
	}
	s.settle(c, false)
}

// settle waits until a connection counts. The initiator takes the first one on
// which the answerer is there and has found everything right, and says so.
func (s *session) settle(c *tls.Conn, dialed bool) {
	stop := context.AfterFunc(s.ctx, func() { c.NetConn().Close() })
	first := s.agreed(c, dialed) && s.first(c)
	if first && s.initiator {
		if _, err := c.Write([]byte{chosen}); err != nil {
			s.cancel(fmt.Errorf("connection lost: %w", err))
		}
	}
	if !stop() || !first {
		c.Close()
		return
	}
	s.found <- c
}

// agreed: the answerer says that it accepts, at once if it was dialed and in reply
// if it has dialed, for it may have left meanwhile; then the initiator decides.
func (s *session) agreed(c *tls.Conn, dialed bool) bool {
	_ = c.SetDeadline(time.Now().Add(patience))
	if s.initiator {
		return hears(c, accepted) && c.SetDeadline(time.Time{}) == nil
	}
	if dialed {
		if !hears(c, accepted) {
			return false
		}
		if _, err := c.Write([]byte{accepted}); err != nil {
			return false
		}
	}
	return hears(c, chosen) && c.SetDeadline(time.Time{}) == nil
}

func hears(r io.Reader, want byte) bool {
	var b [1]byte
	_, err := io.ReadFull(r, b[:])
	return err == nil && b[0] == want
}

// first reports whether no other connection counts yet.
func (s *session) first(c *tls.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		return false
	}
	s.conn = c
	return true
}
