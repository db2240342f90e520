package pion

import (
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/pion/ice/v4"
	"github.com/pion/sctp"

	"github.com/n2n-overlay/n2n/transport"
)

// stack is a connection without a PeerConnection: an ICE agent of pion/ice, beneath
// a pion/dtls connection, beneath a pion/sctp association. So a description needs
// no SDP, and is known before there is anything to describe; what DTLS receives
// comes from the sockets, not through the agent and pion/webrtc's multiplexer; and
// each channel delivers as its config says.
type stack struct {
	session  *session
	mux      *mux // nil: relays only
	serve    bool // this end is the DTLS server
	ufrag    string
	password string
	init     []byte // SCTP's, sent ahead
	inbox    *inbox
	failed   atomic.Bool // ICE has
	work     sync.WaitGroup

	agent  *ice.Agent             // nil until begin
	remote *transport.Description // nil until it is known

	mu          sync.Mutex
	leaf        []byte            // the other end's certificate
	association *sctp.Association // nil until it can be used
	asked       []*channel        // before that
	ended       bool              // the association is
}

func newStack(s *session, m *mux) *stack {
	return &stack{
		session:  s,
		mux:      m,
		ufrag:    rand.Text()[:ufragSize],
		password: rand.Text(), // 130 bits; RFC 8445 section 5.3 wants 128, and 24 of the ufrag
		inbox:    newInbox(),
	}
}

const ufragSize = 8 // characters of 5 bits each

func (k *stack) describe(offer *transport.Description) (transport.Description, error) {
	d := transport.Description{
		Fingerprint: k.session.driver.fingerprint,
		Ufrag:       k.ufrag,
		Password:    k.password,
		MaxMessage:  transport.MaxFrame,
	}
	if offer != nil {
		k.remote, d.Setup = offer, transport.SetupActive
		if k.serve = offer.Setup == transport.SetupActive || serves(*offer); k.serve {
			d.Setup = transport.SetupPassive
		}
	}
	if offer == nil || len(offer.SCTPInit) > 0 {
		init, err := sctp.GenerateOutOfBandToken(k.sctpOptions()...)
		if err != nil {
			return d, fmt.Errorf("SCTP: %w", err)
		}
		k.init, d.SCTPInit = init, init
	}
	if k.mux != nil {
		k.mux.expect(k.ufrag, k.inbox)
	}
	return d, nil
}

func (k *stack) begin() error {
	agent, err := k.newAgent()
	if err != nil {
		return fmt.Errorf("ICE: %w", err)
	}
	k.agent = agent
	if k.remote != nil {
		return k.connect()
	}
	return nil
}

func (k *stack) answered(d transport.Description) error {
	k.remote, k.serve = &d, d.Setup == transport.SetupActive
	return k.connect()
}

// connect begins to look for a path, with what is known of the other end. Once there
// is one, the rest follows on the stack's goroutine.
func (k *stack) connect() error {
	k.session.giveCandidates(k)
	start := k.agent.StartAccept
	if k.session.initiator {
		start = k.agent.StartDial
	}
	path, err := start(k.remote.Ufrag, k.remote.Password)
	if err != nil {
		return fmt.Errorf("ICE: %w", err)
	}
	k.work.Go(func() {
		if err := k.run(path); err != nil {
			k.session.fail(err)
		}
	})
	return nil
}

// run is the stack's goroutine: it makes DTLS and SCTP, and waits for their end.
// What can be made before there is a path, is.
func (k *stack) run(path *ice.Conn) error {
	ctx := k.session.ctx
	conn, err := k.newDTLS()
	if err != nil {
		return errDTLS
	}
	g := newGate(conn)
	defer g.Close() // what is wrong with it at its end does not matter
	var a *sctp.Association
	if k.ahead() {
		if a, err = k.associate(ctx, g); err != nil {
			return err
		}
		defer a.Close()
	}
	if err := k.agent.AwaitConnect(ctx); err != nil {
		return errFailed // the session knows already, and why
	}
	k.inbox.open(path)
	if len(k.session.driver.cfg.turn) > 0 {
		k.work.Go(func() { k.inbox.pump(path) })
	}
	if err := k.secure(ctx, conn); err != nil {
		return err
	}
	g.open()
	if a == nil {
		if a, err = k.meet(ctx, g); err != nil {
			return err
		}
		defer a.Close()
	}
	if err := k.use(a); err != nil {
		return err
	}
	return k.await(a)
}

func (k *stack) add(c transport.Candidate) {
	if x, err := candidate(c); err == nil { // else it is none that an agent knows
		_ = k.agent.AddRemoteCandidate(x) // fails only for an agent that is closed
	}
}

// link does nothing: no channel of a stack waits.
func (k *stack) link() error { return nil }

// fault is nil: run says everything.
func (k *stack) fault() error { return nil }

func (k *stack) lost() bool { return k.failed.Load() }

func (k *stack) close() {
	k.mu.Lock()
	a, ended := k.association, k.ended
	k.mu.Unlock()
	if a != nil && !ended { // else nobody is there to be told
		a.Abort("")
	}
	_ = k.inbox.Close()
	if k.agent != nil {
		_ = k.agent.GracefulClose()
	}
	k.work.Wait()
}
