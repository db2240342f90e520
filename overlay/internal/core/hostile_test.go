package core_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// says has peer j say something to peer i, honest or not.
func (s *story) says(j, i int, m core.Message) {
	s.Helper()
	id, ok := s.Peers[i].Core.Open(s.Peers[j].ID)
	if !ok {
		s.Fatal("no session")
	}
	s.Input(i, core.Received{ID: id, Msg: m})
	s.check()
}

// blames sees that peer i has ended its session with peer j, and says why.
func (s *story) blames(i, j int, why string) {
	s.Helper()
	p := s.Peers[i]
	if len(p.Faults) == 0 || p.Faults[len(p.Faults)-1].Err.Error() != core.ErrViolation.Error()+": "+why {
		s.Fatalf("faults: %v, want %s", p.Faults, why)
	}
	if _, open := p.Core.Open(s.Peers[j].ID); open {
		s.Fatal("the session is still there")
	}
	s.settle()
}

// unmoved sees that nothing has come of it.
func (s *story) unmoved(i int) {
	s.Helper()
	if len(s.Peers[i].Faults) > 0 || len(s.Pending()) > 0 {
		s.Fatalf("faults %v, %d things pending", s.Peers[i].Faults, len(s.Pending()))
	}
	s.settle()
}

// Peers that lie, and events that come too late.
var hostile = slices.Concat(lies, turns)

