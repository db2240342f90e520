package core_test

import (
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
	"github.com/n2n-overlay/n2n/transport"
)

// insisting lets a's offers reach c, which insists on one of its own that leads
// nowhere: they wait. How that ended c learns from d's bounce, which is held.
func (s *story) insisting() (as, cs uint64) {
	s.begin("", 4, [2]int{a, b}, [2]int{b, c}, [2]int{d, c})
	as, cs = s.Connect(a, c, b), s.Connect(c, a, d)
	s.hold("d>c bounce")
	return as, cs
}

// What becomes of offers that wait, and what is tried next.
var waitings = []plot{
	{"of two offers that wait the later one is answered, and only it", func(s *story) {
		first, cs := s.insisting()
		s.Cancel(a, first)
		second := s.Connect(a, c, b)
		s.hold("d>c bounce")
		spied := s.spy(c)
		s.rests(second, nil, 0)
		s.ends(cs, core.ErrBrokerLost)
		if made := some[core.MakeAnswer](spied()); len(made) != 1 {
			s.Errorf("c answers %v", made)
		}
	}},
	{"an offer that is overtaken by a later one does not push it out", func(s *story) {
		s.begin("", 4, [2]int{a, b}, [2]int{b, c}, [2]int{d, c})
		first := s.Connect(a, c, b)
		s.Hold(s.until("b>c offer"))
		late := s.next("b>c offer")
		s.Cancel(a, first)
		second, cs := s.Connect(a, c, b), s.Connect(c, a, d)
		for s.next("c described") != nil || s.next("c>d") != nil || s.next("b>c offer a3") != nil || s.next("a>b") != nil || s.next("a ") != nil || s.next("c ") != nil {
			for _, it := range slices.Clone(s.Pending()) {
				if it != late && s.next("d>c bounce") != it {
					s.Deliver(it)
					break
				}
			}
		}
		s.Deliver(late)
		s.rests(second, nil, 0)
		s.ends(cs, core.ErrBrokerLost)
	}},
	{"candidates count for the offer that they name", func(s *story) {
		s.insisting()
		s.noEffect(c, core.Signaled{Signal: &transport.Signal{
			Kind: transport.Candidates, From: name(a), To: name(c), Session: s.begun(a), Ref: [32]byte{7}, Candidates: found(1),
		}})
		s.settle()
	}},
	{"an attempt that an offer takes the place of costs its session no try", func(s *story) {
		s.begin("", 3, line3...)
		cs := s.Connect(c, a, b)
		for range 2 {
			id := s.begun(c)
			s.GiveUp(c, id)
			s.Deliver(s.next("c down"))
		}
		s.lose("c>b offer c3")
		as := s.Connect(a, c, b)
		s.Deliver(s.until("b>c offer a2"))
		s.GiveUp(c, s.begun(c))
		s.Deliver(s.next("c down"))
		s.settle()
		s.ends(as, nil)
		s.ends(cs, nil)
	}},
	{"an offer that another one replaces does not wait where nobody keeps a door", func(s *story) {
		s.begin("", 3, line3...)
		first := s.Connect(a, c, b)
		s.until("c described")
		s.Cancel(a, first)
		s.Connect(a, c, b)
		for s.next("b>c offer") == nil {
			s.deliverBut(s.next("c described"))
		}
		s.Deliver(s.next("b>c offer"))
		spied := s.spy(c)
		id := s.begun(c)
		s.GiveUp(c, id)
		s.Deliver(s.next("c down"))
		resets := slices.DeleteFunc(some[core.SendSignal](spied()), func(e core.SendSignal) bool { return e.Signal.Kind != transport.Reset })
		if len(resets) != 1 {
			s.Errorf("%d resets", len(resets))
		}
		s.settle()
	}},
	{"newcomers that ride on an open session are in, however many they are", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		for range 6 {
			s.Join(b, a, true)
		}
		for s.next("b~a offer") != nil || s.next("b described") != nil || s.next("b gathered") != nil {
			for _, it := range slices.Clone(s.Pending()) {
				if it.To == a || s.next("b described") == it || s.next("b gathered") == it {
					s.Deliver(it)
					break
				}
			}
		}
		s.settle()
		done := some[core.DoorDone](s.fx[a])
		for _, e := range done {
			if e.Err != nil {
				s.Errorf("%+v", e)
			}
		}
		if len(done) != 6 {
			s.Errorf("%d were told of", len(done))
		}
	}},
	{"the way that was tried least is tried next", func(s *story) {
		s.begin("", 4, [2]int{a, b}, [2]int{b, c}, [2]int{a, d}, [2]int{d, c})
		s.Connect(a, c, b)
		second := s.Connect(a, c, d)
		s.losing(second, "b>c offer")
		s.ends(second, nil)
		if s.Now > 4500*time.Millisecond {
			s.Errorf("it took %v", s.Now)
		}
	}},
	{"nothing is begun for a way whose broker is lost", func(s *story) {
		s.begin("", 3, line3...)
		call := s.Connect(a, c, b)
		s.until("b>c offer")
		s.Break(a, b)
		s.Deliver(s.next("a down"))
		spied := s.spy(a)
		s.GiveUp(a, s.begun(a))
		s.Deliver(s.next("a down"))
		s.ends(call, core.ErrBrokerLost)
		if made := some[core.MakeOffer](spied()); len(made) > 0 {
			s.Errorf("%v", made)
		}
		s.settle()
	}},
	{"a failure is that of the last attempt", func(s *story) {
		s.begin("", 3, line3...)
		call := s.Connect(a, c, b)
		for range 2 {
			s.GiveUp(a, s.begun(a))
			s.Deliver(s.next("a down"))
		}
		s.losing(call, "b>c offer")
		s.ends(call, core.ErrTimeout)
		if s.Now != 4500*time.Millisecond {
			s.Errorf("it took %v", s.Now)
		}
	}},
	{"who speaks another version, and then nothing, is not said to be late", func(s *story) {
		s.begin("", 3, line3...)
		s.Peers[c].Old = true
		call := s.Connect(a, c, b)
		s.Deliver(s.until("c>a hello"))
		s.Cut(a, c, true)
		s.rests(call, core.ErrVersion, 4500*time.Millisecond)
	}},
	{"a number that is in hand is not used again", func(s *story) {
		s.begin("", 4, [2]int{a, d}, [2]int{b, d}, [2]int{c, d})
		for _, i := range []int{b, c} { // a's clock was set back
			s.Input(a, core.Signaled{Signal: &transport.Signal{
				Kind: transport.Reset, From: name(i), To: name(a), Session: transport.SessionID{Initiator: name(i), Number: 1}, Yours: 1 << 30,
			}})
		}
		first, second := s.Connect(a, b, d), s.Connect(a, c, d)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)
	}},
}

