package core_test

import (
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Of several things of a kind, an input is about one.
var choosing = []plot{
	{"only the meeting that is cancelled ends", func(s *story) {
		s.begin("", 5, [2]int{a, b}, [2]int{a, c}, [2]int{a, d}, [2]int{a, e})
		var calls []uint64
		for _, i := range []int{b, c, d, e} {
			calls = append(calls, s.Invite(a, i))
		}
		s.Cancel(a, calls[2])
		s.settle()
		for i, call := range calls {
			if err, _ := s.Result(call); (err == core.ErrCancelled) != (i == 2) {
				s.Errorf("invitation %d: %v", i, err)
			}
		}
	}},
	{"only the join that is cancelled ends", func(s *story) {
		s.begin("", 5)
		var calls []uint64
		for _, i := range []int{b, c, d, e} {
			calls = append(calls, s.Join(a, i, true))
		}
		s.Cancel(a, calls[2])
		s.settle()
		for i, call := range calls {
			if err, _ := s.Result(call); (err == core.ErrCancelled) != (i == 2) {
				s.Errorf("join %d: %v", i, err)
			}
		}
	}},
	{"the arc of the protocol that is disconnected ends, and what waits of a protocol that is closed", func(s *story) {
		s.opts.Protocols = []string{"p", "q"}
		s.begin("", 2, [2]int{a, b})
		s.rests(s.ConnectAs("q", a, b), nil, 0)
		s.rests(s.Disconnect(a, b), nil, 0)

		s.begin("", 4, [2]int{a, b})
		kept, ended := s.JoinAs("p", a, c, true), s.JoinAs("q", a, d, true)
		also, gone := s.InviteAs("p", a, b), s.InviteAs("q", a, b)
		s.Register(a, "q", false)
		s.settle()
		s.ends(kept, nil)
		s.ends(also, nil)
		s.ends(ended, core.ErrClosed)
		s.ends(gone, core.ErrClosed)
	}},
	{"a call waits for as long as its caller says, but no longer than the configuration", func(s *story) {
		for _, c := range []struct{ timeout, want time.Duration }{{0, 10 * time.Second}, {time.Second, time.Second}, {time.Hour, 10 * time.Second}} {
			s.begin("", 2, [2]int{a, b})
			s.Cut(a, b, true)
			s.Input(a, core.Connect{Protocol: "p", To: name(b), Timeout: c.timeout})
			spied := s.spy(a)
			s.Run(c.want - 1)
			if len(some[core.Failed](spied())) > 0 {
				s.Errorf("%v: it has failed too early", c.timeout)
			}
			s.Run(1)
			if len(some[core.Failed](spied())) == 0 {
				s.Errorf("%v: it waits on", c.timeout)
			}
		}
	}},
}

// What the two ends of a session settle about its channels.
var settling = []plot{
	{"a number that both have named stays, whoever named it first", func(s *story) {
		s.opts.Protocols = []string{"p", "q"}
		s.begin("", 2, [2]int{a, b}) // a's Bind named 1 for p, and was bound
		s.says(b, a, &arc.Bind{Arc: 9, Protocol: "p", Channel: 3})
		s.blames(a, b, "message out of place")

		s.begin("", 2, [2]int{a, b}) // likewise 2 for q
		s.rests(s.ConnectAs("q", a, b), nil, 0)
		s.says(b, a, &arc.Bind{Arc: 9, Protocol: "q", Channel: 3})
		s.blames(a, b, "message out of place")

		s.begin("", 2, [2]int{a, b}) // a's Bind has named 2 for q, and is under way
		s.ConnectAs("q", a, b)
		s.says(b, a, &arc.Bind{Arc: 9, Protocol: "q", Channel: 2})
		s.says(b, a, &arc.Bind{Arc: 10, Protocol: "q", Channel: 3})
		s.blames(a, b, "message out of place")
	}},
	{"a number is for one protocol, even if that is not known here", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		s.says(b, a, &arc.Bind{Arc: 9, Protocol: "q", Channel: 3})
		s.says(b, a, &arc.Bind{Arc: 10, Protocol: "r", Channel: 3})
		s.blames(a, b, "message out of place")
	}},
	{"an arc that is ended as soon as it comes has opened the channel", func(s *story) {
		s.opts.Protocols = []string{"p", "q"}
		s.begin("", 2, [2]int{a, b})
		spied := s.spy(a)
		s.ConnectAs("q", a, b)
		s.says(b, a, &arc.Unbind{Arc: 2})
		if got := some[core.Usable](spied()); len(got) != 1 || got[0].Protocol != "q" {
			s.Errorf("%+v", got)
		}
	}},
	{"a protocol that is closed and registered again opens its channel again", func(s *story) {
		s.begin("", 2, [2]int{a, b})
		spied := s.spy(a)
		s.Register(a, "p", false)
		s.settle()
		s.Register(a, "p", true)
		s.rests(s.Connect(a, b), nil, 0)
		if fx := spied(); len(some[core.OpenChannel](fx)) != 1 || len(some[core.Usable](fx)) != 1 {
			s.Errorf("%+v", fx)
		}
	}},
}

// What travels through brokers.
var paths = []plot{
	{"hello names initiator and number", func(s *story) {
		for _, wrong := range []transport.SessionID{{Initiator: name(b)}, {Initiator: name(a), Number: 1}} {
			s.begin("", 2)
			s.Join(a, b, true)
			s.until("b>a hello")
			id := s.begun(a)
			wrong.Number += id.Number
			s.Input(a, core.Received{ID: id, Msg: &arc.Hello{Version: core.Version, Initiator: wrong.Initiator, Number: wrong.Number}})
			s.blames(a, b, "hello of another session")
		}
	}},
	{"a relay for us carries a signal of its first sender", func(s *story) {
		s.begin("", 3, line3...)
		id, _ := s.Peers[c].Core.Open(name(b))
		bs := transport.SessionID{Initiator: name(b), Number: 1 << 30}
		s.noEffect(c, core.Received{ID: id, Msg: &signal.Relay{Path: [][32]byte{name(a), name(b), name(c)}, Position: 2}, Signal: &transport.Signal{
			Kind: transport.Offer, From: name(b), To: name(c), Session: bs, Description: &transport.Description{},
		}})
	}},
	{"a relay does not begin with us", func(s *story) {
		s.begin("", 3, line3...)
		s.says(a, b, &signal.Relay{Path: [][32]byte{name(b), name(a), name(c)}})
		s.blames(b, a, "relay with a path that lies")
	}},
	{"a bounce comes back the way that the relay went, and is not the receiver's to send", func(s *story) {
		for _, lie := range []struct {
			from, to int
			bounce   signal.Bounce
		}{
			{d, a, signal.Bounce{Path: [][32]byte{name(a), name(b), name(c)}}},                       // not from the first broker
			{c, b, signal.Bounce{Path: [][32]byte{name(a), name(d), name(c), name(e)}, Position: 1}}, // through another
			{c, b, signal.Bounce{Path: [][32]byte{name(a), name(b), name(c)}, Position: 1}},          // from the receiver
			{b, a, signal.Bounce{Path: [][32]byte{name(a), name(b), name(c), name(c)}}},              // with somebody twice
			{c, b, signal.Bounce{Path: [][32]byte{name(a), name(b), name(c), name(a)}, Position: 1}}, // with its sender at its end
		} {
			s.begin("", 5, [2]int{a, b}, [2]int{b, c}, [2]int{a, d})
			s.says(lie.from, lie.to, &lie.bounce)
			s.blames(lie.to, lie.from, "relay with a path that lies")
		}
	}},
}
