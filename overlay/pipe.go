package overlay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

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
	frameBatch         // whole messages, each after its length as uvarint
)

const (
	window   = 1 << 20                 // bytes under way in one direction
	fragment = transport.MaxFrame - 64 // bytes of a message in one frame
	overhead = 64                      // what a message costs besides its bytes
)

type pipe struct {
	session  *session
	peer     transport.PeerID
	protocol atomic.Pointer[Protocol] // see adopt
	number   uint16
	turn     chan struct{} // holds one token: who has it sends a message
	buf      []byte        // belongs to who has the turn
	batch    batch         // so does this
	mux      *mux          // its streams

	mu      sync.Mutex
	channel transport.Channel
	usable  bool
	credit  int           // bytes that may be sent
	wake    chan struct{} // closed and replaced when usable or credit changes

	granted int // bytes that the other end may still send
	owed    int // bytes taken since the last grant
	held    int // bytes of parts, not taken yet
	unread  int // messages that wait for the application

	partial parts // belongs to the driver's goroutine

	waiting looseQueue // guarded by the protocol's queue
}

func newPipe(s *session, peer transport.PeerID, p *Protocol, number uint16) *pipe {
	pp := &pipe{
		session: s, peer: peer, number: number,
		turn: make(chan struct{}, 1), wake: make(chan struct{}),
		credit: window, granted: window,
	}
	pp.protocol.Store(p)
	pp.mux = newMux(pp, s.id.Initiator == s.node.id)
	pp.turn <- struct{}{}
	return pp
}

// open opens the channel. What it brings at once waits until it can be answered.
func (pp *pipe) open(d transport.Session) error {
	pp.mux.mu.Lock()
	defer pp.mux.mu.Unlock()
	p := pp.owner()
	c, err := d.Channel(pp.number, p.delivery)
	if err != nil {
		return err
	}
	if !p.plain { // what comes on this one shows that the peer's Delivery is plain
		if _, err := d.Channel(pp.number-otherChannel, transport.ChannelConfig{}); err != nil {
			return err
		}
	}
	pp.mu.Lock()
	defer pp.mu.Unlock()
	pp.channel = c
	return nil
}

// owner is the protocol that the pipe is for.
func (pp *pipe) owner() *Protocol { return pp.protocol.Load() }

// adopt gives the pipe to a protocol that was registered again: what the old one
// has not taken is taken.
func (pp *pipe) adopt(p *Protocol) {
	pp.mu.Lock()
	defer pp.mu.Unlock()
	old := pp.protocol.Swap(p)
	if old == p {
		return
	}
	for _, it := range old.queue.drop(pp) {
		if !it.loose {
			pp.unread--
			pp.owed += it.cost
		}
	}
	pp.grant()
}

func cost(n int, whole bool) int {
	if whole {
		return n + overhead
	}
	return n
}

// send sends one message, or nothing of it.
func (pp *pipe) send(ctx context.Context, data []byte) error {
	if err := ctx.Err(); err != nil { // not left to chance
		return err
	}
	select {
	case <-pp.turn:
	case <-ctx.Done():
		return ctx.Err()
	case <-pp.session.gone:
		return ErrNotNeighbor
	case <-pp.owner().closed:
		return ErrClosed
	}
	defer func() { pp.turn <- struct{}{} }()
	if pp.batches(len(data)) {
		return pp.add(ctx, data)
	}
	if err := pp.flush(); err != nil {
		return err
	}
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
	if err := pp.push(pp.buf); err != nil {
		return ErrNotNeighbor
	}
	return nil
}

// push hands bytes to the channel. It fails only when the session is over, or
// has to be: the windows see to it that there is room, unless the peer makes this
// end answer and does not take the answers.
func (pp *pipe) push(b []byte) error {
	err := pp.channel.Send(b)
	if errors.Is(err, transport.ErrBufferFull) {
		pp.session.fail(fmt.Errorf("channel %d: %w: the peer does not take what it asks for", pp.number, err))
	}
	return err
}

// acquire waits until n bytes may be sent. The caller has the turn.
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
		if err := pp.flush(); err != nil { // else what is asked for never comes
			return err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		case <-pp.session.gone:
			return ErrNotNeighbor
		case <-pp.owner().closed:
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
	switch p := pp.owner(); {
	case kind == frameLoose:
		return pp.receiveLoose(data)
	case p.loose:
		return "message that is not lost, in a protocol that may lose some"
	case !p.plain && kind != frameWhole && kind != frameCredit:
		return "part of a message, or stream, in a protocol without order"
	}
	switch kind {
	case frameWhole, framePart:
		return pp.data(data, kind == frameWhole)
	case frameAbort:
		pp.abort()
		return ""
	case frameCredit:
		return pp.credited(data)
	case frameBatch:
		return pp.unpack(data)
	}
	return pp.mux.receive(kind, data)
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
	case pp.partial.size+len(data) > pp.owner().maxMessage:
		return "message above the limit"
	case !whole && len(data) == 0:
		return "part without bytes"
	case !whole:
		pp.partial.add(data)
		pp.hold(n)
		return ""
	}
	message := pp.partial.join(data)
	pp.mu.Lock()
	n += pp.held
	pp.held = 0
	pp.unread++
	pp.owner().queue.put(item{message: Message{pp.peer, message}, pipe: pp, cost: n})
	pp.mu.Unlock()
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
	pp.partial.drop()
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
	pp.push(b[:size])
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
	loose   bool // it stands for the oldest message of pipe.waiting
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
	for len(q.items) > 0 {
		it := q.items[0]
		q.items[0] = item{}
		q.items = q.items[1:]
		if it.loose && !q.fill(&it) {
			continue
		}
		if len(q.items) > 0 {
			q.signal()
		}
		return it, true
	}
	return item{}, false
}

// drop takes out what came through a pipe.
func (q *queue) drop(pp *pipe) (dropped []item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var kept []item
	for _, it := range q.items {
		if it.pipe == pp {
			dropped = append(dropped, it)
		} else {
			kept = append(kept, it)
		}
	}
	q.items = kept
	pp.waiting = looseQueue{}
	return dropped
}
