package transporttest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/transport"
)

// kit is what a test of the suite works with.
type kit struct {
	*testing.T
	cfg       Config
	recorders []*Recorder
	number    uint64 // of the last session id
}

func newKit(t *testing.T, cfg Config) *kit {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { // runs last, when the drivers are closed
		if err := goleak.Find(before); err != nil {
			t.Errorf("after Driver.Close: %v", err)
		}
	})
	return &kit{T: t, cfg: cfg}
}

// quiet is how long to wait for what must not come.
func (k *kit) quiet() time.Duration {
	if k.cfg.Bubble {
		return k.cfg.Timeout
	}
	return k.cfg.Timeout / 40
}

// driver makes a driver that is closed at the end of the test.
func (k *kit) driver() transport.Driver {
	d := k.cfg.New(k.T)
	k.Cleanup(func() {
		if err := d.Close(); err != nil {
			k.Errorf("Driver.Close: %v", err)
		}
	})
	return d
}

func (k *kit) recorder(name string) *Recorder {
	r := NewRecorder(name)
	k.recorders = append(k.recorders, r)
	return r
}

func (k *kit) log() string {
	var b strings.Builder
	for _, r := range k.recorders {
		b.WriteString(r.Log())
	}
	return b.String()
}

// newID gives a session id that was not used before in this test.
func (k *kit) newID() transport.SessionID {
	k.number++
	return transport.SessionID{Initiator: transport.PeerID{1}, Number: k.number}
}

// rand gives the test's source of random numbers, and prints its seed.
func (k *kit) rand() *rand.Rand {
	k.Logf("Config.Seed: %d", k.cfg.Seed)
	return rand.New(rand.NewPCG(k.cfg.Seed, 0))
}

func (k *kit) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func (k *kit) wantClosed(what string, err error) {
	k.Helper()
	if !errors.Is(err, transport.ErrClosed) {
		k.Errorf("%s gave %v, want ErrClosed", what, err)
	}
}

// end is one end of a session.
type end struct {
	*Recorder
	k       *kit
	driver  transport.Driver
	id      transport.SessionID
	session transport.Session
}

func (k *kit) end(name string, d transport.Driver, id transport.SessionID) *end {
	return &end{Recorder: k.recorder(name), k: k, driver: d, id: id}
}

// ends makes two drivers and the two ends of a session that is not begun.
func (k *kit) ends() (a, b *end) {
	id := k.newID()
	return k.end("a", k.driver(), id), k.end("b", k.driver(), id)
}

// pair makes two ends of an open session.
func (k *kit) pair() (a, b *end) {
	k.Helper()
	a, b = k.ends()
	k.connect(a, b)
	return a, b
}

// connect opens a session as a node does that trickles candidates late: the
// descriptions go over first, and the candidates of each end when it has all.
func (k *kit) connect(a, b *end) {
	k.Helper()
	a.offer()
	b.answer(a.description())
	a.finish(b.description())
	b.add(a.gathered())
	a.add(b.gathered())
	a.waitUp()
	b.waitUp()
}

func (e *end) offer() {
	e.k.Helper()
	s, err := e.driver.Offer(e.id, e.Recorder)
	if err != nil {
		e.k.Fatalf("%s: Offer: %v", e.name, err)
	}
	e.session = s
}

func (e *end) answer(offer transport.Description) {
	e.k.Helper()
	s, err := e.driver.Answer(e.id, clone(offer), e.Recorder)
	if err != nil {
		e.k.Fatalf("%s: Answer: %v", e.name, err)
	}
	e.session = s
}

func (e *end) finish(answer transport.Description) {
	e.k.Helper()
	if err := e.session.Finish(clone(answer)); err != nil {
		e.k.Fatalf("%s: Finish: %v", e.name, err)
	}
}

func (e *end) add(c []transport.Candidate) {
	e.k.Helper()
	if err := e.session.AddCandidates(slices.Clone(c)); err != nil {
		e.k.Fatalf("%s: AddCandidates: %v", e.name, err)
	}
}

// channel opens a reliable and ordered channel.
func (e *end) channel(number uint16) transport.Channel {
	e.k.Helper()
	return e.channelWith(number, transport.ChannelConfig{})
}

func (e *end) channelWith(number uint16, cfg transport.ChannelConfig) transport.Channel {
	e.k.Helper()
	c, err := e.session.Channel(number, cfg)
	if err != nil {
		e.k.Fatalf("%s: Channel(%d): %v", e.name, number, err)
	}
	return c
}

