package core_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
	"github.com/n2n-overlay/n2n/transport"
)

// A studio is two cores with an open session between them, and drivers that have
// media. What each wants to send is a number of audio tracks.
type studio struct {
	testing.TB
	cores  [2]*core.Core
	id     transport.SessionID
	offers int // which one
	now    time.Duration
	cover  *media.ExchangeCover
	ref    *referee.Referee

	queue   [2][]core.Received // to each
	job     [2]core.Effect     // of each driver
	want    [2]uint8
	known   [2]uint8 // of the other end's tracks
	over    [2]error
	settled [2]int
	faults  []core.Fault
	closed  bool
	rules   [2]mediaRules
}

func newStudio(t testing.TB, able [2]bool, cover *media.ExchangeCover) *studio {
	s := &studio{TB: t, cover: cover, ref: referee.New()}
	w := sim.New(2, sim.Options{Config: func(i int, c *core.Config) { c.Media = able[i] }})
	w.Connected(a, b)
	for i := range s.cores {
		s.cores[i] = w.Peers[i].Core
		s.cores[i].SetTrace(func(e core.Edge) {
			if e.Machine != "exchange" {
				return
			}
			if cover != nil {
				cover.Add(media.ExchangeEdge(e.Edge))
			}
			if err := s.ref.Exchange(media.ExchangeState(e.From), media.ExchangeEdge(e.Edge), media.ExchangeState(e.To)); err != nil {
				t.Error(err)
			}
		})
	}
	s.now = w.Now
	var open bool
	if s.id, open = s.cores[0].Open(w.Peers[1].ID); !open {
		t.Fatal("no session")
	}
	if s.id.Initiator == w.Peers[1].ID {
		s.offers = 1
	}
	for i := range s.rules {
		s.rules[i] = mediaRules{offers: i == s.offers, able: able[i]}
	}
	return s
}

// step gives a core an input and carries out what it says.
func (s *studio) step(i int, in core.Input) {
	s.Helper()
	effects := s.cores[i].Step(s.now, in)
	s.judge(i, in, effects)
	for _, e := range effects {
		switch e := e.(type) {
		case core.OfferMedia, core.AnswerMedia, core.FinishMedia:
			if s.job[i] != nil {
				s.Fatalf("%T while %T is under way", e, s.job[i])
			}
			s.job[i] = e
		case core.SendMedia:
			s.queue[1-i] = append(s.queue[1-i], core.Received{ID: s.id, Msg: e.Msg, Media: e.Media})
		case core.Send:
			s.queue[1-i] = append(s.queue[1-i], core.Received{ID: s.id, Msg: e.Msg})
		case core.MediaSettled:
			s.settled[i]++
		case core.MediaOver:
			s.over[i] = e.Err
		case core.Fault:
			s.faults = append(s.faults, e)
		case core.CloseSession:
			s.closed = true
		}
	}
	if err := s.cores[i].Check(); err != nil {
		s.Fatal(err)
	}
}

func (s *studio) change(i int) {
	s.want[i]++
	s.step(i, core.MediaChanged{ID: s.id, Audio: s.want[i]})
}

func sectionsOf(n, all uint8) *transport.Media {
	m := &transport.Media{Opus: 111, VP8: 96}
	for i := range all {
		x := transport.Section{}
		if i < n {
			x = transport.Section{SSRC: uint32(i) + 1, Stream: "s", Track: "t"}
		}
		m.Sections = append(m.Sections, x)
	}
	return m
}

func sent(m transport.Media) (n uint8) {
	for _, x := range m.Sections {
		if x.SSRC != 0 {
			n++
		}
	}
	return n
}

