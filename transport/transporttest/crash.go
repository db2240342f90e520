package transporttest

import (
	"errors"

	"github.com/n2n-overlay/n2n/transport"
)

var crashCases = []testCase{
	{"crash", "A peer that falls silent stops nobody: no method waits, other sessions go on, it can come back.", testCrash},
	{"crash during the handshake", "A peer that falls silent during the handshake never gives Up, and the attempt can be closed.", testCrashEarly},
}

func testCrash(k *kit) {
	if k.cfg.Crash == nil {
		k.Skip("no Config.Crash")
	}
	da, db, dc := k.driver(), k.driver(), k.driver()
	id := k.newID()
	a, b := k.end("a", da, id), k.end("b", db, id)
	k.connect(a, b)
	k.exchange(a, b)

	k.cfg.Crash(db)
	b.Closed(b.id)
	c := a.channel(transport.ControlChannel)
	k.promptly("Send to a crashed peer", func() error {
		for range 100 {
			err := c.Send([]byte("anybody there?"))
			if err != nil && !errors.Is(err, transport.ErrBufferFull) && !errors.Is(err, transport.ErrClosed) {
				return err
			}
		}
		return nil
	})
	b.still("it crashed")

	other := k.newID()
	a2, c2 := k.end("a", da, other), k.end("c", dc, other)
	k.connect(a2, c2)
	k.exchange(a2, c2)

	k.promptly("Close of a session with a crashed peer", a.session.Close)
	a.Closed(a.id)
	again := k.newID()
	a3, b3 := k.end("a", da, again), k.end("b come back", k.driver(), again)
	k.connect(a3, b3)
	k.exchange(a3, b3)
}

func testCrashEarly(k *kit) {
	if k.cfg.Crash == nil {
		k.Skip("no Config.Crash")
	}
	a, b := k.ends()
	a.offer()
	b.answer(a.description())
	answer, cb := b.description(), b.gathered()
	k.cfg.Crash(b.driver)
	b.Closed(b.id)
	a.finish(answer)
	a.add(cb)
	a.Never(k, k.quiet(), "Up with a crashed peer", a.told(Up))
	a.close()
	a.still("it is closed")
}
