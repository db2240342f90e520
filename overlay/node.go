package overlay

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/wire"
	"github.com/n2n-overlay/n2n/transport"
)

// Config says who a node is and how patient it is. For durations and limits,
// zero means the default and negative means none. Only Driver is required. A
// Config may be used again, but its Driver belongs to one node.
type Config struct {
	Driver         transport.Driver   // performs WebRTC; Close closes it
	Key            ed25519.PrivateKey // who the node is; nil: a fresh one; LoadKey keeps one in a file
	Network        string             // signals of networks with different names mean nothing to each other
	ConnectTimeout time.Duration      // a connect ends within it; default 10 s
	AdmitTimeout   time.Duration      // until a newcomer that Node.Admit has answered is here: how long the answer may be carried; default 1 min
	Linger         time.Duration      // how long a session without arcs is kept; default 60 s
	Heartbeat      time.Duration      // between pings; three missed ones end a session; default 5 s
	MaxPending     int                // attempts under way that other peers began; default 64
	Logger         *slog.Logger       // nil: nothing is logged
	Audit          bool               // replay every edge on the looplab referee and report divergence; not in a browser
	Trace          func(Step)         // gets every edge that a machine takes, in order; must return at once and not call the node
}

// Node is one peer of an overlay network.
type Node struct {
	cfg    Config
	id     transport.PeerID
	codec  *wire.Codec
	driver transport.Driver
	log    *slog.Logger
	start  time.Time

	turn  turn
	stop  chan struct{} // closed by Close
	done  chan struct{} // closed when nothing happens any more
	close sync.Once
	err   error // of closing the driver

	helpers sync.WaitGroup // see help

	mu        sync.Mutex
	protocols map[string]*Protocol
	calls     map[uint64]chan core.Done
	conduits  map[uint64]*conduit
	last      atomic.Uint64 // number of a call or conduit

	// Of whoever has the turn.
	core     *core.Core
	referee  *judge // nil: nobody asked for it
	sessions map[transport.SessionID]*session
	failed   []core.Input // what carrying out an effect brought, for the core
	ended    []core.Done  // calls that a step has ended

	counts counts
}

// New makes a node. The caller ends it with Close.
func New(cfg Config) (*Node, error) {
	if cfg.Driver == nil {
		return nil, errors.New("overlay: Config.Driver is missing: use pion.New, or mem's NewDriver in tests")
	}
	if cfg.Key == nil {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("overlay: key: %w", err)
		}
		cfg.Key = key
	}
	if len(cfg.Key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("overlay: Config.Key has %d bytes, an Ed25519 private key has %d", len(cfg.Key), ed25519.PrivateKeySize)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Node{
		cfg: cfg, id: idOf(cfg.Key), codec: wire.NewCodec(cfg.Network), driver: cfg.Driver, start: time.Now(),
		stop: make(chan struct{}), done: make(chan struct{}),
		protocols: map[string]*Protocol{}, calls: map[uint64]chan core.Done{}, conduits: map[uint64]*conduit{},
		sessions: map[transport.SessionID]*session{},
	}
	n.log = cfg.Logger.With("node", n.id.Short())
	if cfg.Audit {
		n.referee = newJudge(n.log)
	}
	m, ok := cfg.Driver.(transport.MediaDriver)
	n.core = core.New(core.Config{
		ID: n.id, Media: ok && m.Media(), First: core.FirstNumber(n.start), Hash: n.codec.Hash, Trace: n.trace,
		ConnectTimeout: cfg.ConnectTimeout, Linger: cfg.Linger, Heartbeat: cfg.Heartbeat, AdmitTimeout: cfg.AdmitTimeout, MaxPending: cfg.MaxPending,
	})
	n.turn.init(n.ring)
	n.arm() // nobody else has the node yet
	return n, nil
}

// ID gives the node's name, its public key.
func (n *Node) ID() transport.PeerID { return n.id }

// Done gives a channel that is closed as soon as the node is being closed.
func (n *Node) Done() <-chan struct{} { return n.stop }

// now counts from the node's start, on the monotonic clock.
func (n *Node) now() time.Duration { return time.Since(n.start) }

