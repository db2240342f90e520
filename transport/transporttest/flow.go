package transporttest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

var flowCases = []testCase{
	{"slow receiver", "While Message does not return, no further message of that channel is read; the other channels go on.", testSlowReceiver},
	{"buffer full", "Send gives ErrBufferFull when more than a driver's bound (at least 4 MiB for each channel) is queued; what was taken arrives.", testBufferFull},
	{"endless sender", "What has arrived takes no room: who has 1 MiB under way at the most is never refused, however long it goes on.", testEndlessSender},
	{"close of a slow receiver", "Close waits for no handler.", testCloseSlow},
	{"down past a slow receiver", "Down is called although a message is being handled.", testDownSlow},
}

// block makes this end's handler wait in the messages of one channel until
// release is called, which a test does in any case. blocked is closed when the
// first message waits.
func (e *end) block(channel uint16) (blocked <-chan struct{}, release func()) {
	entered, gate := make(chan struct{}), make(chan struct{})
	first := true
	e.OnMessage = func(_ transport.SessionID, c uint16, _ []byte) {
		if c != channel {
			return
		}
		if first { // calls for one channel are sequential
			first = false
			close(entered)
		}
		<-gate
	}
	return entered, sync.OnceFunc(func() { close(gate) })
}

// await waits until done is closed.
func (k *kit) await(what string, done <-chan struct{}) {
	k.Helper()
	timer := time.NewTimer(k.cfg.Timeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		k.Fatalf("no %s within %v", what, k.cfg.Timeout)
	}
}

// promptly fails the test if call does not return.
func (k *kit) promptly(what string, call func() error) {
	k.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	timer := time.NewTimer(k.cfg.Timeout)
	defer timer.Stop()
	select {
	case err := <-done:
		if err != nil {
			k.Fatalf("%s: %v", what, err)
		}
	case <-timer.C:
		k.Fatalf("%s does not return within %v", what, k.cfg.Timeout)
	}
}

func testSlowReceiver(k *kit) {
	const slow, quick = 2, 3
	a, b := k.ends()
	blocked, release := b.block(slow)
	defer release()
	k.connect(a, b)
	b.channel(slow)
	b.channel(quick)
	want := numbered("slow", 200)
	for i := range want {
		want[i] = append(want[i], make([]byte, 1000)...)
	}
	k.sendAll(a.channel(slow), want) // 200 KB: less than any receive window
	k.await("first message", blocked)
	others := numbered("quick", 100)
	k.sendAll(a.channel(quick), others)
	b.wantMessages(quick, others)
	k.exchange(a, b)
	if n := b.received(slow); n != 1 {
		k.Errorf("%d messages while the first was being handled", n-1)
	}
	release()
	b.wantMessages(slow, want)
}

func testBufferFull(k *kit) {
	const enough = 64 << 20 // bytes; a driver that takes more has no bound
	a, b := k.pair()
	c := a.channel(transport.FirstChannel) // b does not open it
	p := make([]byte, 16<<10)
	var sent uint32
	fill := func() error {
		for {
			binary.BigEndian.PutUint32(p, sent)
			if err := c.Send(p); err != nil {
				return err
			}
			sent++
			if int(sent)*len(p) > enough {
				return errors.New("no bound")
			}
		}
	}
	k.promptly("Send until the buffer is full", func() error {
		if err := fill(); !errors.Is(err, transport.ErrBufferFull) {
			return err
		}
		return nil
	})
	k.Logf("%d KiB were taken", sent*16)
	if total := int(sent) * len(p); total < 4<<20-len(p) {
		k.Errorf("buffer full after %d bytes, want at least 4 MiB", total)
	}
	b.still("Channel was not called")

	b.channel(transport.FirstChannel)
	for part := range 8 { // each has the time of one: a machine may be slow
		b.waitMessages(transport.FirstChannel, int(sent)*part/8)
	}
	got := b.waitMessages(transport.FirstChannel, int(sent))
	for i, m := range got {
		if n := binary.BigEndian.Uint32(m); n != uint32(i) || len(m) != len(p) {
			k.Fatalf("message %d has the number %d and %d bytes", i, n, len(m))
		}
	}
	if err := c.Send([]byte("again")); err != nil {
		k.Errorf("Send after everything was read: %v", err)
	}
	b.waitMessages(transport.FirstChannel, int(sent)+1)
}

func testEndlessSender(k *kit) {
	const size, window, total = 16 << 10, 64, 24 << 6 // messages: of 24 MiB, 1 MiB
	a, b := k.ends()
	room := make(chan struct{}, window)
	for range window {
		room <- struct{}{}
	}
	got := make(chan struct{}, total)
	a.OnMessage = func(transport.SessionID, uint16, []byte) { room <- struct{}{} }
	k.connect(a, b)
	back := b.channel(transport.FirstChannel)
	b.OnMessage = func(_ transport.SessionID, _ uint16, p []byte) {
		if err := back.Send(p[:1]); err != nil {
			k.Errorf("answer: %v", err)
		}
		got <- struct{}{} // last: with the last of them the case ends and closes
	}
	c, p := a.channel(transport.FirstChannel), make([]byte, size)
	for i := range total {
		k.await(fmt.Sprintf("room for message %d", i), room)
		if err := c.Send(p); err != nil {
			k.Fatalf("message %d, with at most %d KiB under way: %v", i, window*size>>10, err)
		}
	}
	for i := range total {
		k.await(fmt.Sprintf("message %d", i), got)
	}
}

func testCloseSlow(k *kit) {
	a, b := k.ends()
	blocked, release := b.block(transport.FirstChannel)
	defer release()
	k.connect(a, b)
	b.channel(transport.FirstChannel)
	k.sendAll(a.channel(transport.FirstChannel), numbered("message", 10))
	k.await("first message", blocked)
	k.promptly("Session.Close", b.session.Close)
	b.Closed(b.id)
	release()
	a.waitDown()
	b.still("it is closed")
}

func testDownSlow(k *kit) {
	a, b := k.ends()
	blocked, release := b.block(transport.FirstChannel)
	defer release()
	k.connect(a, b)
	b.channel(transport.FirstChannel)
	k.sendAll(a.channel(transport.FirstChannel), numbered("message", 10))
	k.await("first message", blocked)
	a.close()
	b.waitDown()
	release()
	b.still("it is down")
}