// close closes the session; whatever the handler is told later is a fault.
func (e *end) close() {
	e.k.Helper()
	if err := e.session.Close(); err != nil {
		e.k.Errorf("%s: Close: %v", e.name, err)
	}
	e.Closed(e.id)
}

// description waits for this end's description.
func (e *end) description() (d transport.Description) {
	e.k.Helper()
	e.Wait(e.k, e.k.cfg.Timeout, "Described", func(events []Event) bool {
		for _, ev := range events {
			if ev.Kind == Described && ev.Session == e.id {
				d = ev.Description
				return true
			}
		}
		return false
	})
	return clone(d)
}

// gathered waits for the last of this end's candidates that were not in the
// description, and gives them all.
func (e *end) gathered() (all []transport.Candidate) {
	e.k.Helper()
	e.Wait(e.k, e.k.cfg.Timeout, "last Gathered", func(events []Event) bool {
		all = nil
		for _, ev := range events {
			if ev.Kind == Gathered && ev.Session == e.id {
				all = append(all, ev.Candidates...)
				if ev.Last {
					return true
				}
			}
		}
		return false
	})
	return all
}

func (e *end) waitUp() {
	e.k.Helper()
	e.Wait(e.k, e.k.cfg.Timeout, "Up", e.told(Up))
}

func (e *end) waitDown() {
	e.k.Helper()
	e.Wait(e.k, e.k.cfg.Timeout, "Down", e.told(Down))
}

// told is a condition: this end's session was told kind.
func (e *end) told(kind Kind) func([]Event) bool {
	return func(events []Event) bool {
		return slices.ContainsFunc(events, func(ev Event) bool { return ev.Kind == kind && ev.Session == e.id })
	}
}

// count is how many calls of one kind there were for this end's session.
func (e *end) count(kind Kind) (n int) {
	for _, ev := range e.Events() {
		if ev.Kind == kind && ev.Session == e.id {
			n++
		}
	}
	return n
}

// received is how many messages of a channel this end was told.
func (e *end) received(channel uint16) (n int) {
	for _, ev := range e.Events() {
		if ev.Kind == Message && ev.Session == e.id && ev.Channel == channel {
			n++
		}
	}
	return n
}

// waitMessages waits until a channel has brought n messages and gives them.
func (e *end) waitMessages(channel uint16, n int) (got [][]byte) {
	e.k.Helper()
	ok := e.within(e.k.cfg.Timeout, func(events []Event) bool {
		got = got[:0]
		for _, ev := range events {
			if ev.Kind == Message && ev.Session == e.id && ev.Channel == channel {
				got = append(got, ev.Data)
			}
		}
		return len(got) >= n
	})
	if !ok {
		e.k.Fatalf("%s: %d messages on channel %d within %v, want %d", e.name, len(got), channel, e.k.cfg.Timeout, n)
	}
	return got
}

// wantMessages waits for exactly these messages in this order.
func (e *end) wantMessages(channel uint16, want [][]byte) {
	e.k.Helper()
	got := e.waitMessages(channel, len(want))
	for i, w := range want {
		if !bytes.Equal(got[i], w) {
			e.k.Fatalf("%s: message %d on channel %d is %.32q (%d bytes), want %.32q (%d bytes)", e.name, i, channel, got[i], len(got[i]), w, len(w))
		}
	}
	if len(got) > len(want) {
		e.k.Fatalf("%s: %d messages on channel %d, want %d", e.name, len(got), channel, len(want))
	}
}

// pause waits for quiet, while the Recorder watches.
func (e *end) pause() {
	e.within(e.k.quiet(), func([]Event) bool { return false })
}

// still waits for quiet, and fails if the handler is told anything meanwhile.
func (e *end) still(why string) {
	e.k.Helper()
	n := len(e.Events())
	e.Never(e.k, e.k.quiet(), "called although "+why, func(events []Event) bool { return len(events) > n })
}

// numbered makes n small messages that differ.
func numbered(prefix string, n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = fmt.Appendf(nil, "%s %d", prefix, i)
	}
	return all
}

// sendAll sends the messages in order on one channel.
func (k *kit) sendAll(c transport.Channel, messages [][]byte) {
	k.Helper()
	for i, m := range messages {
		if err := c.Send(m); err != nil {
			k.Fatalf("Send of message %d: %v", i, err)
		}
	}
}
