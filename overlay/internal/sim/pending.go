package sim

import (
	"slices"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// ItemKind is what an Item is.
type ItemKind uint8

// The kinds.
const (
	Described ItemKind = iota // a driver's events
	Gathered
	Up
	Down
	Message // the first message that waits on a session's control channel
	Signal  // a signal on its own: on an application's channel, or held up at a broker
	Hangup  // the application closes its channel
)

var kindNames = [...]string{"described", "gathered", "up", "down", "message", "signal", "hangup"}

func (k ItemKind) String() string { return kindNames[k] }

// Item is something that can happen now.
type Item struct {
	Kind     ItemKind
	From, To int
	Session  transport.SessionID
	Conn     uint64
	Signal   *transport.Signal
	relay    *message // a relay that was held up
	order    uint64
}

func (w *World) put(it *Item) {
	w.order++
	it.order = w.order
	w.pending = append(w.pending, it)
}

// Pending lists what can happen now, the oldest first.
func (w *World) Pending() []*Item { return w.pending }

// Lossy reports whether the network may lose, repeat or hold up an item: signals
// on their way, not what a reliable channel carries between neighbors.
func (w *World) Lossy(it *Item) bool {
	if it.Kind == Signal {
		return true
	}
	m, ok := w.head(it)
	if !ok {
		return false
	}
	switch m.msg.(type) {
	case *signal.Relay, *signal.Bounce:
		return true
	}
	return false
}

func (w *World) head(it *Item) (message, bool) {
	if it.Kind != Message {
		return message{}, false
	}
	s := w.Peers[it.To].end(it.Session)
	if s == nil || len(s.inbox) == 0 {
		return message{}, false
	}
	return s.inbox[0], true
}

func (w *World) remove(it *Item) {
	w.pending = slices.DeleteFunc(w.pending, func(x *Item) bool { return x == it })
}

// Deliver makes an item happen.
func (w *World) Deliver(it *Item) {
	w.tell(it.quiet(), "%s", described{w, it})
	w.remove(it)
	s := w.Peers[it.To].end(it.Session)
	switch it.Kind {
	case Described:
		if s != nil {
			s.told = true
			w.put(&Item{Kind: Gathered, To: it.To, Session: it.Session})
			w.Input(it.To, core.Described{ID: it.Session, D: *s.local})
		}
	case Gathered:
		if s != nil {
			in := core.Gathered{ID: it.Session, Last: true}
			if w.opts.Trickle {
				in.C = s.peer.candidates()
			}
			s.last = true
			w.Input(it.To, in)
		}
	case Up:
		w.Input(it.To, core.Up{ID: it.Session})
	case Down:
		if s != nil {
			s.over = true
			w.Input(it.To, core.Down{ID: it.Session})
		}
	case Message:
		if m, ok := w.pop(it, s); ok {
			w.Input(it.To, core.Received{ID: it.Session, Msg: m.msg, Signal: w.opened(m)})
		}
	case Signal:
		if it.relay == nil {
			w.Input(it.To, core.Signaled{Conn: it.Conn, Signal: it.Signal})
		} else if s != nil && s.up {
			w.Input(it.To, core.Received{ID: it.Session, Msg: it.relay.msg, Signal: w.opened(*it.relay)})
		}
	case Hangup:
		w.Input(it.To, core.CloseDoor{Conn: it.Conn})
	}
	w.told()
}

// pop takes the first message of an inbox, and lets the next one come.
func (w *World) pop(it *Item, s *end) (message, bool) {
	if s == nil || len(s.inbox) == 0 {
		return message{}, false
	}
	m := s.inbox[0]
	s.inbox = s.inbox[1:]
	if len(s.inbox) > 0 {
		w.put(&Item{Kind: Message, From: it.From, To: it.To, Session: it.Session})
	}
	return m, true
}

// opened is the signal in a relay, if it is for whom it reaches.
func (w *World) opened(m message) *transport.Signal {
	r, ok := m.msg.(*signal.Relay)
	if !ok || int(r.Position) != len(r.Path)-1 || len(r.Payload) != 8 {
		return nil
	}
	n := 0
	for _, b := range r.Payload {
		n = n<<8 | int(b)
	}
	if n >= w.signals.len() {
		return nil
	}
	return w.signals.get(n)
}

// Drop loses a lossy item.
func (w *World) Drop(it *Item) {
	w.tell(false, "lost: %s", described{w, it})
	w.remove(it)
	if it.Kind == Message {
		w.pop(it, w.Peers[it.To].end(it.Session))
	}
	w.told()
}

// Duplicate repeats a lossy item: it comes once in its place and once at any
// later time.
func (w *World) Duplicate(it *Item) {
	w.tell(false, "twice: %s", described{w, it})
	w.told()
	w.put(w.Copy(it))
}

// Copy gives a lossy item once more, for Deliver. It is not pending.
func (w *World) Copy(it *Item) *Item {
	if m, ok := w.head(it); ok {
		return &Item{Kind: Signal, From: it.From, To: it.To, Session: it.Session, relay: &m}
	}
	again := *it
	return &again
}

// Hold takes a lossy message out of its order: it comes at any later time.
func (w *World) Hold(it *Item) {
	m, ok := w.head(it)
	if !ok {
		return
	}
	w.tell(false, "held: %s", described{w, it})
	w.told()
	w.remove(it)
	w.pop(it, w.Peers[it.To].end(it.Session))
	w.put(&Item{Kind: Signal, From: it.From, To: it.To, Session: it.Session, relay: &m})
}
