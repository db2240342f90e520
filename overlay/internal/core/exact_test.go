package core_test

import (
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// What comes of one step, all of it.
var exactly = []plot{
	{"a repeated Bind is answered as the first one was, and that is all", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.rests(s.Connect(a, b), nil, 0)
		id, _ := s.Peers[b].Core.Open(name(a))
		before, spied := s.key(b), s.spy(b)
		s.Input(b, core.Received{ID: id, Msg: &arc.Bind{Arc: 2, Protocol: "p", Channel: 1}})
		fx := spied()
		if got := kinds(fx); got != "Bound" {
			s.Fatalf("effects: %s", got)
		}
		if m := *fx[0].(core.Send).Msg.(*arc.Bound); m != (arc.Bound{Arc: 2, Channel: 1}) {
			s.Errorf("%+v", m)
		}
		if s.key(b) != before {
			s.Error("something has changed")
		}
	}},
	{"a request that waits too long is taken back, and that is all", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.Connect(a, b)
		spied := s.spy(a)
		for range 100 { // b says nothing
			at, ok := s.Peers[a].Core.Deadline()
			if !ok || at > s.Now+arc.RequestTimeout {
				break
			}
			s.World.Now = at
			s.Input(a, core.Tick{})
			if got := kinds(spied()); len(some[core.Done](spied())) > 0 {
				if got != "Unbind Failed Done" {
					s.Errorf("effects: %s", got)
				}
				return
			}
		}
		s.Fatalf("after %v: %s", s.Now.Round(time.Second), kinds(spied()))
	}},
	{"a bounce goes on its way back, and nothing else comes of it", func(s *story) {
		for _, near := range []bool{true, false} {
			s.begin("", 4, [2]int{a, b}, [2]int{b, c}, [2]int{c, d})
			if !near { // the one that it came from has left meanwhile
				s.Break(a, b)
				s.Deliveries()
			}
			id, _ := s.Peers[b].Core.Open(name(c))
			spied := s.spy(b)
			s.Input(b, core.Received{ID: id, Msg: &signal.Bounce{
				Initiator: name(a), Number: 9, Path: [][32]byte{name(a), name(b), name(c), name(d)}, Position: 1,
			}})
			want := ""
			if near {
				want = "Bounce"
			}
			if got := kinds(spied()); got != want {
				s.Errorf("near %v: %q", near, got)
			}
			s.settle()
		}
	}},
	{"a neighbor that does not do as it is asked is not asked again", func(s *story) {
		s.begin("", 3, line3...)
		call := s.Introduce(b, a, c)
		spied := s.spy(b)
		for _, ended := s.Result(call); !ended; _, ended = s.Result(call) {
			if !s.Early(b) {
				s.Fatal("it has no end")
			}
		}
		s.ends(call, core.ErrTimeout)
		for _, e := range some[core.Send](spied()) {
			if _, asked := e.Msg.(*signal.Meet); asked {
				s.Error("asked again")
			}
		}
	}},
	{"addresses that nobody answers are told so many times", func(s *story) {
		for _, late := range []int{0, 2} {
			s.opts.Trickle = true
			s.begin("", 3, line3...)
			s.Connect(a, c, b)
			for range late { // so often the offer is said again
				s.lose("a>b offer")
				s.Early(a)
			}
			s.but("a up", "c up")
			if got := s.state(a, c); got != "Finalizing" {
				s.Fatal(got)
			}
			spied := s.spy(a)
			for s.state(a, c) == "Finalizing" && s.Early(a) {
			}
			told := 0
			for _, e := range some[core.SendSignal](spied()) {
				if e.Signal.Kind == transport.Candidates {
					told++
				}
			}
			if told != signal.Retries {
				s.Errorf("%d offers more: told %d times", late, told)
			}
		}
	}},
	{"addresses are for the attempt that they name", func(s *story) {
		s.opts.Trickle = true
		s.begin("", 3, line3...)
		s.Connect(a, c, b)
		s.but("a up", "c up")
		for _, e := range some[core.SendSignal](s.fx[c]) {
			if e.Signal.Kind != transport.Candidates || e.Signal.To != name(a) {
				continue
			}
			id := e.Signal.Session
			for _, other := range []transport.SessionID{
				{Initiator: id.Initiator, Number: id.Number + 1},
				{Initiator: id.Initiator, Number: id.Number - 1},
				{Initiator: name(c), Number: id.Number},
			} {
				lost := *e.Signal
				lost.Session, lost.Candidates = other, found(3)
				s.noEffect(a, core.Signaled{Signal: &lost})
			}
			s.settle()
			return
		}
		s.Fatal("c has told no addresses")
	}},
	{"a reset that ends an open session voids what it says", func(s *story) {
		s.begin("", 3, line3...)
		s.rests(s.Connect(a, c, b), nil, 0)
		id, _ := s.Peers[a].Core.Open(name(c))
		far := id.Number + 100
		s.Input(a, core.Signaled{Signal: &transport.Signal{
			Kind: transport.Reset, From: name(c), To: name(a), Session: transport.SessionID{Initiator: name(c), Number: far}, Mine: far, Yours: id.Number,
		}})
		if got := s.state(a, c); got != "Idle" {
			s.Fatal(got)
		}
		spied := s.spy(a)
		s.Input(a, core.Signaled{Signal: &transport.Signal{
			Kind: transport.Offer, From: name(c), To: name(a), Session: transport.SessionID{Initiator: name(c), Number: far - 1},
			Description: &transport.Description{},
		}})
		if made := some[core.MakeAnswer](spied()); len(made) > 0 {
			s.Error("an offer that the reset has voided is answered")
		}
		s.settle()
	}},
	{"who waits no longer while it answers says nothing", func(s *story) {
		s.opts.Trickle = true
		s.begin("", 3, line3...)
		first := s.Connect(a, c, b)
		s.Connect(c, a, b)
		s.but("a up", "c up")
		if got := s.state(a, c); got != "Answering" {
			s.Fatal(got)
		}
		spied := s.spy(a)
		s.Cancel(a, first)
		if got := kinds(spied()); got != "Failed Done" {
			s.Error(got)
		}
		s.settle()
	}},
	{"a session that was left goes without taking the next attempt with it", func(s *story) {
		s.begin("", 2, [2]int{a, b}) // it says Bye to one that has been started anew
		s.quietly(func() { s.Disconnect(a, b) })
		s.Deliveries()
		s.Early(a) // linger
		s.Crash(b)
		s.Restart(b)
		s.Unnoticed(s.next("a down"))
		s.rests(s.Join(a, b, false), nil, 0)

		s.begin("", 3, line3...) // its requests have no attempt left
		first := s.Connect(a, c, b)
		s.failed(a)
		s.failed(a)
		s.opened()
		s.Drop(s.next("c>a bound")) // it was sent, and has not come
		s.Crash(c)
		s.Restart(c)
		s.Unnoticed(s.next("a down a4"))
		s.rests(s.Join(a, c, false), nil, 0)
		s.ends(first, core.ErrFailed)
	}},
	{"who has agreed to close agrees once", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.Disconnect(a, b)
		s.Deliveries()
		s.says(a, b, &arc.Bye{})
		spied := s.spy(b)
		s.says(a, b, &arc.Bye{})
		if got := kinds(spied()); got != "" {
			s.Error(got)
		}
		s.settle()
	}},
	{"what is due at once happens one after the other", func(s *story) {
		const beat = time.Second
		s.opts.Config = func(_ int, c *core.Config) { c.Heartbeat, c.Linger = beat, 3*beat+beat/2 }
		s.begin("", 2, [2]int{a, b})
		s.Disconnect(a, b)
		s.Deliveries()
		begun := s.Now // b is silent from now on
		spied := s.spy(a)
		for _, at := range []time.Duration{beat, 2 * beat, 3*beat + beat/2} { // it has slept over the last beat
			s.World.Now = begun + at
			s.Input(a, core.Tick{})
			s.check()
		}
		if got := kinds(spied()); got != "Ping Ping CloseSession" { // and no Bye on a session that is over
			s.Errorf("effects: %s", got)
		}
	}},
}

// state gives the state of peer i's link with peer j.
func (s *story) state(i, j int) string {
	for _, m := range s.Peers[i].Core.Machines() {
		if m.Name == "link" && m.Peer == name(j) {
			return m.State
		}
	}
	return ""
}
