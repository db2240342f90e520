package mem_test

import (
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// end is one end of a session with what its handler was told.
type end struct {
	*transporttest.Recorder
	t       testing.TB
	driver  *mem.Driver
	session transport.Session
}

// patience is virtual in a bubble, and outside of one never needed in full.
const patience = time.Minute

func newEnd(t testing.TB, name string, d *mem.Driver) *end {
	e := &end{Recorder: transporttest.NewRecorder(name), t: t, driver: d}
	t.Cleanup(func() {
		e.Check(t)
		if t.Failed() {
			t.Log(e.Log())
		}
	})
	return e
}

func newDriver(t testing.TB, n *mem.Network) *mem.Driver {
	d := n.NewDriver()
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func sessionID(number uint64) transport.SessionID {
	return transport.SessionID{Initiator: transport.PeerID{9}, Number: number}
}

// begin lets two drivers know each other's descriptions.
func begin(t testing.TB, da, db *mem.Driver, number uint64) (a, b *end) {
	t.Helper()
	a, b = newEnd(t, "a", da), newEnd(t, "b", db)
	var err error
	if a.session, err = da.Offer(sessionID(number), a.Recorder); err != nil {
		t.Fatal(err)
	}
	if b.session, err = db.Answer(sessionID(number), a.description(), b.Recorder); err != nil {
		t.Fatal(err)
	}
	if err = a.session.Finish(b.description()); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func connect(t testing.TB, da, db *mem.Driver, number uint64) (a, b *end) {
	t.Helper()
	a, b = begin(t, da, db, number)
	a.wait(transporttest.Up)
	b.wait(transporttest.Up)
	return a, b
}

// pair connects two new drivers.
func pair(t testing.TB, n *mem.Network) (a, b *end) {
	t.Helper()
	return connect(t, newDriver(t, n), newDriver(t, n), 1)
}

func (e *end) description() transport.Description {
	e.t.Helper()
	return e.wait(transporttest.Described).Description
}

// wait waits for the first call of one kind.
func (e *end) wait(kind transporttest.Kind) (found transporttest.Event) {
	e.t.Helper()
	e.Wait(e.t, patience, kind.String(), func(events []transporttest.Event) bool {
		i := slices.IndexFunc(events, func(ev transporttest.Event) bool { return ev.Kind == kind })
		if i >= 0 {
			found = events[i]
		}
		return i >= 0
	})
	return found
}

func (e *end) count(kind transporttest.Kind) (n int) {
	for _, ev := range e.Events() {
		if ev.Kind == kind {
			n++
		}
	}
	return n
}

func (e *end) channel(number uint16, cfg transport.ChannelConfig) transport.Channel {
	e.t.Helper()
	c, err := e.session.Channel(number, cfg)
	if err != nil {
		e.t.Fatal(err)
	}
	return c
}

// messages gives what has come on one channel so far.
func (e *end) messages(channel uint16) (all []string) {
	for _, ev := range e.Events() {
		if ev.Kind == transporttest.Message && ev.Channel == channel {
			all = append(all, string(ev.Data))
		}
	}
	return all
}

// waitMessages waits for n messages on one channel.
func (e *end) waitMessages(channel uint16, n int) []string {
	e.t.Helper()
	seen := 0 // of the events
	left := n
	e.Wait(e.t, patience, "messages", func(events []transporttest.Event) bool {
		for ; seen < len(events); seen++ {
			if events[seen].Kind == transporttest.Message && events[seen].Channel == channel {
				left--
			}
		}
		return left <= 0
	})
	return e.messages(channel)
}

func send(t testing.TB, c transport.Channel, messages ...string) {
	t.Helper()
	for _, m := range messages {
		if err := c.Send([]byte(m)); err != nil {
			t.Fatal(err)
		}
	}
}