// Which way an answer goes, and what it is about.
var answers = []plot{
	{"an answer goes the way that the offer came last", func(s *story) {
		s.begin("", 4, [2]int{a, b}, [2]int{b, c}, [2]int{d, c})
		s.Connect(a, c, b)
		offer := s.until("b>c offer")
		s.Deliver(s.Copy(offer))
		s.until("c>b answer")
		via, _ := s.Peers[c].Core.Open(name(d))
		spied := s.spy(c)
		made := some[core.SendSignal](s.fx[a])
		s.Input(c, core.Received{ID: via, Msg: &signal.Relay{Path: [][32]byte{name(a), name(d), name(c)}, Position: 2}, Signal: made[len(made)-1].Signal})
		sent := some[core.SendSignal](spied())
		if len(sent) != 1 || !slices.Equal(sent[0].Path, []transport.PeerID{name(c), name(d), name(a)}) {
			s.Errorf("%+v", sent)
		}
		s.settle()
	}},
	{"an answer goes through brokers as long as there are any", func(s *story) {
		s.begin("", 3, line3...)
		s.Connect(a, c, b)
		offer := s.until("b>c offer")
		s.Deliver(s.Copy(offer))
		s.until("c>b answer")
		made := some[core.SendSignal](s.fx[a])
		spied := s.spy(c)
		s.Input(c, core.Signaled{Conn: 1<<16 | 1, Signal: made[len(made)-1].Signal})
		if sent := some[core.SendSignal](spied()); len(sent) != 1 || sent[0].Conn != 0 {
			s.Errorf("%+v", sent)
		}
		s.settle()
	}},
	{"an answer that is carried by hand has more time", func(s *story) {
		s.begin("", 2)
		call := s.Join(b, a, false)
		held := s.until("a~b answer")
		s.World.Now += 20 * time.Second
		s.Input(a, core.Tick{})
		s.Deliver(held)
		s.rests(call, nil, 0)
	}},
	{"a reset that knows nothing of an offer to nobody does not end it", func(s *story) {
		s.begin("", 2)
		call := s.Join(b, a, true)
		s.Deliver(s.until("b~a offer"))
		id := s.begun(a)
		reset := transport.Signal{Kind: transport.Reset, From: name(b), To: name(a), Session: id, Mine: id.Number + 5}
		reset.Session.Number += 5
		s.Input(a, core.Signaled{Signal: &reset})
		s.check()
		if !s.Peers[a].Core.InHand(id) {
			s.Error("a has left it")
		}
		s.rests(call, nil, 0)
	}},
	{"what answers an offer to nobody comes over its channel, after it, and is about it", func(s *story) {
		s.begin("", 2)
		call := s.Join(a, b, true)
		id := s.begun(a)
		reset := &transport.Signal{Kind: transport.Reset, From: name(b), To: name(a), Session: id, Yours: id.Number}
		conn := s.conn(a)
		s.noEffect(a, core.Signaled{Conn: conn, Signal: reset}) // it was not sent yet
		answer := s.until("b~a answer")
		s.noEffect(a, core.Signaled{Conn: conn + 7, Signal: answer.Signal})
		older := *reset
		older.Yours--
		s.noEffect(a, core.Signaled{Conn: conn, Signal: &older})
		s.rests(call, nil, 0)
	}},
	{"a peer that came back does not use the attempt of its earlier boot", func(s *story) {
		s.begin("", 3, line3...)
		s.Connect(a, c, b)
		s.Deliver(s.until("c up"))
		s.Crash(a)
		s.Restart(a)
		s.Unnoticed(s.next("c down a2"))
		s.rests(s.Join(a, c, true), nil, 0)
	}},
	{"candidates are not said before what they belong to", func(s *story) {
		s.begin("", 3, line3...)
		s.Connect(a, c, b)
		s.Input(a, core.Gathered{ID: s.begun(a), C: found(1)})
		spied := s.spy(a)
		s.Early(a) // the retry timer
		if sent := some[core.SendSignal](spied()); len(sent) > 0 {
			s.Errorf("%v", sent[0].Signal)
		}
		s.settle()
	}},
}

