package core

import (
	"slices"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/transport"
)

// hold keeps this end from ending or turning one arc of a protocol to a peer:
// it does not say which, so of n arcs under h holds, n - h can go. The last arc
// that goes without asking (the other end ends it, the session is lost, the
// protocol is closed) takes the holds with it.
type hold struct {
	protocol string
	call     uint64 // its name
}

// inOutview reports whether an arc is open and leaves here.
func (a *anArc) inOutview(protocol string) bool {
	return a.m.Out && a.protocol == protocol && a.m.State == arc.ArcUp
}

// outArcs counts the open arcs of a protocol's outview to p.
func (p *peer) outArcs(protocol string) (n int) {
	for _, a := range p.arcs {
		if a.inOutview(protocol) {
			n++
		}
	}
	return n
}

func (p *peer) holdsOf(protocol string) (n int) {
	for _, h := range p.holds {
		if h.protocol == protocol {
			n++
		}
	}
	return n
}

// hold takes a hold, if there is an arc.
func (c *Core) hold(in Hold) {
	p := c.peers[in.To]
	if p == nil || p.outArcs(in.Protocol) == 0 {
		c.notDone(in.Call, in.Protocol, in.To, ErrNotNeighbor)
		return
	}
	p.holds = append(p.holds, hold{in.Protocol, in.Call})
	c.emit(Done{Call: in.Call, Peer: in.To})
}

// release ends a hold; one that is over already is no fault.
func (c *Core) release(in Release) {
	if p := c.peers[in.To]; p != nil {
		p.holds = slices.DeleteFunc(p.holds, func(h hold) bool { return h.call == in.Hold })
	}
}

// endHolds forgets the holds of a protocol when its last arc to p has gone.
func (p *peer) endHolds(protocol string) {
	if len(p.holds) > 0 && p.outArcs(protocol) == 0 {
		p.holds = slices.DeleteFunc(p.holds, func(h hold) bool { return h.protocol == protocol })
	}
}

// disconnect ends the youngest arc of the outview to a peer.
func (c *Core) disconnect(in Disconnect) {
	p, a, err := c.spare(in.Protocol, in.To)
	if err != nil {
		c.notDone(in.Call, in.Protocol, in.To, err)
		return
	}
	c.endArc(p, a, arc.ArcDisconnect())
	c.emit(Done{Call: in.Call, Peer: in.To})
}

// reverse gives the youngest arc of the outview to a peer away to it. It is
// turned here at once and there as soon as the peer hears of it: nobody answers,
// for nobody else could turn it meanwhile.
func (c *Core) reverse(in Reverse) {
	p, a, err := c.spare(in.Protocol, in.To)
	if err != nil {
		c.notDone(in.Call, in.Protocol, in.To, err)
		return
	}
	c.stepArc(p, a, arc.ArcGive())
	c.emit(Done{Call: in.Call, Peer: in.To})
}

// spare gives the youngest arc of a protocol's outview to a peer, if there are
// more than are held.
func (c *Core) spare(protocol string, to transport.PeerID) (*peer, *anArc, error) {
	p := c.peers[to]
	if p == nil {
		return nil, nil, ErrNotNeighbor
	}
	for _, a := range slices.Backward(p.arcs) {
		switch {
		case !a.inOutview(protocol):
		case p.outArcs(protocol) <= p.holdsOf(protocol):
			return nil, nil, ErrHeld
		default:
			return p, a, nil
		}
	}
	return nil, nil, ErrNotNeighbor
}

func (c *Core) notDone(call uint64, protocol string, to transport.PeerID, err error) {
	c.emit(Done{call, to, &Failed{Protocol: protocol, Peer: to, Err: err}})
}

// turn turns an arc at the other end's word, which held it. One that is gone
// here has crossed our Unbind.
func (c *Core) turn(p *peer, m *arc.Turn) bool {
	a := p.find(!m.Mine, m.Arc)
	return a == nil || c.tryArc(p, a, arc.ArcTurn())
}
