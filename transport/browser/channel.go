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
	highWater   = 2 << 20 // of them, in the browser; the others wait here
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
	send    js.Value // its method, bound
	opened  bool     // dc can send
	queue   sendQueue
	waiting [][]byte // messages that the browser has not got yet
	held    int      // their bytes
	notice  js.Func  // hears of messages
	push    js.Value // hears of them while they are collected: puts events into
	arrived js.Value // this Array
	since   time.Time
	seen    int      // large messages since then, at most tickAfter ago
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
	c.send = dc.Get("send").Call("bind", dc) // so that its name is not read for each message
	c.listen()
	dc.Set("bufferedAmountLowThreshold", highWater/2)
	s.events.on(dc, "bufferedamountlow", func(js.Value) {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.flush()
	})
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
	c.flush()
	if s := c.session; c.number == transport.ControlChannel || c.number == transport.FirstChannel {
		if s.pending--; s.pending == 0 {
			s.poke()
		}
	}
}

// flush gives the browser what waits, up to highWater, and closes the channel behind
// it if that is to be. The caller holds session.mu.
//
// Chromium's bufferedAmount says how much the browser holds, and stays far below
// highWater as long as the node keeps to its windows. Firefox's (dcsctp, version
// 153) goes on to count what has left, until all has. So whoever never stopped
// sending would seem to have more and more under way; from highWater on this waits
// for the browser to run dry, which it does in a moment.
func (c *channel) flush() {
	if !c.opened || !c.dc.Truthy() {
		return
	}
	for len(c.waiting) > 0 && c.inBrowser() < highWater {
		p := c.waiting[0]
		c.waiting[0] = nil
		c.waiting = c.waiting[1:]
		c.held -= len(p)
		_ = c.write(p) // fails only if the channel is over
	}
	if len(c.waiting) > 0 {
		return
	}
	c.waiting = nil
	if c.closed {
		c.dc.Call("close")
	}
}

// ended is called when the peer has closed the channel, or both ends have.
func (c *channel) ended() {
	c.collect() // what came before
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.closed = true
	c.waiting, c.held = nil, 0
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
	wait := !c.opened || len(c.waiting) > 0
	if wait || !c.queue.surely(len(p)) {
		n := c.inBrowser()
		if !c.queue.room(n+uint64(c.held), len(p)) {
			return transport.ErrBufferFull
		}
		wait = wait || n >= highWater
	}
	c.queue.push(len(p))
	if wait {
		c.waiting = append(c.waiting, slices.Clone(p))
		c.held += len(p)
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
	if c.opened && !c.dc.Truthy() {
		return 0 // the session is over
	}
	return int(c.inBrowser()) + c.held
}

// inBrowser is how many bytes the browser says that it holds. The caller holds
// session.mu.
func (c *channel) inBrowser() uint64 {
	if !c.opened || !c.dc.Truthy() {
		return 0
	}
	return uint64(c.dc.Get("bufferedAmount").Float())
}

// write hands a message to the browser, which copies it. The caller holds
// session.mu.
func (c *channel) write(p []byte) error {
	if c.send.IsUndefined() {
		return transport.ErrClosed // the session is ending
	}
	d := c.session.driver
	js.CopyBytesToJS(d.scratch, p) // nobody else runs before the browser has it
	if d.viewed != len(p) {
		d.view, d.viewed = d.scratch.Call("subarray", 0, len(p)), len(p)
	}
	return invoke(c.send, d.view)
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
	c.flush()
	return nil
}
