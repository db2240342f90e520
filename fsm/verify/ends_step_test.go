package verify

import (
	"fmt"
	"slices"

	"github.com/n2n-overlay/n2n/fsm/arc"
)

// endStep is a step under way.
type endStep struct {
	ends
	p     int
	fault string
	wrong design
}

func (x *endStep) fail(format string, args ...any) {
	if x.fault == "" {
		x.fault = fmt.Sprintf(format, args...)
	}
}

func (x *endStep) take(t endTurn) {
	p := t.end
	switch t.what {
	case request:
		x.arc(&x.out[p][t.arc], t.arc, true, arc.ArcAsk())
		x.step(arc.SessionWant())
	case receive:
		msg := x.queue[p][0]
		copy(x.queue[p][:], x.queue[p][1:])
		x.queue[p][maxQueue-1] = 0
		x.receive(msg)
	case disconnect:
		x.arc(&x.out[p][t.arc], t.arc, true, arc.ArcDisconnect())
		x.step(arc.SessionUnbound())
	case disconnectIn:
		x.arc(&x.in[p][t.arc], t.arc, false, arc.ArcDisconnect())
		x.step(arc.SessionUnbound())
	case give:
		x.turns--
		x.arc(&x.out[p][t.arc], t.arc, true, arc.ArcGive())
	case giveIn:
		x.turns--
		x.arc(&x.in[p][t.arc], t.arc, false, arc.ArcGive())
	case cancel, timeout:
		x.gives--
		ev := arc.ArcDisconnect()
		if t.what == timeout {
			ev = arc.ArcRequest()
		}
		x.arc(&x.out[p][t.arc], t.arc, true, ev)
		x.step(arc.SessionCancel())
	case linger:
		if x.wrong == closesOnce {
			x.session[p] = arc.Session{}
			x.hangup()
			return
		}
		x.step(arc.SessionLinger())
	case parting:
		x.early--
		x.step(arc.SessionParting())
	case greeted:
		x.line[p] = usable
		x.step(arc.SessionUp())
	case fail:
		x.fails--
		x.hangup()
		x.step(arc.SessionFailed())
	case broken:
		x.breaks--
		x.down()
	case lost:
		x.down()
	case meet:
		x.line = [2]lineState{greeting, greeting}
		x.answers = uint8(1 - p)
	}
}

// down: who has not heard the hello yet has had an attempt, not a session.
func (x *endStep) down() {
	was := x.line[x.p]
	x.hangup()
	if was == greeting {
		x.step(arc.SessionFailed())
		return
	}
	x.step(arc.SessionDown())
}

// hangup ends what the link has in hand. What is still on its way to the other
// end arrives, or is lost with the session.
func (x *endStep) hangup() {
	x.line[x.p] = off
	x.queue[x.p] = [maxQueue]message{}
	if !x.joined(1 - x.p) {
		x.answers = 0
	}
}

func (x *endStep) receive(msg message) {
	if msg < bye {
		i := int(msg-1) % maxArcs
		x.receiveArc(msg-message(i), i)
		return
	}
	switch msg {
	case bye:
		x.step(arc.SessionBye())
	case agree:
		x.step(arc.SessionAgree())
	case stay:
		x.step(arc.SessionStay())
	}
}

func (x *endStep) receiveArc(msg message, i int) {
	in, out := &x.in[x.p][i], &x.out[x.p][i]
	switch {
	case msg == bind && in.State == arc.ArcUp:
		x.arc(in, i, false, arc.ArcBind())
	case msg == bind:
		x.arc(in, i, false, arc.ArcBind())
		x.step(arc.SessionBound())
	case msg == bound && out.State == arc.ArcGone: // cancelled meanwhile
	case msg == bound:
		x.arc(out, i, true, arc.ArcBound())
		x.step(arc.SessionOpened())
	case msg == unbind && in.State == arc.ArcUp:
		x.arc(in, i, false, arc.ArcUnbind())
		x.step(arc.SessionUnbound())
	case msg == unbindIn && waits(*out):
		x.arc(out, i, true, arc.ArcUnbind())
		x.step(arc.SessionCancel())
	case msg == unbindIn && out.State == arc.ArcUp:
		x.arc(out, i, true, arc.ArcUnbind())
		x.step(arc.SessionUnbound())
	case msg == turned && in.State == arc.ArcUp:
		x.arc(in, i, false, arc.ArcTurn())
	case msg == turnedIn && out.State == arc.ArcUp:
		x.arc(out, i, true, arc.ArcTurn())
	case msg != bind && x.wrong == countsArcs:
		x.step(arc.SessionUnbound())
	}
}

