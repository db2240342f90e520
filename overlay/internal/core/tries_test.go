package core_test

import (
	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// failed lets the attempt that peer i has in hand fail at its driver.
func (s *story) failed(i int) {
	s.Helper()
	s.GiveUp(i, s.begun(i))
	it := s.next(string(rune('a'+i)) + " down")
	if it == nil {
		s.Fatal("the driver says nothing")
	}
	s.Deliver(it)
	s.check()
}

// opened lets peer a's next attempt to c open, and no arc: its Bind is on its way.
func (s *story) opened() {
	s.Helper()
	s.Deliver(s.until("c>a hello"))
}

// Each session may be tried three times, whatever was tried for earlier ones.
var tries = []plot{
	{"after a call that was cancelled", func(s *story) {
		s.begin("", 3, line3...)
		first := s.Connect(a, c, b)
		s.failed(a)
		s.failed(a)
		s.Cancel(a, first)
		second := s.Connect(a, c, b)
		s.failed(a)
		s.failed(a)
		s.rests(second, nil, 0)
	}},
	{"after a session that opened at the third attempt, and lingers", func(s *story) {
		s.begin("", 3, line3...)
		first := s.Connect(a, c, b)
		s.failed(a)
		s.failed(a)
		s.opened()
		s.Cancel(a, first)
		s.settle()
		second := s.Connect(a, c, b)
		for range 2 {
			s.Break(a, c)
			s.Deliver(s.next("a down"))
			s.opened()
		}
		s.rests(second, nil, 0)
	}},
	{"after one that opened at the third attempt, and closes", func(s *story) {
		s.begin("", 3, line3...)
		first := s.Connect(a, c, b)
		s.failed(a)
		s.failed(a)
		s.opened()
		s.Cancel(a, first)
		s.settle()
		s.lingers(a)
		second := s.Connect(a, c, b)
		s.until("c>a agree")
		s.Deliver(s.next("c>a agree"))
		for range 2 {
			s.Break(a, c)
			s.Deliver(s.next("a down"))
			s.opened()
		}
		s.rests(second, nil, 0)
	}},
	{"after a call that was cancelled on a session with another arc", func(s *story) {
		s.begin("", 3, line3...)
		first := s.Connect(a, c, b)
		s.failed(a)
		s.failed(a)
		s.until("c described")
		other := s.Connect(c, a, b)
		s.Deliver(s.until("c>a bind"))
		s.Cancel(a, first)
		second := s.Connect(a, c, b)
		for range 2 {
			s.Break(a, c)
			s.Deliver(s.next("a down"))
			s.opened()
		}
		s.rests(second, nil, 0)
		s.ends(other, nil)
	}},
	{"after an arc that opened at the third attempt", func(s *story) {
		s.begin("", 3, line3...)
		first := s.Connect(a, c, b)
		s.failed(a)
		s.failed(a)
		s.settle()
		s.ends(first, nil)
		second := s.Connect(a, c, b)
		for range 2 {
			s.Break(a, c)
			s.Deliver(s.next("a down"))
			s.opened()
		}
		s.rests(second, nil, 0)
	}},
	{"after three that failed, and a session of the other end's", func(s *story) {
		for _, opened := range []bool{false, true} {
			s.begin("", 3, line3...)
			first := s.Connect(a, c, b)
			for range 3 {
				if opened {
					s.opened()
					s.Break(a, c)
					s.Deliver(s.next("a down"))
				} else {
					s.failed(a)
				}
			}
			s.ends(first, core.ErrFailed)
			s.settle()
			s.rests(s.Connect(c, a, b), nil, 0)
			second := s.Connect(a, c, b)
			s.Break(a, c)
			s.Deliver(s.next("a down"))
			s.rests(second, nil, 0)
		}
	}},
	{"and not four times", func(s *story) {
		s.begin("", 3, line3...)
		call := s.Connect(a, c, b)
		for range 3 {
			s.failed(a)
		}
		s.ends(call, core.ErrFailed)
		s.settle()

		s.begin("", 3, line3...)
		call = s.Connect(a, c, b)
		for range 3 {
			s.opened()
			s.Break(a, c)
			s.Deliver(s.next("a down"))
		}
		s.ends(call, core.ErrFailed)
		s.settle()
	}},
}
