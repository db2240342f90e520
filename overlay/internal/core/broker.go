package core

import (
	"slices"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// relay passes a signal on, or takes it if it is for this peer. Path and
// position say which way it goes; the sender is who the channel belongs to.
func (c *Core) relay(p *peer, m *signal.Relay, s *transport.Signal) {
	path, here := ids(m.Path), int(m.Position)
	honest := c.honest(path, here) && path[here-1] == p.id
	if honest && here == len(path)-1 {
		if s == nil || s.From != path[0] {
			c.stats.SignalsRefused++ // whoever garbled it: the path has no use for blame
			return
		}
		brokers := slices.Clone(path[1:here])
		slices.Reverse(brokers)
		c.takeSignal(Route{Brokers: brokers}, s)
		return
	}
	var next *peer
	if honest {
		next = c.peers[path[here+1]]
	}
	for _, e := range c.stepBroker(p, signal.BrokerRelay(honest, next.usable())) {
		switch e.Kind {
		case signal.BrokerFxPass:
			c.stats.Relayed++
			on := *m
			on.Position++
			c.send(next, &on)
		case signal.BrokerFxBounce:
			c.stats.Bounced++
			c.send(p, &signal.Bounce{Initiator: m.Initiator, Number: m.Number, Path: m.Path, Position: m.Position - 1})
		case signal.BrokerFxForged:
			c.forged(p)
		}
	}
}

// bounced passes on that a signal went no further, back to who sent it.
func (c *Core) bounced(p *peer, m *signal.Bounce) {
	path, here := ids(m.Path), int(m.Position)
	honest := len(path) >= 3 && here < len(path)-2 && path[here] == c.cfg.ID && path[here+1] == p.id && distinct(path)
	if honest && here == 0 {
		to := len(path) - 1
		c.unreachable(path[to], transport.SessionID{Initiator: m.Initiator, Number: m.Number}, path[1:to])
		return
	}
	var next *peer
	if honest {
		next = c.peers[path[here-1]]
	}
	for _, e := range c.stepBroker(p, signal.BrokerBounced(honest, next.usable())) {
		switch e.Kind {
		case signal.BrokerFxPass:
			back := *m
			back.Position--
			c.send(next, &back)
		case signal.BrokerFxForged:
			c.forged(p)
		}
	}
}

func (c *Core) forged(p *peer) {
	c.stats.Forged++
	c.violate(p, "relay with a path that lies")
}

func (c *Core) stepBroker(p *peer, ev signal.BrokerEvent) []signal.BrokerEffect {
	var fx signal.BrokerEffects
	from := c.broker.State
	edge := c.broker.Step(ev, &fx)
	if edge == signal.BrokerNever {
		c.bug("broker", from.String(), ev.Kind.String())
		return nil
	}
	c.trace("broker", p.id, uint8(from), uint8(edge), uint8(c.broker.State))
	return slices.Clone(fx.All())
}

// honest reports whether a relay's path can be: both ends and at least one
// broker, nobody twice, and this peer at its position.
func (c *Core) honest(path []transport.PeerID, here int) bool {
	return len(path) >= 3 && here > 0 && here < len(path) && path[here] == c.cfg.ID && distinct(path)
}

func distinct(path []transport.PeerID) bool {
	for i, p := range path {
		if slices.Contains(path[:i], p) {
			return false
		}
	}
	return true
}

func ids(path [][32]byte) []transport.PeerID {
	list := make([]transport.PeerID, len(path))
	for i, p := range path {
		list[i] = p
	}
	return list
}
