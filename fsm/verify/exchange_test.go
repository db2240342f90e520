package verify

import (
	"fmt"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/spec"
)

// The two ends of one session's media, and between them a channel that is
// reliable and keeps its order. A driver's work takes any time, and may fail; a
// timer may fire at any time. What an end wants to send is a number that grows
// with each change. The driver puts into a description what was wanted when it
// began, and into an answer only as much as the offer has room for.
type exchangeWorld struct {
	m     [2]media.Exchange // 0 offers
	want  [2]uint8          // what each end wants to send by now
	knows [2]uint8          // what each end knows of the other's
	busy  [2]job            // of each driver
	hold  [2]uint8          // what the description that the driver works on says
	room  uint8             // for how many wishes the offer under way has room
	queue [2][8]mediaMessage
	len   [2]uint8

	changes, failures, early uint8 // that may still come
}

type job uint8

const (
	idle job = iota
	making
	taking
	using
)

type mediaMessage struct {
	kind media.ExchangeEventKind // zero: none
	n, h uint8
	says uint8 // of a description
	room uint8 // of an offer
}

// exchanger plays one machine.
type exchanger interface {
	play(m media.Exchange, ev media.ExchangeEvent) (next media.Exchange, never bool, fx []media.ExchangeEffectKind)
}

type exchangeModel struct {
	exchanger
	able                     [2]bool
	changes, failures, early uint8
}

type exchangeStep struct {
	end int
	ev  media.ExchangeEventKind
}

func (x exchangeModel) starts() []exchangeWorld {
	w := exchangeWorld{changes: x.changes, failures: x.failures, early: x.early}
	w.m = [2]media.Exchange{media.NewExchange(true, x.able[0]), media.NewExchange(false, x.able[1])}
	return []exchangeWorld{w}
}

func (x exchangeModel) next(w exchangeWorld, visit func(exchangeStep, exchangeWorld, string)) {
	for i := range 2 {
		try := func(v exchangeWorld, ev media.ExchangeEvent, says uint8) {
			fault := x.take(&v, i, ev, says, v.room)
			visit(exchangeStep{i, ev.Kind}, v, fault)
		}
		if w.changes > 0 && x.able[i] { // who has no driver for media has no tracks
			v := w
			v.changes--
			v.want[i]++
			try(v, media.ExchangeChange(), 0)
		}
		if w.busy[i] != idle {
			v := w
			v.busy[i] = idle
			ev := media.ExchangeDescribed()
			if w.busy[i] == using {
				ev = media.ExchangeFinished()
			}
			try(v, ev, w.hold[i])
			if w.failures > 0 {
				v.failures--
				try(v, media.ExchangeBroken(), 0)
			}
		}
		if w.m[i].Patience && w.early > 0 {
			v := w
			v.early--
			try(v, media.ExchangePatience(), 0)
		}
		if w.len[i] > 0 {
			v := w
			m := w.queue[i][0]
			copy(v.queue[i][:], v.queue[i][1:])
			v.len[i]--
			v.queue[i][v.len[i]] = mediaMessage{}
			ev := media.ExchangeEvent{Kind: m.kind, N: uint32(m.n), H: uint32(m.h)}
			fault := x.take(&v, i, ev, m.says, m.room)
			visit(exchangeStep{i, ev.Kind}, v, fault)
		}
	}
}

