package overlay

import (
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Machine is one of a node's state machines as it is now. What its states mean
// is in spec/protocol.md.
type Machine struct {
	Name     string           // link, session, exchange, arc or meeting
	Peer     transport.PeerID // the other end
	State    string
	Protocol string // of an arc or a meeting
	Out      bool   // of an arc: it leaves this node
}

// Machines lists a node's machines: for each peer that it remembers a link and a
// session, the exchange if that session is open and may carry media, and the arcs
// by age, in the order of the PeerIDs; then the meetings. It is for people who
// watch, and costs the node some microseconds. After Close it gives nothing.
func (n *Node) Machines() []Machine {
	var list []Machine
	n.ask(func() {
		for _, m := range n.core.Machines() {
			list = append(list, Machine(m))
		}
	})
	return list
}

// Step is one edge that a machine took, in the words of its spec.
type Step struct {
	At      time.Duration // since the node began
	Machine string        // link, broker, meeting, session, arc or exchange
	Peer    transport.PeerID
	From    string
	Event   string
	Label   string // of the rule; as a rule it has none
	To      string
	Line    int // of the rule, in the spec of its machine
}

func (n *Node) stepOf(e core.Edge) Step {
	var i signal.EdgeInfo
	switch e.Machine {
	case "link":
		i = signal.LinkEdgeInfo(signal.LinkEdge(e.Edge))
	case "broker":
		i = signal.BrokerEdgeInfo(signal.BrokerEdge(e.Edge))
	case "meeting":
		i = signal.MeetingEdgeInfo(signal.MeetingEdge(e.Edge))
	case "session":
		i = signal.EdgeInfo(arc.SessionEdgeInfo(arc.SessionEdge(e.Edge)))
	case "exchange":
		i = signal.EdgeInfo(media.ExchangeEdgeInfo(media.ExchangeEdge(e.Edge)))
	case "arc":
		i = signal.EdgeInfo(arc.ArcEdgeInfo(arc.ArcEdge(e.Edge)))
	}
	return Step{n.now(), e.Machine, e.Peer, i.From, i.Event, i.Label, i.To, i.Line}
}
