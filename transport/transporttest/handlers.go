package transporttest

import (
	"fmt"
	"slices"
	"sync"

	"github.com/n2n-overlay/n2n/transport"
)

var handlerCases = []testCase{
	{"calls within Up", "Every method of session and channel may be called within a handler.", testCallsWithinUp},
	{"messages wait for Up", "The first message of a session comes when Up has returned.", testMessagesWaitForUp},
	{"calls within Message", "Every method of session and channel may be called within a handler.", testCallsWithinMessage},
	{"close within Message", "Close may be called within a handler.", testCloseWithinMessage},
	{"close within Up", "Close may be called within a handler.", testCloseWithinUp},
	{"new session within Down", "A driver's methods may be called within a handler.", testOfferWithinDown},
}

// begin does the handshake up to where both ends try to connect. A handler may
// have closed the session before the last candidates are added.
func (k *kit) begin(a, b *end) {
	k.Helper()
	a.offer()
	b.answer(a.description())
	a.finish(b.description())
	_ = b.session.AddCandidates(a.gathered())
	_ = a.session.AddCandidates(b.gathered())
}

// failure carries the error of a call within a handler to the test.
type failure chan error

func (f failure) note(what string, err error) {
	if err == nil {
		return
	}
	select {
	case f <- fmt.Errorf("%s: %w", what, err):
	default:
	}
}

func (f failure) check(k *kit) {
	k.Helper()
	select {
	case err := <-f:
		k.Error(err)
	default:
	}
}

func testCallsWithinUp(k *kit) {
	a, b := k.ends()
	failed := make(failure, 1)
	for _, e := range []*end{a, b} {
		e.OnUp = func(transport.SessionID) {
			for _, n := range []uint16{transport.ControlChannel, transport.FirstChannel} {
				c, err := e.session.Channel(n, transport.ChannelConfig{})
				failed.note("Channel within Up", err)
				if err == nil {
					failed.note("Send within Up", c.Send([]byte("hello from "+e.name)))
				}
			}
			failed.note("AddCandidates within Up", e.session.AddCandidates(nil))
		}
	}
	k.begin(a, b)
	for _, n := range []uint16{transport.ControlChannel, transport.FirstChannel} {
		a.wantMessages(n, [][]byte{[]byte("hello from b")})
		b.wantMessages(n, [][]byte{[]byte("hello from a")})
	}
	failed.check(k)
}

func testMessagesWaitForUp(k *kit) {
	a, b := k.ends()
	gate := make(chan struct{})
	release := sync.OnceFunc(func() { close(gate) })
	defer release()
	b.OnUp = func(transport.SessionID) { <-gate }
	k.begin(a, b)
	b.channel(transport.ControlChannel)
	a.waitUp()
	b.waitUp()
	want := numbered("message", 10)
	k.sendAll(a.channel(transport.ControlChannel), want)
	b.still("Up has not returned")
	release()
	b.wantMessages(transport.ControlChannel, want)
}

// testCallsWithinMessage plays ping-pong on two channels from within Message.
func testCallsWithinMessage(k *kit) {
	const rounds = 50
	a, b := k.ends()
	failed := make(failure, 1)
	for _, e := range []*end{a, b} {
		e.OnMessage = func(_ transport.SessionID, channel uint16, data []byte) {
			if data[0] == rounds {
				return
			}
			back := 3 - channel // a message on 1 is answered on 2, and the other way round
			c, err := e.session.Channel(back, transport.ChannelConfig{})
			failed.note("Channel within Message", err)
			if err == nil {
				failed.note("Send within Message", c.Send([]byte{data[0] + 1}))
			}
		}
	}
	k.connect(a, b)
	for _, e := range []*end{a, b} {
		e.channel(1)
		e.channel(2)
	}
	k.must(a.channel(1).Send([]byte{1}))
	last := func(events []Event) bool {
		return slices.ContainsFunc(events, func(e Event) bool { return e.Kind == Message && e.Data[0] == rounds })
	}
	a.Wait(k, k.cfg.Timeout, "last message of the ping-pong", last) // the even ones come to a
	failed.check(k)
}

func testCloseWithinMessage(k *kit) {
	a, b := k.ends()
	failed := make(failure, 1)
	closed := make(chan struct{})
	b.OnMessage = func(transport.SessionID, uint16, []byte) {
		failed.note("Close within Message", b.session.Close())
		b.Closed(b.id)
		close(closed)
	}
	k.connect(a, b)
	b.channel(transport.FirstChannel)
	k.sendAll(a.channel(transport.FirstChannel), numbered("message", 1))
	k.await("return of Close", closed)
	a.waitDown()
	b.still("it is closed")
	failed.check(k)
}

func testCloseWithinUp(k *kit) {
	a, b := k.ends()
	failed := make(failure, 1)
	closed := make(chan struct{})
	a.OnUp = func(transport.SessionID) {
		failed.note("Close within Up", a.session.Close())
		a.Closed(a.id)
		close(closed)
	}
	k.begin(a, b)
	k.await("return of Close", closed)
	b.waitDown()
	a.still("it is closed")
	failed.check(k)
}

func testOfferWithinDown(k *kit) {
	a, b := k.ends()
	next := k.end("a next", a.driver, k.newID())
	failed := make(failure, 1)
	b.OnDown = func(transport.SessionID, error) { failed.note("Close within Down", b.session.Close()) }
	a.OnDown = func(transport.SessionID, error) {
		s, err := a.driver.Offer(next.id, next.Recorder)
		failed.note("Offer within Down", err)
		next.session = s
	}
	k.connect(a, b)
	b.close()
	a.waitDown()
	next.description()
	failed.check(k)
}
