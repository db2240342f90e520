package pion

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/pion/datachannel"

	"github.com/n2n-overlay/n2n/transport"
)

const (
	maxBuffered = 4 << 20 // bytes queued in one channel
	maxMessages = 1 << 16 // messages queued in one channel: each costs about 300 bytes more
	maxChannels = 1024    // of one session, the closed ones counted; browsers end there too
	lastChannel = 65534   // RFC 8831 section 6.5 leaves 65535 out

	smallRead = 512 // bytes of the buffer that a channel begins to read with
)

// channel is one data channel, which both ends open under the same number.
type channel struct {
	session *session
	number  uint16
	cfg     transport.ChannelConfig

	mu        sync.Mutex
	connected bool                     // the connection has it
	stream    *datachannel.DataChannel // nil until it is open
	waiting   [][]byte                 // messages sent before there was a stream
	queue     sendQueue
	wanted    bool // Channel was called: messages may be read
	reading   bool // by a goroutine
	closed    bool // by either end
}

// Channel opens a channel or gives the one that is open. Errors:
// transport.ErrClosed, a config that cannot be, more than 1024 channels, a
// number whose channel was closed: pion tells nobody when the stream under it
// may be used again, and a message sent too early would be lost in silence.
// Messages sent before Up wait for it.
func (s *session) Channel(number uint16, cfg transport.ChannelConfig) (transport.Channel, error) {
	if number > lastChannel {
		return nil, fmt.Errorf("channel %d: at most %d", number, lastChannel)
	}
	if err := checkChannel(cfg); err != nil {
		return nil, fmt.Errorf("channel %d: %w", number, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil || s.ended {
		return nil, transport.ErrClosed
	}
	c := s.channels[number]
	switch {
	case c == nil && len(s.channels) >= maxChannels:
		return nil, fmt.Errorf("channel %d: more than %d in one session", number, maxChannels)
	case c != nil && c.isClosed():
		return nil, fmt.Errorf("channel %d: closed before in this session", number)
	case c == nil:
		c = &channel{session: s, number: number, cfg: cfg}
		if s.connection != nil && s.connection.open(c) != nil {
			return nil, transport.ErrClosed // the connection is over
		}
		s.channels[number] = c
	}
	c.want(s.up)
	return c, nil
}

func checkChannel(cfg transport.ChannelConfig) error {
	switch {
	case cfg.MaxRetransmits != nil && cfg.MaxLifetime != 0:
		return errors.New("both MaxRetransmits and MaxLifetime")
	case cfg.MaxLifetime < 0 || cfg.MaxLifetime > 65535*time.Millisecond: // as browsers have it
		return fmt.Errorf("lifetime of %v: want 0 to 65535 ms", cfg.MaxLifetime)
	}
	return nil
}

// made notes that the connection has the channel.
func (c *channel) made() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.connected = true
}

func (c *channel) isMade() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.connected
}

// attach is called once, by the connection, when the channel is open, without
// session.mu. It sends what has waited for that.
func (c *channel) attach(stream *datachannel.DataChannel) {
	c.mu.Lock()
	c.stream = stream
	for _, p := range c.waiting {
		_, _ = stream.Write(p) // fails only if the session is over
	}
	c.waiting = nil
	if c.closed {
		_ = stream.Close()
	}
	c.mu.Unlock()
	c.session.attached(c)
}

// attached notes that a channel is open.
func (s *session) attached(c *channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.number == transport.ControlChannel || c.number == transport.FirstChannel {
		if s.pending--; s.pending == 0 {
			close(s.opened)
		}
	}
	if c.isWanted() {
		c.want(s.up)
	}
}

// read begins to read the channels that were asked for before Up.
func (s *session) read() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up = true
	for _, c := range s.channels {
		if c.isWanted() {
			c.want(true)
		}
	}
}

// Send queues a message. Errors: transport.ErrTooLarge, transport.ErrBufferFull
// with 4 MiB or 65536 messages queued in this channel, transport.ErrClosed.
func (c *channel) Send(p []byte) error {
	if len(p) > transport.MaxFrame {
		return transport.ErrTooLarge
	}
	if c.session.ctx.Err() != nil {
		return transport.ErrClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return transport.ErrClosed
	}
	buffered := c.queue.sent
	if c.stream != nil {
		buffered = c.stream.BufferedAmount()
	}
	if !c.queue.room(buffered, len(p)) {
		return transport.ErrBufferFull
	}
	c.queue.push(len(p))
	if c.stream == nil {
		c.waiting = append(c.waiting, slices.Clone(p))
		return nil
	}
	if _, err := c.stream.Write(p); err != nil { // copies p
		c.end() // the peer has closed it, which its reader is about to hear
		return transport.ErrClosed
	}
	return nil
}

// Queued gives the bytes that were sent and are not acknowledged.
func (c *channel) Queued() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stream == nil {
		return int(c.queue.sent)
	}
	return int(c.stream.BufferedAmount())
}

// sendQueue knows how many messages SCTP still holds; SCTP itself tells only
// how many bytes.
type sendQueue struct {
	sent uint64   // bytes of all messages so far
	ends []uint64 // for each message that is queued, sent when it was
}

// room forgets what has left the buffer and reports whether n bytes fit.
func (q *sendQueue) room(buffered uint64, n int) bool {
	left := q.sent - min(buffered, q.sent)
	done := 0
	for done < len(q.ends) && q.ends[done] <= left {
		done++
	}
	if q.ends = q.ends[done:]; len(q.ends) == 0 {
		q.ends = nil
	}
	return buffered+uint64(n) <= maxBuffered && len(q.ends) < maxMessages
}

func (q *sendQueue) push(n int) {
	q.sent += uint64(max(n, 1)) // an empty message is one byte to SCTP
	q.ends = append(q.ends, q.sent)
}

// Close ends the channel after what is queued: the peer's end closes too.
func (c *channel) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
	return nil
}

// end closes this end, once. The caller holds c.mu.
func (c *channel) end() {
	if c.closed {
		return
	}
	c.closed = true
	if c.stream != nil {
		_ = c.stream.Close() // fails only if the session is over
	}
}

func (c *channel) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *channel) isWanted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wanted
}

// want begins to read, as soon as the session is up and the channel open. The
// caller holds session.mu.
func (c *channel) want(up bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = true
	if up && !c.reading && c.stream != nil && !c.session.ended {
		c.reading = true
		stream := c.stream
		c.session.readers.Go(func() { c.read(stream) })
	}
}

// read is the channel's goroutine: it hands messages to the handler until the
// stream ends. After Close of the channel it goes on, so that what the peer
// still sends does not fill the window of the session.
func (c *channel) read(stream datachannel.Reader) {
	buf := make([]byte, smallRead)
	for {
		n, _, err := stream.ReadDataChannel(buf) // an empty message has n 0
		switch {
		case errors.Is(err, io.ErrShortBuffer) && len(buf) < transport.MaxFrame:
			buf = make([]byte, min(2*len(buf), transport.MaxFrame)) // the message is still there
			continue
		case errors.Is(err, io.ErrShortBuffer):
			c.session.fail(fmt.Errorf("protocol violation: message above %d bytes on channel %d", transport.MaxFrame, c.number))
			return
		case err != nil: // the peer has closed the channel, or the session is over
			_ = c.Close() // RFC 8831 section 6.7: the other direction ends too
			return
		}
		if !c.isClosed() && !c.session.silent.Load() {
			c.session.handler.Message(c.session.id, c.number, buf[:n:n])
		}
	}
}
