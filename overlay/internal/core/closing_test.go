package core_test

import (
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// lone lets a and b share a session without arcs, that is about to linger out.
func (s *story) lone(about string) {
	s.begin(about, 3, [2]int{a, b}, [2]int{b, c}, [2]int{a, c})
	s.quietly(func() {
		s.Disconnect(a, b)
		s.Deliveries()
	})
}

// lingers fires the linger timer of a peer, and nobody else's.
func (s *story) lingers(i int) { s.Early(i) }

// Stories of how sessions end.
var closings = []plot{
	{"linger", func(s *story) {
		s.begin("the last arc ends: the session lingers, and is closed by a handshake", 2, [2]int{a, b})
		s.Disconnect(a, b)
		s.settle()
		s.Advance()
		s.settle()
		if len(s.Peers[a].Core.Driven())+len(s.Peers[b].Core.Driven()) != 0 {
			s.Error("a session is left")
		}

		s.lone("both linger out at once")
		s.lingers(a)
		s.lingers(b)
		s.settle()

		s.lone("a new arc revives it")
		s.rests(s.Connect(b, a), nil, 0)
	}},
	{"close-revival", func(s *story) {
		begin := func(who int, via ...int) func() uint64 {
			return func() uint64 { s.lone(""); s.lingers(who); return 0 }
		}
		var call uint64
		outcome := func(uint64) string { return s.took(call) }
		s.atEachStep("a closes; after so many deliveries b connects to it", begin(a), func() { call = s.Connect(b, a, c) }, outcome)
		s.atEachStep("a closes; after so many deliveries it connects to b", begin(a), func() { call = s.Connect(a, b, c) }, outcome)
		s.atEachStep("a closes; after so many deliveries b connects to it, if it is a neighbor still", begin(a), func() { call = s.Connect(b, a) }, outcome)
		s.atEachStep("a closes; after so many deliveries both connect", begin(a), func() { call = s.Connect(a, b, c); s.Connect(b, a, c) }, outcome)
		both := func() uint64 { s.lone(""); s.lingers(a); s.lingers(b); return 0 }
		s.atEachStep("both close; after so many deliveries b connects to a", both, func() { call = s.Connect(b, a, c) }, outcome)
		s.atEachStep("both close; after so many deliveries both connect", both, func() { call = s.Connect(a, b, c); s.Connect(b, a, c) }, outcome)
	}},
	{"close-crossing", func(s *story) {
		s.lone("b's Bind crosses a's Bye")
		call := s.Connect(b, a)
		s.lingers(a)
		s.rests(call, nil, 0)

		s.lone("b's Bind and Unbind cross a's Bye: it closes all the same")
		s.Cancel(b, s.Connect(b, a))
		s.lingers(a)
		s.settle()

		s.lone("both wanted it when they heard")
		s.lingers(a)
		s.lingers(b)
		first, second := s.Connect(a, b), s.Connect(b, a)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.lone("b is asked by a refused Bind: it stays, then lingers on")
		s.Register(a, "p", false)
		call = s.Connect(b, a)
		s.lingers(a)
		s.rests(call, core.ErrRefused, 0)

		s.opts.Protocols = []string{"p", "q"}
		s.lone("the same, and a wants an arc of another protocol")
		s.Register(a, "p", false)
		first = s.Connect(b, a)
		s.lingers(a)
		second = s.ConnectAs("q", a, b)
		s.settle()
		s.ends(first, core.ErrRefused)
		s.ends(second, nil)
		s.opts.Protocols = nil

		s.lone("b's arc comes and goes, and a says Bye once more")
		s.Cancel(b, s.Connect(b, a))
		s.lingers(a)
		s.Deliver(s.until("b>a bind"))
		s.Deliver(s.until("a>b bye"))
		s.Deliver(s.until("b>a unbind"))
		s.lingers(a)
		s.Deliver(s.until("a>b bound"))
		s.Deliver(s.until("a>b bye"))
		s.settle()

		s.lone("a agrees to a Bye that b has taken back, and both want it again")
		s.Cancel(a, s.Connect(a, b))
		s.lingers(b)
		s.Deliver(s.until("a>b bind"))
		s.Deliver(s.until("a>b unbind"))
		s.Deliver(s.until("b>a bye"))
		first, second = s.Connect(a, b, c), s.Connect(b, a)
		s.Deliver(s.untilBut("b>a bind", s.next("a>b agree")))
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.lone("b wanted it again, and then not")
		s.lingers(a)
		s.Deliver(s.until("a>b bye"))
		s.Cancel(b, s.Connect(b, a, c))
		s.settle()

		s.lone("a wants it while it closes, and then not")
		s.lingers(a)
		s.Cancel(a, s.Connect(a, b))
		s.settle()

		s.lone("it breaks while it closes")
		s.lingers(a)
		s.Break(a, b)
		s.settle()

		s.lone("b's arc comes and goes, but a wants one")
		s.Cancel(b, s.Connect(b, a))
		s.lingers(a)
		call = s.Connect(a, b)
		s.rests(call, nil, 0)

		s.opts.Protocols = []string{"p", "q"}
		s.lone("b's arc comes and goes, and it waits for another one, which is refused")
		s.Register(a, "q", false)
		s.ConnectAs("q", b, a)
		s.Cancel(b, s.Connect(b, a))
		s.lingers(a)
		s.settle()
		s.opts.Protocols = nil

		s.lone("a wants it while it closes, and it breaks")
		s.lingers(a)
		call = s.Connect(a, b, c)
		s.Break(a, b)
		s.Deliver(s.until("a down"))
		s.rests(call, nil, 0)

		s.lone("nobody answers a's Bye")
		s.lingers(a)
		s.Cut(a, b, true)
		s.settle()

		s.lone("nobody answers a's Bye, and a wants it again")
		s.lingers(a)
		s.Cut(a, b, true)
		call = s.Connect(a, b, c)
		s.Run(5 * time.Second)
		s.Cut(a, b, false)
		s.rests(call, nil, 5*time.Second)

		s.lone("nobody closes after b's Agree")
		s.lingers(a)
		s.Deliver(s.until("a>b bye"))
		s.Cut(a, b, true)
		s.Run(5 * time.Second)
		s.settle()

		s.lone("nobody closes after b's Agree, and b wants a session")
		s.lingers(a)
		s.Deliver(s.until("a>b bye"))
		s.Cut(a, b, true)
		s.Connect(b, a, c)
		s.Cut(a, b, false)
		s.Advance()
		s.settle()
	}},
	{"disconnect", func(s *story) {
		s.begin("both ends end the arcs that they hold, at once", 2, [2]int{a, b})
		s.quietly(func() { s.rests(s.Connect(b, a), nil, 0) })
		s.Disconnect(a, b)
		s.Disconnect(b, a)
		s.settle()

		s.begin("an arc is ended at both of its ends at once", 2, [2]int{a, b})
		s.Disconnect(a, b)
		s.Register(b, "p", false)
		s.settle()

		s.begin("one of two arcs is ended", 2, [2]int{a, b})
		s.quietly(func() { s.rests(s.Connect(a, b), nil, 0) })
		s.Disconnect(a, b)
		s.settle()

		s.begin("a protocol is closed while arcs of it open", 3, line3...)
		call := s.Connect(a, c, b)
		s.until("c>a bound")
		s.Register(a, "p", false)
		s.rests(call, core.ErrClosed, 0)
	}},
	{"farewell", func(s *story) {
		s.begin("b leaves", 3, line3...)
		s.Leave(b)
		s.settle()
		s.rests(s.Connect(b, a), core.ErrClosed, 0)

		s.begin("b leaves while everybody wants something of it", 4, line3...)
		calls := []uint64{s.Connect(a, c, b), s.Join(b, d, true), s.Join(d, b, true), s.Invite(b, a), s.Connect(b, c)}
		s.step(4)
		s.Leave(b)
		s.settle()
		for _, call := range calls {
			s.note("%s", s.result(call))
		}

		s.begin("c leaves while it answers a", 3, line3...)
		call := s.Connect(a, c, b)
		s.until("c>b answer")
		s.Leave(c)
		s.rests(call, core.ErrBrokerLost, 0)
	}},
}
