package tcp

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

const (
	window = 256 << 10 // bytes of a channel under way that the handler has not taken
	queue  = 4 << 20   // bytes of a channel that wait to be sent: the least that the contract allows
	cost   = 64        // what a message costs besides its bytes
)

// A frame is kind, channel and a number, and the bytes of a message: so many.
const (
	frameMessage = iota
	frameCredit  // so many bytes were taken
)

const headSize = 1 + 2 + 4

// channel is one channel at one end. All of it is guarded by session.mu.
type channel struct {
	session *session
	number  uint16
	opened  bool // by Channel
	closed  bool

	outbox [][]byte
	queued int // bytes in it
	credit int // bytes that the other end has room for
	inbox  [][]byte
	held   int       // bytes in it, and in the handler's hands
	more   sync.Cond // inbox, or the session's end
}

func newChannel(s *session, number uint16) *channel {
	c := &channel{session: s, number: number, credit: window}
	c.more.L = &s.mu
	return c
}

// Channel opens a channel, or gives the one that is open under that number.
func (s *session) Channel(number uint16, cfg transport.ChannelConfig) (transport.Channel, error) {
	switch {
	case number == 65535:
		return nil, errors.New("tcp: no channel has the number 65535") // RFC 8832 section 6
	case cfg.MaxRetransmits != nil && cfg.MaxLifetime != 0, cfg.MaxLifetime < 0, cfg.MaxLifetime > 65535*time.Millisecond:
		return nil, fmt.Errorf("tcp: channel %d cannot be so: %+v", number, cfg)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, transport.ErrClosed
	}
	c := s.channels[number]
	if c == nil {
		c = newChannel(s, number)
		s.channels[number] = c
	}
	if !c.opened {
		c.opened = true
		if s.live {
			s.work.Go(c.deliver)
		}
	}
	return c, nil
}

// Send queues one message.
func (c *channel) Send(p []byte) error {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(p) > transport.MaxFrame:
		return transport.ErrTooLarge
	case c.closed || s.ctx.Err() != nil:
		return transport.ErrClosed
	case c.queued+len(p)+cost > queue+window:
		return transport.ErrBufferFull
	}
	c.outbox = append(c.outbox, append([]byte(nil), p...))
	c.queued += len(p) + cost
	s.stir()
	return nil
}

// Close ends the channel here. What was sent before still goes out.
func (c *channel) Close() error {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.closed = true
	c.more.Broadcast()
	return nil
}

// serve runs the connection until the session is over.
func (s *session) serve(conn *tls.Conn) {
	s.tell(func() { s.handler.Up(s.id) })
	s.mu.Lock()
	s.live = true
	for _, c := range s.channels {
		if c.opened {
			s.work.Go(c.deliver)
		}
	}
	s.mu.Unlock()
	s.work.Go(func() { s.read(conn) })
	for s.write(conn) {
		select {
		case <-s.wake:
		case <-s.ctx.Done():
		}
	}
	_ = conn.NetConn().Close() // the reader ends, too
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.channels {
		c.more.Broadcast()
	}
}

// write sends what there is to send and room for, a message of each channel in
// turn; false: the session is over.
func (s *session) write(conn net.Conn) bool {
	for s.ctx.Err() == nil {
		batch := s.batch()
		if len(batch) == 0 {
			return true
		}
		if _, err := conn.Write(batch); err != nil {
			s.cancel(fmt.Errorf("connection lost: %w", err))
		}
	}
	return false
}

// batch takes at most one message from each channel, and the credits that are due.
func (s *session) batch() (b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.channels {
		if len(c.outbox) > 0 && c.credit >= len(c.outbox[0])+cost {
			p := c.outbox[0]
			c.outbox[0] = nil
			c.outbox = c.outbox[1:]
			c.queued -= len(p) + cost
			c.credit -= len(p) + cost
			b = append(frame(b, frameMessage, c.number, len(p)), p...)
		}
	}
	for n, taken := range s.taken {
		b = frame(b, frameCredit, n, taken)
	}
	clear(s.taken)
	return b
}

func frame(b []byte, kind byte, channel uint16, n int) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(append(b, kind), channel), uint32(n))
}

// read takes frames until the connection ends.
func (s *session) read(conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		err := s.readFrame(r)
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF), isClosed(err), errors.Is(err, io.ErrUnexpectedEOF):
			err = errPeerClosed
		}
		s.cancel(err)
		return
	}
}

func (s *session) readFrame(r io.Reader) error {
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	number, n := binary.BigEndian.Uint16(head[1:]), binary.BigEndian.Uint32(head[3:])
	switch {
	case head[0] == frameCredit:
		return s.credited(number, n)
	case head[0] != frameMessage || n > transport.MaxFrame:
		return fmt.Errorf("protocol violation: frame of kind %d, %d bytes", head[0], n)
	}
	p := make([]byte, n)
	if _, err := io.ReadFull(r, p); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[number]
	if c == nil {
		return fmt.Errorf("protocol violation: message for channel %d, which is not open", number)
	}
	if c.held += len(p) + cost; c.held > window {
		return fmt.Errorf("protocol violation: more than the window on channel %d", number)
	}
	c.inbox = append(c.inbox, p)
	c.more.Signal()
	return nil
}

func (s *session) credited(number uint16, n uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[number]
	if c == nil || n > window || c.credit+int(n) > window {
		return fmt.Errorf("protocol violation: credit of %d for channel %d", n, number)
	}
	c.credit += int(n)
	s.stir()
	return nil
}

// deliver hands a channel's messages to the handler, one after the other, until
// the session is over. Each that is taken makes room for another one.
func (c *channel) deliver() {
	s := c.session
	for {
		s.mu.Lock()
		for len(c.inbox) == 0 && s.ctx.Err() == nil {
			c.more.Wait()
		}
		if s.ctx.Err() != nil && len(c.inbox) == 0 {
			s.mu.Unlock()
			return
		}
		p, closed := c.inbox[0], c.closed
		c.inbox = c.inbox[1:]
		s.mu.Unlock()
		if !closed {
			s.tell(func() { s.handler.Message(s.id, c.number, p) })
		}
		s.mu.Lock()
		c.held -= len(p) + cost
		s.taken[c.number] += len(p) + cost
		s.stir()
		s.mu.Unlock()
	}
}
