package core

import (
	"maps"
	"slices"

	"github.com/n2n-overlay/n2n/transport"
)

// Machine is one machine as it is now, for who wants to watch. Protocol and Out
// are an arc's; a meeting's Peer is the neighbor that was asked.
type Machine struct {
	Name     string // link, session, exchange, arc, meeting
	Peer     transport.PeerID
	State    string
	Protocol string
	Out      bool
}

// Machines lists the machines of every peer that is known, in the order of the
// ids: its link and its session, the exchange of an open session that may carry
// media, the arcs by age, and then the meetings. The broker remembers nothing: it
// has one state.
func (c *Core) Machines() []Machine {
	var list []Machine
	for _, p := range c.inOrder() {
		list = append(list,
			Machine{Name: "link", Peer: p.id, State: p.link.State.String()},
			Machine{Name: "session", Peer: p.id, State: p.session.State.String()})
		if p.usable() && p.at.media.m.Able {
			list = append(list, Machine{Name: "exchange", Peer: p.id, State: p.at.media.m.State.String()})
		}
		for _, a := range p.arcs {
			list = append(list, Machine{Name: "arc", Peer: p.id, State: a.m.State.String(), Protocol: a.protocol, Out: a.m.Out})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.meetings)) {
		m := c.meetings[id]
		list = append(list, Machine{Name: "meeting", Peer: m.from, State: m.m.State.String(), Protocol: m.protocol})
	}
	return list
}
