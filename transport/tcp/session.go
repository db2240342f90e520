package tcp

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// patience is how long an attempt looks for a connection once it knows the other
// end's description.
const patience = 20 * time.Second

var (
	errPeerClosed = errors.New("closed by the other end")
	errNoPath     = fmt.Errorf("no connection within %v", patience)
	errOver       = errors.New("closed here")
)

// session is one attempt at a connection, and then the connection.
type session struct {
	driver    *Driver
	id        transport.SessionID
	handler   transport.Handler
	initiator bool
	local     transport.Description

	ctx    context.Context // ends with the session; its cause is why
	cancel context.CancelCauseFunc
	silent atomic.Bool // the handler is not called any more
	work   sync.WaitGroup

	known chan struct{}  // closed when remote is known
	found chan *tls.Conn // a connection that counts; buffered: 1

	mu       sync.Mutex
	remote   *transport.Description
	dialed   map[netip.AddrPort]bool
	waiting  []netip.AddrPort // addresses that came before remote
	channels map[uint16]*channel
	conn     *tls.Conn      // nil until one counts
	live     bool           // Up has returned
	taken    map[uint16]int // bytes by channel, of which the other end is to be told
	wake     chan struct{}  // buffered: 1
}

func newSession(d *Driver, id transport.SessionID, h transport.Handler, initiator bool) *session {
	s := &session{
		driver: d, id: id, handler: h, initiator: initiator,
		known: make(chan struct{}), found: make(chan *tls.Conn, 1),
		dialed: map[netip.AddrPort]bool{}, channels: map[uint16]*channel{}, taken: map[uint16]int{}, wake: make(chan struct{}, 1),
	}
	s.local = transport.Description{
		Fingerprint: d.fingerprint, Ufrag: rand.Text(), Password: rand.Text(),
		MaxMessage: transport.MaxFrame,
		Candidates: []transport.Candidate{{Type: transport.Host, Priority: 1, Addr: d.addr}},
	}
	if !initiator {
		s.local.Setup = transport.SetupActive
	}
	s.ctx, s.cancel = context.WithCancelCause(d.ctx)
	for _, n := range []uint16{transport.ControlChannel, transport.FirstChannel} {
		s.channels[n] = newChannel(s, n) // both ends have them from the start
	}
	return s
}

// know takes the other end's description, which the caller has checked; false:
// there is one.
func (s *session) know(remote transport.Description) bool {
	s.mu.Lock()
	if s.remote != nil {
		s.mu.Unlock()
		return false
	}
	s.remote = &remote
	close(s.known)
	s.mu.Unlock()
	s.dial(remote.Candidates)
	return true
}

// Finish takes the answer. A second one changes nothing.
func (s *session) Finish(answer transport.Description) error {
	if s.ctx.Err() != nil {
		return transport.ErrClosed
	}
	if err := answer.Check(); err != nil {
		s.cancel(fmt.Errorf("answer: %w", err))
		return fmt.Errorf("tcp: answer: %w", err)
	}
	if !s.know(answer) {
		return errors.New("tcp: this session has the other end's description")
	}
	return nil
}

// AddCandidates takes addresses of the other end.
func (s *session) AddCandidates(c []transport.Candidate) error {
	if s.ctx.Err() != nil {
		return transport.ErrClosed
	}
	if err := transport.CheckCandidates(c); err != nil {
		return fmt.Errorf("tcp: %w", err)
	}
	s.dial(c)
	return nil
}

// dial tries each new address, once the other end's description is known.
func (s *session) dial(c []transport.Candidate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range c {
		if !s.dialed[c.Addr] && len(s.dialed) < 2*transport.MaxCandidates && c.Addr.Addr().IsLoopback() {
			s.dialed[c.Addr] = true
			s.waiting = append(s.waiting, c.Addr)
		}
	}
	s.stir()
}

// stir wakes the session's goroutine: there is something to dial or to do.
func (s *session) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run is the life of a session: it describes itself, connects, and serves the
// connection until it ends. All calls of the handler but Message come from here.
func (s *session) run() {
	s.tell(func() { s.handler.Described(s.id, s.local) })
	s.tell(func() { s.handler.Gathered(s.id, nil, true) })
	if conn := s.connect(); conn != nil {
		s.serve(conn)
	}
	cause := context.Cause(s.ctx)
	s.driver.forget(s)
	if !s.silent.Swap(true) {
		s.handler.Down(s.id, cause)
	}
	s.work.Wait()
}

func (s *session) tell(call func()) {
	if !s.silent.Load() {
		call()
	}
}

// Close ends the session at once.
func (s *session) Close() error {
	s.silent.Store(true)
	s.cancel(errOver)
	return nil
}
