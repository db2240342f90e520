package overlay

import (
	"context"
	"encoding/binary"
	"sync"

	"github.com/n2n-overlay/n2n/transport"
)

// A pipe carries one protocol's messages on one session, in both directions.
// Each frame begins with a byte that says what it is. The sender may have at
// most window bytes under way that the receiving application has not taken:
// so a slow reader stops its own sender, and nobody else on the session.
const (
	frameWhole  = iota // the (rest of the) message
	framePart          // a part of it; more follows
	frameCredit        // uvarint: so many more bytes may be sent
	frameAbort         // the parts so far will not be continued
)

const (
	window   = 1 << 20                 // bytes under way in one direction
	fragment = transport.MaxFrame - 64 // bytes of a message in one frame
	overhead = 64                      // what a message costs besides its bytes
)

type pipe struct {
	session  *session
	peer     transport.PeerID
	protocol *Protocol
	number   uint16
	turn     chan struct{} // holds one token: who has it sends a message
	buf      []byte        // belongs to who has the turn

	mu      sync.Mutex
	channel transport.Channel
	usable  bool
	credit  int           // bytes that may be sent
	wake    chan struct{} // closed and replaced when usable or credit changes

	granted int // bytes that the other end may still send
	owed    int // bytes taken since the last grant
	held    int // bytes of parts, not taken yet
	unread  int // messages that wait for the application

	partial []byte // the parts so far; belongs to the driver's goroutine
}

func newPipe(s *session, peer transport.PeerID, p *Protocol, number uint16) *pipe {
	pp := &pipe{
		session: s, peer: peer, protocol: p, number: number,
		turn: make(chan struct{}, 1), wake: make(chan struct{}),
		credit: window, granted: window,
	}
	pp.turn <- struct{}{}
	return pp
}

func cost(n int, whole bool) int {
	if whole {
		return n + overhead
	}
	return n
}

// send sends one message, or nothing of it.
func (pp *pipe) send(ctx context.Context, data []byte) error {
	select {
	case <-pp.turn:
	case <-ctx.Done():
		return ctx.Err()
	case <-pp.session.gone:
		return ErrNotNeighbor
	case <-pp.protocol.closed:
		return ErrClosed
	}
	defer func() { pp.turn <- struct{}{} }()
	for first := true; ; first = false {
		n := min(len(data), fragment)
		whole := n == len(data)
		if err := pp.acquire(ctx, cost(n, whole)); err != nil {
			if !first {
				pp.frame(frameAbort, nil)
			}
			return err
		}
		kind := byte(framePart)
		if whole {
			kind = frameWhole
		}
		if err := pp.frame(kind, data[:n]); err != nil {
			return err
		}
		if data = data[n:]; whole {
			return nil
		}
	}
}

// frame hands one frame to the channel. The caller has the turn.
func (pp *pipe) frame(kind byte, data []byte) error {
	pp.buf = append(append(pp.buf[:0], kind), data...)
	if err := pp.channel.Send(pp.buf); err != nil {
		return ErrNotNeighbor
	}
	return nil
}

// acquire waits until n bytes may be sent.
func (pp *pipe) acquire(ctx context.Context, n int) error {
	for {
		pp.mu.Lock()
		if pp.usable && pp.credit >= n {
			pp.credit -= n
			pp.mu.Unlock()
			return nil
		}
		wake := pp.wake
		pp.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		case <-pp.session.gone:
			return ErrNotNeighbor
		case <-pp.protocol.closed:
			return ErrClosed
		}
	}
}

func (pp *pipe) notify() {
	close(pp.wake)
	pp.wake = make(chan struct{})
}

func (pp *pipe) setUsable() {
	pp.mu.Lock()
	defer pp.mu.Unlock()
	if !pp.usable {
		pp.usable = true
		pp.notify()
	}
}

// receive takes one frame from the driver; what it returns is how the peer
// broke the rules.
func (pp *pipe) receive(frame []byte) (violation string) {
	if len(frame) == 0 {
		return "empty frame"
	}
	kind, data := frame[0], frame[1:]
	switch kind {
	case frameWhole, framePart:
		return pp.data(data, kind == frameWhole)
	case frameAbort:
		pp.abort()
		return ""
	case frameCredit:
		return pp.credited(data)
	}
	return "frame of no kind"
}

func (pp *pipe) data(data []byte, whole bool) (violation string) {
	n := cost(len(data), whole)
	pp.mu.Lock()
	pp.granted -= n
	over := pp.granted < 0
	pp.mu.Unlock()
	switch {
	case over:
		return "more data than it was let"
	case len(pp.partial)+len(data) > pp.protocol.maxMessage:
		return "message above the limit"
	case !whole && len(data) == 0:
		return "part without bytes"
	case !whole:
		pp.partial = append(pp.partial, data...)
		pp.hold(n)
		return ""
	}
	message := append(pp.partial, data...)
	pp.partial = nil
	pp.mu.Lock()
	n += pp.held
	pp.held = 0
	pp.unread++
	pp.mu.Unlock()
	pp.protocol.queue.put(item{Message{pp.peer, message}, pp, n})
	return ""
}

// hold keeps the bytes of a part.
func (pp *pipe) hold(n int) {
	pp.mu.Lock()
	defer pp.mu.Unlock()
	pp.held += n
	pp.grant()
}

// abort drops the parts of a message that will not be continued.
func (pp *pipe) abort() {
	pp.partial = nil
	pp.mu.Lock()
	defer pp.mu.Unlock()
	pp.owed += pp.held
	pp.held = 0
	pp.grant()
}

// take says that the application has taken a message.
func (pp *pipe) take(cost int) {
	pp.mu.Lock()
	defer pp.mu.Unlock()
	pp.unread--
	pp.owed += cost
	pp.grant()
}

// grant lets the other end send as many bytes more as were taken, a quarter of
// the window at a time. A message may be larger than the window: when nothing
// else waits for the application, its parts count as taken. So at most one such
// message and a window are ever held for a pipe.
func (pp *pipe) grant() {
	if pp.unread == 0 && pp.held >= window/2 {
		pp.owed += pp.held
		pp.held = 0
	}
	if pp.owed < window/4 || pp.channel == nil {
		return
	}
	var b [1 + binary.MaxVarintLen64]byte
	b[0] = frameCredit
	size := 1 + binary.PutUvarint(b[1:], uint64(pp.owed))
	pp.granted += pp.owed
	pp.owed = 0
	pp.channel.Send(b[:size]) // fails only when the session is over
}

func (pp *pipe) credited(data []byte) (violation string) {
	n, size := binary.Uvarint(data)
	if size != len(data) || n == 0 || n > window {
		return "credit of a wrong size"
	}
	pp.mu.Lock()
	defer pp.mu.Unlock()
	pp.credit += int(n)
	if pp.credit > window {
		return "more credit than the window"
	}
	pp.notify()
	return ""
}

// item is a message in a protocol's queue.
type item struct {
	message Message
	pipe    *pipe
	cost    int
}

// queue holds what was received and not taken yet. It is bounded: each pipe by
// its window.
type queue struct {
	mu    sync.Mutex
	items []item
	wake  chan struct{} // holds a token while there may be items
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

func (q *queue) put(it item) {
	q.mu.Lock()
	q.items = append(q.items, it)
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) get() (item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return item{}, false
	}
	it := q.items[0]
	q.items[0] = item{}
	q.items = q.items[1:]
	if len(q.items) > 0 {
		q.signal()
	}
	return it, true
}