var lies = []plot{
	{"a relay's path must name the channel that it came on", func(s *story) {
		for _, path := range [][][32]byte{
			{name(c), name(b), name(d)},          // another sender
			{name(a), name(c), name(d)},          // not by us
			{name(a), name(b), name(a)},          // twice
			{name(a), name(b)},                   // no broker
			{},                                   // nobody
			{name(a), name(b), name(c), name(b)}, // us twice
		} {
			s.begin("", 4, line3...)
			s.says(a, b, &signal.Relay{Initiator: name(a), Number: 1, Path: path, Position: 1})
			s.blames(b, a, "relay with a path that lies")
		}
		for _, position := range []uint8{0, 2, 255} {
			s.begin("", 4, line3...)
			s.says(a, b, &signal.Relay{Path: [][32]byte{name(a), name(b), name(c)}, Position: position})
			s.blames(b, a, "relay with a path that lies")
		}
	}},
	{"a bounce must come from where the relay went", func(s *story) {
		for _, position := range []uint8{1, 2, 255} {
			s.begin("", 4, line3...)
			s.says(a, b, &signal.Bounce{Path: [][32]byte{name(a), name(b), name(c)}, Position: position})
			s.blames(b, a, "relay with a path that lies")
		}
	}},
	{"a bounce counts only for the way that the attempt goes", func(s *story) {
		s.begin("", 4, [2]int{a, b}, [2]int{b, c}, [2]int{a, d})
		call := s.Connect(a, c, b)
		s.until("b>c offer")
		id := s.Peers[a].Core.Driven()[2]
		s.says(d, a, &signal.Bounce{Initiator: name(a), Number: id.Number, Path: [][32]byte{name(a), name(d), name(c)}})
		s.rests(call, nil, 0)
	}},
	{"nothing is said before hello", func(s *story) {
		s.begin("", 2)
		call := s.Join(a, b, true)
		s.until("b>a hello")
		s.Input(a, core.Received{ID: s.Peers[a].Core.Driven()[0], Msg: &arc.Ping{Id: 1}})
		s.blames(a, b, "message before hello")
		s.ends(call, nil) // by another attempt
	}},
	{"hello names the session, and is said once", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.says(b, a, &arc.Hello{Version: core.Version, Initiator: name(a), Number: s.Peers[a].Core.Driven()[0].Number})
		s.blames(a, b, "hello of another session")
		for _, hello := range []arc.Hello{{Version: core.Version, Number: 7}, {Version: core.Version, Initiator: name(b), Number: 1}} {
			s.begin("", 2)
			s.Join(a, b, true)
			s.until("b>a hello")
			s.Input(a, core.Received{ID: s.Peers[a].Core.Driven()[0], Msg: &hello})
			s.blames(a, b, "hello of another session")
		}
	}},
	{"nobody says hello to an offer that was not answered", func(s *story) {
		s.begin("", 3, line3...)
		s.Connect(a, c, b)
		id := s.Peers[a].Core.Driven()[1]
		s.Input(a, core.Received{ID: id, Msg: &arc.Hello{Version: core.Version, Initiator: id.Initiator, Number: id.Number}})
		s.blames(a, c, "hello of another session")
	}},
	{"a repeated Bind is answered again, and counted once", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.says(a, b, &arc.Bind{Arc: 1, Protocol: "p", Channel: 1}) // of the arc that the offer began
		s.settle()
		s.rests(s.Connect(a, b), nil, 0)
		s.says(a, b, &arc.Bind{Arc: 2, Protocol: "p", Channel: 1})
		s.Deliveries()
		s.settle()
	}},
	{"the Bind of an arc that the offer began says the same", func(s *story) {
		for _, m := range []arc.Bind{{Arc: 1, Protocol: "q", Channel: 1}, {Arc: 1, Protocol: "p", Channel: 2}} {
			s.begin("", 2, [2]int{a, b})
			s.says(a, b, &m)
			s.blames(b, a, "message out of place")
		}
	}},
	{"a channel's number is the proposer's to choose, and for one protocol", func(s *story) {
		s.opts.Protocols = []string{"p", "q"}
		for _, n := range []uint16{0, 3, 5, 1, 1024, 1026, 65534} { // a began the session; 1 is p's
			s.begin("", 2, [2]int{a, b})
			s.says(a, b, &arc.Bind{Arc: 9, Protocol: "q", Channel: n})
			s.blames(b, a, "message out of place")
		}
		for _, n := range []uint16{0, 1, 2, 4, 1025} {
			s.begin("", 2, [2]int{a, b})
			s.says(b, a, &arc.Bind{Arc: 9, Protocol: "q", Channel: n})
			s.blames(a, b, "message out of place")
		}
		s.begin("", 2, [2]int{a, b})
		s.says(a, b, &arc.Bind{Arc: 9, Protocol: "p", Channel: 2})
		s.blames(b, a, "message out of place")
	}},
	{"Bound names the number that was settled", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.Connect(a, b)
		s.says(b, a, &arc.Bound{Arc: 2, Channel: 3})
		s.blames(a, b, "message out of place")
	}},
	{"answers to nothing", func(s *story) {
		for _, m := range []core.Message{
			&arc.Refused{Arc: 1}, // of an arc that is open
			&arc.Bound{Arc: 1, Channel: 1},
		} {
			s.begin("", 2, [2]int{a, b})
			s.says(b, a, m)
			s.blames(a, b, "message out of place")
		}
		for _, m := range []core.Message{
			&arc.Refused{Arc: 7}, &arc.Bound{Arc: 7, Channel: 7}, &arc.Unbind{Arc: 7}, &arc.Unbind{Arc: 7, Mine: true},
			&arc.Pong{Id: 7}, &signal.Met{Meeting: 7}, &arc.Stay{},
			&signal.Bounce{Initiator: name(a), Number: 7, Path: [][32]byte{name(a), name(b), name(c)}},
		} {
			s.begin("", 3, [2]int{a, b})
			s.says(b, a, m)
			s.unmoved(a)
		}
	}},
	{"Unbind of an arc that waits for its answer", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		call := s.Connect(a, b)
		s.says(b, a, &arc.Unbind{Arc: 2})
		s.ends(call, core.ErrRefused)
	}},
	{"Deny on an open session ends it", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.says(b, a, &arc.Deny{Version: 9})
		if _, open := s.Peers[a].Core.Open(name(b)); open {
			s.Error("the session is still there")
		}
		s.settle()
	}},
	{"a neighbor answers only what it was asked", func(s *story) {
		s.begin("", 3, line3...)
		call := s.Invite(b, a)
		s.says(c, b, &signal.Met{Meeting: 1, Result: signal.OutcomeRefused})
		s.rests(call, nil, 0)
	}},
	{"a neighbor asks for nonsense", func(s *story) {
		for _, to := range []transport.PeerID{{}, name(a), name(b)} {
			s.begin("", 3, line3...)
			s.says(b, a, &signal.Meet{Meeting: 7, Protocol: "p", To: to, Budget: 1 << 31})
			if s.next("a>b met 7: refused") == nil {
				s.Fatal("not refused")
			}
			s.settle()
		}
	}},
	{"a signal comes from the path's end", func(s *story) {
		s.begin("", 3, line3...)
		before := s.Peers[b].Core.Stats()
		path := [][32]byte{name(a), name(b), name(c)}
		id, _ := s.Peers[c].Core.Open(name(b))
		for _, sig := range []*transport.Signal{nil, {Kind: transport.Reset, From: name(b), To: name(c)}} {
			s.Input(c, core.Received{ID: id, Msg: &signal.Relay{Path: path, Position: 2}, Signal: sig})
		}
		s.unmoved(c)
		if got := s.Peers[c].Core.Stats().SignalsRefused; got != 2 || before != s.Peers[b].Core.Stats() {
			s.Errorf("%d signals refused", got)
		}
	}},
	{"signals that cannot be meant for us", func(s *story) {
		s.begin("", 3, line3...)
		desc := &transport.Description{}
		of := func(i int, n uint64) transport.SessionID {
			return transport.SessionID{Initiator: name(i), Number: n}
		}
		wrong := []transport.Signal{
			{Kind: transport.Offer, From: name(b), To: name(c), Session: of(b, 1<<30), Description: desc},   // for somebody else
			{Kind: transport.Offer, From: name(b), Session: of(b, 1<<30), Description: desc},                // for nobody, but by no door
			{Kind: transport.Offer, From: name(b), To: name(a), Session: of(c, 1<<30), Description: desc},   // somebody else's
			{Kind: transport.Offer, From: name(b), To: name(a), Session: of(b, 0), Description: desc},       // without a number
			{Kind: transport.Offer, From: name(b), To: name(a), Session: of(b, 1<<63), Description: desc},   // beyond all numbers
			{Kind: transport.Offer, From: name(b), To: name(a), Session: of(b, 1<<30)},                      // empty
			{Kind: transport.Offer, From: name(a), To: name(a), Session: of(a, 1<<30), Description: desc},   // our own
			{Kind: transport.Offer, To: name(a), Session: of(a, 1<<30), Description: desc},                  // nobody's
			{Kind: transport.Answer, From: name(b), To: name(a), Session: of(b, 1<<30), Description: desc},  // to its own offer
			{Kind: transport.Answer, From: name(b), To: name(a), Session: of(a, 1<<30)},                     // empty
			{Kind: transport.Candidates, From: name(b), To: name(c), Session: of(a, 1<<30)},                 // for somebody else
			{Kind: transport.Reject, From: name(b), To: name(a), Session: of(b, 1<<30)},                     // of its own offer
			{Kind: transport.Reset, From: name(b), To: name(c), Session: of(b, 1<<30)},                      // for somebody else
			{Kind: transport.Reset, From: name(b), To: name(a), Session: of(b, 1), Mine: 1 << 63, Yours: 1}, // beyond all numbers
			{Kind: transport.Reset, From: name(b), To: name(a), Session: of(b, 1), Mine: 1, Yours: 1<<64 - 1},
			{Kind: transport.Offer, To: name(a), Session: transport.SessionID{Number: 1 << 30}, Description: desc}, // nobody's, of nobody
			{Kind: transport.Reset, To: name(a), Session: of(a, 1<<30), Mine: 1},
			{Kind: transport.Answer, From: name(b), To: name(c), Session: of(a, 1<<30), Description: desc}, // to somebody else
			{Kind: transport.Candidates, From: name(b), To: name(a), Session: of(c, 1<<30)},                // of somebody else's session
			{Kind: transport.Candidates, From: name(b), Session: of(c, 1<<30)},
			{Kind: transport.Reject, From: name(b), To: name(c), Session: of(a, 1<<30)},
			{Kind: 77, From: name(b), To: name(a), Session: of(b, 1<<30)},
		}
		for i, sig := range wrong {
			s.Input(a, core.Signaled{Signal: &sig})
			s.check()
			if got := s.Peers[a].Core.Stats().SignalsRefused; got != uint64(i+1) {
				s.Fatalf("signal %d was not refused", i)
			}
		}
		s.unmoved(a)
	}},
	{"signals about another offer of that number", func(s *story) {
		for _, kind := range []transport.SignalKind{transport.Answer, transport.Candidates, transport.Reject} {
			s.begin("", 3, line3...)
			call := s.Connect(a, c, b)
			s.until("b>c offer")
			s.Input(a, core.Signaled{Signal: &transport.Signal{
				Kind: kind, From: name(c), To: name(a), Session: s.Peers[a].Core.Driven()[1],
				Ref: [32]byte{7}, Description: &transport.Description{},
			}})
			s.check()
			s.rests(call, nil, 0)
		}
	}},
	{"a third peer cannot end what two have", func(s *story) {
		s.begin("", 3, line3...)
		s.quietly(func() { s.rests(s.Connect(a, c, b), nil, 0) })
		id, _ := s.Peers[a].Core.Open(name(c))
		s.Input(a, core.Signaled{Signal: &transport.Signal{
			Kind: transport.Reset, From: name(b), To: name(a), Session: id, Mine: 1 << 40, Yours: 1 << 40,
		}})
		s.settle()
		if _, open := s.Peers[a].Core.Open(name(c)); !open {
			s.Error("the session is gone")
		}
	}},
	{"late words of an attempt that is over", func(s *story) {
		s.begin("", 3, line3...)
		for _, kind := range []transport.SignalKind{transport.Reject, transport.Candidates, transport.Answer} {
			s.Input(a, core.Signaled{Signal: &transport.Signal{
				Kind: kind, From: name(c), To: name(a), Session: transport.SessionID{Initiator: name(a), Number: 5},
				Description: &transport.Description{},
			}})
			s.check()
		}
		s.settle()
	}},
	{"events of driver sessions that are over", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		gone := transport.SessionID{Initiator: name(a), Number: 7}
		for _, in := range []core.Input{
			core.Described{ID: gone}, core.Gathered{ID: gone, Last: true}, core.Up{ID: gone}, core.Down{ID: gone},
			core.Received{ID: gone, Msg: &arc.Bye{}}, core.Blame{ID: gone, What: "nonsense"},
			core.Cancel{Call: 99}, core.CloseDoor{Conn: 99}, core.Unregister{Protocol: "nobody's"},
		} {
			s.Input(a, in)
			s.check()
		}
		s.unmoved(a)
		id, _ := s.Peers[a].Core.Open(name(b))
		s.Input(a, core.Described{ID: id})
		s.Input(a, core.Up{ID: id})
		s.Input(a, core.Gathered{ID: id, Last: true})
		s.unmoved(a)
	}},
	{"what is blamed on a peer costs it its session", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		id, _ := s.Peers[a].Core.Open(name(b))
		s.Input(a, core.Blame{ID: id, What: "data beyond the window"})
		s.blames(a, b, "data beyond the window")
	}},
	{"a session has channels for so many protocols", func(s *story) {
		s.opts.Protocols = nil
		for i := range 257 {
			s.opts.Protocols = append(s.opts.Protocols, fmt.Sprint("p", i))
		}
		s.begin("", 2, [2]int{a, b})
		var last uint64
		var effects []core.Effect
		for _, p := range s.opts.Protocols[1:] {
			spied := s.spy(a)
			last = s.ConnectAs(p, a, b)
			effects = spied()
		}
		if got := kinds(effects); got != "Failed Done" { // it says nothing to b
			s.Errorf("the one that finds no channel: %s", got)
		}
		s.settle()
		s.ends(last, core.ErrBusy)
		s.ends(last-1, nil)
	}},
	{"strangers are forgotten before friends", func(s *story) {
		s.opts.Config = func(_ int, cfg *core.Config) { cfg.MaxPeers = 8 }
		s.begin("", 2, [2]int{a, b})
		for i := range 100 {
			stranger := transport.PeerID{31: byte(i + 1)}
			s.Input(a, core.Signaled{Signal: &transport.Signal{
				Kind: transport.Reset, From: stranger, To: name(a), Session: transport.SessionID{Initiator: stranger, Number: 1}, Mine: 1,
			}})
			s.check()
			if n := s.Peers[a].Core.Known(); n > 8 {
				s.Fatalf("%d peers are known", n)
			}
		}
		if _, open := s.Peers[a].Core.Open(name(b)); !open {
			s.Error("the session is gone")
		}
	}},
	{"time that runs backwards is ignored", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.Peers[a].Core.Step(time.Hour, core.Tick{})
		if fx := s.Peers[a].Core.Step(0, core.Tick{}); len(fx) > 0 {
			s.Errorf("%v", fx)
		}
	}},
}

// name gives a peer's id, as package sim does.
func name(i int) transport.PeerID { return transport.PeerID{byte(i + 1)} }

func TestHostile(t *testing.T) {
	for _, p := range hostile {
		t.Run(p.name, func(t *testing.T) { lied(t, p, nil) })
	}
}

// lied runs a story in which everybody may lie.
func lied(t testing.TB, p plot, trace func(int, core.Edge)) {
	s := &story{TB: t}
	s.opts.Trace, s.opts.Liars = trace, []int{a, b, c, d}
	p.tell(s)
}
