package core_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Stories about one step: what an input does, what it must not do, and to whom.
// They have no text; what a world always checks is checked, and lies count as
// the liar's fault.
func TestPrecise(t *testing.T) {
	for _, p := range slices.Concat(lateEvents, candidates, choosing, settling, paths, remembering, waitings, answers, promptness, tries, exactly) {
		t.Run(p.name, func(t *testing.T) { lied(t, p, nil) })
	}
}

// key gives all that can make a difference to what peer i does from now on.
func (s *story) key(i int) string {
	k := core.Key{Peer: func(id transport.PeerID) byte { return id[0] }}
	s.Peers[i].Core.AppendKey(&k, s.Now)
	return string(k.B)
}

// noEffect sees that an input changes nothing at peer i, and has no effect.
func (s *story) noEffect(i int, in core.Input) {
	s.Helper()
	before, spied := s.key(i), s.spy(i)
	s.Input(i, in)
	s.check()
	if fx := spied(); len(fx) > 0 {
		s.Fatalf("%T has effects: %+v", in, fx)
	}
	if s.key(i) != before {
		s.Fatalf("%T changes something", in)
	}
}

// spy gives the effects of peer i from here on.
func (s *story) spy(i int) func() []core.Effect {
	from := len(s.fx[i])
	return func() []core.Effect { return s.fx[i][from:] }
}

// kinds names effects, and messages that are sent.
func kinds(list []core.Effect) string {
	var names []string
	for _, e := range list {
		var x any = e
		switch e := e.(type) {
		case core.Send:
			x = e.Msg
		case core.SendMedia:
			x = e.Msg
		}
		name := fmt.Sprintf("%T", x)
		names = append(names, name[strings.LastIndexByte(name, '.')+1:])
	}
	return strings.Join(names, " ")
}

// some gives the effects of one type.
func some[E core.Effect](list []core.Effect) (out []E) {
	for _, e := range list {
		if x, ok := e.(E); ok {
			out = append(out, x)
		}
	}
	return out
}

// begun gives the driver session of peer i that it began last.
func (s *story) begun(i int) (id transport.SessionID) {
	s.Helper()
	for _, e := range s.fx[i] {
		switch e := e.(type) {
		case core.MakeOffer:
			id = e.ID
		case core.MakeAnswer:
			id = e.ID
		}
	}
	if id.Number == 0 {
		s.Fatal("no session was begun")
	}
	return id
}

// found gives n addresses that a driver may find.
func found(n int) (list []transport.Candidate) {
	for i := range n {
		list = append(list, transport.Candidate{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, 1, 1}), uint16(5000+i))})
	}
	return list
}

// driven lists what a driver may say of a session, at any time.
func driven(id transport.SessionID) []core.Input {
	return []core.Input{
		core.Described{ID: id, D: transport.Description{Ufrag: "late"}},
		core.Gathered{ID: id, C: found(1), Last: true},
		core.Up{ID: id},
		core.Down{ID: id},
		core.Blame{ID: id, What: "nonsense"},
		core.Received{ID: id, Msg: &arc.Ping{Id: 1}},
		core.Received{ID: id, Msg: &arc.Hello{Version: core.Version, Initiator: id.Initiator, Number: id.Number}},
	}
}

