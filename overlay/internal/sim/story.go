package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// story is the line that is being written: what happens, and what comes of it.
type story struct {
	head  string
	minor bool // not worth a line if nothing comes of it
	news  []string
	at    time.Duration
	noted time.Duration // the time, in the trace
}

func (w *World) quietly() bool { return w.opts.Log == nil && w.opts.Record == nil }

// tell begins a line.
func (w *World) tell(minor bool, format string, args ...any) {
	if w.quietly() {
		return
	}
	w.told()
	w.story.head, w.story.minor = fmt.Sprintf(format, args...), minor
}

func (w *World) news(format string, args ...any) {
	if !w.quietly() {
		w.story.news = append(w.story.news, fmt.Sprintf(format, args...))
	}
}

// told ends a line.
func (w *World) told() {
	s := &w.story
	if s.head != "" {
		w.record()
	}
	if w.opts.Log == nil || s.head == "" || s.minor && len(s.news) == 0 {
		s.head, s.news = "", nil
		return
	}
	if w.Now != s.at {
		s.at = w.Now
		w.opts.Log(fmt.Sprintf("-- %v", w.Now))
	}
	line := fmt.Sprintf("%-30s %s", s.head, strings.Join(s.news, ", "))
	w.opts.Log(strings.TrimRight(line, " "))
	s.head, s.news = "", nil
}

// trace judges an edge and tells of it.
func (w *World) trace(p *Peer, e core.Edge) {
	if w.opts.Trace != nil {
		w.opts.Trace(p.Index, e)
	}
	if w.opts.Referee != nil {
		if err := replay(w, e); err != nil {
			w.failed(p, "referee: %v", err)
		}
	}
	var from, to fmt.Stringer
	label := ""
	switch e.Machine {
	case "link":
		info := signal.LinkEdgeInfo(signal.LinkEdge(e.Edge))
		from, to, label = signal.LinkState(e.From), signal.LinkState(e.To), info.Label
		if leaves(signal.LinkState(e.From), info) {
			w.left = e
		}
	case "session":
		from, to, label = arc.SessionState(e.From), arc.SessionState(e.To), arc.SessionEdgeInfo(arc.SessionEdge(e.Edge)).Label
	default:
		return
	}
	switch name := w.Name(e.Peer); {
	case from == to && label != "":
		w.news("%s %v: %s", name, to, label)
	case from != to && label != "":
		w.news("%s %v by %s", name, to, label)
	case from != to:
		w.news("%s %v", name, to)
	}
}

func replay(w *World, e core.Edge) error {
	switch r := w.opts.Referee; e.Machine {
	case "link":
		return r.Link(signal.LinkState(e.From), signal.LinkEdge(e.Edge), signal.LinkState(e.To))
	case "broker":
		return r.Broker(signal.BrokerState(e.From), signal.BrokerEdge(e.Edge), signal.BrokerState(e.To))
	case "meeting":
		return r.Meeting(signal.MeetingState(e.From), signal.MeetingEdge(e.Edge), signal.MeetingState(e.To))
	case "session":
		return r.Session(arc.SessionState(e.From), arc.SessionEdge(e.Edge), arc.SessionState(e.To))
	default:
		return r.Arc(arc.ArcState(e.From), arc.ArcEdge(e.Edge), arc.ArcState(e.To))
	}
}

// Name gives a peer's name in stories: a letter.
func (w *World) Name(id transport.PeerID) string {
	if id.IsZero() {
		return "?"
	}
	return string(rune('a' + id[0] - 1))
}

func (w *World) letter(i int) string { return w.Name(w.Peers[i].ID) }

func (w *World) arrow(out bool, id transport.PeerID) string {
	if out {
		return "arc to " + w.Name(id)
	}
	return "arc from " + w.Name(id)
}

// protocol names one that is not the first.
func (w *World) protocol(name string) string {
	if name == w.opts.Protocols[0] {
		return ""
	}
	return " (" + name + ")"
}

// session names a session: a2 is a's second one, a3.1 the first of a's third boot.
func (w *World) session(id transport.SessionID) string {
	return w.Name(id.Initiator) + number(id.Number)
}

func number(n uint64) string {
	if boot := n >> 22; boot != 1 && n != 0 {
		return fmt.Sprintf("%d.%d", boot, n&(1<<22-1))
	}
	return fmt.Sprint(n & (1<<22 - 1))
}

// quiet reports whether an item is not worth a line if nothing comes of it.
func (it *Item) quiet() bool { return it.Kind != Message && it.Kind != Signal }