// take gives one end an event and carries out what it says. says is what the
// description at hand says, and room for how many wishes it has room.
func (x exchangeModel) take(w *exchangeWorld, i int, ev media.ExchangeEvent, says, room uint8) (fault string) {
	from := w.m[i]
	next, never, fx := x.play(from, ev)
	if never {
		return fmt.Sprintf("X1: %v cannot be in %v", ev.Kind, from.State)
	}
	w.m[i] = next
	if s := next.Check(); s != "" {
		return s
	}
	for _, e := range fx {
		m := mediaMessage{}
		switch e {
		case media.ExchangeFxMake:
			w.busy[i], w.hold[i], w.room = making, w.want[i], uint8(next.Heard)
		case media.ExchangeFxTake:
			w.busy[i], w.hold[i] = taking, min(w.want[i], room)
			w.knows[i] = says
		case media.ExchangeFxUse:
			w.busy[i], w.knows[i] = using, says
		case media.ExchangeFxSendMediaWant:
			m = mediaMessage{kind: media.ExchangeOnMediaWant, n: uint8(next.Mine)}
		case media.ExchangeFxSendMediaOffer:
			m = mediaMessage{kind: media.ExchangeOnMediaOffer, n: uint8(next.Seq), h: uint8(next.Told), says: says, room: room}
		case media.ExchangeFxSendMediaAnswer:
			m = mediaMessage{kind: media.ExchangeOnMediaAnswer, n: uint8(next.Seq), says: says}
		case media.ExchangeFxSendMediaStop:
			m = mediaMessage{kind: media.ExchangeOnMediaStop}
		}
		if m.kind == 0 {
			continue
		}
		to := 1 - i
		if int(w.len[to]) == len(w.queue[to]) {
			return "X2: a queue without end"
		}
		w.queue[to][w.len[to]] = m
		w.len[to]++
	}
	return ""
}

// judge: at rest both ends go on with media or both do without, and with media
// each knows all that the other one wants to send. Only what was asked for ends
// media: a failure, a timer, an end that has none.
func (x exchangeModel) judge(w exchangeWorld, _ bool) string {
	for i := range 2 {
		if w.busy[i] != idle || w.len[i] > 0 {
			return ""
		}
	}
	a, b := w.m[0].State, w.m[1].State
	over := a == media.ExchangeOver
	switch {
	case over != (b == media.ExchangeOver):
		return fmt.Sprintf("X3: one end goes on without the other: %v, %v", a, b)
	case !over && (a != media.ExchangeCalm || b != media.ExchangeCalm):
		return fmt.Sprintf("X4: %v and %v wait for a timer", a, b)
	case !over && (w.knows[1] != w.want[0] || w.knows[0] != w.want[1]):
		return fmt.Sprintf("X5: want %v, known %v", w.want, w.knows)
	case over && x.able == [2]bool{true, true} && w.failures == x.failures && w.early == x.early:
		return "X6: media ended for nothing"
	}
	return ""
}

func (x exchangeModel) text(_ exchangeWorld, s exchangeStep) string {
	return fmt.Sprintf("%d: %v", s.end, s.ev)
}

func (x exchangeModel) show(w exchangeWorld) string {
	return fmt.Sprintf("%v %v, want %v, known %v", w.m[0].State, w.m[1].State, w.want, w.knows)
}

// generatedExchange plays the Go that gen made.
type generatedExchange struct{}

func (generatedExchange) play(m media.Exchange, ev media.ExchangeEvent) (media.Exchange, bool, []media.ExchangeEffectKind) {
	var fx media.ExchangeEffects
	edge := m.Step(ev, &fx)
	var kinds []media.ExchangeEffectKind
	for _, e := range fx.All() {
		kinds = append(kinds, e.Kind)
	}
	return m, edge == media.ExchangeNever, kinds
}

// interpretedExchange plays the spec.
type interpretedExchange struct{ m *spec.Machine }

