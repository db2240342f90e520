package mem

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// Bounds of memory, in bytes. Each message counts its length and overhead, so
// that empty ones are bounded too.
const (
	sendBuffer    = 4 << 20 // for each channel, waiting to be sent
	receiveWindow = 1 << 20 // for each channel, sent but not read
	overhead      = 64
)

// channelKey names a channel of a session. A number that was closed may be
// opened again; the epoch tells its channels apart.
type channelKey struct {
	number uint16
	epoch  uint32
}

// channel is one end of a channel. All of it is guarded by the driver's mu.
type channel struct {
	session *session
	key     channelKey
	cfg     transport.ChannelConfig

	closed bool // here or by the other end
	outbox []*datagram
	queued int    // bytes in it
	seq    uint64 // of the next message
	sent   uint64 // bytes, given up ones included
	read   uint64 // how much of it the other end has read

	next     uint64               // every message before it has arrived
	held     map[uint64]*datagram // those that came out of order; at most a window of them
	inbox    []*datagram          // for the handler
	ended    bool                 // no more will come
	consumed uint64               // bytes that the handler has read
	credited uint64               // what the other end was told of it
	changed  sync.Cond            // inbox, ended, or session.silent has changed
	previous <-chan struct{}      // the last channel of this number, until it is delivered
	done     chan struct{}        // closed when everything is delivered; nil: nobody asked for the channel
}

var _ transport.Channel = (*channel)(nil)

func (s *session) newChannel(number uint16, epoch uint32) *channel {
	c := &channel{session: s, key: channelKey{number, epoch}, held: make(map[uint64]*datagram)}
	c.changed.L = &s.driver.mu
	if last := s.last[number]; last != nil {
		c.previous = last.previous
		if last.done != nil {
			c.previous = last.done
		}
	}
	s.channels[c.key] = c
	s.last[number] = c
	return c
}

// inOrder gives the channels in an order that does not depend on chance.
func (s *session) inOrder() []*channel {
	return slices.SortedFunc(maps.Values(s.channels), func(a, b *channel) int {
		if a.key.number != b.key.number {
			return int(a.key.number) - int(b.key.number)
		}
		return int(a.key.epoch) - int(b.key.epoch)
	})
}

// Channel opens a channel, or gives the open one. Errors: transport.ErrClosed,
// a configuration that the wire cannot say, or another one than the open
// channel's.
func (s *session) Channel(number uint16, cfg transport.ChannelConfig) (transport.Channel, error) {
	switch {
	case number == math.MaxUint16: // RFC 8832 section 6
		return nil, errors.New("mem: no channel has the number 65535")
	case cfg.MaxRetransmits != nil && cfg.MaxLifetime != 0:
		return nil, errors.New("mem: both MaxRetransmits and MaxLifetime are set")
	case cfg.MaxLifetime < 0 || cfg.MaxLifetime > math.MaxUint16*time.Millisecond:
		return nil, fmt.Errorf("mem: lifetime %v: want 0 to 65535 ms", cfg.MaxLifetime)
	}
	s.driver.mu.Lock()
	defer s.driver.mu.Unlock()
	if s.over != nil {
		return nil, fmt.Errorf("mem: %w", transport.ErrClosed)
	}
	c := s.last[number]
	switch {
	case c == nil:
		c = s.newChannel(number, 1)
		c.cfg = cfg
	case c.closed:
		c = s.newChannel(number, c.key.epoch+1)
		c.cfg = cfg
	case !sameConfig(c.cfg, cfg):
		return nil, fmt.Errorf("mem: channel %d is open with another configuration", number)
	}
	if c.done == nil {
		c.done = make(chan struct{})
		s.unread += len(c.inbox)
		s.driver.running.Add(1)
		go c.deliver()
	}
	return c, nil
}

func sameConfig(a, b transport.ChannelConfig) bool {
	limit := func(n *uint16) int {
		if n == nil {
			return -1
		}
		return int(*n)
	}
	return a.Unordered == b.Unordered && limit(a.MaxRetransmits) == limit(b.MaxRetransmits) && a.MaxLifetime == b.MaxLifetime
}

// Send queues one message.
func (c *channel) Send(p []byte) error {
	if len(p) > transport.MaxFrame {
		return fmt.Errorf("mem: %d bytes: %w", len(p), transport.ErrTooLarge)
	}
	s := c.session
	s.driver.mu.Lock()
	defer s.driver.mu.Unlock()
	if c.closed || s.over != nil {
		return fmt.Errorf("mem: %w", transport.ErrClosed)
	}
	size := len(p) + overhead
	if c.queued+size > sendBuffer {
		return fmt.Errorf("mem: %w", transport.ErrBufferFull)
	}
	dg := &datagram{kind: data, data: slices.Clone(p), size: size, limit: c.cfg.MaxRetransmits}
	if c.cfg.MaxLifetime > 0 {
		dg.deadline = time.Now().Add(c.cfg.MaxLifetime)
	}
	c.enqueue(dg)
	return nil
}

// Queued gives the bytes that wait for the other end's window, and those that
// the other end has not read.
func (c *channel) Queued() int {
	s := c.session
	s.driver.mu.Lock()
	defer s.driver.mu.Unlock()
	return c.queued + int(c.sent-c.read)
}

// Close ends the channel when what was sent has gone out; the other end is
// closed when that has arrived. No further message is read here.
func (c *channel) Close() error {
	s := c.session
	s.driver.mu.Lock()
	defer s.driver.mu.Unlock()
	if c.closed || s.over != nil {
		return nil
	}
	c.closed, c.ended = true, true
	if c.done != nil {
		s.unread -= len(c.inbox)
	}
	c.inbox = nil
	clear(c.held)
	c.changed.Signal()
	c.enqueue(&datagram{kind: reset, size: overhead})
	return nil
}
