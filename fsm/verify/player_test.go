package verify

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/spec"
)

// link is a link machine of any spec, as small as its numbers are here: the
// state, and the parameters, variables and timers in the order of the spec.
type link struct {
	state uint8
	slot  [7]uint8
}

// Events of a link in the pair world. The values are in the comments.
type eventKind uint8

const (
	connect eventKind = iota // a: our next number
	offer                    // a: n
	answer                   // a: n, b: h
	reset                    // a: m, b: y
	up                       // a: 1 if the attempt is our own
	down                     // likewise
	setup
	retry
	eventKinds
	join = eventKinds // of the driver sessions: no event of a link's
)

var eventNames = [eventKinds]string{"connect", "Offer", "Answer", "Reset", "up", "down", "setup", "retry"}

// eventParams names the values a and b in the spec. Others are 0 here.
var eventParams = [eventKinds][]string{{"n"}, {"n"}, {"n", "h"}, {"m", "y"}, {"own"}, {"own"}, {}, {}}

type event struct {
	kind eventKind
	a, b uint8
}

// Effects that matter in the pair world.
type effectKind uint8

const (
	ignored    effectKind = iota // timers are in the machine, callers are not here
	create                       // a: n
	accept                       // a: n
	finish                       // a: n
	closeAll                     // the driver session at hand
	shut                         // a: 1 if it is of our own offer (negative specs only)
	sendOffer                    // a: n
	sendAnswer                   // a: n, b: h
	sendReset                    // a: m, b: y
	strange                      // one that has no place in this world
)

type effect struct {
	kind effectKind
	a, b uint8
}

// outcome is what a link does with an event.
type outcome struct {
	next  link
	edge  uint16 // 0: the spec says never
	fx    [8]effect
	count uint8
	fault string // a number left its bound, or an invariant does not hold
}

// player interprets links.
type player interface {
	fresh(polite bool) link
	play(l link, ev event) outcome
	edge(i uint16) string
	state(l link) string
	slot(name string) int // where a variable or timer is
}

