package verify

import (
	"fmt"
	"strings"

	"github.com/n2n-overlay/n2n/fsm/arc"
)

// maxArcs bounds N: each end asks for so many arcs.
const maxArcs = 2

// maxQueue bounds the messages on their way to one end; more is a fault of this
// world, which says so.
const maxQueue = 16

// lineState is what one end's link does, as far as the session can tell.
type lineState uint8

const (
	off lineState = iota
	dialing
	greeting // joined, but the other end's hello is still to come
	usable
)

// message is one on a control channel; 0 is none.
type message uint8

const (
	bind     message = 1 + iota*maxArcs // and the number of the arc
	bound                               //
	unbind                              // of an arc of its sender's
	unbindIn                            // of an arc of its receiver's
	turned                              // of an arc of its sender's
	turnedIn                            // of an arc of its receiver's
	bye
	agree
	stay
)

// ends are the two ends of the one session of a pair, with their arcs.
type ends struct {
	session [2]arc.Session
	out     [2][maxArcs]arc.Arc // an end's own
	in      [2][maxArcs]arc.Arc // the other end's, as this end knows them
	line    [2]lineState
	answers uint8                // the end that answered the session under way; its link keeps what the other wants
	queue   [2][maxQueue]message // on its way to an end, in order
	breaks  uint8
	fails   uint8
	gives   uint8
	early   uint8
	turns   uint8
	failed  bool // a request has failed
}

// endBudget bounds the world of ends.
type endBudget struct {
	N      int   // arcs that each end asks for
	Breaks uint8 // sessions that break
	Fails  uint8 // attempts that fail
	Gives  uint8 // requests that are cancelled or time out
	Early  uint8 // closing timers that fire although the other end's word is to come
	Turns  uint8 // arcs that are turned round
}

func (b endBudget) String() string {
	return fmt.Sprintf("N%d breaks %d fails %d gives %d early %d turns %d", b.N, b.Breaks, b.Fails, b.Gives, b.Early, b.Turns)
}

// happening is what can happen at an end.
type happening uint8

const (
	request happening = iota + 1
	receive
	disconnect   // an arc of its own
	disconnectIn // an arc of the other end's
	give         // an arc of its own is turned
	giveIn       // an arc of the other end's
	cancel
	timeout
	linger
	parting
	greeted // the other end's hello arrives
	lost    // the other end has left the session
	fail    // the attempt fails
	broken  // the session breaks
	meet    // of both: an attempt gets through
)

var happeningNames = []string{"", "request", "receives", "disconnects", "disconnects the other's", "turns", "turns the other's", "cancels", "request times out", "linger", "parting", "up", "the other end has left", "the attempt fails", "the session breaks", "the links join"}

type endTurn struct {
	end  int
	what happening
	arc  int
}

// endWorld is the model.
type endWorld struct {
	endBudget
	wrong design
}

// design is a way to build the ends wrong: see TestWrongEnds.
type design uint8

const (
	right      design = iota
	closesOnce        // linger closes at once, without a handshake
	losesAgree        // nobody hears that the other end agrees to close
	countsArcs        // arcs that end are counted, not known by their numbers
	namesByWay        // an arc that ends is named by the way it goes, not by who asked for it
)

func (m endWorld) starts() []ends {
	return []ends{{breaks: m.Breaks, fails: m.Fails, gives: m.Gives, early: m.Early, turns: m.Turns}}
}

func (m endWorld) next(w ends, visit func(endTurn, ends, string)) {
	for p := range 2 {
		for i := range m.N {
			for _, what := range []happening{request, disconnect, disconnectIn, give, giveIn, cancel, timeout} {
				if w.can(p, i, what) {
					m.visit(w, endTurn{p, what, i}, visit)
				}
			}
		}
		for _, what := range []happening{receive, linger, parting, greeted, lost, fail, broken, meet} {
			if w.may(p, what) {
				m.visit(w, endTurn{p, what, 0}, visit)
			}
		}
	}
}

func (m endWorld) visit(w ends, t endTurn, visit func(endTurn, ends, string)) {
	x := endStep{ends: w, p: t.end, wrong: m.wrong}
	x.take(t)
	if x.fault == "" {
		x.fault = x.check()
	}
	visit(t, x.ends, x.fault)
}

func waits(a arc.Arc) bool { return a.State == arc.ArcAsked || a.State == arc.ArcOpening }

// can reports what may happen to an arc.
func (w *ends) can(p, i int, what happening) bool {
	a := w.out[p][i]
	switch what {
	case request: // in their order
		return a.State == arc.ArcFresh && (i == 0 || w.out[p][i-1].State != arc.ArcFresh)
	case disconnect:
		return a.State == arc.ArcUp
	case disconnectIn:
		return w.in[p][i].State == arc.ArcUp
	case give:
		return a.State == arc.ArcUp && a.Out && w.turns > 0
	case giveIn:
		return w.in[p][i].State == arc.ArcUp && w.in[p][i].Out && w.turns > 0
	case cancel:
		return waits(a) && w.gives > 0
	}
	return a.Request && w.gives > 0 // timeout
}

// joined: this end has a session in hand.
func (w *ends) joined(p int) bool { return w.line[p] >= greeting }

func (w *ends) may(p int, what happening) bool {
	s := &w.session[p]
	switch what {
	case receive:
		return w.line[p] == usable && w.queue[p][0] != 0
	case linger:
		return s.Linger
	case parting:
		return s.Parting && w.early > 0
	case greeted:
		return w.line[p] == greeting
	case lost:
		return w.joined(p) && !w.joined(1-p)
	case fail:
		return w.fails > 0 && w.line[p] == dialing
	case broken:
		return w.breaks > 0 && w.joined(p)
	}
	// An attempt gets through when neither end has a session. If both dial, end
	// 0 yields, as it does in the pair world.
	return w.line[p] == dialing && !w.joined(1-p) && (w.line[1-p] == off || p == 1)
}

func (m endWorld) text(w ends, t endTurn) string {
	what := happeningNames[t.what]
	switch {
	case t.what == receive:
		what += " " + w.queue[t.end][0].String()
	case t.what <= timeout:
		what += fmt.Sprintf(" %d", t.arc)
	}
	x := endStep{ends: w, p: t.end, wrong: m.wrong}
	x.take(t)
	return fmt.Sprintf("%s: %-28s %v -> %v", endNames[t.end], what, w.session[t.end].State, x.session[t.end].State)
}

func (m message) String() string {
	names := []string{"Bind", "Bound", "Unbind", "Unbind of ours", "Turn", "Turn of ours"}
	if m < bye {
		return fmt.Sprintf("%s %d", names[int(m-1)/maxArcs], int(m-1)%maxArcs)
	}
	return map[message]string{bye: "Bye", agree: "Agree", stay: "Stay"}[m]
}

func (m endWorld) show(w ends) string {
	var out []string
	for p := range 2 {
		s := w.session[p]
		out = append(out, fmt.Sprintf("%s %v arcs=%d wants=%d out=%v,%v in=%v,%v", endNames[p], s.State, s.Arcs, s.Wants,
			w.out[p][0].State, w.out[p][1].State, w.in[p][0].State, w.in[p][1].State))
	}
	return strings.Join(out, "; ")
}
