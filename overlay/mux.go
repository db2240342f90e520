package overlay

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync"

	"github.com/n2n-overlay/n2n/transport"
)

// Streams travel in frames of their own on their protocol's pipe, beside its
// messages. An id and a number are uvarints (encoding/binary).
//
//	open   id          a stream begins; the session's initiator has the odd ids
//	data   id bytes    what was written, at most fragment bytes of it
//	window id number   so many more bytes of the stream may come: the reader took them
//	finish id          nothing more is written: the sender's CloseWrite
//	close  id          nothing more is written or read: the sender's Close
//	refuse id          nobody wants the stream that the receiver opened
//	flow   number      so many more bytes of frames may come: they left the channel
//
// The receiver takes every frame at once, into the buffer of its stream. So a
// stream that nobody reads stops its own writer by its window, and holds up
// neither the messages nor another stream. The flow, which all streams of a pipe
// share, bounds what waits in the sender's driver.
//
// The numbers of streams count up, and are not used again. So whoever forgets a
// stream can tell a late frame of it from one that never was.
const (
	frameOpen = 16 + iota
	frameData
	frameWindow
	frameFinish
	frameClose
	frameRefuse
	frameFlow
)

const (
	streamWindow = 256 << 10 // bytes of one stream that were not read yet
	flowWindow   = 1 << 20   // bytes of all streams, with overhead, under way
	leastWrite   = 1 << 10   // bytes; a part of a write is not cut smaller
	backlog      = 128       // streams of one peer that wait for Accept
)

// mux carries the streams of one pipe.
type mux struct {
	pipe *pipe
	odd  bool // this end's ids are

	mu       sync.Mutex
	over     error // why no stream can begin any more
	streams  map[uint64]*Stream
	opened   int    // of those, by this end
	waiting  int    // of the others, for Accept
	next     uint64 // id of this end's next stream
	expected uint64 // id of the other end's next stream
	credit   int    // bytes of the flow that may be sent
	granted  int    // bytes of it that may come
	owed     int    // bytes of it that came since the last grant
	bell     bell   // a stream has ended, or there is more credit
	buf      []byte
}

func newMux(pp *pipe, odd bool) *mux {
	m := &mux{pipe: pp, odd: odd, streams: map[uint64]*Stream{}, next: 2, expected: 1, credit: flowWindow, granted: flowWindow}
	if odd {
		m.next, m.expected = 1, 2
	}
	return m
}

// open begins a stream. With neither a stream nor an error, the caller is to
// wait for the bell: as many streams as may be are open, or the flow is used up.
func (m *mux) open(p *Protocol) (*Stream, <-chan struct{}, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := p.pipeTo(m.pipe.peer); err != nil { // whoever ends streams has yet to lock mu, or has done so
		return nil, nil, err
	}
	switch {
	case m.over != nil:
		return nil, nil, m.over
	case m.opened >= p.maxStreams || m.credit < overhead:
		return nil, m.bell.wait(), nil
	}
	s := m.add(m.next)
	m.next += 2
	m.opened++
	m.credit -= overhead
	m.send(frameOpen, s.id, nil)
	m.pipe.session.node.counts.StreamsOpened.Add(1)
	return s, nil, nil
}

func (m *mux) add(id uint64) *Stream {
	s := &Stream{
		mux: m, id: id, turn: make(chan struct{}, 1), credit: streamWindow, granted: streamWindow,
		local:  Addr{m.pipe.session.node.id, m.pipe.owner().name},
		remote: Addr{m.pipe.peer, m.pipe.owner().name},
	}
	s.turn <- struct{}{}
	m.streams[id] = s
	m.pipe.session.node.counts.Streams.Add(1)
	return s
}

// await makes a stream that waits for Accept.
func (m *mux) await(id uint64) *Stream {
	s := m.add(id)
	s.waits = true
	m.waiting++
	return s
}

// forget is the end of a stream as far as frames are concerned.
func (m *mux) forget(s *Stream) {
	if m.streams[s.id] != s {
		return
	}
	delete(m.streams, s.id)
	if m.mine(s.id) {
		m.opened--
	}
	m.pipe.session.node.counts.Streams.Add(-1)
	s.over = true
	m.bell.ring()
}

func (m *mux) mine(id uint64) bool { return (id%2 == 1) == m.odd }

