package mem

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// Why a session is over, for Handler.Down.
var (
	errPeerClosed  = errors.New("closed by the other end")
	errNoPath      = errors.New("no connection came about")
	errFingerprint = errors.New("the other end has a certificate of another fingerprint")
	errUnopened    = errors.New("message for a channel that is not open here")
)

// session is one end of a connection. All of it is guarded by driver.mu.
type session struct {
	driver    *Driver
	id        transport.SessionID
	handler   transport.Handler
	initiator bool

	// Set-up: see handshake.go.
	ufrag, password string
	remote          *transport.Description // nil: not known yet
	candidates      []netip.AddrPort       // where the other end may be
	peer            netip.AddrPort         // where it is; zero: not known yet
	round           int                    // the step under way, or the last one answered
	knocks          int                    // sendings of any step; the initiator's numbers them
	tries           int                    // sendings of this step
	up              bool

	// The handler's calls: see tell.
	calls     []func()
	announced bool      // Up has returned
	changed   sync.Cond // something of this paragraph has changed
	over      error     // why the session is over; nil: it is not
	silent    bool      // no further call will be added to calls
	unread    int       // messages for the handler on the channels that were asked for

	channels map[channelKey]*channel // those that still send or receive
	last     map[uint16]*channel     // the latest of each number, open or not
}

var _ transport.Session = (*session)(nil)

// tell calls the handler for all but messages, one call after the other.
func (s *session) tell() {
	d := s.driver
	defer d.running.Done()
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		for len(s.calls) == 0 && !s.silent {
			s.changed.Wait()
		}
		if len(s.calls) == 0 {
			return
		}
		call := s.calls[0]
		s.calls = s.calls[1:]
		d.mu.Unlock()
		call()
		d.mu.Lock()
	}
}

func (s *session) call(f func()) {
	s.calls = append(s.calls, f)
	s.changed.Broadcast()
}

// describe reports this end's description, and its address with it or later.
func (s *session) describe(setup transport.Setup) {
	n := s.driver.network
	here := []transport.Candidate{{Type: transport.Host, Priority: 1, Addr: s.driver.addr}}
	desc := transport.Description{
		Fingerprint: s.driver.fingerprint,
		Ufrag:       s.ufrag,
		Password:    s.password,
		Setup:       setup,
		MaxMessage:  64 << 10,
	}
	if n.Gather > 0 {
		s.call(func() { s.handler.Described(s.id, desc) })
		s.after(n.Gather, func() {
			s.call(func() { s.handler.Gathered(s.id, here, true) })
		})
		return
	}
	desc.Candidates = here
	s.call(func() { s.handler.Described(s.id, desc) })
	s.call(func() { s.handler.Gathered(s.id, nil, true) })
}

// after does something later unless the session is over by then.
func (s *session) after(d time.Duration, do func()) {
	s.driver.queue.push(time.Now().Add(d), func() {
		if s.over == nil {
			do()
		}
	})
}

// Finish applies the answer. One that cannot work ends the session with Down.
// Errors: transport.ErrClosed, or that the session has its description already.
func (s *session) Finish(answer transport.Description) error {
	s.driver.mu.Lock()
	defer s.driver.mu.Unlock()
	if s.over != nil {
		return fmt.Errorf("mem: %w", transport.ErrClosed)
	}
	if !s.initiator || s.remote != nil {
		return fmt.Errorf("mem: %v: Finish, but the other end's description is known already", s.id)
	}
	if err := answer.Check(); err != nil {
		s.end(fmt.Errorf("mem: answer: %w", err))
		return nil
	}
	if answer.Setup == transport.SetupActPass { // RFC 8842 section 5.3: the answerer chooses
		s.end(errors.New("mem: answer: setup actpass"))
		return nil
	}
	s.connect(answer)
	return nil
}

// AddCandidates adds addresses of the other end. It may be called before Finish.
func (s *session) AddCandidates(c []transport.Candidate) error {
	if err := transport.CheckCandidates(c); err != nil {
		return fmt.Errorf("mem: %w", err)
	}
	s.driver.mu.Lock()
	defer s.driver.mu.Unlock()
	if s.over != nil {
		return fmt.Errorf("mem: %w", transport.ErrClosed)
	}
	if s.learn(c) && !s.peer.IsValid() {
		s.knock()
	}
	return nil
}

// maxCandidates bounds what one session remembers: RFC 8445 section 6.1.2.5
// asks for a bound, since each address is sent to.
const maxCandidates = 2 * transport.MaxCandidates

// learn remembers addresses and reports whether any was new. Names of mDNS mean
// nothing in this network.
func (s *session) learn(cs []transport.Candidate) (news bool) {
	for _, c := range cs {
		if c.Name == "" && len(s.candidates) < maxCandidates && !slices.Contains(s.candidates, c.Addr) {
			s.candidates = append(s.candidates, c.Addr)
			news = true
		}
	}
	return news
}

// Close ends the session at once. The other end gets Down, or if the datagram
// that tells it is lost, when the network's Silence has passed.
func (s *session) Close() error {
	s.driver.mu.Lock()
	defer s.driver.mu.Unlock()
	s.sayBye()
	s.closeHere()
	return nil
}

// closeHere ends the session without Down, even if that was about to come.
func (s *session) closeHere() {
	s.finish(transport.ErrClosed)
	s.hush()
	s.calls = nil
}

// drainTime bounds how long Down waits for slow handlers of messages.
const drainTime = time.Second

// end ends the session with Down. The messages that have arrived are handled
// before, so that one that was sent just before a Close is not lost by chance.
func (s *session) end(reason error) {
	if s.over != nil {
		return
	}
	s.finish(reason)
	if s.unread == 0 || !s.up {
		s.down()
		return
	}
	s.driver.ending[s] = true
	s.driver.queue.push(time.Now().Add(drainTime), s.down)
}

// down calls Down; no further message is handled.
func (s *session) down() {
	if s.silent {
		return
	}
	reason := s.over
	s.call(func() { s.handler.Down(s.id, reason) })
	s.hush()
}

func (s *session) finish(reason error) {
	if s.over != nil {
		return
	}
	s.over = reason
	delete(s.driver.sessions, s.id)
	delete(s.driver.byUfrag, s.ufrag)
	for _, c := range s.channels {
		c.drop()
		c.ended = true
		c.changed.Signal()
	}
}

// hush ends the calls, but for those that are waiting already.
func (s *session) hush() {
	s.silent = true
	delete(s.driver.ending, s)
	s.changed.Broadcast()
}

// fail ends both ends.
func (s *session) fail(reason error) {
	s.sayBye()
	s.end(reason)
}

// sayBye tells the other end that the session is over. As with a DTLS alert
// nothing repeats it, so when it is lost, silence has to tell.
func (s *session) sayBye() {
	if s.over != nil || s.remote == nil {
		return
	}
	n := s.driver.network
	for _, dest := range s.targets() {
		dg := s.datagram(bye)
		if n.transmit(s.driver, s.id, dg, dest) {
			continue
		}
		silence, ok := n.silence()
		if to := n.driverAt(dest); ok && to != nil {
			to.queue.push(time.Now().Add(silence), func() {
				if far := to.byUfrag[dg.ufrag]; far != nil {
					far.end(transport.ErrSilent)
				}
			})
		}
	}
}
