package overlay

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"

	"github.com/n2n-overlay/n2n/transport"
)

// DefaultMaxStreams is how many streams of a protocol may be open with one
// neighbor, opened by the same end, unless its config says otherwise.
const DefaultMaxStreams = 256

var errNoStreams = errors.New("a protocol whose Delivery is not reliable and ordered has no streams")

// Dial opens a stream to a peer of either view; the net.Conn is a *Stream. It
// costs no round trip, so it does not tell whether the other end listens: if
// nobody does, or too many streams wait there to be accepted, reads and writes
// fail with ErrRefused as soon as that is known. Dial waits while
// ProtocolConfig.MaxStreams are open that this end opened to that peer, and
// right after Connect until the other end has the protocol's channel open.
// Errors: a *net.OpError with ErrNotNeighbor, ErrClosed, the context's, or
// that the protocol's Delivery is not reliable and ordered.
func (p *Protocol) Dial(ctx context.Context, to transport.PeerID) (net.Conn, error) {
	s, err := p.dial(ctx, to)
	if err != nil {
		local, remote := Addr{p.node.id, p.name}, Addr{to, p.name}
		return nil, &net.OpError{Op: "dial", Net: local.Network(), Source: local, Addr: remote, Err: err}
	}
	return s, nil
}

func (p *Protocol) dial(ctx context.Context, to transport.PeerID) (*Stream, error) {
	if !p.plain {
		return nil, errNoStreams
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pp, err := p.pipeTo(to)
	if err != nil {
		return nil, err
	}
	if err := pp.ready(ctx); err != nil {
		return nil, err
	}
	for {
		s, bell, err := pp.mux.open(p)
		if s != nil || err != nil {
			return s, err
		}
		select {
		case <-bell:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.closed:
			return nil, ErrClosed
		}
	}
}

// Listen gives the listener for streams that peers of either view open. There is
// one at a time: until it is closed, further calls give the same one. While there
// is none, streams are refused. At most 128 streams of each peer wait for Accept;
// further ones are refused. Accept gives a *Stream whose RemoteAddr is the
// peer's proven PeerID.
//
// Close of the listener refuses the streams that wait; accepted ones go on. When
// the protocol or the node is closed, so is the listener. From then on, Accept
// fails with a *net.OpError with net.ErrClosed; if the protocol's Delivery is
// not reliable and ordered, it does so from the start.
func (p *Protocol) Listen() net.Listener {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener == nil {
		l := &listener{protocol: p}
		if !p.plain {
			l.err = errNoStreams
		}
		select {
		case <-p.closed:
			l.err = errOfProtocol()
		default:
		}
		if l.err != nil {
			return l // which stays closed
		}
		p.listener = l
	}
	return p.listener
}

// listening gives the listener, or nil.
func (p *Protocol) listening() *listener {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.listener
}

// listener is a queue of streams that peers opened.
type listener struct {
	protocol *Protocol

	mu    sync.Mutex
	queue []*Stream
	sweep int   // how long it may get before it is looked through
	err   error // why it is closed
	bell  bell
}

// put adds the stream that begin makes; false: the listener is closed. The
// caller holds the mux.mu of that stream.
func (l *listener) put(begin func() *Stream) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return false
	}
	if len(l.queue) >= l.sweep { // forget those of sessions that came and went
		l.queue = slices.DeleteFunc(l.queue, func(s *Stream) bool { return s.lost.Load() })
		l.sweep = 2*len(l.queue) + backlog
	}
	l.queue = append(l.queue, begin())
	l.bell.ring()
	return true
}

// Accept waits for the next stream.
func (l *listener) Accept() (net.Conn, error) {
	for {
		s, bell, err := l.get()
		switch {
		case err != nil:
			return nil, &net.OpError{Op: "accept", Net: Addr{}.Network(), Addr: l.Addr(), Err: err}
		case s == nil:
			<-bell
		case s.accepted():
			return s, nil
		}
	}
}

func (l *listener) get() (*Stream, <-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, nil, l.err
	}
	if len(l.queue) == 0 {
		return nil, l.bell.wait(), nil
	}
	s := l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	return s, nil, nil
}

// Close closes the listener.
func (l *listener) Close() error {
	l.end(net.ErrClosed)
	return nil
}

func (l *listener) end(err error) {
	l.protocol.mu.Lock()
	if l.protocol.listener == l {
		l.protocol.listener = nil
	}
	l.protocol.mu.Unlock()
	l.mu.Lock()
	if l.err == nil {
		l.err = err
	}
	left := l.queue
	l.queue = nil
	l.bell.ring()
	l.mu.Unlock()
	for _, s := range left {
		s.decline()
	}
}

// Addr gives this node's Addr.
func (l *listener) Addr() net.Addr { return Addr{l.protocol.node.id, l.protocol.name} }
