//go:build js && wasm

package browser

import (
	"errors"
	"fmt"
	"slices"
	"syscall/js"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

const (
	maxBuffered = 4 << 20 // bytes queued in one channel, to send
	maxMessages = 1 << 16 // messages queued in one channel, to send
	maxHeld     = 8 << 20 // bytes of one session that were received and not handled
	lastChannel = 1023    // where Chromium ends
)

// channel is one data channel, which both ends open under the same number. Its
// fields are guarded by session.mu.
type channel struct {
	session *session
	number  uint16
	cfg     transport.ChannelConfig

	dc      js.Value // undefined until there is a connection, and after it
	opened  bool     // dc can send
	waiting [][]byte // messages sent before
	queue   sendQueue
	notice  js.Func  // hears of messages
	push    js.Value // hears of them while a collector is at it: puts events into
	arrived js.Value // this Array
	in      [][]byte // received, not handled
	wanted  bool     // Channel was called: messages may be handled
	reading bool     // by a goroutine
	closed  bool     // by either end
}

// Channel opens a channel or gives the one that is open. Errors:
// transport.ErrClosed, a config that cannot be, a number above 1023, or whose
// channel was closed. Messages sent before Up wait for it.
func (s *session) Channel(number uint16, cfg transport.ChannelConfig) (transport.Channel, error) {
	if number > lastChannel {
		return nil, fmt.Errorf("channel %d: at most %d in browsers", number, lastChannel)
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
	case c != nil && c.closed:
		return nil, fmt.Errorf("channel %d: closed before in this session", number)
	case c == nil:
		c = &channel{session: s, number: number, cfg: cfg}
		if s.pc.Truthy() {
			if err := c.open(s.pc); err != nil {
				return nil, fmt.Errorf("channel %d: %w", number, err)
			}
		}
		s.channels[number] = c
	}
	c.wanted = true
	c.read()
	return c, nil
}

func checkChannel(cfg transport.ChannelConfig) error {
	switch {
	case cfg.MaxRetransmits != nil && cfg.MaxLifetime != 0:
		return errors.New("both MaxRetransmits and MaxLifetime")
	case cfg.MaxLifetime < 0 || cfg.MaxLifetime > 65535*time.Millisecond:
		return fmt.Errorf("lifetime of %v: want 0 to 65535 ms", cfg.MaxLifetime)
	}
	return nil
}

// open makes the data channel. The caller holds session.mu.
func (c *channel) open(pc js.Value) error {
	s := c.session
	init := map[string]any{"negotiated": true, "id": int(c.number), "ordered": !c.cfg.Unordered}
	if c.cfg.MaxRetransmits != nil {
		init["maxRetransmits"] = int(*c.cfg.MaxRetransmits)
	}
	if c.cfg.MaxLifetime > 0 { // rounded up to whole milliseconds
		init["maxPacketLifeTime"] = int((c.cfg.MaxLifetime + time.Millisecond - 1) / time.Millisecond)
	}
	dc, err := call(pc, "createDataChannel", "", init)
	if err != nil {
		return err
	}
	dc.Set("binaryType", "arraybuffer")
	c.dc = dc
	c.listen()
	s.events.on(dc, "close", func(js.Value) { c.ended() })
	if dc.Get("readyState").String() == "open" { // the association was there before
		c.attach()
		return nil
	}
	s.events.on(dc, "open", func(js.Value) {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.attach()
	})
	return nil
}

// attach sends what has waited until the channel was open. The caller holds
// session.mu.
func (c *channel) attach() {
	c.opened = true
	for _, p := range c.waiting {
		_ = c.write(p) // fails only if the session is over
	}
	c.waiting = nil
	if c.closed {
		c.dc.Call("close")
	}
	if s := c.session; c.number == transport.ControlChannel || c.number == transport.FirstChannel {
		if s.pending--; s.pending == 0 {
			s.poke()
		}
	}
}

// ended is called when the peer has closed the channel, or both ends have.
func (c *channel) ended() {
	c.collect() // what came before
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.closed = true
}

// Send queues a message. Errors: transport.ErrTooLarge, transport.ErrBufferFull
// with 4 MiB or 65536 messages queued in this channel, transport.ErrClosed.
func (c *channel) Send(p []byte) error {
	if len(p) > transport.MaxFrame {
		return transport.ErrTooLarge
	}
	s := c.session
	if s.ctx.Err() != nil {
		return transport.ErrClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.closed {
		return transport.ErrClosed
	}
	if !c.queue.surely(len(p)) && !c.queue.room(c.buffered(), len(p)) {
		return transport.ErrBufferFull
	}
	c.queue.push(len(p))
	if !c.opened {
		c.waiting = append(c.waiting, slices.Clone(p))
		return nil
	}
	if err := c.write(p); err != nil {
		c.closed = true // the peer has closed it, which its event is about to say
		return transport.ErrClosed
	}
	return nil
}

// Queued gives the bytes that were sent and have not left the browser.
func (c *channel) Queued() int {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return int(c.buffered())
}

// buffered is how many bytes wait. The caller holds session.mu.
func (c *channel) buffered() uint64 {
	switch {
	case !c.opened:
		return c.queue.sent
	case !c.dc.Truthy():
		return 0 // the session is over
	}
	return uint64(c.dc.Get("bufferedAmount").Float())
}

// write hands a message to the browser, which copies it. The caller holds
// session.mu.
func (c *channel) write(p []byte) error {
	d := c.session.driver
	js.CopyBytesToJS(d.scratch, p) // nobody else runs before the browser has it
	if d.viewed != len(p) {
		d.view, d.viewed = d.scratch.Call("subarray", 0, len(p)), len(p)
	}
	_, err := call(c.dc, "send", d.view)
	return err
}

// sendQueue knows how many messages the browser still holds; that itself tells
// only how many bytes.
type sendQueue struct {
	sent uint64   // bytes of all messages so far
	left uint64   // of them, those that had left the buffer when last asked
	ends []uint64 // for each message that may be queued, sent when it was
}

// Asking the browser how much it holds is a call out of Go. So it is asked only
// when so many bytes, or messages, might wait.
const (
	askBytes    = maxBuffered / 4
	askMessages = 1 << 10
)

// surely reports whether n bytes fit, without asking.
func (q *sendQueue) surely(n int) bool {
	return q.sent-q.left+uint64(n) <= askBytes && len(q.ends) < askMessages
}

// room forgets what has left the buffer and reports whether n bytes fit.
func (q *sendQueue) room(buffered uint64, n int) bool {
	q.left = q.sent - min(buffered, q.sent)
	done := 0
	for done < len(q.ends) && q.ends[done] <= q.left {
		done++
	}
	if q.ends = q.ends[done:]; len(q.ends) == 0 {
		q.ends = nil
	}
	return buffered+uint64(n) <= maxBuffered && len(q.ends) < maxMessages
}

func (q *sendQueue) push(n int) {
	q.sent += uint64(n)
	q.ends = append(q.ends, q.sent)
}

// Close ends the channel after what is queued: the peer's end closes too.
func (c *channel) Close() error {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	if c.opened && c.dc.Truthy() {
		c.dc.Call("close")
	}
	return nil
}