// arc gives an arc an event; i is its number, own whose it is.
func (x *endStep) arc(a *arc.Arc, i int, own bool, ev arc.ArcEvent) {
	var fx arc.ArcEffects
	from := a.State
	if a.Step(ev, &fx) == arc.ArcNever {
		x.fail("N: arc %v under %v: never", from, ev.Kind)
		return
	}
	for _, e := range fx.All() {
		switch e.Kind {
		case arc.ArcFxSendBind:
			x.send(bind + message(i))
		case arc.ArcFxSendBound:
			x.send(bound + message(i))
		case arc.ArcFxSendUnbind:
			msg := unbindIn
			if own && x.wrong != namesByWay || a.Out && x.wrong == namesByWay {
				msg = unbind
			}
			x.send(msg + message(i))
		case arc.ArcFxSendTurn:
			msg := turnedIn
			if own {
				msg = turned
			}
			x.send(msg + message(i))
		case arc.ArcFxFailed:
			x.failed = true
		}
	}
	if !own && a.State == arc.ArcGone {
		*a = arc.Arc{} // forgotten: it may begin again on a new session
	}
}

func (x *endStep) send(msg message) {
	if x.line[x.p] != usable {
		x.fail("N: a message without a session")
	}
	if !x.joined(1-x.p) || msg == agree && x.wrong == losesAgree {
		return
	}
	i := slices.Index(x.queue[1-x.p][:], 0)
	if i < 0 {
		x.fail("this world has too short a queue")
		return
	}
	x.queue[1-x.p][i] = msg
}

// step gives the session an event and carries out what it says.
func (x *endStep) step(ev arc.SessionEvent) {
	var fx arc.SessionEffects
	s := &x.session[x.p]
	from := s.State
	if s.Step(ev, &fx) == arc.SessionNever {
		x.fail("N: session %v under %v: never", from, ev.Kind)
		return
	}
	for _, e := range fx.All() {
		x.perform(e)
	}
}

func (x *endStep) perform(e arc.SessionEffect) {
	p := x.p
	switch e.Kind {
	case arc.SessionFxDial:
		if x.line[p] == off {
			x.line[p] = dialing
		}
	case arc.SessionFxHangup:
		if x.line[p] == greeting && int(x.answers) == p {
			return // the other end wants it
		}
		x.hangup()
	case arc.SessionFxBind:
		for i := range x.out[p] {
			if x.out[p][i].State == arc.ArcAsked {
				x.arc(&x.out[p][i], i, true, arc.ArcReady())
			}
		}
	case arc.SessionFxSever:
		for i := range x.out[p] {
			if s := x.out[p][i].State; s == arc.ArcUp || s == arc.ArcAsked || s == arc.ArcOpening {
				x.arc(&x.out[p][i], i, true, arc.ArcSevered())
			}
			if x.in[p][i].State == arc.ArcUp {
				x.arc(&x.in[p][i], i, false, arc.ArcSevered())
			}
		}
	case arc.SessionFxGiveup:
		for i := range x.out[p] {
			if waits(x.out[p][i]) {
				x.arc(&x.out[p][i], i, true, arc.ArcGiveup())
			}
		}
	case arc.SessionFxSendBye:
		x.send(bye)
	case arc.SessionFxSendAgree:
		x.send(agree)
	case arc.SessionFxSendStay:
		x.send(stay)
	}
}
