package overlay

import (
	"sync/atomic"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// Stats counts what a node has done since it began. Sessions is what is open
// now.
type Stats struct {
	Sessions        int
	SessionsOpened  uint64
	SessionsLost    uint64 // that this end did not close
	SignalsSent     uint64
	SignalsReceived uint64
	SignalsStale    uint64 // of attempts that are over, or repeated
	SignalsRefused  uint64 // wrong addressee, wrong offer, reflected
	SignalsDropped  uint64 // a channel that carried them was full
	BadSignatures   uint64
	Malformed       uint64 // messages and signals that no peer of this version sends
	Violations      uint64 // that cost a peer its session
	Relayed         uint64 // signals of others, passed on
	Bounced         uint64 // signals of others, that went no further
	Forged          uint64 // relays whose path lied
	Glares          uint64 // offers that crossed
	MessagesSent    uint64
	BytesSent       uint64
	MessagesDropped uint64 // of protocols that may lose some: a buffer here was full
	Streams         int    // open, or finished in one direction
	StreamsOpened   uint64 // by this end
	StreamsRefused  uint64 // that others opened
	FramesReceived  uint64
	BytesReceived   uint64
	Edges           uint64 // replayed on the referee; zero without Config.Audit
	Divergences     uint64 // that the referee found; must be zero
	Bugs            uint64 // events that the machines rule out; must be zero
}

// counts are the counters that all goroutines touch.
type counts struct {
	SignalsDropped, BadSignatures, Malformed       atomic.Uint64
	MessagesSent, BytesSent, Frames, BytesReceivd  atomic.Uint64
	Edges, Divergences, Bugs                       atomic.Uint64
	StreamsOpened, StreamsRefused, MessagesDropped atomic.Uint64
	Streams                                        atomic.Int64
}

func (c *counts) sent(n int) {
	c.MessagesSent.Add(1)
	c.BytesSent.Add(uint64(n))
}

func (c *counts) received(n int) {
	c.Frames.Add(1)
	c.BytesReceivd.Add(uint64(n))
}

// Stats gives the counters. After Close it gives the last ones.
func (n *Node) Stats() Stats {
	var s Stats
	read := func() {
		c := n.core.Stats()
		s = Stats{
			Sessions: len(n.core.Neighbors()), SessionsOpened: c.SessionsOpened, SessionsLost: c.SessionsLost,
			SignalsSent: c.SignalsSent, SignalsReceived: c.SignalsReceived, SignalsStale: c.SignalsStale,
			SignalsRefused: c.SignalsRefused, Violations: c.Violations,
			Relayed: c.Relayed, Bounced: c.Bounced, Forged: c.Forged, Glares: c.Glares,
		}
	}
	if !n.ask(read) {
		<-n.done // nobody works on the core any more
		read()
		s.Sessions = 0
	}
	c := &n.counts
	s.SignalsDropped, s.BadSignatures, s.Malformed = c.SignalsDropped.Load(), c.BadSignatures.Load(), c.Malformed.Load()
	s.MessagesSent, s.BytesSent = c.MessagesSent.Load(), c.BytesSent.Load()
	s.Streams, s.StreamsOpened, s.StreamsRefused = int(c.Streams.Load()), c.StreamsOpened.Load(), c.StreamsRefused.Load()
	s.MessagesDropped = c.MessagesDropped.Load()
	s.FramesReceived, s.BytesReceived = c.Frames.Load(), c.BytesReceivd.Load()
	s.Edges, s.Divergences, s.Bugs = c.Edges.Load(), c.Divergences.Load(), c.Bugs.Load()
	return s
}

// Neighbor is a peer with an open session.
type Neighbor struct {
	Peer      transport.PeerID
	Age       time.Duration // of the session
	RTT       time.Duration // of the last ping that was answered: the first is sent 1 s after the session has opened, or one Config.Heartbeat if that is less, then one each Config.Heartbeat; zero: not measured yet, or no heartbeat
	Protocols []string      // with arcs on it
}

// Neighbors lists the peers with an open session, in the order of their ids.
func (n *Node) Neighbors() []Neighbor {
	var list []Neighbor
	n.ask(func() {
		for _, c := range n.core.Neighbors() {
			list = append(list, Neighbor{c.Peer, n.now() - c.Since, c.RTT, c.Protocols})
		}
	})
	return list
}
