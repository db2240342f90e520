package overlay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// DefaultMaxMessage is the size in bytes of the largest message that a protocol
// sends and takes, unless its config says otherwise.
const DefaultMaxMessage = 16 << 20

// ProtocolConfig says how a protocol talks. The zero value works.
type ProtocolConfig struct {
	MaxMessage int      // bytes; zero: DefaultMaxMessage, or the most that Delivery has; a peer that sends more loses its session
	MaxStreams int      // open at once with one peer, counted for each end that opens them; zero: DefaultMaxStreams
	Delivery   Delivery // how messages travel; zero: reliable and ordered
}

// Protocol is a named application on a node: it has its own views, messages and
// events, and shares the node's sessions with the other protocols.
type Protocol struct {
	node       *Node
	name       string
	maxMessage int
	maxStreams int
	delivery   Delivery
	plain      bool // reliable and ordered
	loose      bool // messages may be lost
	queue      *queue
	closed     chan struct{}
	closing    sync.Once

	mu          sync.Mutex
	out, in     map[transport.PeerID]int
	pipes       map[transport.PeerID]*pipe
	subscribers map[*subscription]struct{}
	listener    *listener // nil: nobody listens
}

// Protocol registers a protocol under a name of 1 to 64 bytes of UTF-8, the
// same at all peers. From then on other peers may open arcs of it to this node.
// Errors: ErrProtocolExists, ErrClosed.
func (n *Node) Protocol(name string, cfg ProtocolConfig) (*Protocol, error) {
	switch {
	case name == "" || len(name) > transport.MaxProtocol || !utf8.ValidString(name):
		return nil, fmt.Errorf("overlay: protocol name %q: want 1 to %d bytes of UTF-8", name, transport.MaxProtocol)
	case cfg.MaxMessage < 0:
		return nil, errors.New("overlay: ProtocolConfig.MaxMessage is negative")
	case cfg.MaxStreams < 0:
		return nil, errors.New("overlay: ProtocolConfig.MaxStreams is negative")
	}
	if err := checkDelivery(&cfg); err != nil {
		return nil, err
	}
	if cfg.MaxMessage == 0 {
		cfg.MaxMessage = DefaultMaxMessage
	}
	if cfg.MaxStreams == 0 {
		cfg.MaxStreams = DefaultMaxStreams
	}
	p := &Protocol{
		node: n, name: name, maxMessage: cfg.MaxMessage, maxStreams: cfg.MaxStreams,
		delivery: cfg.Delivery, plain: plain(cfg.Delivery), loose: loose(cfg.Delivery),
		queue: newQueue(), closed: make(chan struct{}),
		out: map[transport.PeerID]int{}, in: map[transport.PeerID]int{}, pipes: map[transport.PeerID]*pipe{},
	}
	n.mu.Lock()
	_, exists := n.protocols[name]
	if !exists {
		n.protocols[name] = p
	}
	n.mu.Unlock()
	if exists {
		return nil, fmt.Errorf("overlay: %q: %w", name, ErrProtocolExists)
	}
	if !n.ask(func() { n.step(core.Register{Protocol: name}) }) {
		p.end()
		return nil, ErrClosed
	}
	return p, nil
}

// Name gives the name under which the protocol was registered.
func (p *Protocol) Name() string { return p.name }

// Node gives the node that the protocol runs on.
func (p *Protocol) Node() *Node { return p.node }

// Connect opens one more arc from this node to a peer. Without via, the peer
// must be a neighbor. With via, its signals go through these neighbors of
// neighbors, at most four: the first is a neighbor of this node, each next one
// of the one before, and the last one of the peer. If there is a session with
// the peer already, the arc just uses it. Connect returns when the arc is open,
// or has failed, within ConnectTimeout. Errors: a *ConnectError with
// ErrNotNeighbor, ErrBrokerLost, ErrRefused, ErrTimeout, ErrVersion, ErrSelf,
// ErrClosed or the context's.
func (p *Protocol) Connect(ctx context.Context, to transport.PeerID, via ...transport.PeerID) error {
	if len(via) > signal.LongestPath-2 {
		return &ConnectError{Peer: to, Via: via, Err: fmt.Errorf("%d brokers: at most %d", len(via), signal.LongestPath-2)}
	}
	_, err := p.node.call(ctx, func(call uint64) core.Input {
		return core.Connect{Call: call, Protocol: p.name, To: to, Path: append([]transport.PeerID(nil), via...)}
	})
	return err
}

