package overlay

import (
	"context"
	"sync"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Disconnect ends one arc of the outview to a peer, the youngest. It does not
// wait for the other end, which learns of it in order with what this node does
// next. Errors: a *ConnectError with ErrNotNeighbor if there is no such arc, with
// ErrHeld if all such arcs are held, ErrClosed, or the context's.
func (p *Protocol) Disconnect(ctx context.Context, to transport.PeerID) error {
	return p.onArc(ctx, "disconnect", to, func(call uint64) core.Input {
		return core.Disconnect{Call: call, Protocol: p.name, To: to}
	})
}

// Reverse turns one arc of the outview to a peer round, the youngest: it is one
// of the inview then, and one of the peer's outview. The peer is not asked, and
// nothing is set up anew. Reverse does not wait for the other end: this node's
// views change at once, the peer's as soon as it hears of it, half a round trip
// later; in between neither end can disconnect or reverse the arc. Events tell
// of it as ArcClosed{Out, Turned} and ArcOpened{In}, at the peer the other way
// round. Errors as of Disconnect.
func (p *Protocol) Reverse(ctx context.Context, to transport.PeerID) error {
	return p.onArc(ctx, "reverse", to, func(call uint64) core.Input {
		return core.Reverse{Call: call, Protocol: p.name, To: to}
	})
}

// Hold keeps Disconnect and Reverse of this end from one of the arcs of the
// outview to a peer, until it is released. A hold counts, it does not name an
// arc: of n arcs under h holds, n - h can be ended or reversed, and the rest is
// ErrHeld. So each part of a program may hold the arc that it relies on without
// knowing of the others.
//
// A hold binds this end's Disconnect and Reverse alone. The other end may close
// its protocol, or leave; a session may be lost; Close of the protocol or the
// node ends every arc. When the last arc of the outview to that peer has ended so,
// its holds are over as well: a later arc to the same peer is not held.
//
// release may be called any number of times, from any goroutine, and after all
// of that: it ends its own hold or nothing. It waits for nothing but room in the
// node's queue, and what is called after it finds the hold released. Errors: a
// *ConnectError with ErrNotNeighbor if there is no such arc; ErrClosed.
func (p *Protocol) Hold(to transport.PeerID) (release func(), err error) {
	var hold uint64
	err = p.onArc(context.Background(), "hold", to, func(call uint64) core.Input {
		hold = call
		return core.Hold{Call: call, Protocol: p.name, To: to}
	})
	if err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() { p.node.post(core.Release{Hold: hold, To: to}) }), nil
}

// onArc makes a call that concerns an arc that there is, and that the core
// answers at once.
func (p *Protocol) onArc(ctx context.Context, what string, to transport.PeerID, input func(call uint64) core.Input) error {
	select {
	case <-p.closed:
		return ErrClosed
	default:
	}
	_, err := p.node.call(ctx, input)
	if e, ok := err.(*ConnectError); ok {
		e.what = what
	}
	return err
}

// tell keeps the views and gives news to whoever listens.
func (n *Node) tell(e core.Effect) {
	switch e := e.(type) {
	case core.Opened:
		n.log.Debug("arc opened", "protocol", e.Protocol, "peer", e.Peer.Short(), "out", e.Out, "brokers", len(e.Via), "new", e.NewSession)
		n.protocol(e.Protocol).tell(ArcOpened{Peer: e.Peer, Direction: direction(e.Out), NewSession: e.NewSession, Via: e.Via}, e.Out, e.Peer, 1)
	case core.Closed:
		n.log.Debug("arc closed", "protocol", e.Protocol, "peer", e.Peer.Short(), "out", e.Out, "cause", e.Cause, "arcs", e.Arcs)
		n.protocol(e.Protocol).tell(ArcClosed{Peer: e.Peer, Direction: direction(e.Out), Cause: Cause(e.Cause), Arcs: e.Arcs}, e.Out, e.Peer, -1)
	case core.Reversed:
		n.log.Debug("arc reversed", "protocol", e.Protocol, "peer", e.Peer.Short(), "out", e.Out)
		n.protocol(e.Protocol).reversed(e.Peer, e.Out)
	case core.Failed:
		n.log.Debug("arc failed", "protocol", e.Protocol, "peer", e.Peer.Short(), "err", e.Err)
		n.protocol(e.Protocol).tell(ArcFailed{Peer: e.Peer, Via: e.Via, Err: connectError(context.Background(), &e)}, true, e.Peer, 0)
	}
}

func direction(out bool) Direction {
	if out {
		return Out
	}
	return In
}

// tell changes a view and says so, so that who reads an event finds the view as
// it says.
func (p *Protocol) tell(e Event, out bool, peer transport.PeerID, change int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.count(out, peer, change)
	for s := range p.subscribers {
		s.put(e)
	}
	pp, arcs := p.pipes[peer], p.out[peer]+p.in[peer]
	p.mu.Unlock()
	if pp != nil && change < 0 && arcs == 0 {
		pp.mux.end(ErrNotNeighbor, false)
	}
}

// reversed moves an arc from one view to the other in one step: a Send to the
// peer meanwhile finds it in one of them.
func (p *Protocol) reversed(peer transport.PeerID, out bool) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count(!out, peer, -1)
	p.count(out, peer, 1)
	for s := range p.subscribers {
		s.put(ArcClosed{Peer: peer, Direction: direction(!out), Cause: Turned, Arcs: 1})
		s.put(ArcOpened{Peer: peer, Direction: direction(out)})
	}
}

// count changes a view. The caller has locked p.
func (p *Protocol) count(out bool, peer transport.PeerID, change int) {
	view := p.in
	if out {
		view = p.out
	}
	if view[peer] += change; view[peer] == 0 {
		delete(view, peer)
	}
}
