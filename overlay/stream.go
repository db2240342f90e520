package overlay

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Stream is a net.Conn between this node and a neighbor: what Dial and Accept
// give. What is written at one end is read at the other in order and once.
// Addresses are Addr: RemoteAddr().String() is the neighbor's PeerID, proven.
//
// A write waits while 256 KiB of the stream are under way that the other end has
// not read, or 1 MiB of all streams with that neighbor. Then it returns; that
// the other end has read it, only an answer can say.
//
// # How a stream ends
//
// Each end closes its own, with Close. Whatever was written before arrives, and
// then the other end reads io.EOF. What the other end wrote and this one has not
// read is lost, and the other end's writes fail from then on with
// io.ErrClosedPipe. CloseWrite ends one direction only: the other end reads
// io.EOF, and may go on writing.
//
// All streams with a neighbor end when the last arc of the protocol to or from
// it ends, or the session is lost. What is under way then may be lost; what has
// arrived can be read. Then reads and writes fail with a *net.OpError (which is a
// net.Error and no timeout) whose cause is ErrNotNeighbor, or, if nobody at the
// other end has taken the stream, ErrRefused, or, if this node or the protocol
// was closed here, net.ErrClosed and ErrClosed.
//
// All methods may be called from any goroutine. Writes that are called at once
// follow each other whole.
type Stream struct {
	mux           *mux
	id            uint64
	local, remote Addr
	turn          chan struct{} // holds one token: who has it writes
	lost          atomic.Bool   // with what carried it

	// Guarded by mux.mu.
	bell        bell // any of this has changed
	over        bool // forgotten by the mux
	read, write deadline
	waits       bool         // for Accept
	unread      bytes.Buffer // at most streamWindow bytes
	credit      int          // bytes that may be written
	granted     int          // bytes that may come
	owed        int          // bytes read since the last grant
	err         error        // why it ended otherwise than by being closed
	closed      bool         // here
	finished    bool         // here: nothing more is written
	eof         bool         // there: nothing more comes
	deaf        bool         // there: nothing more is read
}

var _ net.Conn = (*Stream)(nil)

// keptBuffer is how large a buffer without content may be, in bytes.
const keptBuffer = 32 << 10

// LocalAddr gives this node's Addr.
func (s *Stream) LocalAddr() net.Addr { return s.local }

// RemoteAddr gives the neighbor's Addr.
func (s *Stream) RemoteAddr() net.Addr { return s.remote }

// Read reads what has arrived, and waits if nothing has: until the other end
// writes or closes, the read deadline, or the end of the stream. Errors: io.EOF,
// and *net.OpError with os.ErrDeadlineExceeded, net.ErrClosed, or as above.
func (s *Stream) Read(b []byte) (int, error) {
	for {
		n, bell, err := s.take(b)
		if bell == nil {
			return n, s.failure("read", err)
		}
		<-bell
	}
}

// take reads what is there, or gives the bell to wait for.
func (s *Stream) take(b []byte) (int, <-chan struct{}, error) {
	s.mux.mu.Lock()
	defer s.mux.mu.Unlock()
	switch {
	case s.closed:
		return 0, nil, net.ErrClosed
	case s.read.passed:
		return 0, nil, os.ErrDeadlineExceeded
	case s.unread.Len() > 0:
		n, _ := s.unread.Read(b)
		s.grant(n)
		return n, nil, nil
	case s.eof:
		return 0, nil, io.EOF
	case s.err != nil:
		return 0, nil, s.err
	case len(b) == 0:
		return 0, nil, nil
	}
	return 0, s.bell.wait(), nil
}

// grant lets the other end write as many bytes more as were read, a quarter of
// the window at a time.
func (s *Stream) grant(n int) {
	if s.unread.Len() == 0 && s.unread.Cap() > keptBuffer {
		s.unread = bytes.Buffer{}
	}
	s.owed += n
	if s.owed < streamWindow/4 || s.eof || s.over {
		return
	}
	var number [binary.MaxVarintLen64]byte
	s.mux.send(frameWindow, s.id, number[:binary.PutUvarint(number[:], uint64(s.owed))])
	s.granted += s.owed
	s.owed = 0
}

// Write writes all of b, and waits as the type's comment says. If it fails, n is
// how much of b is on its way. Errors: *net.OpError with os.ErrDeadlineExceeded,
// net.ErrClosed, io.ErrClosedPipe, or as above.
func (s *Stream) Write(b []byte) (n int, err error) {
	if err := s.begin(); err != nil {
		return 0, s.failure("write", err)
	}
	defer func() { s.turn <- struct{}{} }()
	for {
		k, bell, err := s.put(b[n:])
		n += k
		if err != nil || n == len(b) {
			return n, s.failure("write", err)
		}
		if bell != nil {
			<-bell
		}
	}
}

// begin waits for the turn to write.
func (s *Stream) begin() error {
	for {
		s.mux.mu.Lock()
		bell, err := s.bell.wait(), s.unwritable()
		s.mux.mu.Unlock()
		if err != nil {
			return err
		}
		select {
		case <-s.turn:
			return nil
		case <-bell:
		}
	}
}

// unwritable says why nothing can be written. The caller holds mux.mu.
func (s *Stream) unwritable() error {
	switch {
	case s.closed || s.finished:
		return net.ErrClosed
	case s.write.passed:
		return os.ErrDeadlineExceeded
	case s.deaf:
		return io.ErrClosedPipe
	}
	return s.err
}

