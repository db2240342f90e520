package transporttest

import (
	"fmt"

	"github.com/n2n-overlay/n2n/transport"
)

var closeCases = []testCase{
	{"close", "Close gives Down at the other end, once, and nothing here.", testClose},
	{"close twice", "Close may be repeated, and called after Down.", testCloseTwice},
	{"close in traffic", "After Session.Close returns no new call is made for that session.", testCloseInTraffic},
	{"after close", "What is called on a closed session gives ErrClosed.", testAfterClose},
	{"channel close", "Close ends one channel; the others go on.", testChannelClose},
	{"close during the handshake", "Close may come at any step; the driver goes on.", testCloseAtEachStep},
	{"driver close", "Driver.Close ends every session without calling their handlers; the other ends get Down.", testDriverClose},
	{"closed driver", "Driver.Close may be repeated; a closed driver begins no session.", testClosedDriver},
	{"driver close during the handshake", "Driver.Close ends attempts too.", testDriverCloseEarly},
}

func testClose(k *kit) {
	a, b := k.pair()
	k.exchange(a, b)
	a.close()
	b.waitDown()
	b.still("it is down")
	if n := a.count(Down); n > 0 {
		k.Errorf("a: Down although it closed the session itself")
	}
	if n := b.count(Down); n != 1 {
		k.Errorf("b: Down %d times, want once", n)
	}
}

func testCloseTwice(k *kit) {
	a, b := k.pair()
	a.close()
	a.close()
	b.waitDown()
	b.close()
	b.close()
	b.still("it is closed")
	a.still("it is closed")
}

func testCloseInTraffic(k *kit) {
	a, b := k.pair()
	ca := a.channel(transport.FirstChannel)
	cb := b.channel(transport.FirstChannel)
	flood := func(c transport.Channel) {
		for range 5000 { // 500 KB: less than the buffers take
			if err := c.Send(make([]byte, 100)); err != nil {
				return
			}
		}
	}
	go flood(cb)
	a.waitMessages(transport.FirstChannel, 10)
	go flood(ca)
	b.waitMessages(transport.FirstChannel, 10)
	a.close()
	b.waitDown()
	a.pause() // the Recorder watches
	k.wantClosed("Send after Close", ca.Send([]byte("late")))
	k.wantClosed("Send after Down", cb.Send([]byte("late")))
}

func testAfterClose(k *kit) {
	a, b := k.pair()
	ca, cb := a.channel(transport.ControlChannel), b.channel(transport.ControlChannel)
	a.close()
	k.wantClosed("Send after Session.Close", ca.Send([]byte("late")))
	_, err := a.session.Channel(transport.FirstChannel, transport.ChannelConfig{})
	k.wantClosed("Channel after Session.Close", err)
	_ = a.session.Finish(a.description()) // an error or nil
	_ = a.session.AddCandidates(nil)
	k.must(ca.Close())
	b.waitDown()
	k.wantClosed("Send after Down", cb.Send([]byte("late")))
	_, err = b.session.Channel(transport.FirstChannel, transport.ChannelConfig{})
	k.wantClosed("Channel after Down", err)
	k.must(cb.Close())
}

func testChannelClose(k *kit) {
	a, b := k.pair()
	for _, n := range []uint16{2, 3} {
		b.channel(n)
	}
	two, three := a.channel(2), a.channel(3)
	k.must(two.Send([]byte("before")))
	b.wantMessages(2, [][]byte{[]byte("before")})
	k.must(two.Close())
	k.must(two.Close())
	k.wantClosed("Send after Channel.Close", two.Send([]byte("late")))
	k.must(three.Send([]byte("alive")))
	b.wantMessages(3, [][]byte{[]byte("alive")})
	k.exchange(a, b)
	if n := b.received(2); n != 1 {
		k.Errorf("%d messages on the closed channel, want 1", n)
	}
}

func testCloseAtEachStep(k *kit) {
	da, db := k.driver(), k.driver()
	const steps = 6
	for step := range steps {
		for _, initiator := range []bool{true, false} {
			if !initiator && step < 2 {
				continue // there is no session to close yet
			}
			id := k.newID()
			name := fmt.Sprintf("closed at step %d", step)
			a, b := k.end("a, "+name, da, id), k.end("b, "+name, db, id)
			closer, other := a, b
			if !initiator {
				closer, other = b, a
			}
			k.handshake(a, b, step, closer)
			if other.session == nil {
				continue
			}
			if step < 4 {
				other.Never(k, k.quiet(), "Up although the other end closed before Finish", other.told(Up))
			}
			other.close()
		}
	}
	id := k.newID()
	a, b := k.end("a", da, id), k.end("b", db, id)
	k.connect(a, b)
	k.exchange(a, b)
}

// handshake goes on at the other end when closer has closed, as signals that
// were under way do.
func (k *kit) handshake(a, b *end, closeAt int, closer *end) {
	k.Helper()
	var offer, answer transport.Description
	for step, do := range []func(){
		func() { a.offer() },
		func() { offer = a.description() },
		func() { b.answer(offer) },
		func() { answer = b.description() },
		func() { _ = a.session.Finish(answer) },
		func() {
			if closer == a {
				_ = b.session.AddCandidates(offer.Candidates)
			} else {
				_ = a.session.AddCandidates(answer.Candidates)
			}
		},
	} {
		if step == closeAt+1 {
			closer.close()
			if closeAt < 2 || closer == b && closeAt == 2 { // nobody has the descriptions
				return
			}
		}
		do()
	}
	if closeAt == 5 {
		closer.close()
	}
}

func testDriverClose(k *kit) {
	da, db, dc := k.driver(), k.driver(), k.driver()
	var near, far []*end
	for _, d := range []transport.Driver{db, dc, dc} {
		id := k.newID()
		a, b := k.end("near", da, id), k.end("far", d, id)
		k.connect(a, b)
		near, far = append(near, a), append(far, b)
	}
	c := near[0].channel(transport.ControlChannel)
	k.promptly("Driver.Close", da.Close)
	for i := range near {
		near[i].Closed(near[i].id)
		far[i].waitDown()
	}
	near[0].still("its driver is closed")
	for _, e := range near {
		if e.count(Down) > 0 {
			k.Errorf("near: Down although its driver was closed")
		}
	}
	k.wantClosed("Send after Driver.Close", c.Send([]byte("late")))
	k.must(near[1].session.Close())
}

func testClosedDriver(k *kit) {
	a, b := k.ends()
	a.offer()
	offer := a.description()
	k.must(a.driver.Close())
	k.must(a.driver.Close())
	_, err := a.driver.Offer(k.newID(), a.Recorder)
	k.wantClosed("Offer of a closed driver", err)
	_, err = a.driver.Answer(k.newID(), offer, a.Recorder)
	k.wantClosed("Answer of a closed driver", err)
	b.answer(offer) // of nobody
	b.description()
}

func testDriverCloseEarly(k *kit) {
	for step := range 3 {
		a, b := k.ends()
		a.offer()
		if step > 0 {
			b.answer(a.description())
		}
		if step > 1 {
			a.finish(b.description())
		}
		k.promptly("Driver.Close", a.driver.Close)
		a.Closed(a.id)
		k.promptly("Driver.Close", b.driver.Close)
		b.Closed(b.id)
		a.still("its driver is closed")
	}
}