// Introduce asks the neighbor from to open an arc to the neighbor to, brokered
// by this node, and returns how that ended, within ConnectTimeout.
// Errors as of Connect.
func (p *Protocol) Introduce(ctx context.Context, from, to transport.PeerID) error {
	_, err := p.node.call(ctx, func(call uint64) core.Input {
		return core.Introduce{Call: call, Protocol: p.name, From: from, To: to}
	})
	return err
}

// Invite asks the neighbor from to open an arc to this node, and returns how
// that ended, within ConnectTimeout. Errors as of Connect.
func (p *Protocol) Invite(ctx context.Context, from transport.PeerID) error {
	_, err := p.node.call(ctx, func(call uint64) core.Input {
		return core.Invite{Call: call, Protocol: p.name, From: from}
	})
	return err
}

// Send sends one message to a peer of either view, as ProtocolConfig.Delivery
// says; what follows is about its zero value. It waits while the receiver
// is slow: while about 1 MiB is under way that the receiving application has not
// taken; a message that is larger waits until all before it were taken. If ctx
// ends the wait, nothing of the message arrives. Messages to
// one peer arrive in order, once, as long as an arc lasts; when Send returns,
// the message is on its way. Errors: ErrNotNeighbor, ErrTooLarge, ErrClosed or
// the context's.
func (p *Protocol) Send(ctx context.Context, to transport.PeerID, data []byte) error {
	if len(data) > p.maxMessage {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), p.maxMessage)
	}
	pp, err := p.pipeTo(to)
	if err != nil {
		return fmt.Errorf("send to %s: %w", to.Short(), err)
	}
	send := pp.send
	if p.loose {
		send = pp.sendLoose
	}
	if err := send(ctx, data); err != nil {
		return err
	}
	p.node.counts.sent(len(data))
	return nil
}

// pipeTo gives the pipe to a peer that there is an arc with.
func (p *Protocol) pipeTo(peer transport.PeerID) (*pipe, error) {
	p.mu.Lock()
	arcs, pp := p.out[peer]+p.in[peer], p.pipes[peer]
	p.mu.Unlock()
	select {
	case <-p.closed:
		return nil, ErrClosed
	default:
	}
	if arcs == 0 || pp == nil {
		return nil, ErrNotNeighbor
	}
	return pp, nil
}

// Message is what a peer sent. Data belongs to the receiver.
type Message struct {
	From transport.PeerID
	Data []byte
}

// Receive waits for the next message. While nobody receives, the senders wait.
// Errors: ErrClosed, or the context's.
func (p *Protocol) Receive(ctx context.Context) (Message, error) {
	for {
		if it, ok := p.queue.get(); ok {
			if !it.loose {
				it.pipe.take(it.cost)
			}
			return it.message, nil
		}
		select {
		case <-p.queue.wake:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		case <-p.closed:
			return Message{}, ErrClosed
		}
	}
}

// Outview gives the arcs from this node.
func (p *Protocol) Outview() View { return p.view(p.out) }

// Inview gives the arcs to this node.
func (p *Protocol) Inview() View { return p.view(p.in) }

func (p *Protocol) view(m map[transport.PeerID]int) View {
	p.mu.Lock()
	defer p.mu.Unlock()
	return View{maps.Clone(m)}
}

// Close ends the protocol's arcs and takes it off the node; other protocols'
// arcs stay. It may be repeated.
func (p *Protocol) Close() error {
	n := p.node
	p.endStreams()
	n.ask(func() {
		n.mu.Lock()
		here := n.protocols[p.name] == p
		n.mu.Unlock()
		if !here {
			return
		}
		n.step(core.Unregister{Protocol: p.name}) // its events still reach p
		n.mu.Lock()
		delete(n.protocols, p.name)
		n.mu.Unlock()
	})
	p.end()
	return nil
}

// end makes the protocol closed for all who wait.
func (p *Protocol) end() {
	p.closing.Do(func() {
		close(p.closed)
		p.endStreams()
	})
}

func (p *Protocol) endStreams() {
	if l := p.listening(); l != nil {
		l.end(errOfProtocol())
	}
	p.mu.Lock()
	pipes := slices.Collect(maps.Values(p.pipes))
	p.mu.Unlock()
	for _, pp := range pipes {
		if pp.owner() == p { // and not a later one of that name
			pp.mux.end(errOfProtocol(), false)
		}
	}
}

func (p *Protocol) setPipe(peer transport.PeerID, pp *pipe) {
	p.mu.Lock()
	p.pipes[peer] = pp
	p.mu.Unlock()
}

// dropPipe forgets a pipe whose session is over, unless a newer one took its
// place.
func (p *Protocol) dropPipe(pp *pipe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pipes[pp.peer] == pp {
		delete(p.pipes, pp.peer)
	}
}

func (n *Node) protocol(name string) *Protocol {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.protocols[name]
}
