package overlay

import (
	"context"
	"iter"
	"sync"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Event is what happened to a protocol's arcs: ArcOpened, ArcClosed, ArcFailed
// or Lagged; or to the tracks that its peers send: TrackAdded or TrackEnded. Of
// each arc that opens, opening and closing are told once, in that order. An arc
// that turns round closes in one direction and opens in the other, one event
// right after the other.
type Event interface{ event() }

// Direction tells the two views apart.
type Direction uint8

// The directions.
const (
	Out Direction = iota // from this node: the outview
	In                   // to this node: the inview
)

func (d Direction) String() string {
	if d == Out {
		return "out"
	}
	return "in"
}

// Cause is why an arc closed.
type Cause uint8

// The causes. Crashed and Idle say how a session was lost: the driver or the
// protocol ended it for a reason (its connection was reset, the peer's process
// ended it without a farewell, the peer broke the rules), or nothing was heard of
// the peer for as long as the driver or the heartbeat has patience.
const (
	Here    = Cause(core.Here)    // this end closed it
	There   = Cause(core.There)   // the other end closed it
	Left    = Cause(core.Left)    // the other end left the network
	Crashed = Cause(core.Crashed) // the session was lost
	Idle    = Cause(core.Idle)    // the session was given up, for the other end fell silent
	Turned  = Idle + 1            // the arc goes the other way now: Protocol.Reverse, at this end or the other one
)

func (c Cause) String() string {
	if c == Turned {
		return "turned"
	}
	return core.Cause(c).String()
}

// ArcOpened says that an arc has begun, or that one has turned into this
// direction (then no session is new).
type ArcOpened struct {
	Peer       transport.PeerID
	Direction  Direction
	NewSession bool               // a session was made for it
	Via        []transport.PeerID // by these brokers, from this end on; none: an entrance, or another channel
}

// ArcClosed says that an arc has ended.
type ArcClosed struct {
	Peer      transport.PeerID
	Direction Direction
	Cause     Cause
	Arcs      int // of this protocol with this peer, in both directions, that ended at once; each has its own event
}

// ArcFailed says that an arc of this node's, asked for here or by a neighbor,
// did not come to be. Err is a *ConnectError.
type ArcFailed struct {
	Peer transport.PeerID
	Via  []transport.PeerID
	Err  error
}

// Lagged says that this reader was too slow: as many events were dropped here.
type Lagged struct{ Missed int }

func (ArcOpened) event() {}
func (ArcClosed) event() {}
func (ArcFailed) event() {}
func (Lagged) event()    {}

// eventBuffer is how many events wait for a slow reader.
const eventBuffer = 1024

// Events gives what happens from this call on, until ctx ends or the protocol
// is closed. Each call has its own buffer of 1024 events; when it is full, newer
// ones are dropped and Lagged says how many. Range over it from one goroutine.
func (p *Protocol) Events(ctx context.Context) iter.Seq[Event] {
	s := &subscription{wake: make(chan struct{}, 1)}
	p.mu.Lock()
	if p.subscribers == nil {
		p.subscribers = map[*subscription]struct{}{}
	}
	p.subscribers[s] = struct{}{}
	p.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { p.unsubscribe(s) })
	return func(yield func(Event) bool) {
		defer p.unsubscribe(s)
		defer stop()
		for {
			for _, e := range s.take() {
				if !yield(e) {
					return
				}
			}
			select {
			case <-s.wake:
			case <-ctx.Done():
				return
			case <-p.closed:
				for _, e := range s.take() { // what happened until then
					if !yield(e) {
						return
					}
				}
				return
			}
		}
	}
}

func (p *Protocol) unsubscribe(s *subscription) {
	p.mu.Lock()
	delete(p.subscribers, s)
	p.mu.Unlock()
}

// subscription is one reader's buffer.
type subscription struct {
	mu     sync.Mutex
	events []Event
	missed int
	wake   chan struct{}
}

func (s *subscription) put(e Event) {
	s.mu.Lock()
	switch {
	case len(s.events) >= eventBuffer:
		s.missed++
	default:
		if s.missed > 0 {
			s.events = append(s.events, Lagged{s.missed})
			s.missed = 0
		}
		s.events = append(s.events, e)
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscription) take() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.events
	s.events = nil
	if s.missed > 0 {
		list = append(list, Lagged{s.missed})
		s.missed = 0
	}
	return list
}
