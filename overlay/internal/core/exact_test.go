package core_test

import (
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
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
}
