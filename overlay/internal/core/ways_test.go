package core_test

import (
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Which way an answer goes, and what it is about.
var answers = []plot{
	{"an answer goes the way that the offer came last", func(s *story) {
		s.begin("", 4, [2]int{a, b}, [2]int{b, c}, [2]int{d, c})
		s.Connect(a, c, b)
		offer := s.until("b>c offer")
		s.Deliver(s.Copy(offer))
		s.until("c>b answer")
		via, _ := s.Peers[c].Core.Open(name(d))
		spied := s.spy(c)
		made := some[core.SendSignal](s.fx[a])
		s.Input(c, core.Received{ID: via, Msg: &signal.Relay{Path: [][32]byte{name(a), name(d), name(c)}, Position: 2}, Signal: made[len(made)-1].Signal})
		sent := some[core.SendSignal](spied())
		if len(sent) != 1 || !slices.Equal(sent[0].Path, []transport.PeerID{name(c), name(d), name(a)}) {
			s.Errorf("%+v", sent)
		}
		s.settle()
	}},
	{"an answer goes through brokers as long as there are any", func(s *story) {
		s.begin("", 3, line3...)
		s.Connect(a, c, b)
		offer := s.until("b>c offer")
		s.Deliver(s.Copy(offer))
		s.until("c>b answer")
		made := some[core.SendSignal](s.fx[a])
		spied := s.spy(c)
		s.Input(c, core.Signaled{Conn: 1<<16 | 1, Signal: made[len(made)-1].Signal})
		if sent := some[core.SendSignal](spied()); len(sent) != 1 || sent[0].Conn != 0 {
			s.Errorf("%+v", sent)
		}
		s.settle()
	}},
	{"an answer that is carried by hand has more time", func(s *story) {
		s.begin("", 2)
		call := s.Join(b, a, false)
		held := s.until("a~b answer")
		s.World.Now += 20 * time.Second
		s.Input(a, core.Tick{})
		s.Deliver(held)
		s.rests(call, nil, 0)
	}},
	{"a reset that knows nothing of an offer to nobody does not end it", func(s *story) {
		s.begin("", 2)
		call := s.Join(b, a, true)
		s.Deliver(s.until("b~a offer"))
		id := s.begun(a)
		reset := transport.Signal{Kind: transport.Reset, From: name(b), To: name(a), Session: id, Mine: id.Number + 5}
		reset.Session.Number += 5
		s.Input(a, core.Signaled{Signal: &reset})
		s.check()
		if !s.Peers[a].Core.InHand(id) {
			s.Error("a has left it")
		}
		s.rests(call, nil, 0)
	}},
	{"what answers an offer to nobody comes over its channel, after it, and is about it", func(s *story) {
		s.begin("", 2)
		call := s.Join(a, b, true)
		id := s.begun(a)
		reset := &transport.Signal{Kind: transport.Reset, From: name(b), To: name(a), Session: id, Yours: id.Number}
		conn := s.conn(a)
		s.noEffect(a, core.Signaled{Conn: conn, Signal: reset}) // it was not sent yet
		answer := s.until("b~a answer")
		s.noEffect(a, core.Signaled{Conn: conn + 7, Signal: answer.Signal})
		older := *reset
		older.Yours--
		s.noEffect(a, core.Signaled{Conn: conn, Signal: &older})
		s.rests(call, nil, 0)
	}},
	{"a peer that came back does not use the attempt of its earlier boot", func(s *story) {
		s.opts.Config = func(_ int, cfg *core.Config) { cfg.Wishless = true }
		s.begin("", 3, line3...)
		s.Connect(a, c, b)
		s.Deliver(s.until("c up"))
		s.Crash(a)
		s.Restart(a)
		s.Unnoticed(s.next("c down a2"))
		s.rests(s.Join(a, c, true), nil, 0)
	}},
	{"candidates are not said before what they belong to", func(s *story) {
		s.begin("", 3, line3...)
		s.Connect(a, c, b)
		s.Input(a, core.Gathered{ID: s.begun(a), C: found(1)})
		spied := s.spy(a)
		s.Early(a) // the retry timer
		if sent := some[core.SendSignal](spied()); len(sent) > 0 {
			s.Errorf("%v", sent[0].Signal)
		}
		s.settle()
	}},
}

// conn gives the channel over which peer i has sent, or is to send, an offer.
func (s *story) conn(i int) uint64 {
	s.Helper()
	for _, c := range s.Calls() {
		if c.Peer == i && c.Conn() != 0 {
			return c.Conn()
		}
	}
	s.Fatal("no channel")
	return 0
}