func (n *Node) step(in core.Input) {
	n.failed = append(n.failed, in)
	for len(n.failed) > 0 {
		in := n.failed[0]
		n.failed = n.failed[1:]
		for _, e := range n.core.Step(n.now(), in) {
			n.perform(e)
		}
	}
	for _, d := range n.ended { // who waits finds everything done that belongs to it
		n.answer(d)
	}
	n.ended = n.ended[:0]
}

// ask runs f when it is its turn and waits for it; false: the node is closed.
func (n *Node) ask(f func()) bool {
	ran := make(chan struct{})
	if !n.post(func() { f(); close(ran) }) {
		return false
	}
	select {
	case <-ran:
		return true
	case <-n.done:
		select {
		case <-ran:
			return true
		default:
			return false
		}
	}
}

// call gives the core an input that ends with Done, and waits for that. When
// ctx ends first, the call is cancelled; what it brought wins all the same.
func (n *Node) call(ctx context.Context, input func(call uint64) core.Input) (core.Done, error) {
	if err := ctx.Err(); err != nil {
		return core.Done{}, err
	}
	number, result := n.newCall()
	defer n.endCall(number)
	if !n.post(input(number)) {
		return core.Done{}, ErrClosed
	}
	return n.wait(ctx, number, result)
}

func (n *Node) newCall() (uint64, chan core.Done) {
	number, result := n.last.Add(1), make(chan core.Done, 1)
	n.mu.Lock()
	n.calls[number] = result
	n.mu.Unlock()
	return number, result
}

func (n *Node) endCall(number uint64) {
	n.mu.Lock()
	delete(n.calls, number)
	n.mu.Unlock()
}

func (n *Node) wait(ctx context.Context, number uint64, result chan core.Done) (core.Done, error) {
	var d core.Done
	select {
	case d = <-result:
	case <-ctx.Done():
		if !n.post(core.Cancel{Call: number}) {
			return d, ErrClosed
		}
		select { // cancelling is answered at once, unless the result came first
		case d = <-result:
		case <-n.done:
			return d, ErrClosed
		}
	case <-n.stop:
		return d, ErrClosed
	}
	if d.Err != nil {
		return d, connectError(ctx, d.Err)
	}
	return d, nil
}

// help runs f on a goroutine that Close waits for; false: the node is closed.
func (n *Node) help(f func()) bool {
	n.mu.Lock() // Close takes it between closing stop and waiting
	defer n.mu.Unlock()
	select {
	case <-n.stop:
		return false
	default:
		n.helpers.Go(f)
		return true
	}
}

// drainTimeout is for how long Leave waits until what was sent has arrived.
const drainTimeout = time.Second

// Leave tells the neighbors that this node leaves, waits until they have closed
// the sessions (a round trip) or ctx ends, and closes the node. What was sent
// before goes first, and is waited for a second at the most: a farewell that
// overtook it would end the session under it.
func (n *Node) Leave(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); ctx.Err() == nil && time.Since(begun) < drainTimeout; {
		drained := true
		if !n.ask(func() { drained = n.drained() }) || drained {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	n.post(core.Leave{})
	for open := true; open; {
		if !n.ask(func() { open = len(n.sessions) > 0 }) || !open {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), n.Close())
		}
	}
	return n.Close()
}

// Close ends every session at once, without a farewell, closes the driver, and
// waits for the node's goroutines. Waiting calls end with ErrClosed. It may be
// repeated.
func (n *Node) Close() error {
	n.close.Do(func() {
		close(n.stop)
		n.endTurns()
		close(n.done)
		n.err = n.driver.Close()
		for _, s := range n.sessions {
			close(s.gone)
			s.media.end(s, ErrClosed)
			for _, pp := range s.pipes.all() {
				pp.mux.end(errOfProtocol(), true)
			}
		}
		n.mu.Lock()
		protocols := n.protocols
		n.protocols = map[string]*Protocol{}
		n.mu.Unlock()
		for _, p := range protocols {
			p.end()
		}
		n.helpers.Wait()
	})
	<-n.done
	return n.err
}
