package overlay

import (
	"testing"
	"time"
)

// A timer that has fired when the deadline is set anew ends nothing.
func TestDeadlineThatWasReplaced(t *testing.T) {
	s := &Stream{mux: &mux{}}
	for _, again := range []time.Time{time.Now().Add(2 * time.Hour), {}} {
		if err := s.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		round := s.read.round
		if err := s.SetReadDeadline(again); err != nil {
			t.Fatal(err)
		}
		s.expire(&s.read, round)
		if s.read.passed {
			t.Errorf("a deadline that was set to %v has passed as it was before", again)
		}
	}
	s.expire(&s.read, s.read.round)
	if !s.read.passed {
		t.Error("the deadline that holds has not passed")
	}
}

// Streams of sessions that came and went, and that nobody accepts, are not kept;
// those of sessions that last are, in their order.
func TestListenerForgets(t *testing.T) {
	l := &listener{}
	for id := range uint64(100_000) {
		l.put(func() *Stream {
			s := &Stream{id: id}
			s.lost.Store(id%1000 != 0) // soon, as far as the listener can tell
			return s
		})
	}
	if n := len(l.queue); n > 2*100+2*backlog {
		t.Errorf("%d streams wait, of which 100 are of use", n)
	}
	next := uint64(0)
	for _, s := range l.queue {
		switch {
		case s.lost.Load():
		case s.id != next:
			t.Fatalf("stream %d comes after stream %d", s.id, next)
		default:
			next += 1000
		}
	}
	if next != 100_000 {
		t.Errorf("streams from %d on are gone", next)
	}
}
