package core_test

import (
	"fmt"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
	"github.com/n2n-overlay/n2n/transport"
)

// past lets a and c have had two sessions, one attempt that led nowhere and one
// that was given up, and gives every signal of that once more.
func (s *story) past() (signals []*sim.Item) {
	s.begin("", 4, [2]int{a, b}, [2]int{b, c}, [2]int{a, d})
	record := func() {
		for len(s.Pending()) > 0 {
			it := s.Pending()[0]
			if s.Lossy(it) && (it.To == a || it.To == c) {
				signals = append(signals, s.Copy(it))
			}
			s.Deliver(it)
			s.check()
		}
	}
	s.quietly(func() {
		for _, ends := range [][2]int{{a, c}, {c, a}} {
			s.Connect(ends[0], ends[1], b)
			record()
			s.Break(a, c)
			record()
		}
		s.Connect(a, c, d)
		record()
		call := s.Connect(a, c, b)
		s.Deliver(s.until("b>c offer"))
		s.Cancel(a, call)
		record()
		s.settle()
	})
	return signals
}

// replay delivers the signals of the past, and rejects of what is over.
func (s *story) replay(signals []*sim.Item) {
	for _, it := range signals {
		s.Deliver(s.Copy(it))
		s.check()
	}
	for _, ends := range [][2]int{{a, c}, {c, a}} {
		s.Input(ends[0], core.Signaled{Signal: &transport.Signal{
			Kind: transport.Reject, From: name(ends[1]), To: name(ends[0]), Session: transport.SessionID{Initiator: name(ends[0]), Number: 1 << 22},
		}})
		s.check()
	}
}

// crossed begins two things, the second after so many deliveries of the first;
// what is pending is delivered in order, or the last first.
func (s *story) crossed(about string, lifo bool, n int, first, second func() uint64) {
	var one, two uint64
	order := "in order"
	if lifo {
		order = "the last first"
	}
	s.atEachStep(fmt.Sprintf("%s after so many deliveries, %s", about, order), func() uint64 {
		s.begin("", n, line3...)
		one = first()
		return one
	}, func() {
		two = second()
		for lifo && len(s.Pending()) > 0 {
			turns := s.Choices(sim.Deliver)
			turns[len(turns)-1].Do()
			s.check()
		}
	}, func(uint64) string { return s.took(one) + "; " + s.took(two) })
}

// Stories of what crosses, and of what comes late.
var crossings = []plot{
	{"past", func(s *story) {
		var call uint64
		var signals []*sim.Item
		outcome := func(uint64) string { return s.took(call) }
		for _, trickle := range []bool{false, true} {
			s.opts.Trickle = trickle
			for _, ends := range [][2]int{{a, c}, {c, a}} {
				about := fmt.Sprintf("%c connects to %c; after so many deliveries every signal of the past comes again", 'a'+ends[0], 'a'+ends[1])
				s.atEachStep(about, func() uint64 {
					signals = s.past()
					s.quietly(func() { call = s.Connect(ends[0], ends[1], b) })
					return call
				}, func() { s.replay(signals) }, outcome)
			}
		}
	}},
	{"enter-each", func(s *story) {
		things := []struct {
			about string
			begin func() uint64
		}{
			{"a joins c", func() uint64 { return s.Join(a, c, true) }},
			{"c joins a", func() uint64 { return s.Join(c, a, true) }},
			{"a connects to c", func() uint64 { return s.Connect(a, c, b) }},
			{"c connects to a", func() uint64 { return s.Connect(c, a, b) }},
		}
		for _, first := range things {
			for _, second := range things {
				for _, lifo := range []bool{false, true} {
					s.crossed(first.about+"; "+second.about, lifo, 3, first.begin, second.begin)
				}
			}
		}
	}},
}
