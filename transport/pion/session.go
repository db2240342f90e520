package pion

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
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

var errPeerClosed = errors.New("closed by the peer")

// session is one attempt at a connection and then the connection.
type session struct {
	driver    *Driver
	id        transport.SessionID
	handler   transport.Handler
	initiator bool
	offered   transport.Description // of the peer, unless this end is the initiator
	applied   transport.Description // of the peer, once it was applied
	silence   time.Duration         // for how long an attempt goes on without a path, and a session without a sign of life

	ctx    context.Context // ends with the session; its cause is why
	cancel context.CancelCauseFunc
	silent atomic.Bool // the handler is not called any more

	// To the session's goroutine.
	answer chan transport.Description // once; buffered: 1
	added  chan struct{}              // candidates were; buffered: 1
	found  chan []transport.Candidate // of this end; closed after the last
	relays chan transport.Candidate   // of this end; closed after the last; buffered
	opened chan struct{}              // closed when the first channels are open

	media *tracks // nil without Config.Media

	mu         sync.Mutex
	finished   bool
	candidates []transport.Candidate // of the peer, with an address
	names      []transport.Candidate // of the peer, with a name instead
	released   bool                  // the claim to candidates
	resolved   int                   // of names
	connection connection            // nil until it is made
	ufrag      string                // of this end; empty until it is known
	channels   map[uint16]*channel
	pending    int  // of the first channels, not open yet
	up         bool // Up has returned: channels may be read
	resting    bool // run has returned
	ended      bool // no goroutine is started any more
	readers    sync.WaitGroup

	given int // of candidates, to the ICE agent; with mu
	asked int // of names, the resolver; with mu

	// Of the session's goroutine alone.
	remote    [32]byte              // fingerprint of the peer
	described transport.Description // of this end, without candidates
	told      []transport.Candidate // to the peer
	own       *mux                  // of this session alone
}

func (d *Driver) newSession(id transport.SessionID, h transport.Handler) *session {
	s := &session{
		driver:   d,
		id:       id,
		handler:  h,
		silence:  d.cfg.Silence,
		answer:   make(chan transport.Description, 1),
		added:    make(chan struct{}, 1),
		found:    make(chan []transport.Candidate),
		relays:   make(chan transport.Candidate, 2*len(d.cfg.turn)), // one for each IP version
		opened:   make(chan struct{}),
		channels: make(map[uint16]*channel),
		pending:  2,
	}
	if d.cfg.Media {
		s.media = &tracks{session: s, began: make(map[int]*transport.Track)}
	}
	for _, number := range []uint16{transport.ControlChannel, transport.FirstChannel} {
		s.channels[number] = &channel{session: s, number: number}
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
	return nil
}

func (s *session) add(candidates []transport.Candidate) {
	var useful []transport.Candidate // found without a lock: Config.Remote is the user's
	for _, c := range candidates {
		if c.Name != "" && !s.driver.cfg.RelayOnly || c.Name == "" && s.driver.addresses.reachable(c.Addr) {
			useful = append(useful, c)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range useful {
		list := &s.candidates
		if c.Name != "" {
			list = &s.names
		}
		same := func(o transport.Candidate) bool { return o.Addr == c.Addr && o.Name == c.Name }
		if len(*list) >= transport.MaxCandidates || slices.ContainsFunc(*list, same) || s.released {
			continue
		}
		if *list = append(*list, c); c.Name == "" {
			s.driver.claims.add(c.Addr)
		}
	}
	if s.resting && !s.ended {
		s.driver.wg.Go(s.look)
		return
	}
	select {
	case s.added <- struct{}{}:
	default: // the session's goroutine has yet to look
	}
}

// rivals reports whether another session knows one of the peer's addresses.
func (s *session) rivals() bool {
	s.mu.Lock()
	known := s.candidates // append leaves what is there as it is
	s.mu.Unlock()
	return s.driver.claims.shared(known)
}

// release gives up the claim to the peer's addresses, once.
func (s *session) release() {
	s.mu.Lock()
	known := s.candidates
	again := s.released
	s.released = true
	s.mu.Unlock()
	if !again {
		s.driver.claims.remove(known)
	}
}

// leave frees the session's part of shared sockets. What it still sends goes out.
func (s *session) leave(m *mux) {
	if ufrag := s.localUfrag(); m != nil && ufrag != "" {
		m.RemoveConnByUfrag(ufrag)
	}
}

func (s *session) localUfrag() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ufrag
}

// Close ends the session. The peer is told, as far as there is a connection.
func (s *session) Close() error {
	s.silent.Store(true)
	s.driver.end(s)
	s.cancel(transport.ErrClosed)
	return nil
}

// fail ends the session with Down.
func (s *session) fail(reason error) { s.cancel(reason) }

// run is the session's goroutine until the session is open. Nothing but the end
// of its context can happen to it then, and that takes up the work on another
// one: an open session has none but its channels' readers. The two of them alone
// call the handler, one after the other, but for Message.
func (s *session) run() {
	if err := s.drive(); err != nil {
		s.finish(err)
		return
	}
	s.mu.Lock()
	s.resting = true
	s.mu.Unlock()
	s.look() // for what came meanwhile
	s.driver.wg.Add(1)
	context.AfterFunc(s.ctx, func() {
		defer s.driver.wg.Done()
		s.finish(s.why())
	})
}

// look takes up what was added of the peer's candidates and names.
func (s *session) look() {
	s.resolveNames()
	s.giveCandidates(s.connection)
}

// finish ends the session.
func (s *session) finish(err error) {
	if cause := context.Cause(s.ctx); cause != nil && cause != errFailed {
		err = cause // and not what failed because of it
	}
	s.driver.end(s)
	if err == errPeerClosed {
		s.drain()
	}
	s.cancel(err)
	if !s.silent.Swap(true) {
		s.handler.Down(s.id, err)
	}

	s.mu.Lock()
	s.ended = true
	c := s.connection
	s.mu.Unlock()
	if c != nil {
		c.close()
	}
	if s.own != nil {
		_ = s.own.Close()
	}
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

// has reports whether a channel was asked for.
func (s *session) has(number uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.channels[number] != nil
}
