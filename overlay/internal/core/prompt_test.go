package core_test

import (
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
	"github.com/n2n-overlay/n2n/transport"
)

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
	{"an arc that was wished for, and then not, is ended once", func(s *story) {
		s.opts.Protocols = []string{"p", "q"}
		s.begin("", 3, line3...)
		first, second := s.Connect(a, c, b), s.ConnectAs("q", a, c, b)
		s.until("b>c offer")
		s.Cancel(a, first)
		s.rests(second, nil, 0)
		spied := s.spy(a)
		bound := some[core.Send](s.fx[c])
		for _, e := range bound {
			if m, ok := e.Msg.(*arc.Bound); ok && m.Channel == transport.FirstChannel {
				s.says(c, a, m)
			}
		}
		if sent := some[core.Send](spied()); len(sent) > 0 {
			s.Errorf("a says %+v", sent[0].Msg)
		}
	}},
	{"of two arcs that wait for a session to close one is cancelled", func(s *story) {
		s.lone("")
		s.lingers(a)
		first, second := s.Connect(a, b), s.Connect(a, b)
		spied := s.spy(a)
		s.Cancel(a, first)
		if sent := some[core.Send](spied()); len(sent) > 0 {
			s.Errorf("a says %+v", sent)
		}
		s.check()
		s.rests(second, nil, 0)
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
		s.Run(8 * time.Second)
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