func (p interpretedExchange) play(m media.Exchange, ev media.ExchangeEvent) (media.Exchange, bool, []media.ExchangeEffectKind) {
	c := spec.Config{State: int(m.State)}
	for i, v := range []int64{int64(b2u(m.Offers)), int64(b2u(m.Able)), int64(m.Seq), int64(m.Mine), int64(m.Heard), int64(m.Told), int64(b2u(m.More)), int64(b2u(m.Patience))} {
		c.Slots[i] = v
	}
	var in spec.Input
	for _, on := range p.m.Ons {
		if on.Name == ev.Kind.String() {
			in.On = on
		}
	}
	for i, param := range in.On.Params {
		switch param.Name {
		case "n":
			in.Args[i] = int64(ev.N)
		case "h":
			in.Args[i] = int64(ev.H)
		}
	}
	edge, emits, next, err := p.m.Step(c, in)
	if err != nil || edge == nil {
		return m, true, nil
	}
	s := next.Slots
	m = media.Exchange{State: media.ExchangeState(next.State), Offers: s[0] == 1, Able: s[1] == 1, Seq: uint32(s[2]), Mine: uint32(s[3]),
		Heard: uint32(s[4]), Told: uint32(s[5]), More: s[6] == 1, Patience: s[7] == 1}
	var kinds []media.ExchangeEffectKind
	for _, e := range emits {
		name := e.Name
		switch e.Kind {
		case spec.Send:
			name = "send " + name
		case spec.Start:
			name = "start " + name
		case spec.Stop:
			name = "stop " + name
		}
		for k := media.ExchangeEffectKind(1); k < 32; k++ {
			if k.String() == name {
				kinds = append(kinds, k)
			}
		}
	}
	return m, false, kinds
}

// The world of two exchanges holds, over the generated Go and over the
// interpreter, which find the same in it.
func TestExchange(t *testing.T) {
	m := machine(t, load(t, "../../spec/media.fsm"), "exchange")
	var names []string
	for _, s := range m.Slots() {
		names = append(names, s.Name)
	}
	if got := fmt.Sprint(names); got != "[offers able seq mine heard told more patience]" {
		t.Fatalf("the values of an exchange are %s: interpretedExchange knows others", got)
	}
	both := [2]bool{true, true}
	var counts strings.Builder
	for _, x := range []exchangeModel{
		{able: both, changes: 3},
		{able: both, changes: 5},
		{able: both, changes: 3, failures: 2, early: 2},
		{able: [2]bool{true, false}, changes: 3, early: 1},
		{able: [2]bool{false, true}, changes: 3, early: 1},
	} {
		name := fmt.Sprintf("able %v, changes %d, failures %d, early %d", x.able, x.changes, x.failures, x.early)
		t.Run(name, func(t *testing.T) {
			x.exchanger = generatedExchange{}
			r := holds(t, x)
			fmt.Fprintf(&counts, "%s: %s\n", name, count(r))
			x.exchanger = interpretedExchange{m}
			if i := explore(x, nil); count(i) != count(r) || i.Fault != r.Fault {
				t.Errorf("the interpreter finds %s %s", count(i), i.Fault)
			}
		})
	}
	golden(t, "exchange.txt", counts.String())
}

// forgetful plays an exchange that is wrong.
type forgetful struct {
	generatedExchange
	forget func(before media.Exchange, after *media.Exchange)
}

func (f forgetful) play(m media.Exchange, ev media.ExchangeEvent) (media.Exchange, bool, []media.ExchangeEffectKind) {
	next, never, fx := f.generatedExchange.play(m, ev)
	f.forget(m, &next)
	return next, never, fx
}

// A search that never found anything is not trusted: these are wrong, and fail.
func TestExchangeMutants(t *testing.T) {
	for name, x := range map[string]struct {
		forget func(before media.Exchange, after *media.Exchange)
		want   string
	}{
		"changes during an exchange are forgotten": {func(_ media.Exchange, m *media.Exchange) { m.More = false }, "X5"},
		"an offer says that it knows a wish that came since": {func(before media.Exchange, m *media.Exchange) {
			if before.State == media.ExchangeMaking && m.State == media.ExchangeMaking && m.Heard != before.Heard {
				m.Told, m.More = m.Heard, before.More
			}
		}, "X5"},
		"a wish is not counted": {func(_ media.Exchange, m *media.Exchange) { m.Mine = min(m.Mine, 1) }, "X1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := explore(exchangeModel{exchanger: forgetful{forget: x.forget}, able: [2]bool{true, true}, changes: 4}, nil)
			if !strings.HasPrefix(r.Fault, x.want) {
				t.Errorf("found %q, want %s", r.Fault, x.want)
			}
			t.Log(story(r))
		})
	}
}