// Describe gives an item in a few words.
func (w *World) Describe(it *Item) string {
	from, to := w.letter(it.From), w.letter(it.To)
	switch {
	case it.Kind == Message:
		m, _ := w.head(it)
		return from + ">" + to + " " + w.describe(m)
	case it.relay != nil:
		return from + ">" + to + " " + w.describe(*it.relay)
	case it.Kind == Signal:
		return from + "~" + to + " " + w.word(it.Signal)
	case it.Kind == Hangup:
		return to + " closes its channel to " + w.letter(door(it.Conn))
	}
	return to + " " + it.Kind.String() + " " + w.session(it.Session)
}

func (w *World) describe(m message) string {
	switch x := m.msg.(type) {
	case *signal.Relay:
		to := " for " + w.Name(x.Path[len(x.Path)-1])
		if int(x.Position) == len(x.Path)-1 {
			to = ""
		}
		if s := w.payload(x); s != nil {
			return w.word(s) + to
		}
		return "relay" + to
	case *signal.Bounce:
		return "bounce " + w.session(transport.SessionID{Initiator: x.Initiator, Number: x.Number})
	case *signal.Meet:
		return fmt.Sprintf("meet %d: %s", x.Meeting, w.Name(x.To))
	case *signal.Invite:
		return fmt.Sprintf("invite %d", x.Meeting)
	case *signal.Met:
		return fmt.Sprintf("met %d: %v", x.Meeting, x.Result)
	case *arc.Hello:
		return "hello " + w.session(transport.SessionID{Initiator: x.Initiator, Number: x.Number})
	case *arc.Deny:
		return fmt.Sprintf("deny, version %d", x.Version)
	case *arc.Bind:
		return fmt.Sprintf("bind %d, channel %d", x.Arc, x.Channel) + w.protocol(x.Protocol)
	case *arc.Bound:
		return fmt.Sprintf("bound %d, channel %d", x.Arc, x.Channel)
	case *arc.Refused:
		return fmt.Sprintf("refused %d", x.Arc)
	case *arc.Unbind:
		return fmt.Sprintf("unbind %d, mine %v", x.Arc, x.Mine)
	case *arc.Turn:
		return fmt.Sprintf("turn %d, mine %v", x.Arc, x.Mine)
	case nil:
		return "nothing"
	}
	return strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", m.msg), "*arc."))
}

func (w *World) payload(r *signal.Relay) *transport.Signal {
	last := *r
	last.Position = uint8(len(r.Path) - 1)
	return w.opened(message{msg: &last})
}

func (w *World) word(s *transport.Signal) string {
	switch s.Kind {
	case transport.Reset:
		return fmt.Sprintf("reset %s%s %s%s", w.Name(s.From), number(s.Mine), w.Name(s.To), number(s.Yours))
	case transport.Reject:
		return fmt.Sprintf("reject %s: %v", w.session(s.Session), s.Reason)
	}
	return fmt.Sprintf("%v %s", s.Kind, w.session(s.Session))
}

// Dump shows the state of the world, for a test that fails.
func (w *World) Dump() string {
	var b strings.Builder
	fmt.Fprintf(&b, "at %v\n", w.Now)
	for _, p := range w.Peers {
		fmt.Fprintf(&b, "%s alive=%v sessions=%d\n%s", w.Name(p.ID), p.Alive, len(p.ends), p.Core.Dump())
	}
	for _, it := range w.pending {
		fmt.Fprintf(&b, "pending: %s\n", w.Describe(it))
	}
	for _, c := range w.calls {
		if c.Ended == 0 && !c.Lost {
			fmt.Fprintf(&b, "waiting: %s\n", c.Text)
		}
	}
	return b.String()
}

var signalEvents = []string{"Offer", "Answer", "adopt", "Candidates", "Reset", "Reject"}

// leaves reports whether an edge leaves, because of a signal, an attempt that
// the other end has agreed to.
func leaves(from signal.LinkState, e signal.EdgeInfo) bool {
	switch from {
	case signal.LinkAnswering, signal.LinkFinalizing, signal.LinkOpen:
		return slices.Contains(signalEvents, e.Event) && (e.From != e.To || e.Label == "renew" || e.Label == "replace" || e.Label == "switch")
	}
	return false
}

// because says why an arc closed, and how many did with it.
func because(e core.Closed) string {
	if e.Arcs > 1 {
		return fmt.Sprintf("%v (%d at once)", e.Cause, e.Arcs)
	}
	return e.Cause.String()
}
