package core_test

import (
	"fmt"
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// Stories of what goes wrong.
var failing = []plot{
	{"refused", func(s *story) {
		s.begin("c does not know the protocol: the session lingers", 3, line3...)
		s.Register(c, "p", false)
		s.rests(s.Connect(a, c, b), core.ErrRefused, 0)

		s.opts.Config = func(i int, cfg *core.Config) { cfg.MaxPending, cfg.MaxArcs = 1, 2 }
		s.begin("c is busy with another attempt", 4, [2]int{a, b}, [2]int{b, c}, [2]int{b, d})
		first, second := s.Connect(a, c, b), s.Connect(d, c, b)
		s.settle()
		s.ends(first, nil)
		s.ends(second, core.ErrBusy)

		s.begin("two arcs are enough: the third is ended as soon as it comes", 2, [2]int{a, b})
		s.quietly(func() { s.rests(s.Connect(b, a), nil, 0) })
		s.rests(s.Connect(a, b), core.ErrBusy, 0)

		s.begin("the same, when arcs cross", 2, [2]int{a, b})
		first, second = s.Connect(a, b), s.Connect(b, a)
		s.settle()
		s.ends(first, core.ErrRefused)
		s.ends(second, core.ErrRefused)
	}},
	{"unreachable", func(s *story) {
		s.begin("b is no neighbor of c", 3, [2]int{a, b})
		s.rests(s.Connect(a, c, b), core.ErrBrokerLost, 0)

		s.begin("the path is broken further on", 5, [2]int{a, b}, [2]int{b, c}, [2]int{d, e})
		s.rests(s.Connect(a, e, b, c, d), core.ErrBrokerLost, 0)

		s.begin("and the way back, too", 4, [2]int{a, b}, [2]int{b, c})
		call := s.Connect(a, d, b, c)
		s.until("c>b bounce")
		s.Break(a, b)
		s.Deliver(s.until("b down"))
		s.rests(call, core.ErrBrokerLost, 600*time.Millisecond)

		s.begin("a's own broker is gone", 3, line3...)
		s.Break(a, b)
		s.Deliveries()
		s.rests(s.Connect(a, c, b), core.ErrBrokerLost, 0)

		s.begin("two wait for c, by different brokers: one way works", 4, [2]int{a, b}, [2]int{a, d}, [2]int{d, c})
		first, second := s.Connect(a, c, b), s.Connect(a, c, d)
		s.settle()
		s.ends(first, core.ErrBrokerLost)
		s.ends(second, nil)
	}},
	{"broker-dies", func(s *story) {
		outcome := func(call uint64) string { return "a connects to c: " + s.took(call) }
		begin := func() uint64 { s.begin("", 3, line3...); return s.Connect(a, c, b) }
		s.atEachStep("b crashes after so many deliveries", begin, func() { s.Crash(b) }, outcome)
		s.atEachStep("b loses its session with c after so many deliveries", begin, func() { s.Break(b, c) }, outcome)
		s.atEachStep("a loses its session with b after so many deliveries", begin, func() { s.Break(a, b) }, outcome)
	}},
	{"end-dies", func(s *story) {
		outcome := func(call uint64) string { return "a connects to c: " + s.took(call) }
		begin := func() uint64 { s.begin("", 3, line3...); return s.Connect(a, c, b) }
		s.atEachStep("c crashes after so many deliveries", begin, func() { s.Crash(c) }, outcome)
		s.atEachStep("c crashes after so many deliveries, and is back at once", begin, func() { s.Crash(c); s.Restart(c); s.Join(c, b, true) }, outcome)
	}},
	{"cancel", func(s *story) {
		outcome := func(call uint64) string { return "a connects to c: " + s.took(call) }
		var last uint64
		s.atEachStep("a cancels after so many deliveries", func() uint64 {
			s.begin("", 3, line3...)
			last = s.Connect(a, c, b)
			return last
		}, func() { s.Cancel(a, last) }, outcome)
		var other uint64
		s.atEachStep("a cancels after so many deliveries, while c wants it", func() uint64 {
			s.begin("", 3, line3...)
			last = s.Connect(a, c, b)
			other = s.Connect(c, a, b)
			return last
		}, func() { s.Cancel(a, last) }, func(call uint64) string {
			return outcome(call) + "; c connects to a: " + s.took(other)
		})
	}},
	{"cancel-glare", func(s *story) {
		s.begin("a has yielded to c's offer, and then does not want it any more: c does not notice", 3, line3...)
		first, second := s.Connect(a, c, b), s.Connect(c, a, b)
		s.until("a>b answer")
		s.Cancel(a, first)
		s.rests(second, nil, 0)
	}},
	{"timeout", func(s *story) {
		s.begin("c is cut off: two attempts, then the connect has timed out", 3, line3...)
		call := s.Connect(a, c, b)
		s.lose("b>c offer")
		s.losing(call, "b>c offer")
		s.rests(call, core.ErrTimeout, 0)

		s.begin("ICE fails at both ends: three attempts", 3, line3...)
		call = s.Connect(a, c, b)
		for n := range 3 {
			s.until(fmt.Sprintf("b>a answer a%d", n+2))
			id := s.Peers[a].Core.Driven()[1]
			s.GiveUp(c, id)
			s.GiveUp(a, id)
			s.Deliver(s.next("c down"))
			s.Deliver(s.next("a down"))
		}
		s.rests(call, core.ErrFailed, 0)

		s.begin("the session breaks whenever an arc is about to open: after three it is given up", 3, line3...)
		call = s.Connect(a, c, b)
		for range 3 {
			s.until("c>a bound")
			s.Break(a, c)
			s.Deliver(s.until("a down"))
		}
		s.rests(call, core.ErrFailed, 0)

		s.begin("the other end says nothing after Bind", 2, [2]int{a, b})
		s.Cut(a, b, true)
		s.rests(s.Connect(a, b), core.ErrTimeout, 10*time.Second)
	}},
	{"version", func(s *story) {
		s.begin("c speaks another version: both ends know at once, and nobody dials again", 3, line3...)
		s.Peers[c].Old = true
		call := s.Connect(a, c, b)
		s.rests(call, core.ErrVersion, 0)

		s.begin("the same, and the session breaks before the other end's word comes", 3, line3...)
		s.Peers[c].Old = true
		call = s.Connect(a, c, b)
		s.Deliver(s.until("c>a hello"))
		s.Deliver(s.until("a>c hello"))
		s.Break(a, c)
		s.Deliver(s.until("a down"))
		s.rests(call, core.ErrVersion, 0)

		s.begin("c has said more before it could know: that is no fault of its", 3, line3...)
		s.Peers[c].Old = true
		call = s.Connect(a, c, b)
		s.Deliver(s.until("c>a hello"))
		s.Deliver(s.next("c>a bound"))
		s.rests(call, core.ErrVersion, 0)

		s.begin("over a channel", 2)
		s.Peers[b].Old = true
		call = s.Join(a, b, true)
		s.rests(call, core.ErrVersion, 0)
	}},
	{"crash", func(s *story) {
		s.begin("c crashes, comes back before a has noticed, and connects: its new session replaces the old one", 3, line3...)
		s.quietly(func() { s.rests(s.Connect(a, c, b), nil, 0) })
		s.Crash(c)
		s.Restart(c)
		s.quietly(func() { s.Unnoticed(s.next("a down a2")); s.Join(c, b, true); s.Settle() })
		s.rests(s.Connect(c, a, b), nil, 0)

		s.begin("its clock was set back: a reset tells it how far its numbers went", 3, line3...)
		s.quietly(func() { s.rests(s.Connect(c, a, b), nil, 0) })
		s.Crash(c)
		s.RestartAs(c, 0)
		s.quietly(func() { s.Unnoticed(s.next("a down")); s.Join(c, b, true); s.Settle() })
		s.rests(s.Connect(c, a, b), nil, 0)

		s.begin("a has wanted the arc: it is dialed again", 3, line3...)
		call := s.Connect(a, c, b)
		s.until("c>a bound")
		s.Crash(c)
		s.Restart(c)
		s.quietly(func() { s.Unnoticed(s.next("a down")); s.Join(c, b, true); s.Deliveries() })
		s.Connect(c, a, b)
		s.rests(call, nil, 0)
	}},
	{"crash-join", func(s *story) {
		for _, trickle := range []bool{true, false} {
			s.begin("b crashes, comes back before a has noticed, and joins it once more", 2, [2]int{b, a})
			s.quietly(func() {
				s.Crash(b)
				s.Restart(b)
				s.Unnoticed(s.next("a down"))
			})
			s.rests(s.Join(b, a, trickle), nil, 0)
		}
	}},
	{"crash-midway", func(s *story) {
		s.begin("c crashes after its answer, comes back and connects before a has noticed", 3, line3...)
		call := s.Connect(a, c, b)
		s.Deliver(s.until("b>a answer"))
		s.Crash(c)
		s.Restart(c)
		s.quietly(func() { s.Unnoticed(s.next("a down a2")); s.Join(c, b, true); s.Deliveries() })
		s.Connect(c, a, b)
		s.rests(call, nil, 0)
	}},
	{"silence", func(s *story) {
		s.opts.Config = func(_ int, cfg *core.Config) { cfg.Heartbeat = 5 * time.Second }
		s.begin("nothing comes through any more: three pings without a sign of life", 2, [2]int{a, b})
		s.Cut(a, b, true)
		s.Run(30 * time.Second)
		s.settle()

		s.begin("the driver says so first", 2, [2]int{a, b})
		id, _ := s.Peers[a].Core.Open(name(b))
		s.Unheard(a, id)
		s.settle()

		s.begin("who slept itself waits for an answer first", 2, [2]int{a, b})
		s.World.Now += time.Hour
		s.Advance()
		s.settle()
		if _, open := s.Peers[a].Core.Open(s.Peers[b].ID); !open {
			s.Error("the session is gone")
		}
	}},
}
