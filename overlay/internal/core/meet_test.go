package core_test

import (
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// Stories of introductions and invitations.
var meetings = []plot{
	{"introduce", func(s *story) {
		s.begin("b introduces a to c", 3, line3...)
		s.rests(s.Introduce(b, a, c), nil, 0)

		s.begin("c refuses", 3, line3...)
		s.Register(c, "p", false)
		s.rests(s.Introduce(b, a, c), core.ErrRefused, 0)

		s.begin("c is no neighbor, or everybody is the same", 3, [2]int{a, b})
		s.rests(s.Introduce(b, a, c), core.ErrNotNeighbor, 0)
		s.rests(s.Introduce(b, c, a), core.ErrNotNeighbor, 0)
		s.rests(s.Introduce(b, a, a), core.ErrSelf, 0)
		s.rests(s.Introduce(b, a, b), core.ErrSelf, 0)

		s.begin("a is lost meanwhile", 3, line3...)
		call := s.Introduce(b, a, c)
		s.until("b>c offer")
		s.Break(a, b)
		s.rests(call, core.ErrNotNeighbor, time.Minute)

		s.begin("c is lost meanwhile", 3, line3...)
		call = s.Introduce(b, a, c)
		s.until("b>c offer")
		s.Crash(c)
		s.rests(call, core.ErrFailed, 600*time.Millisecond)

		s.begin("b waits no longer", 3, line3...)
		call = s.Introduce(b, a, c)
		s.until("b>c offer")
		s.Cancel(b, call)
		s.rests(call, core.ErrCancelled, 0)

		s.begin("b's protocol is closed", 3, line3...)
		call = s.Introduce(b, a, c)
		s.until("b>c offer")
		s.Register(b, "p", false)
		s.rests(call, core.ErrClosed, 0)
	}},
	{"introduce-timeout", func(s *story) {
		s.begin("a's time is over before b's", 3, line3...)
		call := s.Introduce(b, a, c)
		s.until("b>c offer")
		s.losing(call, "b>c offer")
		s.rests(call, core.ErrTimeout, 0)

		s.begin("a never answers", 3, line3...)
		s.Cut(a, b, true)
		s.rests(s.Introduce(b, a, c), core.ErrTimeout, 10*time.Second)
	}},
	{"invite", func(s *story) {
		s.begin("a invites b", 2, [2]int{a, b})
		s.rests(s.Invite(a, b), nil, 0)

		s.begin("b refuses", 2, [2]int{a, b})
		s.Register(b, "p", false)
		s.rests(s.Invite(a, b), core.ErrRefused, 0)

		s.begin("b is no neighbor", 2)
		s.rests(s.Invite(a, b), core.ErrNotNeighbor, 0)

		s.begin("b crashes", 2, [2]int{a, b})
		call := s.Invite(a, b)
		s.Crash(b)
		s.rests(call, core.ErrNotNeighbor, 0)

		s.begin("the session closes meanwhile", 2, [2]int{a, b})
		s.quietly(func() { s.Disconnect(a, b); s.Deliveries(); s.Early(b) })
		call = s.Invite(a, b)
		s.settle()
		s.note("%s", s.result(call))

		s.begin("a asks for more at once than b has patience for", 2, [2]int{a, b})
		s.quietly(func() {
			for range 17 {
				s.Invite(a, b)
			}
			s.settle()
		})
		for _, c := range s.Calls() {
			if c.Err != nil {
				s.note("%s: %v", c.Text, c.Err)
			}
		}
	}},
}
