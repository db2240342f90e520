package mem

import (
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// enqueue adds a message, or the reset that is the last, to the outbox.
func (c *channel) enqueue(dg *datagram) {
	dg.channel = c.key
	dg.seq = c.seq
	c.seq++
	c.outbox = append(c.outbox, dg)
	c.queued += dg.size
	c.flush()
}

// flush sends what the other end has room for.
func (c *channel) flush() {
	s := c.session
	if !s.up || s.over != nil {
		return
	}
	for len(c.outbox) > 0 && c.sent-c.read+uint64(c.outbox[0].size) <= receiveWindow {
		dg := c.outbox[0]
		c.outbox[0] = nil
		c.outbox = c.outbox[1:]
		c.queued -= dg.size
		c.sent += uint64(dg.size)
		s.address(dg)
		if !dg.deadline.IsZero() && time.Now().After(dg.deadline) { // it waited too long
			s.giveUp(dg)
		}
		s.send(dg)
	}
	if c.closed && len(c.outbox) == 0 {
		delete(s.channels, c.key)
	}
}

// maxRetransmissions is Association.Max.Retrans (RFC 9260 sections 8.1 and 16):
// a session is not given up for fewer losses, however short Silence is.
const maxRetransmissions = 10

// send sends a datagram until it arrives, is given up, or the session is over.
func (s *session) send(dg *datagram) {
	now := time.Now()
	if dg.attempt == 0 {
		dg.first = now
	}
	dg.attempt++
	n := s.driver.network
	if n.transmit(s.driver, s.id, dg, s.peer) {
		return
	}
	s.after(n.rto(s.driver, s.peer, dg.attempt), func() {
		now := time.Now()
		if silence, ok := n.silence(); ok && now.Sub(dg.first) >= silence && dg.attempt >= maxRetransmissions {
			s.end(transport.ErrSilent)
			return
		}
		if dg.givenUp(now) {
			s.giveUp(dg)
		}
		s.send(dg)
	})
}

// giveUp turns a message into word that there is none, which must arrive so
// that the receiver waits no longer (RFC 3758: FORWARD TSN).
func (s *session) giveUp(dg *datagram) {
	dg.skip = true
	dg.data = nil
	s.driver.network.countAbandoned()
}

// receiveData takes a message or a reset.
func (s *session) receiveData(dg *datagram) {
	if c := s.channels[dg.channel]; c != nil {
		c.receive(dg)
		return
	}
	last := s.last[dg.channel.number]
	if last != nil && dg.channel.epoch <= last.key.epoch {
		return // for one that is closed here
	}
	if dg.kind == data {
		s.fail(errUnopened)
		return
	}
	// The other end has closed a channel that was never opened here: the next
	// one under that number is the one after it.
	c := s.newChannel(dg.channel.number, dg.channel.epoch)
	c.closed, c.ended = true, true
	delete(s.channels, c.key)
}

// receive puts messages in order and drops repeated ones.
func (c *channel) receive(dg *datagram) {
	if c.closed || dg.seq < c.next || c.held[dg.seq] != nil {
		return
	}
	c.held[dg.seq] = dg
	if c.cfg.Unordered && dg.kind == data {
		c.take(dg)
	}
	for dg := c.held[c.next]; dg != nil; dg = c.held[c.next] {
		delete(c.held, c.next)
		c.next++
		if !c.cfg.Unordered || dg.kind == reset {
			c.take(dg)
		}
	}
}

// take hands a message to the handler's goroutine.
func (c *channel) take(dg *datagram) {
	switch {
	case dg.kind == reset:
		c.closed, c.ended = true, true
		c.drop()
		delete(c.session.channels, c.key)
	case dg.skip:
		c.consume(dg.size)
		return
	default:
		c.inbox = append(c.inbox, dg)
		if c.done != nil {
			c.session.unread++
		}
	}
	c.changed.Signal()
}

// drop forgets what is not sent and what is out of order.
func (c *channel) drop() {
	c.outbox, c.queued = nil, 0
	clear(c.held)
}

// deliver calls the handler with one message after the other.
func (c *channel) deliver() {
	s, d := c.session, c.session.driver
	defer d.running.Done()
	defer close(c.done)
	if c.previous != nil {
		<-c.previous // calls for one number are sequential
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() { s.unread -= len(c.inbox) }()
	for !s.announced && !s.silent {
		s.changed.Wait()
	}
	for {
		for len(c.inbox) == 0 && !c.ended {
			c.changed.Wait()
		}
		if len(c.inbox) == 0 || s.silent {
			return
		}
		dg := c.inbox[0]
		c.inbox[0] = nil
		c.inbox = c.inbox[1:]
		d.mu.Unlock()
		s.handler.Message(s.id, c.key.number, dg.data)
		clear(dg.data) // whoever keeps it, against the contract, shall notice
		d.mu.Lock()
		c.consume(dg.size)
		if s.unread--; s.unread == 0 && s.over != nil {
			s.down()
		}
	}
}

// consume notes that a message was read, and tells the other end now and then:
// often enough that it never waits while everything is read.
func (c *channel) consume(size int) {
	c.consumed += uint64(size)
	s := c.session
	if c.consumed-c.credited < receiveWindow/4 || s.over != nil {
		return
	}
	c.credited = c.consumed
	dg := s.datagram(credit)
	dg.channel = c.key
	dg.read = c.consumed
	s.send(dg)
}
