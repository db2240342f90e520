package core_test

import (
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

var line3 = [][2]int{{a, b}, {b, c}}

// Stories of how peers that are in the network connect.
var connecting = []plot{
	{"broker", func(s *story) {
		s.begin("a connects to c, brokered by b", 3, line3...)
		s.rests(s.Connect(a, c, b), nil, 0)
		s.begin("the second arc needs no broker", 3, line3...)
		s.quietly(func() { s.Connect(a, c, b); s.settle() })
		s.rests(s.Connect(c, a), nil, 0)
	}},
	{"path", func(s *story) {
		s.begin("a connects to e, by way of b, c and d", 5, [2]int{a, b}, [2]int{b, c}, [2]int{c, d}, [2]int{d, e})
		s.rests(s.Connect(a, e, b, c, d), nil, 0)
	}},
	{"glare", func(s *story) {
		s.begin("a and c connect to each other at once: the greater id wins, nobody waits", 3, line3...)
		first, second := s.Connect(a, c, b), s.Connect(c, a, b)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)
		if s.Now != 0 {
			s.Errorf("it took %v", s.Now)
		}

		s.begin("the same by two brokers", 4, [2]int{a, b}, [2]int{b, c}, [2]int{a, d}, [2]int{d, c})
		first, second = s.Connect(a, c, b), s.Connect(c, a, d)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)
		if s.Now != 0 {
			s.Errorf("it took %v", s.Now)
		}

		s.begin("c insists, but its way leads nowhere: it takes the offer that it put aside", 4, [2]int{a, b}, [2]int{b, c}, [2]int{d, c})
		first, second = s.Connect(a, c, b), s.Connect(c, a, d)
		s.settle()
		s.ends(first, nil)
		s.ends(second, core.ErrBrokerLost)
		if s.Now != 0 {
			s.Errorf("it took %v", s.Now)
		}
	}},
	{"glare-trickle", func(s *story) {
		s.opts.Trickle = true
		s.begin("c insists, but its way leads nowhere: candidates came for what it put aside", 4, [2]int{a, b}, [2]int{b, c}, [2]int{d, c})
		first, second := s.Connect(a, c, b), s.Connect(c, a, d)
		s.hold("d>c bounce")
		s.settle()
		s.ends(first, nil)
		s.ends(second, core.ErrBrokerLost)
		if s.Now != 0 {
			s.Errorf("it took %v", s.Now)
		}
	}},
	{"lossy", func(s *story) {
		s.opts.Trickle = true
		for _, lost := range []string{"a>b offer", "b>c offer", "c>b answer", "b>a answer", "b>c candidates", "b>a candidates"} {
			s.begin("lost: "+lost, 3, line3...)
			call := s.Connect(a, c, b)
			s.lose(lost)
			s.rests(call, nil, 600*time.Millisecond)
		}
	}},
	{"late", func(s *story) {
		s.begin("an offer that is held up: the second one was answered long ago", 3, line3...)
		call := s.Connect(a, c, b)
		s.Hold(s.until("b>c offer"))
		held := s.next("b>c offer")
		s.others(held)
		s.Advance()
		s.others(held)
		s.ends(call, nil)
		s.Deliver(held)
		s.settle()

		s.begin("the same, when the session is over: its sender is told that it is dead", 3, line3...)
		call = s.Connect(a, c, b)
		s.Duplicate(s.until("b>c offer"))
		held = s.Pending()[len(s.Pending())-1]
		s.others(held)
		s.ends(call, nil)
		s.Break(a, c)
		s.others(held)
		s.Deliver(held)
		s.settle()

		s.begin("an answer that comes twice, and once more when all is over", 3, line3...)
		call = s.Connect(a, c, b)
		s.Duplicate(s.until("b>a answer"))
		held = s.Copy(s.next("b>a answer"))
		s.rests(call, nil, 0)
		s.Deliver(held)
		s.settle()
	}},
	{"neighbor", func(s *story) {
		s.begin("only to neighbors, and never to oneself", 3, line3...)
		s.rests(s.Connect(a, c), core.ErrNotNeighbor, 0)
		s.rests(s.Connect(a, a, b), core.ErrSelf, 0)
		s.rests(s.Connect(a, b, a), core.ErrSelf, 0)
		s.rests(s.Disconnect(a, c), core.ErrNotNeighbor, 0)
	}},
	{"channels", func(s *story) {
		s.opts.Protocols = []string{"p", "q"}
		s.begin("two protocols on one session", 2, [2]int{a, b})
		s.rests(s.ConnectAs("q", b, a), nil, 0)
		s.rests(s.ConnectAs("p", b, a), nil, 0)

		s.begin("the first Binds of a protocol cross: the initiator's number counts", 2, [2]int{a, b})
		first, second := s.ConnectAs("q", a, b), s.ConnectAs("q", b, a)
		s.settle()
		s.ends(first, nil)
		s.ends(second, nil)

		s.begin("the same, and one of the arcs is cancelled meanwhile", 2, [2]int{a, b})
		first, second = s.ConnectAs("q", a, b), s.ConnectAs("q", b, a)
		s.Cancel(a, first)
		s.settle()
		s.ends(first, core.ErrCancelled)
		s.ends(second, nil)

		s.begin("a refused Bind settles the number, too", 2, [2]int{a, b})
		s.Register(b, "q", false)
		s.rests(s.ConnectAs("q", a, b), core.ErrRefused, 0)
		s.Register(b, "q", true)
		s.rests(s.ConnectAs("q", b, a), nil, 0)
	}},
	{"forget", func(s *story) {
		s.begin("spent numbers are remembered for ten minutes after the last word", 3, line3...)
		call := s.Connect(a, c, b)
		s.Duplicate(s.until("b>c offer"))
		held := s.Pending()[len(s.Pending())-1]
		s.others(held)
		s.ends(call, nil)
		s.World.Now += 9 * time.Minute
		s.Break(a, c)
		s.others(held)
		s.World.Now += 9 * time.Minute
		s.Advance()
		s.Deliver(held)
		s.Deliveries()
		s.World.Now += 10 * time.Minute
		s.Advance()
		s.note("peers that c knows: %d", s.Peers[c].Core.Known())
		if n := s.Peers[c].Core.Known(); n != 1 {
			s.Errorf("c knows %d peers", n)
		}
	}},
}