// end ends every stream, and with final the mux: its session is over.
func (m *mux) end(err error, final bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if final && m.over == nil {
		m.over = err
	}
	for _, s := range m.streams {
		s.err = err
		s.lost.Store(true)
		s.waitNoMore()
		m.forget(s)
		s.bell.ring()
	}
	m.bell.ring()
}

// send hands a frame to the channel. The caller holds mu, so that the frames of a
// stream keep their order; the channel waits for nothing.
func (m *mux) send(kind byte, number uint64, data []byte) {
	m.buf = append(binary.AppendUvarint(append(m.buf[:0], kind), number), data...)
	m.pipe.push(m.buf)
}

// receive takes a frame of a stream from the driver; what it returns is how the
// peer broke the rules.
func (m *mux) receive(kind byte, b []byte) (violation string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	number, size := binary.Uvarint(b)
	if size <= 0 {
		return "stream frame without a number"
	}
	b = b[size:]
	switch kind {
	case frameFlow:
		return m.flow(number, len(b))
	case frameOpen:
		return m.admit(number, len(b))
	case frameData:
		if !m.charge(len(b) + overhead) {
			return "more stream data than it was let"
		}
	}
	s := m.streams[number]
	switch {
	case s == nil && !m.known(number):
		return "frame of a stream that never was"
	case s == nil:
		return "" // it crossed the end of the stream
	case kind == frameData:
		return s.data(b)
	case kind == frameWindow:
		return s.window(b)
	case len(b) > 0:
		return "stream frame with something behind it"
	case kind == frameFinish:
		return s.finishedThere()
	case kind == frameClose:
		s.closedThere()
		return ""
	case kind == frameRefuse && m.mine(number):
		s.refused()
		return ""
	}
	return "frame of no kind"
}

// known reports whether there was a stream of that number.
func (m *mux) known(id uint64) bool {
	if m.mine(id) {
		return id > 0 && id < m.next
	}
	return id > 0 && id < m.expected
}

// flow takes a grant of the other end's.
func (m *mux) flow(n uint64, behind int) (violation string) {
	if n == 0 || n > flowWindow || behind > 0 {
		return "flow of a wrong size"
	}
	if m.credit += int(n); m.credit > flowWindow {
		return "more flow than the window"
	}
	m.bell.ring()
	for _, s := range m.streams {
		s.bell.ring()
	}
	return ""
}

// charge counts bytes that came, and lets as many more come: they are off the
// channel, wherever they go.
func (m *mux) charge(n int) bool {
	m.granted -= n
	if m.granted < 0 {
		return false
	}
	if m.owed += n; m.owed >= flowWindow/4 {
		m.granted += m.owed
		m.send(frameFlow, uint64(m.owed), nil)
		m.owed = 0
	}
	return true
}

// admit takes a stream that the other end opens, if somebody listens, and there
// is room.
func (m *mux) admit(id uint64, behind int) (violation string) {
	p := m.pipe.owner()
	switch {
	case m.mine(id) || id != m.expected || behind > 0:
		return "stream opened out of turn"
	case !m.charge(overhead):
		return "more streams than it was let"
	case !p.plain:
		return "stream on a protocol that cannot have any"
	}
	m.expected += 2
	full := m.waiting >= backlog || len(m.streams)-m.opened >= p.maxStreams
	if l := p.listening(); l == nil || full || !l.put(func() *Stream { return m.await(id) }) {
		m.pipe.session.node.counts.StreamsRefused.Add(1)
		m.send(frameRefuse, id, nil)
	}
	return ""
}

// bell wakes all who wait for something to change. The mutex of what it is about
// guards it.
type bell struct{ c chan struct{} }

// wait gives a channel that is closed when the bell rings next.
func (b *bell) wait() <-chan struct{} {
	if b.c == nil {
		b.c = make(chan struct{})
	}
	return b.c
}

func (b *bell) ring() {
	if b.c != nil {
		close(b.c)
		b.c = nil
	}
}

// Addr is the address of a stream's end: who is there, and for which protocol.
type Addr struct {
	Peer     transport.PeerID
	Protocol string
}

var _ net.Addr = Addr{}

// Network gives "n2n".
func (Addr) Network() string { return "n2n" }

// String gives the PeerID. Nobody else can have it: it is not an address that a
// peer claims, but the key that its session has proven.
func (a Addr) String() string { return a.Peer.String() }

// errOfProtocol is how streams end that their protocol has left.
func errOfProtocol() error { return fmt.Errorf("%w: %w", net.ErrClosed, ErrClosed) }