// work has a driver finish its job.
func (s *studio) work(i int, err error) {
	job := s.job[i]
	s.job[i], s.rules[i].did = nil, job
	in := core.MediaDone{ID: s.id, Err: err}
	switch job := job.(type) {
	case core.OfferMedia:
		in.Media = sectionsOf(s.want[i], max(s.want[i], job.Audio))
	case core.AnswerMedia:
		s.known[i] = sent(job.Offer)
		in.Media = sectionsOf(min(s.want[i], uint8(len(job.Offer.Sections))), uint8(len(job.Offer.Sections)))
	case core.FinishMedia:
		s.known[i] = sent(job.Answer)
	}
	s.step(i, in)
}

func (s *studio) deliver(i int) {
	m := s.queue[i][0]
	s.queue[i] = s.queue[i][1:]
	s.step(i, m)
}

// settle lets everything happen that can, in an order that draw decides.
func (s *studio) settle(draw func(n int) int) {
	for {
		var can []func()
		for i := range 2 {
			if s.job[i] != nil {
				can = append(can, func() { s.work(i, nil) })
			}
			if len(s.queue[i]) > 0 {
				can = append(can, func() { s.deliver(i) })
			}
		}
		if len(can) == 0 {
			return
		}
		can[draw(len(can))]()
	}
}

func first(int) int { return 0 }

// TestMediaWalk draws what happens next: changes at either end, failures, time.
// At rest both ends have the same idea of media, and every edge is taken.
func TestMediaWalk(t *testing.T) {
	var cover media.ExchangeCover
	for seed := range *walksFlag {
		if *seedFlag > 0 {
			seed = *seedFlag
		}
		r := rand.New(rand.NewPCG(seed, 7))
		able := [2]bool{seed%7 != 0, seed%5 != 0}
		s := newStudio(t, able, &cover)
		odd := false // a failure, or time that passed
		for range 5 + r.IntN(60) {
			i := r.IntN(2)
			switch x := r.IntN(12); {
			case x < 3 && able[i] && s.want[i] < 6:
				s.change(i)
			case x < 6 && s.job[i] != nil:
				var err error
				if seed%3 == 0 && r.IntN(6) == 0 {
					err, odd = errors.New("driver"), true
				}
				s.work(i, err)
			case x < 11 && len(s.queue[i]) > 0:
				s.deliver(i)
			case seed%4 == 0 && r.IntN(20) == 0:
				odd = true
				s.now += media.ExchangeTimeout
				s.step(i, core.Tick{})
			}
		}
		s.settle(r.IntN)
		what := fmt.Sprintf("-walk.seed=%d: want %v, known %v, over %v, faults %v", seed, s.want, s.known, s.over, s.faults)
		for i := range s.cores {
			if !s.cores[i].Quiet() {
				t.Fatalf("%s: not at rest:\n%s", what, s.cores[i].Dump())
			}
		}
		ended := s.over[0] != nil || s.over[1] != nil
		switch {
		case len(s.faults) > 0 || s.closed:
			t.Fatalf("%s: a fault", what)
		case !odd && able == [2]bool{true, true} && ended:
			t.Fatalf("%s: media ended for nothing", what)
		case !ended && (s.known[0] != s.want[1] || s.known[1] != s.want[0]):
			t.Fatalf("%s", what)
		}
		if *seedFlag > 0 {
			return
		}
	}
	for _, e := range cover.Missing() {
		t.Errorf("never taken: exchange %v", e)
	}
}

// TestMediaRefused: an end without media says so, and nothing else happens.
func TestMediaRefused(t *testing.T) {
	for i := range 2 {
		able := [2]bool{true, true}
		able[1-i] = false
		s := newStudio(t, able, nil)
		s.change(i)
		s.settle(first)
		if !errors.Is(s.over[i], core.ErrNoMedia) || s.over[1-i] != nil || s.closed {
			t.Errorf("%d: over %v, closed %v", i, s.over, s.closed)
		}
		s.change(i) // changes nothing any more
		if len(s.queue[0])+len(s.queue[1]) > 0 || s.job[i] != nil {
			t.Errorf("%d: something goes on", i)
		}
	}
}