func load(t *testing.T, path string) *spec.Spec {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Load(path, src)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func machine(t *testing.T, s *spec.Spec, name string) *spec.Machine {
	t.Helper()
	i := slices.IndexFunc(s.Machines, func(m *spec.Machine) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("%s has no machine %s", s.File, name)
	}
	return s.Machines[i]
}

// interpreted plays any spec's machine link. What it has worked out once it
// remembers: a machine has few configurations, and its worlds have many.
type interpreted struct {
	m     *spec.Machine
	ons   [eventKinds]*spec.On // nil: the spec does not know it
	known map[question]outcome
}

type question struct {
	l  link
	ev event
}

func interpret(t *testing.T, m *spec.Machine) *interpreted {
	t.Helper()
	if n := len(m.Slots()); n > len(link{}.slot) {
		t.Fatalf("%s has %d values: a link of this world has room for %d", m.Name, n, len(link{}.slot))
	}
	p := &interpreted{m: m, known: map[question]outcome{}}
	for _, on := range m.Ons {
		if i := slices.Index(eventNames[:], on.Name); i >= 0 {
			p.ons[i] = on
		}
	}
	return p
}

func (p *interpreted) fresh(polite bool) link {
	l := link{state: uint8(p.m.Initial.Index)}
	if polite && len(p.m.Params) > 0 {
		l.slot[0] = 1
	}
	return l
}

func (p *interpreted) edge(i uint16) string {
	if i == 0 {
		return "never"
	}
	return p.m.Edges[i-1].Name
}

func (p *interpreted) state(l link) string { return p.m.States[l.state].Name }

func (p *interpreted) slot(name string) int {
	return slices.IndexFunc(p.m.Slots(), func(s spec.Slot) bool { return s.Name == name })
}

func (p *interpreted) play(l link, ev event) outcome {
	q := question{l, ev}
	out, ok := p.known[q]
	if !ok {
		out = p.work(l, ev)
		p.known[q] = out
	}
	return out
}

func (p *interpreted) work(l link, ev event) (out outcome) {
	on := p.ons[ev.kind]
	if on == nil {
		return outcome{next: l, fault: "the spec does not know " + eventNames[ev.kind]}
	}
	c := spec.Config{State: int(l.state)}
	for i, v := range l.slot {
		c.Slots[i] = int64(v)
	}
	in := spec.Input{On: on}
	for i, x := range on.Params {
		switch slices.Index(eventParams[ev.kind], x.Name) {
		case 0:
			in.Args[i] = int64(ev.a)
		case 1:
			in.Args[i] = int64(ev.b)
		}
	}
	edge, fx, next, err := p.m.Step(c, in)
	switch {
	case err != nil:
		return outcome{next: l, fault: err.Error()}
	case edge == nil:
		return outcome{next: l}
	}
	out.edge = uint16(edge.Index)
	out.next.state = uint8(next.State)
	for i := range out.next.slot {
		out.next.slot[i] = uint8(next.Slots[i])
	}
	for _, e := range fx {
		out.fx[out.count] = small(e)
		out.count++
	}
	for _, a := range p.m.Always {
		if holds, err := p.m.Holds(a, next); err != nil || !holds {
			out.fault = "always " + a.Text
		}
	}
	return out
}

func small(e spec.Emit) effect {
	value := func(names ...string) uint8 {
		for i, f := range e.Fields {
			if slices.Contains(names, f.Name) {
				return uint8(e.Values[i])
			}
		}
		return 0
	}
	out := effect{kind: strange}
	switch e.Kind {
	case spec.Start, spec.Stop:
		return effect{kind: ignored}
	case spec.Send:
		out = effect{map[string]effectKind{"Offer": sendOffer, "Answer": sendAnswer, "Reset": sendReset}[e.Name], value("n", "m"), value("h", "y")}
		if out.kind == ignored {
			out.kind = strange
		}
	case spec.Call:
		switch e.Name {
		case "create", "accept", "finish":
			out = effect{kind: map[string]effectKind{"create": create, "accept": accept, "finish": finish}[e.Name], a: value("n")}
		case "close":
			out = effect{kind: closeAll}
		case "shut":
			out = effect{kind: shut, a: value("own")}
		case "opened", "failed", "lost", "trickle":
			out = effect{kind: ignored}
		}
	}
	return out
}

// generated plays the Go that gen made.
type generated struct{}

func (generated) fresh(polite bool) link { return pack(signal.NewLink(polite)) }
func (generated) state(l link) string    { return signal.LinkState(l.state).String() }
func (generated) edge(i uint16) string   { return signal.LinkEdge(i).String() }

func (generated) slot(name string) int {
	return slices.Index([]string{"polite", "mine", "seq", "hi", "sent", "setup", "retry"}, name)
}

func (generated) play(l link, ev event) (out outcome) {
	m, fx := unpack(l), signal.LinkEffects{}
	out.edge = uint16(m.Step(linkEvent(ev), &fx))
	out.next = pack(m)
	for _, e := range fx.All() {
		out.fx[out.count] = linkEffect(e)
		out.count++
	}
	if out.edge != 0 {
		out.fault = m.Check()
	}
	return out
}

func pack(m signal.Link) link {
	return link{uint8(m.State), [7]uint8{b2u(m.Polite), b2u(m.Mine), uint8(m.Seq), uint8(m.Hi), m.Sent, b2u(m.Setup), b2u(m.Retry)}}
}

func unpack(l link) signal.Link {
	return signal.Link{State: signal.LinkState(l.state), Polite: l.slot[0] != 0, Mine: l.slot[1] != 0, Seq: uint64(l.slot[2]),
		Hi: uint64(l.slot[3]), Sent: l.slot[4], Setup: l.slot[5] != 0, Retry: l.slot[6] != 0}
}

func linkEvent(ev event) signal.LinkEvent {
	a, b := uint64(ev.a), uint64(ev.b)
	switch ev.kind {
	case connect:
		return signal.LinkConnect(a)
	case offer:
		return signal.LinkOffer(a, false, false)
	case answer:
		return signal.LinkAnswer(a, b)
	case reset:
		return signal.LinkReset(a, b)
	case up:
		return signal.LinkUp()
	case down:
		return signal.LinkDown()
	case setup:
		return signal.LinkSetup()
	}
	return signal.LinkRetry()
}

func linkEffect(e signal.LinkEffect) effect {
	switch e.Kind {
	case signal.LinkFxCreate:
		return effect{create, uint8(e.N), 0}
	case signal.LinkFxAccept:
		return effect{accept, uint8(e.N), 0}
	case signal.LinkFxFinish:
		return effect{finish, uint8(e.N), 0}
	case signal.LinkFxClose:
		return effect{kind: closeAll}
	case signal.LinkFxSendOffer:
		return effect{sendOffer, uint8(e.N), 0}
	case signal.LinkFxSendAnswer:
		return effect{sendAnswer, uint8(e.N), uint8(e.H)}
	case signal.LinkFxSendReset:
		return effect{sendReset, uint8(e.M), uint8(e.Y)}
	case signal.LinkFxOpened, signal.LinkFxFailed, signal.LinkFxLost, signal.LinkFxTrickle,
		signal.LinkFxStartSetup, signal.LinkFxStopSetup, signal.LinkFxStartRetry, signal.LinkFxStopRetry:
		return effect{kind: ignored}
	}
	return effect{kind: strange}
}

func b2u(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// Pack has room for what a link is today.
func TestLinkFits(t *testing.T) {
	var names []string
	for _, s := range machine(t, load(t, "../../spec/signal.fsm"), "link").Slots() {
		names = append(names, s.Name)
	}
	if got := fmt.Sprint(names); got != "[polite mine seq hi sent setup retry]" {
		t.Errorf("the values of a link are %s: pack, unpack and slot know others", got)
	}
}
