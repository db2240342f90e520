//go:build js && wasm

package browser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall/js"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

const (
	// setupTimeout is how long an attempt may take from the moment that both
	// descriptions are known. The node gives up sooner; this is for its faults.
	setupTimeout = 30 * time.Second

	// drainTimeout is for how long Down waits until messages that came before
	// the end have been handled.
	drainTimeout = 200 * time.Millisecond
)

var (
	errPeerClosed = errors.New("closed by the peer")
	errSetup      = errors.New("no connection within " + setupTimeout.String())
)

// session is one attempt at a connection and then the connection. It may be
// prepared before anybody asks for it: see spares.
type session struct {
	driver    *Driver
	initiator bool
	described transport.Description // of the peer, once it was applied
	media     *tracks               // nil without Config.Media

	asked   chan struct{} // closed when the following are known
	id      transport.SessionID
	handler transport.Handler
	offered transport.Description // of the peer, unless this end is the initiator

	ctx    context.Context // ends with the session; its cause is why
	cancel context.CancelCauseFunc
	silent atomic.Bool // the handler is not called any more

	answer chan transport.Description // once; buffered: 1
	wake   chan struct{}              // something below has changed; buffered: 1

	// A callback of JavaScript takes this lock, too. It never waits for it, since
	// nobody who holds it waits for anything and there is one thread.
	mu         sync.Mutex
	finished   bool
	candidates []transport.Candidate // of the peer
	given      int                   // of them, to the browser
	found      []transport.Candidate // of this end, not told yet
	count      int                   // of candidates of this end, told or not
	last       bool                  // no more will be found
	pc         js.Value              // undefined until it is made
	events     listeners             // of pc and the channels
	channels   map[uint16]*channel
	pending    int  // of the first channels, not open yet
	up         bool // Up has returned: messages may be handled
	ended      bool // no reader is started any more
	held       int  // bytes that arrived and were not handled
	heldCount  int  // messages
	readers    sync.WaitGroup

	// Of the session's goroutine alone.
	wasDescribed bool // Described was called
	allTold      bool // so was Gathered, for the last time
}

// launch makes a session and drives it on a goroutine of its own. The caller holds
// d.mu.
func (d *Driver) launch(initiator bool) *session {
	s := &session{
		driver:    d,
		initiator: initiator,
		asked:     make(chan struct{}),
		answer:    make(chan transport.Description, 1),
		wake:      make(chan struct{}, 1),
		channels:  make(map[uint16]*channel),
		pending:   2,
	}
	s.ctx, s.cancel = context.WithCancelCause(d.ctx)
	s.silent.Store(true) // there is no handler yet
	if d.cfg.Media {
		s.media = &tracks{session: s, began: make(map[int]*transport.Track)}
	}
	for _, number := range []uint16{transport.ControlChannel, transport.FirstChannel} {
		s.channels[number] = &channel{session: s, number: number}
	}
	d.wg.Go(s.run)
	return s
}

// begin has the session go on: somebody has asked for it.
func (s *session) begin() transport.Session {
	close(s.asked)
	if s.media != nil {
		return mediaSession{s}
	}
	return s
}

// copied is a description that shares no memory with d.
func copied(d transport.Description) transport.Description {
	d.SCTPInit = slices.Clone(d.SCTPInit)
	d.Candidates = slices.Clone(d.Candidates)
	return d
}

// Finish applies the answer. Errors: transport.ErrClosed; a session that this
// end answered or finished before. A bad answer ends the session with Down.
func (s *session) Finish(answer transport.Description) error {
	if s.ctx.Err() != nil {
		return transport.ErrClosed
	}
	if !s.initiator {
		return fmt.Errorf("session %v: finish of a session that the peer offered", s.id)
	}
	s.mu.Lock()
	again := s.finished
	s.finished = true
	s.mu.Unlock()
	if again {
		return fmt.Errorf("session %v: finished before", s.id)
	}
	if err := answer.Check(); err != nil {
		s.fail(fmt.Errorf("answer: %w", err))
		return nil
	}
	if answer.Setup == transport.SetupActPass { // RFC 8842 section 5.3
		s.fail(errors.New("answer: no DTLS role chosen"))
		return nil
	}
	s.add(answer.Candidates)
	s.answer <- copied(answer)
	return nil
}

// AddCandidates adds addresses of the peer. Those that must not be contacted,
// and those beyond transport.MaxCandidates, are passed over. Errors:
// transport.ErrClosed, candidates that no peer sends.
func (s *session) AddCandidates(c []transport.Candidate) error {
	if s.ctx.Err() != nil {
		return transport.ErrClosed
	}
	if err := transport.CheckCandidates(c); err != nil {
		return fmt.Errorf("session %v: %w", s.id, err)
	}
	s.add(c)
	s.poke()
	return nil
}

func (s *session) add(candidates []transport.Candidate) {
	for _, c := range candidates {
		if c.Name == "" && !s.driver.reachable(c.Addr) { // without the lock: Config.Remote is the user's
			continue
		}
		s.mu.Lock()
		same := func(o transport.Candidate) bool { return o.Addr == c.Addr && o.Name == c.Name }
		if len(s.candidates) < transport.MaxCandidates && !slices.ContainsFunc(s.candidates, same) {
			s.candidates = append(s.candidates, c)
		}
		s.mu.Unlock()
	}
}

// poke has the session's goroutine look at what has changed.
func (s *session) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // it has yet to look
	}
}

// Close ends the session. The peer is told, as far as there is a connection.
func (s *session) Close() error {
	s.silent.Store(true)
	s.driver.end(s)
	s.cancel(transport.ErrClosed)
	s.disconnect()
	return nil
}

// fail ends the session with Down.
func (s *session) fail(reason error) { s.cancel(reason) }

// disconnect closes the connection, which tells the peer. It may be repeated.
func (s *session) disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events.release()
	if s.pc.Truthy() {
		s.pc.Call("close")
		s.pc = js.Undefined()
	}
	for _, c := range s.channels {
		c.deafen()
	}
}

// run is the session's goroutine, from the beginning to the end. It alone calls
// the handler, but for Message.
func (s *session) run() {
	err := s.drive()
	if cause := context.Cause(s.ctx); cause != nil {
		err = cause // and not what failed because of it
	}
	s.driver.end(s)
	s.disconnect()
	if err == errPeerClosed {
		s.drain()
	}
	s.cancel(err)
	if s.wasDescribed {
		s.gathered(true) // it always comes
	}
	if !s.silent.Swap(true) {
		s.handler.Down(s.id, err)
	}
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.readers.Wait()
	if s.media != nil {
		s.media.end()
	}
}

// tell calls the handler, unless the session is over.
func (s *session) tell(call func()) {
	if !s.silent.Load() {
		call()
	}
}

// drain waits until the messages that the peer sent before it closed have been
// handled, but not for long.
func (s *session) drain() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	done := make(chan struct{})
	s.driver.wg.Go(func() {
		s.readers.Wait()
		close(done)
	})
	timer := time.NewTimer(drainTimeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-s.driver.ctx.Done():
	}
}
