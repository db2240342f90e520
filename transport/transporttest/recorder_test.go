package transporttest

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

var id = transport.SessionID{Initiator: transport.PeerID{1}, Number: 1}

// TestWatch shows which calls a Recorder takes as faults.
func TestWatch(t *testing.T) {
	described := func(r *Recorder) { r.Described(id, transport.Description{}) }
	gathered := func(r *Recorder) { r.Gathered(id, nil, false) }
	last := func(r *Recorder) { r.Gathered(id, nil, true) }
	up := func(r *Recorder) { r.Up(id) }
	down := func(r *Recorder) { r.Down(id, errors.New("why")) }
	downForNoReason := func(r *Recorder) { r.Down(id, nil) }
	message := func(r *Recorder) { r.Message(id, 7, nil) }
	other := func(r *Recorder) { r.Message(id, 8, nil) }
	closed := func(r *Recorder) { r.Closed(id) }

	for _, test := range []struct {
		name  string
		calls []func(r *Recorder)
		fault string // part of the one fault; "": none
	}{
		{"a whole session", []func(*Recorder){described, gathered, last, up, message, message, down}, ""},
		{"gathered after up", []func(*Recorder){described, up, gathered, last, down}, ""},
		{"described twice", []func(*Recorder){described, described}, "called twice"},
		{"gathered first", []func(*Recorder){last}, "called before Described"},
		{"gathered after the last", []func(*Recorder){described, last, gathered}, "called after the last"},
		{"up first", []func(*Recorder){up}, "called before Described"},
		{"up twice", []func(*Recorder){described, up, up}, "called twice"},
		{"down twice", []func(*Recorder){described, down, down}, "called after Down"},
		{"up after down", []func(*Recorder){described, down, up}, "called after Down"},
		{"no reason", []func(*Recorder){described, downForNoReason}, "no reason"},
		{"message before up", []func(*Recorder){described, message}, "called before Up returned"},
		{"one message was under way", []func(*Recorder){described, up, message, down, message, other}, ""},
		{"two messages after down", []func(*Recorder){described, up, down, message, message}, "after the end"},
		{"one call was under way", []func(*Recorder){described, closed, up}, ""},
		{"down after close", []func(*Recorder){described, up, closed, last, down}, "called after Close"},
		{"messages after close", []func(*Recorder){described, up, closed, message, message}, "after the end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := NewRecorder("r")
			for _, call := range test.calls {
				call(r)
			}
			wantFault(t, r, test.fault)
		})
	}

	t.Run("up within described", func(t *testing.T) {
		r := NewRecorder("r")
		r.OnDescribed = func(transport.SessionID, transport.Description) { r.Up(id) }
		described(r)
		wantFault(t, r, "another call was under way")
	})
	t.Run("message within message", func(t *testing.T) {
		r := NewRecorder("r")
		described(r)
		up(r)
		r.OnMessage = func(_ transport.SessionID, channel uint16, _ []byte) {
			if channel == 8 {
				r.OnMessage = nil
				other(r)
			}
		}
		other(r)
		wantFault(t, r, "a message of the same channel")
	})
	t.Run("message of another channel within message", func(t *testing.T) {
		r := NewRecorder("r")
		described(r)
		up(r)
		r.OnMessage = func(_ transport.SessionID, channel uint16, _ []byte) {
			if channel == 8 {
				message(r)
			}
		}
		other(r)
		wantFault(t, r, "")
	})
	t.Run("two sessions", func(t *testing.T) {
		r := NewRecorder("r")
		described(r)
		down(r)
		r.Described(transport.SessionID{Number: 2}, transport.Description{})
		wantFault(t, r, "")
	})
}

func wantFault(t *testing.T, r *Recorder, fault string) {
	t.Helper()
	switch {
	case fault == "" && len(r.faults) > 0:
		t.Errorf("faults %q, want none", r.faults)
	case fault != "" && (len(r.faults) != 1 || !strings.Contains(r.faults[0], fault)):
		t.Errorf("faults %q, want one with %q", r.faults, fault)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRecorder("r")
		go func() {
			time.Sleep(time.Second)
			r.Described(id, transport.Description{})
			time.Sleep(time.Second)
			r.Up(id)
		}()
		two := func(events []Event) bool { return len(events) == 2 }
		if r.within(1999*time.Millisecond, two) {
			t.Error("two events within 1.999 s")
		}
		r.Wait(t, time.Second, "second event", two)
		r.Never(t, time.Hour, "third event", func(events []Event) bool { return len(events) > 2 })
		if events := r.Events(); events[0].Kind != Described || events[0].At != time.Second || events[1].Kind != Up || events[1].At != 2*time.Second {
			t.Errorf("events %v", events)
		}
	})
}

// TestCopies shows that what a Recorder keeps does not change with the buffers.
func TestCopies(t *testing.T) {
	r := NewRecorder("r")
	r.Described(id, transport.Description{})
	r.Up(id)
	data := []byte("data")
	r.Message(id, 1, data)
	clear(data)
	if got := r.Events()[2].Data; string(got) != "data" {
		t.Errorf("the message became %q", got)
	}
}

func TestLogIsShort(t *testing.T) {
	r := NewRecorder("r")
	r.Described(id, transport.Description{})
	r.Up(id)
	for range 10000 {
		r.Message(id, 1, make([]byte, 10000))
	}
	log := r.Log()
	if len(log) > 16<<10 || !strings.Contains(log, "(9922 more)") || !strings.Contains(log, "r was told 10002 times") {
		t.Errorf("log of %d bytes: %.300s…", len(log), log)
	}
}