// TestMediaTimeout: an end that says nothing costs the other one its media, and
// not the session.
func TestMediaTimeout(t *testing.T) {
	for i := range 2 {
		s := newStudio(t, [2]bool{true, true}, nil)
		s.change(i)
		if s.job[i] != nil {
			s.work(i, nil)
		}
		s.queue[1-i] = nil // nobody hears it
		s.now += media.ExchangeTimeout - 1
		s.step(i, core.Tick{})
		if s.over[i] != nil {
			t.Fatalf("%d: too soon", i)
		}
		s.now++
		s.step(i, core.Tick{})
		s.settle(first)
		if !errors.Is(s.over[i], core.ErrTimeout) || !errors.Is(s.over[1-i], core.ErrTimeout) || s.closed {
			t.Errorf("%d: over %v, closed %v", i, s.over, s.closed)
		}
	}
}

// TestMediaLies: a message about media that has no place costs the session.
func TestMediaLies(t *testing.T) {
	one := sectionsOf(1, 1)
	offerer := []core.Received{ // to the end that offers
		{Msg: &media.MediaOffer{N: 1}, Media: one},
		{Msg: &media.MediaAnswer{N: 0}, Media: one},
		{Msg: &media.MediaAnswer{N: 1}, Media: one},
		{Msg: &media.MediaWant{N: 0}},
		{Msg: &media.MediaWant{N: 1, Audio: 16, Video: 1}},
		{Msg: &media.MediaWant{N: 1, Audio: 255, Video: 255}},
	}
	follower := []core.Received{
		{Msg: &media.MediaWant{N: 1, Audio: 1}},
		{Msg: &media.MediaAnswer{N: 1}, Media: one},
		{Msg: &media.MediaOffer{N: 0}, Media: one},
		{Msg: &media.MediaOffer{N: 2}, Media: one},
		{Msg: &media.MediaOffer{N: 1 << 31}, Media: one},
		{Msg: &media.MediaOffer{N: 1, H: 1}, Media: one}, // a wish that nobody had
		{Msg: &media.MediaOffer{N: 1}},                   // without sections
	}
	for to, lies := range [][]core.Received{offerer, follower} {
		for _, lie := range lies {
			s := newStudio(t, [2]bool{true, true}, nil)
			i := s.offers
			if to == 1 {
				i = 1 - i
			}
			lie.ID = s.id
			s.step(i, lie)
			if len(s.faults) != 1 || !s.closed || s.job[i] != nil {
				t.Errorf("%T %+v: faults %v, closed %v", lie.Msg, lie.Msg, s.faults, s.closed)
			}
		}
	}
	// In the middle of an exchange.
	for _, lie := range []core.Received{
		{Msg: &media.MediaAnswer{N: 2}, Media: one}, {Msg: &media.MediaAnswer{N: 0}, Media: one},
		{Msg: &media.MediaAnswer{N: 1}}, // without sections
		{Msg: &media.MediaWant{N: 0}},   // the number that it has already
	} {
		s := newStudio(t, [2]bool{true, true}, nil)
		s.change(s.offers)
		s.work(s.offers, nil)
		lie.ID = s.id
		s.step(s.offers, lie)
		if len(s.faults) != 1 || !s.closed {
			t.Errorf("%+v during an exchange: faults %v", lie.Msg, s.faults)
		}
	}
}

// TestMediaEndsWithSession: what the driver says of a session that is over, or
// that never was, changes nothing.
func TestMediaEndsWithSession(t *testing.T) {
	s := newStudio(t, [2]bool{true, true}, nil)
	s.change(s.offers)
	s.step(s.offers, core.Down{ID: s.id, Err: errors.New("lost")})
	s.work(s.offers, nil)
	s.step(s.offers, core.MediaChanged{ID: s.id, Audio: 1})
	s.step(s.offers, core.MediaDone{ID: transport.SessionID{Number: 1}})
	if len(s.faults) > 0 || s.job[s.offers] != nil {
		t.Errorf("faults %v, job %v", s.faults, s.job)
	}
	if slices.Contains(s.settled[:], 1) {
		t.Error("settled")
	}
}
