package sim

import (
	"errors"
	"maps"
	"slices"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Disconnect has peer i end an arc to peer j.
func (w *World) Disconnect(i, j int) uint64 { return w.DisconnectAs(w.opts.Protocols[0], i, j) }

// DisconnectAs does so for a protocol.
func (w *World) DisconnectAs(protocol string, i, j int) uint64 {
	return w.onArc("disconnect", protocol, i, j, func(id uint64, to transport.PeerID) core.Input {
		return core.Disconnect{Call: id, Protocol: protocol, To: to}
	})
}

// Reverse has peer i turn an arc to peer j round.
func (w *World) Reverse(i, j int) uint64 { return w.ReverseAs(w.opts.Protocols[0], i, j) }

// ReverseAs does so for a protocol.
func (w *World) ReverseAs(protocol string, i, j int) uint64 {
	return w.onArc("reverse", protocol, i, j, func(id uint64, to transport.PeerID) core.Input {
		return core.Reverse{Call: id, Protocol: protocol, To: to}
	})
}

// HoldArc has peer i hold an arc to peer j.
func (w *World) HoldArc(i, j int) uint64 { return w.HoldArcAs(w.opts.Protocols[0], i, j) }

// HoldArcAs does so for a protocol.
func (w *World) HoldArcAs(protocol string, i, j int) uint64 {
	id := w.onArc("hold", protocol, i, j, func(id uint64, to transport.PeerID) core.Input {
		return core.Hold{Call: id, Protocol: protocol, To: to}
	})
	if err, ended := w.Result(id); ended && err == nil {
		p := w.Peers[i]
		p.held = maps.Clone(p.held)
		if p.held == nil {
			p.held = map[uint64]Arc{}
		}
		p.held[id] = Arc{protocol, w.Peers[j].ID}
	}
	return id
}

// ReleaseArc has peer i end the hold that a call has taken.
func (w *World) ReleaseArc(i int, hold uint64) {
	c, p := w.calls[hold-1], w.Peers[i]
	w.tell(false, "%s releases hold %d of %s", w.letter(i), c.turn, w.letter(c.To))
	p.held = maps.Clone(p.held)
	delete(p.held, hold)
	w.Input(i, core.Release{Hold: hold, To: w.Peers[c.To].ID})
}

// onArc makes a call that concerns an arc of peer i to peer j and ends at once.
// That it ends as it must is checked against what the peer's events and its holds
// say.
func (w *World) onArc(kind, protocol string, i, j int, input func(call uint64, to transport.PeerID) core.Input) uint64 {
	p, to := w.Peers[i], w.Peers[j].ID
	arc := Arc{protocol, to}
	var want error
	out := p.Out[arc]
	left := out
	switch {
	case out == 0:
		want = core.ErrNotNeighbor
	case kind != "hold" && out <= p.holds(arc):
		want = core.ErrHeld
	case kind != "hold":
		left--
	}
	text := kind + "s " + w.letter(j) + w.protocol(protocol)
	id := w.call(i, &Call{Kind: kind, To: j, protocol: protocol}, text, func(id uint64) core.Input { return input(id, to) })
	if c := w.calls[id-1]; p.Alive && (!c.AtOnce || !errors.Is(c.Err, want)) {
		w.failed(p, "call %q ended=%v: %v, want %v", c.Text, c.AtOnce, c.Err, want)
	} else if p.Alive && p.Out[arc] != left {
		w.failed(p, "call %q leaves %d arcs of %d, want %d", c.Text, p.Out[arc], out, left)
	}
	return id
}

// Holds lists a peer's holds by the calls that took them, the oldest first.
func (p *Peer) Holds() []uint64 { return slices.Sorted(maps.Keys(p.held)) }

// holds counts the holds of a peer's arcs of one kind.
func (p *Peer) holds(arc Arc) (n int) {
	for _, a := range p.held {
		if a == arc {
			n++
		}
	}
	return n
}

// endHolds forgets the holds of arcs of one kind: the last of these has gone.
func (p *Peer) endHolds(arc Arc) {
	if p.holds(arc) > 0 {
		p.held = maps.Clone(p.held)
		maps.DeleteFunc(p.held, func(_ uint64, a Arc) bool { return a == arc })
	}
}