var lateEvents = []plot{
	{"a driver's late words about a session do not count for the next one", func(s *story) {
		for _, until := range []string{"c described a3", "c gathered a3", "c>a hello a3"} {
			s.begin("", 3, line3...)
			s.Connect(a, c, b)
			s.settle()
			old, _ := s.Peers[c].Core.Open(name(a))
			s.Break(a, c)
			s.Deliveries()
			s.Connect(a, c, b)
			s.until(until)
			for _, in := range driven(old) {
				s.noEffect(c, in)
				s.noEffect(a, in)
			}
			s.settle()
		}
	}},
	{"a driver's tracks wait for the session to be open", func(s *story) {
		s.begin("", 3, line3...)
		s.Connect(a, c, b)
		s.until("c described")
		s.noEffect(c, core.MediaChanged{ID: s.begun(c), Audio: 1})
		s.noEffect(c, core.MediaDone{ID: s.begun(c)})
		s.settle()
	}},
	{"nor about a session of another peer with the number of an offer to nobody", func(s *story) {
		s.begin("", 2)
		s.Join(a, b, true)
		mine := s.begun(a)
		for _, in := range driven(transport.SessionID{Initiator: name(b), Number: mine.Number}) {
			s.noEffect(a, in)
		}
		s.settle()
	}},
	{"a driver that fails before anybody has answered ends the join", func(s *story) {
		s.begin("", 2)
		call := s.Join(a, b, true)
		s.GiveUp(a, s.begun(a))
		s.Deliver(s.next("a down"))
		s.ends(call, core.ErrFailed)
		s.settle()
	}},
}

var candidates = []plot{
	{"a session is described once", func(s *story) {
		s.begin("", 2)
		s.Join(a, b, false)
		s.Deliver(s.until("a described"))
		s.noEffect(a, core.Described{ID: s.begun(a), D: transport.Description{Ufrag: "other"}})
		s.settle()
	}},
	{"a driver finds more addresses than may be sent", func(s *story) {
		for _, byHand := range []bool{false, true} {
			s.begin("", 2)
			s.Join(a, b, !byHand)
			s.Deliver(s.until("a described"))
			s.Input(a, core.Gathered{ID: s.begun(a), C: found(3 * transport.MaxCandidates)})
			s.settle()
		}
	}},
	{"addresses that are found before the description wait for it", func(s *story) {
		s.opts.Trickle = true
		s.begin("", 2)
		s.Join(a, b, true)
		spied := s.spy(a)
		s.Input(a, core.Gathered{ID: s.begun(a), C: found(1)})
		if fx := spied(); len(fx) > 0 {
			s.Fatalf("%+v", fx)
		}
		s.settle()
	}},
}

// Who is remembered, and since when.
var remembering = []plot{
	{"of the strangers the oldest is forgotten, and of equally old ones always the same", func(s *story) {
		for _, later := range []time.Duration{time.Second, 0} {
			for range 10 {
				s.opts.Config = func(_ int, cfg *core.Config) { cfg.MaxPeers = 4 }
				s.begin("", 2, [2]int{a, b})
				word := func(i byte, kind transport.SignalKind, n uint64) core.Signaled {
					from := transport.PeerID{31: i}
					return core.Signaled{Signal: &transport.Signal{
						Kind: kind, From: from, To: name(a), Session: transport.SessionID{Initiator: from, Number: n},
						Description: &transport.Description{},
					}}
				}
				for i := range byte(4) { // the first makes room for the last
					in := word(4-i, transport.Reset, 9)
					if later == 0 {
						in = word(i+1, transport.Reset, 9)
					}
					in.Signal.Mine, in.Signal.Description = 9, nil
					s.Input(a, in)
					s.World.Now += later
				}
				spied := s.spy(a)
				for _, i := range []byte{3, 2} {
					s.Input(a, word(i, transport.Offer, 5))
				}
				if made := some[core.MakeAnswer](spied()); len(made) > 0 {
					s.Fatalf("%v was forgotten", made[0].Peer)
				}
				s.Input(a, word(9, transport.Offer, 5))
				if made := some[core.MakeAnswer](spied()); len(made) != 1 {
					s.Fatalf("no room for another one: %v", made)
				}
			}
		}
	}},
	{"the clock does not run backwards", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.Peers[a].Core.Step(time.Hour, core.Tick{})
		s.Peers[a].Core.Step(0, core.Connect{Protocol: "p", To: name(b)})
		if at, ok := s.Peers[a].Core.Deadline(); !ok || at < time.Hour {
			s.Errorf("a timer is due at %v", at)
		}
	}},
}
