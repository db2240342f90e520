package core_test

import (
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// Stories of arcs that turn round and arcs that are held.
var turning = []plot{
	{"reverse", func(s *story) {
		s.begin("a gives its arc to b, which gives it back", 2, [2]int{a, b})
		s.rests(s.Reverse(a, b), nil, 0)
		s.rests(s.Reverse(a, b), core.ErrNotNeighbor, 0)
		s.rests(s.Reverse(b, a), nil, 0)

		s.begin("b has it as soon as it hears of it, not before, and may end it then", 2, [2]int{a, b})
		s.Reverse(a, b)
		s.ends(s.Disconnect(a, b), core.ErrNotNeighbor)
		s.ends(s.Disconnect(b, a), core.ErrNotNeighbor)
		s.settle()
		s.rests(s.Disconnect(b, a), nil, 0)

		s.begin("both turn an arc of the same number at once: they are two", 2, [2]int{a, b})
		s.quietly(func() { s.rests(s.Connect(b, a), nil, 0) })
		s.Reverse(a, b)
		s.Reverse(b, a)
		s.settle()
		s.Disconnect(a, b)
		s.Disconnect(b, a)
		s.settle()

		s.begin("the youngest of two turns", 2, [2]int{a, b})
		s.quietly(func() { s.rests(s.Connect(a, b), nil, 0) })
		s.rests(s.Reverse(a, b), nil, 0)

		s.begin("b closes the protocol before it hears of it", 2, [2]int{a, b})
		s.Reverse(a, b)
		s.Register(b, "p", false)
		s.settle()

		s.begin("a closes the protocol before b hears of it", 2, [2]int{a, b})
		s.Reverse(a, b)
		s.Register(a, "p", false)
		s.settle()

		s.begin("b closes the protocol as soon as it has it", 2, [2]int{a, b})
		s.Reverse(a, b)
		s.Deliver(s.until("a>b turn"))
		s.Register(b, "p", false)
		s.settle()

		s.begin("the session breaks before b hears of it", 2, [2]int{a, b})
		s.Reverse(a, b)
		s.Break(a, b)
		s.settle()

		s.begin("a leaves before b hears of it", 2, [2]int{a, b})
		s.Reverse(a, b)
		s.Leave(a)
		s.settle()

		s.begin("b wants one more arc meanwhile, and all end at once", 2, [2]int{a, b})
		call := s.Connect(b, a)
		s.Reverse(a, b)
		s.rests(call, nil, 0)
		s.Break(a, b)
		s.settle()
	}},
	{"hold", func(s *story) {
		s.begin("an arc that a holds stays, until it is released", 2, [2]int{a, b})
		hold := s.HoldArc(a, b)
		s.rests(s.Disconnect(a, b), core.ErrHeld, 0)
		s.rests(s.Reverse(a, b), core.ErrHeld, 0)
		s.ReleaseArc(a, hold)
		s.ReleaseArc(a, hold)
		s.rests(s.Disconnect(a, b), nil, 0)

		s.begin("there is nothing to hold", 2, [2]int{a, b})
		s.rests(s.HoldArc(b, a), core.ErrNotNeighbor, 0)

		s.begin("of three arcs under two holds one can go", 2, [2]int{a, b})
		s.quietly(func() { s.rests(s.Connect(a, b), nil, 0); s.rests(s.Connect(a, b), nil, 0) })
		s.HoldArc(a, b)
		s.HoldArc(a, b)
		s.rests(s.Reverse(a, b), nil, 0)
		s.rests(s.Disconnect(a, b), core.ErrHeld, 0)

		s.opts.Protocols = []string{"p", "q"}
		s.begin("a hold is one protocol's", 2, [2]int{a, b})
		s.quietly(func() { s.rests(s.ConnectAs("q", a, b), nil, 0) })
		s.HoldArc(a, b)
		s.rests(s.DisconnectAs("q", a, b), nil, 0)
		s.opts.Protocols = nil

		s.begin("b ends it, and the hold with it: an old release does not touch a new hold", 2, [2]int{a, b})
		old := s.HoldArc(a, b)
		s.Register(b, "p", false)
		s.settle()
		s.quietly(func() { s.Register(b, "p", true); s.rests(s.Connect(a, b), nil, 0) })
		s.HoldArc(a, b)
		s.ReleaseArc(a, old)
		s.rests(s.Disconnect(a, b), core.ErrHeld, 0)

		s.begin("the session breaks: the next arc is not held", 3, line3...)
		s.quietly(func() { s.rests(s.Connect(a, c, b), nil, 0) })
		s.HoldArc(a, c)
		s.Break(a, c)
		s.settle()
		s.quietly(func() { s.rests(s.Connect(a, c, b), nil, 0) })
		s.rests(s.Disconnect(a, c), nil, 0)

		s.begin("a closes the protocol all the same", 2, [2]int{a, b})
		s.HoldArc(a, b)
		s.Register(a, "p", false)
		s.settle()

		s.opts.Config = func(_ int, cfg *core.Config) { cfg.Heartbeat = 5 * time.Second }
		s.begin("b falls silent: two arcs are idle, and no hold is left", 2, [2]int{a, b})
		s.quietly(func() { s.rests(s.Connect(b, a), nil, 0) })
		s.HoldArc(a, b)
		s.Cut(a, b, true)
		s.Run(30 * time.Second)
		s.settle()
	}},
}

// Turns that are none.
var turns = []plot{
	{"a Turn of an arc that the receiver holds", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.says(b, a, &arc.Turn{Arc: 1})
		s.blames(a, b, "message out of place")
	}},
	{"a Turn that is repeated", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.says(a, b, &arc.Turn{Arc: 1, Mine: true})
		s.says(a, b, &arc.Turn{Arc: 1, Mine: true})
		s.blames(b, a, "message out of place")
	}},
	{"a Turn of an arc that waits for its answer", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.Connect(a, b)
		s.says(b, a, &arc.Turn{Arc: 2})
		s.blames(a, b, "message out of place")
	}},
	{"a Turn of an arc that is not there", func(s *story) {
		for _, m := range []core.Message{&arc.Turn{Arc: 7}, &arc.Turn{Arc: 7, Mine: true}, &arc.Turn{Arc: 1, Mine: true}} {
			s.begin("", 2, [2]int{a, b})
			s.says(b, a, m)
			s.unmoved(a)
		}
	}},
}