// put sends as much of b as one frame may carry now, or gives the bell to wait
// for.
func (s *Stream) put(b []byte) (int, <-chan struct{}, error) {
	m := s.mux
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := s.unwritable(); err != nil || len(b) == 0 {
		return 0, nil, err
	}
	want := min(len(b), fragment)
	n := min(want, s.credit, m.credit-overhead)
	if n < min(want, leastWrite) {
		return 0, s.bell.wait(), nil
	}
	s.credit -= n
	m.credit -= n + overhead
	m.send(frameData, s.id, b[:n])
	m.pipe.session.node.counts.BytesSent.Add(uint64(n))
	return n, nil, nil
}

// CloseWrite says that nothing more will be written: the other end reads io.EOF
// after what was. It does not wait. A Write under way fails with net.ErrClosed.
// It may be repeated.
func (s *Stream) CloseWrite() error {
	m := s.mux
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case s.closed:
		return s.failure("close", net.ErrClosed)
	case s.finished || s.over:
		return nil
	}
	s.finished = true
	m.send(frameFinish, s.id, nil)
	if s.eof {
		m.forget(s)
	}
	s.bell.ring()
	return nil
}

// Close ends both directions, as the type's comment says. It does not wait.
// Reads and writes under way fail with net.ErrClosed. It may be repeated; its
// error is nil.
func (s *Stream) Close() error {
	m := s.mux
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.unread = bytes.Buffer{}
	s.read.stop()
	s.write.stop()
	if !s.over {
		m.send(frameClose, s.id, nil)
		m.forget(s)
	}
	s.bell.ring()
	return nil
}

// failure is the public form of an error: io.EOF is io.EOF, for readers compare
// it.
func (s *Stream) failure(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: s.local.Network(), Source: s.local, Addr: s.remote, Err: err}
}

// What follows is called by mux.receive, which holds mux.mu.

func (s *Stream) data(b []byte) (violation string) {
	s.granted -= len(b)
	switch {
	case s.eof:
		return "stream data after its end"
	case len(b) == 0:
		return "stream data without bytes"
	case s.granted < 0:
		return "more stream data than the window"
	}
	s.unread.Write(b)
	s.bell.ring()
	return ""
}

func (s *Stream) window(b []byte) (violation string) {
	n, size := binary.Uvarint(b)
	if size != len(b) || n == 0 || n > streamWindow {
		return "stream window of a wrong size"
	}
	if s.credit += int(n); s.credit > streamWindow {
		return "more credit than the stream's window"
	}
	s.bell.ring()
	return ""
}

func (s *Stream) finishedThere() (violation string) {
	if s.eof {
		return "stream ended twice"
	}
	s.eof = true
	if s.finished {
		s.mux.forget(s)
	}
	s.bell.ring()
	return ""
}

func (s *Stream) closedThere() {
	s.eof, s.deaf = true, true
	s.mux.forget(s)
	s.bell.ring()
}

func (s *Stream) refused() {
	s.err = ErrRefused
	s.mux.forget(s)
	s.bell.ring()
}

// accepted says that the stream waits for Accept no more. It reports whether
// there is any use for it: it may be over, and nothing have come before.
func (s *Stream) accepted() bool {
	s.mux.mu.Lock()
	defer s.mux.mu.Unlock()
	s.waitNoMore()
	return s.err == nil || s.unread.Len() > 0
}

// waitNoMore takes the stream off those that wait. The caller holds mux.mu.
func (s *Stream) waitNoMore() {
	if s.waits {
		s.waits = false
		s.mux.waiting--
	}
}

// decline refuses a stream that nobody will accept any more.
func (s *Stream) decline() {
	m := s.mux
	m.mu.Lock()
	defer m.mu.Unlock()
	s.waitNoMore()
	s.closed = true
	s.unread = bytes.Buffer{}
	if !s.over {
		m.send(frameRefuse, s.id, nil)
		m.forget(s)
	}
}

// deadline is when reads or writes stop waiting.
type deadline struct {
	passed bool
	timer  *time.Timer
	round  int // how often it was set or stopped
}

func (d *deadline) stop() {
	d.round++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// SetDeadline sets both deadlines: from t on, reads and writes fail with
// os.ErrDeadlineExceeded, those that wait as well. The zero time is none.
func (s *Stream) SetDeadline(t time.Time) error { return s.setDeadlines(t, &s.read, &s.write) }

// SetReadDeadline is SetDeadline for reads.
func (s *Stream) SetReadDeadline(t time.Time) error { return s.setDeadlines(t, &s.read) }

// SetWriteDeadline is SetDeadline for writes.
func (s *Stream) SetWriteDeadline(t time.Time) error { return s.setDeadlines(t, &s.write) }

func (s *Stream) setDeadlines(t time.Time, which ...*deadline) error {
	s.mux.mu.Lock()
	defer s.mux.mu.Unlock()
	if s.closed {
		return s.failure("set", net.ErrClosed)
	}
	for _, d := range which {
		d.stop()
		wait := time.Until(t)
		d.passed = !t.IsZero() && wait <= 0
		if t.IsZero() || d.passed {
			continue
		}
		round := d.round
		d.timer = time.AfterFunc(wait, func() { s.expire(d, round) })
	}
	s.bell.ring()
	return nil
}

// expire is the end of a deadline, unless it was set again while its timer's
// goroutine waited for the lock.
func (s *Stream) expire(d *deadline, round int) {
	s.mux.mu.Lock()
	defer s.mux.mu.Unlock()
	if d.round == round {
		d.passed = true
		s.bell.ring()
	}
}