// What ends at once, and what does not.
var promptness = []plot{
	{"nothing begins of a protocol that is not registered, or when this end has left", func(s *story) {
		for _, end := range []func(){func() { s.Register(a, "p", false) }, func() { s.Leave(a) }} {
			s.begin("", 3, line3...)
			end()
			for _, call := range []uint64{s.Invite(a, b), s.Introduce(a, b, b), s.Connect(a, b), s.Join(a, c, true)} {
				if err, ended := s.Result(call); !ended || err != core.ErrClosed && err != core.ErrSelf {
					s.Errorf("%s: ended=%v %v", s.Calls()[call-1].Text, ended, err)
				}
			}
			s.settle()
		}
	}},
	{"a budget of nothing is no budget without end", func(s *story) {
		s.begin("", 3, line3...)
		s.says(b, a, &signal.Meet{Meeting: 7, Protocol: "p", To: name(c)})
		if at, ok := s.Peers[a].Core.Deadline(); !ok || at > s.Now+time.Millisecond {
			s.Errorf("it may take until %v", at)
		}
		s.settle()
	}},
	{"what one neighbor asks for does not count against another", func(s *story) {
		s.begin("", 3, [2]int{a, b}, [2]int{a, c})
		for i := range uint64(16) {
			s.says(b, a, &signal.Invite{Meeting: i + 1, Protocol: "p", Budget: 1000})
		}
		spied := s.spy(a)
		s.says(c, a, &signal.Invite{Meeting: 1, Protocol: "p", Budget: 1000})
		sent := some[core.Send](spied())
		if len(sent) != 1 {
			s.Fatalf("%+v", sent)
		}
		if _, ok := sent[0].Msg.(*arc.Bind); !ok {
			s.Errorf("%+v", sent[0].Msg)
		}
		s.settle()
	}},
	{"who asked on a session that is gone is not told on the next one", func(s *story) {
		s.begin("", 3, line3...)
		s.says(b, a, &signal.Meet{Meeting: 7, Protocol: "p", To: name(c), Budget: 9000})
		s.lose("b>c offer")
		s.Break(a, b)
		s.Deliveries()
		s.Join(a, b, true)
		spied := s.spy(a)
		s.settle()
		told := 0
		for _, e := range some[core.Send](spied()) {
			if _, ok := e.Msg.(*signal.Met); ok {
				told++
			}
		}
		if out := s.Peers[a].Out[sim.Arc{Protocol: "p", Peer: name(c)}]; out != 1 || told > 0 {
			s.Errorf("%d arcs, told %d times", out, told)
		}
	}},
	{"a session that speaks is kept, and one that is silent for long is given up before its last word is waited for", func(s *story) {
		s.opts.Config = func(_ int, cfg *core.Config) { cfg.Heartbeat, cfg.Linger = 5*time.Second, 5*time.Second }
		s.begin("", 2, [2]int{a, b})
		id, _ := s.Peers[a].Core.Open(name(b))
		s.Run(time.Minute)
		if now, open := s.Peers[a].Core.Open(name(b)); !open || now != id {
			s.Error("a has given it up")
		}
		s.Cut(a, b, true)
		s.Run(5 * time.Second)
		s.Disconnect(a, b) // a's Bye and the third ping that nobody answers are due at once
		s.Run(15 * time.Second)
		s.settle()
	}},
	{"a pong counts for the ping that it answers", func(s *story) {
		s.opts.Config = func(_ int, cfg *core.Config) { cfg.Heartbeat = 5 * time.Second }
		s.begin("", 2, [2]int{a, b})
		s.Run(7 * time.Second)
		pings := map[uint64]bool{}
		var last uint64
		for _, e := range some[core.Send](s.fx[a]) {
			if p, ok := e.Msg.(*arc.Ping); ok {
				if pings[p.Id] {
					s.Errorf("two pings are %d", p.Id)
				}
				pings[p.Id], last = true, p.Id
			}
		}
		rtt := func() time.Duration { return s.Peers[a].Core.Neighbors()[0].RTT }
		before := rtt()
		s.says(b, a, &arc.Pong{Id: last - 1})
		if rtt() != before {
			s.Errorf("round trip of %v", rtt())
		}
		s.says(b, a, &arc.Pong{Id: last})
		if rtt() != 2*time.Second {
			s.Errorf("round trip of %v", rtt())
		}
	}},
}

// conn gives the channel over which peer i has sent, or is to send, an offer.
func (s *story) conn(i int) uint64 {
	s.Helper()
	for _, c := range s.Calls() {
		if c.Peer == i && c.Conn() != 0 {
			return c.Conn()
		}
	}
	s.Fatal("no channel")
	return 0
}
