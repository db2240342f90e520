package core_test

import (
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// Stories of how a peer enters a network.
var entering = []plot{
	{"enter", func(s *story) {
		s.begin("b meets a over a channel", 2)
		s.rests(s.Join(b, a, true), nil, 0)

		s.opts.Trickle = true
		s.begin("candidates are found later", 2)
		s.rests(s.Join(b, a, true), nil, 0)

		s.begin("one offer and one answer, carried by hand: they wait for all candidates", 2)
		s.rests(s.Join(b, a, false), nil, 0)
	}},
	{"enter-lossy", func(s *story) {
		s.begin("the offer is lost: it is sent again", 2)
		call := s.Join(b, a, true)
		s.lose("b~a offer")
		s.rests(call, nil, 600*time.Millisecond)

		s.begin("the answer is lost: it is asked for again", 2)
		call = s.Join(b, a, true)
		s.lose("a~b answer")
		s.rests(call, nil, 600*time.Millisecond)

		s.begin("nobody answers: the application gives up", 2)
		call = s.Join(b, a, true)
		s.Crash(a)
		s.rests(call, core.ErrFailed, 0)

		s.begin("nobody answers what was carried by hand", 2)
		call = s.Join(b, a, false)
		s.lose("b~a offer")
		s.rests(call, core.ErrCancelled, time.Minute)
	}},
	{"enter-again", func(s *story) {
		s.begin("b joins a, which is its neighbor already: the arc uses the session", 2, [2]int{b, a})
		s.rests(s.Join(b, a, true), nil, 0)
		s.rests(s.Join(b, a, false), nil, 0)

		s.begin("and while that session closes", 2, [2]int{b, a})
		s.Disconnect(b, a)
		s.Deliveries()
		s.Advance() // linger, at one end
		call := s.Join(b, a, true)
		s.rests(call, nil, 0)

		s.begin("b has lost the session, a has not: b offers once more, by name", 2, [2]int{b, a})
		s.Break(a, b)
		s.Deliver(s.until("b down"))
		call = s.Join(b, a, true)
		s.others(s.next("a down"))
		s.rests(call, nil, 0)
	}},
	{"enter-twice", func(s *story) {
		s.begin("b joins a twice at once: both ride on one session", 2)
		first, second := s.Join(b, a, true), s.Join(b, a, false)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.begin("b joins a once more when the first session is open at its end: a keeps it", 2)
		first = s.Join(b, a, false)
		s.Deliver(s.until("a>b hello"))
		second = s.Join(b, a, false)
		third := s.Connect(b, a)
		s.Deliver(s.next("b described b2"))
		s.Deliver(s.next("b gathered b2"))
		s.Deliver(s.next("b~a offer b2"))
		s.settle()
		for _, call := range []uint64{first, second, third} {
			s.ends(call, nil)
		}

		s.opts.Config = func(_ int, cfg *core.Config) { cfg.Wishless = true }
		s.begin("b joins a once more when a waits for its hello, since its offers do not say for which arc they are", 2)
		first = s.Join(b, a, false)
		s.Deliver(s.until("a up"))
		second = s.Join(b, a, false)
		s.Deliver(s.next("b described b2"))
		s.Deliver(s.next("b gathered b2"))
		s.Deliver(s.next("b~a offer b2"))
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)
		s.opts.Config = nil

		s.begin("both join each other at once: the offer of the greater id wins", 2)
		first, second = s.Join(a, b, true), s.Join(b, a, true)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.begin("one more than may wait", 2)
		for range 6 {
			s.Join(b, a, true)
		}
		s.settle()
	}},
	{"enter-crossing", func(s *story) {
		s.begin("c joins a, which just then connects to c by way of b", 3, [2]int{a, b}, [2]int{b, c})
		first := s.Connect(a, c, b)
		s.until("b>c offer")
		second := s.Join(c, a, true)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.begin("c connects to a by way of b, which just then joins c", 3, [2]int{a, b}, [2]int{b, c})
		first = s.Connect(c, a, b)
		s.until("b>a offer")
		second = s.Join(a, c, true)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.begin("an offer that waits is sent again: it is told once", 3, [2]int{a, b}, [2]int{b, c})
		s.Connect(c, a, b)
		held := s.until("b>a offer")
		call := s.Join(a, c, true)
		s.others(held)
		s.Advance()
		s.others(held)
		s.rests(call, nil, 0)

		s.begin("the attempt that made c wait comes to nothing: c is let in", 3, [2]int{a, b}, [2]int{b, c})
		first = s.Connect(c, a, b)
		s.until("b>a offer")
		second = s.Join(a, c, true)
		s.Deliver(s.until("a~c offer"))
		s.Cancel(c, first)
		s.settle()
		s.ends(first, core.ErrCancelled)
		s.ends(second, nil)
	}},
	{"enter-late", func(s *story) {
		s.begin("c's offer comes over a slow channel, when it has met a by other ways and a wants it again", 3, line3...)
		first := s.Join(c, a, true)
		held := s.until("c~a offer")
		s.Connect(c, a, b)
		s.others(held)
		s.Break(a, c)
		s.others(held)
		second := s.Connect(a, c, b)
		s.Deliver(held)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)
	}},
	{"enter-slow", func(s *story) {
		s.begin("c's offer to whoever it meets is older than the one that a answers", 3, line3...)
		first := s.Join(c, a, true)
		held := s.until("c~a offer")
		second := s.Connect(c, a, b)
		for s.next("a>b answer") == nil {
			s.deliverBut(held)
		}
		s.Deliver(held)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.begin("and older than what a's answer voided", 3, line3...)
		first = s.Join(a, c, true)
		held = s.until("a~c offer")
		second = s.Connect(a, c, b)
		third := s.Connect(c, a, b)
		for s.next("c>a hello") == nil {
			s.deliverBut(held)
		}
		s.Deliver(held)
		s.settle()
		for _, call := range []uint64{first, second, third} {
			s.ends(call, nil)
		}

		s.begin("the answer to it comes when a later one was answered", 3, line3...)
		first = s.Join(c, a, true)
		held = s.until("a~c answer")
		second = s.Connect(c, a, b)
		for s.next("c>a hello") == nil {
			s.deliverBut(held)
		}
		s.Deliver(held)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.begin("or when that is over", 3, line3...)
		first = s.Join(c, a, true)
		held = s.until("a~c answer")
		second = s.Connect(c, a, b)
		s.hold("a~c")
		s.Break(a, c)
		s.hold("a~c")
		s.Deliver(held)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.begin("c was started anew, and a has not noticed: the answer proves that c has left", 2)
		s.quietly(func() {
			s.rests(s.Join(a, c-1, true), nil, 0)
			s.Crash(b)
			s.Restart(b)
			s.Unnoticed(s.next("a down"))
		})
		s.rests(s.Join(a, b, true), nil, 0)
	}},
	{"enter-stale", func(s *story) {
		s.begin("a answers b, crashes, comes back and joins b: what it answered before changes nothing", 2)
		first := s.Join(b, a, true)
		held := s.until("a~b answer b1")
		s.Crash(a)
		s.Restart(a)
		second := s.Join(a, b, true)
		s.Deliver(s.untilBut("b~a answer a2.1", held, s.next("b closes")))
		s.Deliver(held)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.begin("nor when a has answered another offer of b's since", 3, line3...)
		first, second = s.Connect(c, a, b), s.Join(c, a, true)
		offer := s.until("c>b offer c1")
		held = s.untilBut("a~c answer c2", offer)
		s.Crash(a)
		s.Restart(a)
		hangup := s.next("c closes")
		s.quietly(func() {
			s.Join(a, b, true)
			s.untilBut("b>a bound", offer, held, hangup)
		})
		s.Deliver(s.untilBut("b>c answer c1", held, hangup))
		s.Deliver(held)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)
	}},
	{"enter-clock", func(s *story) {
		s.begin("b comes back with its clock set back: its number is known, another one will do", 2, [2]int{b, a})
		s.Crash(b)
		s.settle()
		s.RestartAs(b, 0)
		s.rests(s.Join(b, a, true), nil, 0)

		s.begin("by hand there is only one try", 2, [2]int{b, a})
		s.Crash(b)
		s.settle()
		s.RestartAs(b, 0)
		s.rests(s.Join(b, a, false), core.ErrRefused, 0)
	}},
	{"enter-refused", func(s *story) {
		s.opts.Config = func(i int, cfg *core.Config) { cfg.MaxPending = 1 }
		s.begin("a takes one newcomer at a time", 3)
		first := s.Join(b, a, true)
		s.Deliver(s.until("b~a offer"))
		second := s.Join(c, a, true)
		s.settle()
		s.ends(first, nil)
		s.ends(second, core.ErrBusy)

		s.opts.Config = nil
		s.begin("a leaves", 2)
		call := s.Join(b, a, true)
		s.Leave(a)
		s.rests(call, core.ErrRefused, 0)

		s.begin("the channel closes before anybody answers", 2)
		call = s.Join(b, a, true)
		s.CloseChannel(call)
		s.rests(call, core.ErrFailed, 0)

		s.begin("the answer is about another offer", 2)
		call = s.Join(b, a, true)
		answer := s.until("a~b answer")
		forged := *answer.Signal
		forged.Ref[0]++
		s.Input(b, core.Signaled{Conn: answer.Conn, Signal: &forged})
		s.rests(call, nil, 0)
		if n := s.Peers[b].Core.Stats().SignalsRefused; n != 1 {
			s.Errorf("%d signals refused", n)
		}
	}},
}
