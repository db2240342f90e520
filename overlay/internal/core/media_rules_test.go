package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// mediaRules is what one end of a session must do about media, said a second time
// and without a machine: what comes of each input, all of it.
type mediaRules struct {
	offers, able bool

	over   bool        // no media any more
	busy   bool        // an offer is being made, under way or being finished
	more   bool        // something has changed since that began
	wishes uint32      // changes at this end, if it does not offer
	knew   uint32      // those that the last offer knew
	did    core.Effect // the job that the driver has just done
}

// judge compares what a core does with the rules, as long as nobody lies.
func (s *studio) judge(i int, in core.Input, effects []core.Effect) {
	s.Helper()
	r := &s.rules[i]
	if _, lost := in.(core.Down); lost || len(some[core.Fault](effects)) > 0 {
		r.over = true
		return
	}
	want, all := r.expect(in)
	var got []string
	for _, name := range strings.Fields(kinds(effects)) {
		if _, tick := in.(core.Tick); !tick || strings.HasPrefix(name, "Media") {
			got = append(got, name) // and not what a heartbeat says
		}
	}
	if got := strings.Join(got, " "); got != want && !(r.late(in) && got == "MediaStop MediaOver") {
		s.Fatalf("end %d, %+v: %T has the effects %q, want %q", i, *r, in, got, want)
	}
	for _, e := range effects {
		switch e := e.(type) {
		case core.MediaSettled:
			if e.All != all {
				s.Fatalf("end %d: settled, all %v, want %v", i, e.All, all)
			}
			r.busy = false
		case core.OfferMedia:
			r.busy, r.more = true, false
		case core.MediaOver:
			r.over = true
		}
	}
}

// late reports whether time may have run out.
func (r *mediaRules) late(in core.Input) bool {
	_, tick := in.(core.Tick)
	return tick && !r.over
}

// expect gives the effects of an input, and whether MediaSettled is about all
// that this end wants.
func (r *mediaRules) expect(in core.Input) (effects string, all bool) {
	if r.over {
		return "", false
	}
	switch in := in.(type) {
	case core.MediaChanged:
		if !r.offers {
			r.wishes++
			return "MediaWant", false
		}
		return r.begin()
	case core.Received:
		return r.hear(in.Msg)
	case core.MediaDone:
		return r.done(in)
	}
	return "", false
}

// begin makes an offer, now or after the one under way.
func (r *mediaRules) begin() (string, bool) {
	if r.busy {
		r.more = true
		return "", false
	}
	return "OfferMedia", false
}

func (r *mediaRules) hear(m core.Message) (string, bool) {
	_, stop := m.(*media.MediaStop)
	if !r.able && !stop {
		r.over = true // its own layer above has never asked for media
		return "MediaStop", false
	}
	switch m := m.(type) {
	case *media.MediaWant:
		return r.begin()
	case *media.MediaOffer:
		r.knew = m.H
		return "AnswerMedia", false
	case *media.MediaAnswer:
		return "FinishMedia", false
	case *media.MediaStop:
		return "MediaOver", false
	}
	return "nothing of the kind", false
}

func (r *mediaRules) done(in core.MediaDone) (string, bool) {
	if in.Err != nil {
		return "MediaStop MediaOver", false
	}
	switch r.did.(type) {
	case core.OfferMedia:
		return "MediaOffer", false
	case core.AnswerMedia:
		return "MediaAnswer MediaSettled", r.knew == r.wishes
	case core.FinishMedia:
		if r.more {
			return "MediaSettled OfferMedia", false
		}
		return "MediaSettled", true
	}
	return "", false
}

// TestMediaPatience: each step of an exchange has the whole patience, and when
// it is over none is left.
func TestMediaPatience(t *testing.T) {
	for _, who := range []string{"offers", "does not"} {
		s := newStudio(t, [2]bool{true, true}, nil)
		offers, other := s.offers, 1-s.offers
		after := func(seconds time.Duration, what func()) {
			s.now += seconds * time.Second
			for i := range s.cores {
				s.step(i, core.Tick{})
				if s.over[i] != nil {
					t.Fatalf("who %s begins: media is over at end %d: %v", who, i, s.over[i])
				}
			}
			what()
		}
		work := func(i int) func() { return func() { s.work(i, nil) } }
		deliver := func(i int) func() { return func() { s.deliver(i) } }
		if who == "offers" {
			s.change(offers)
			after(9, work(offers)) // no step takes longer
		} else {
			s.change(other)
			after(3, deliver(offers))
			after(3, work(offers))
			after(3, deliver(other)) // it has waited for 9 s in all
			s.change(other)          // which comes too late for this answer
			after(3, work(other))
			after(0, deliver(offers))
			after(0, deliver(offers)) // the answer: 6 s
			after(4, work(offers))
			after(3, work(offers))
		}
		after(2, deliver(other)) // and 9 s since the other one's answer
		after(3, work(other))
		after(3, deliver(offers))
		after(9, work(offers))
		after(100, func() {})
		if s.known[0] != s.want[1] || s.known[1] != s.want[0] {
			t.Errorf("who %s begins: want %v, known %v", who, s.want, s.known)
		}
	}
}
