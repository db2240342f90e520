package core_test

import (
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
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
		s.Drop(s.next("a>b reset"))
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
		s.but("b>c offer a2", "d>c bounce")
		s.Deliver(late)
		s.rests(second, nil, 0)
		s.ends(cs, core.ErrBrokerLost)
	}},
	{"an offer whose channel closes waits no longer", func(s *story) {
		s.begin("", 4, [2]int{a, b}, [2]int{b, c}, [2]int{d, c})
		s.Connect(c, a, d)
		s.hold("d>c bounce")
		s.Join(a, c, true)
		s.only("a described", "a gathered")
		offer := s.next("a~c offer")
		s.Deliver(offer)
		s.Input(c, core.CloseDoor{Conn: offer.Conn})
		spied := s.spy(c)
		s.settle()
		if made := some[core.MakeAnswer](spied()); len(made) > 0 {
			s.Errorf("%+v", made)
		}
	}},
	{"newcomers do not wait for a session that ended before its hello", func(s *story) {
		s.begin("", 3, line3...)
		s.Connect(a, c, b)
		s.Deliver(s.until("c up"))
		id := s.begun(c)
		s.Join(a, c, true)
		s.only("a described", "a gathered", "a~c offer")
		s.GiveUp(c, id)
		s.Deliver(s.next("c down"))
		s.check()
		s.settle()
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
		s.Drop(s.next("a>b reset"))
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
		s.only("b described", "b gathered", "b~a offer")
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
