package transporttest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

var messageCases = []testCase{
	{"control messages", "ControlChannel exists at both ends and carries messages both ways, in order.", testControl},
	{"first channel holds", "The handler gets the messages of a channel only from the first call of Channel on; until then they wait.", testFirstHolds},
	{"control channel holds", "The handler gets the messages of a channel only from the first call of Channel on; until then they wait.", testControlHolds},
	{"channel before up", "ControlChannel and FirstChannel exist as soon as a session is made.", testChannelBeforeUp},
	{"sizes", "Messages have 0 to MaxFrame bytes; an empty one arrives as an empty one (RFC 8831 section 6.6).", testSizes},
	{"too large", "A message above MaxFrame is refused with ErrTooLarge, and nothing of it is sent.", testTooLarge},
	{"thousand in order", "A reliable and ordered channel brings every message once and in order.", testThousand},
	{"buffer reused", "After Send returned, the sender may reuse the message's memory.", testBufferReused},
}

func testControl(k *kit) {
	a, b := k.pair()
	ca, cb := a.channel(transport.ControlChannel), b.channel(transport.ControlChannel)
	fromA, fromB := numbered("a", 20), numbered("b", 20)
	for i := range fromA {
		k.must(ca.Send(fromA[i]))
		k.must(cb.Send(fromB[i]))
	}
	b.wantMessages(transport.ControlChannel, fromA)
	a.wantMessages(transport.ControlChannel, fromB)
}

func testFirstHolds(k *kit) {
	a, b := k.pair()
	held := numbered("held", 10)
	k.sendAll(a.channel(transport.FirstChannel), held)
	k.exchange(a, b) // the other messages had time to arrive as well
	b.still("Channel was not called")
	c := b.channel(transport.FirstChannel)
	b.wantMessages(transport.FirstChannel, held)
	k.must(c.Send([]byte("back")))
	a.wantMessages(transport.FirstChannel, [][]byte{[]byte("back")})
}

func testControlHolds(k *kit) {
	a, b := k.pair()
	held := numbered("held", 10)
	k.sendAll(a.channel(transport.ControlChannel), held)
	b.still("Channel was not called")
	b.channel(transport.ControlChannel)
	b.wantMessages(transport.ControlChannel, held)
}

func testChannelBeforeUp(k *kit) {
	a, b := k.ends()
	a.offer()
	ca := a.channel(transport.ControlChannel)
	a.channel(transport.FirstChannel)
	b.answer(a.description())
	b.channel(transport.ControlChannel)
	b.channel(transport.FirstChannel)
	a.finish(b.description())
	b.add(a.gathered())
	a.add(b.gathered())
	a.waitUp()
	b.waitUp()
	k.must(ca.Send([]byte("control")))
	k.must(a.channel(transport.FirstChannel).Send([]byte("first")))
	b.wantMessages(transport.ControlChannel, [][]byte{[]byte("control")})
	b.wantMessages(transport.FirstChannel, [][]byte{[]byte("first")})
}

func testSizes(k *kit) {
	a, b := k.pair()
	b.channel(transport.FirstChannel)
	c := a.channel(transport.FirstChannel)
	var want [][]byte
	for _, n := range []int{1, 0, 1 << 10, 0, 1199, 1200, 1201, 16 << 10, transport.MaxFrame - 1, transport.MaxFrame, 1} {
		want = append(want, pattern(n))
	}
	k.sendAll(c, want)
	b.wantMessages(transport.FirstChannel, want)
	k.must(c.Send(nil))
	b.wantMessages(transport.FirstChannel, append(want, nil))
}

// pattern makes n bytes in which a shift, a cut or a swap shows.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*i>>3 + i + n)
	}
	return p
}

func testTooLarge(k *kit) {
	a, b := k.pair()
	b.channel(transport.FirstChannel)
	c := a.channel(transport.FirstChannel)
	for _, n := range []int{transport.MaxFrame + 1, 2 * transport.MaxFrame, 1 << 20} {
		if err := c.Send(make([]byte, n)); !errors.Is(err, transport.ErrTooLarge) {
			k.Errorf("Send of %d bytes gave %v, want ErrTooLarge", n, err)
		}
	}
	k.must(c.Send([]byte("next")))
	b.wantMessages(transport.FirstChannel, [][]byte{[]byte("next")})
	b.still("the other messages were refused")
}

func testThousand(k *kit) {
	a, b := k.pair()
	b.channel(transport.FirstChannel)
	want := numbered("message", 1000)
	k.sendAll(a.channel(transport.FirstChannel), want)
	b.wantMessages(transport.FirstChannel, want)
	b.still("every message has come")
}

func testBufferReused(k *kit) {
	a, b := k.pair()
	b.channel(transport.FirstChannel)
	c := a.channel(transport.FirstChannel)
	want := numbered("message", 100)
	buf := make([]byte, 0, 64)
	for _, m := range want {
		buf = append(buf[:0], m...)
		k.must(c.Send(buf))
		clear(buf)
	}
	b.wantMessages(transport.FirstChannel, want)
}

var channelCases = []testCase{
	{"channels by number", "Channel opens a channel under the same number at both ends; both directions work.", testNumbers},
	{"same channel again", "Channel gives the one that is open under that number.", testSameChannel},
	{"many channels", "A session carries many channels at once, each in its own order.", testManyChannels},
	{"unordered and unreliable", "On a path that loses nothing, every configuration delivers every message once.", testConfigs},
	{"impossible configuration", "At most one of MaxRetransmits and MaxLifetime is set, and what the wire cannot say is refused (RFC 8832 section 5.1, RFC 8831 section 6.5).", testBadConfigs},
}

func testNumbers(k *kit) {
	a, b := k.pair()
	for _, n := range []uint16{2, 3, 7, 255, 256, 1023} { // browsers end at 1023
		cb := b.channel(n)
		ca := a.channel(n)
		k.must(ca.Send(fmt.Appendf(nil, "a %d", n)))
		k.must(cb.Send(fmt.Appendf(nil, "b %d", n)))
		b.wantMessages(n, [][]byte{fmt.Appendf(nil, "a %d", n)})
		a.wantMessages(n, [][]byte{fmt.Appendf(nil, "b %d", n)})
	}
}

func testSameChannel(k *kit) {
	a, b := k.pair()
	for _, n := range []uint16{transport.ControlChannel, transport.FirstChannel, 5} {
		b.channel(n)
		b.channel(n)
		one, two := a.channel(n), a.channel(n)
		want := numbered("message", 10)
		for i, m := range want {
			c := one
			if i%2 == 1 {
				c = two
			}
			k.must(c.Send(m))
		}
		b.wantMessages(n, want)
		k.must(one.Close())
		k.wantClosed("Send on the same channel, closed,", two.Send([]byte("late")))
	}
}

func testManyChannels(k *kit) {
	a, b := k.pair()
	const first, last = 2, 65
	want := make(map[uint16][][]byte)
	open := make(map[uint16]transport.Channel)
	for n := uint16(first); n <= last; n++ {
		b.channel(n)
		open[n] = a.channel(n)
		want[n] = numbered(fmt.Sprint("channel ", n), 10)
	}
	for i := range 10 {
		for n := uint16(first); n <= last; n++ {
			k.must(open[n].Send(want[n][i]))
		}
	}
	for n := uint16(first); n <= last; n++ {
		b.wantMessages(n, want[n])
	}
}

func testConfigs(k *kit) {
	a, b := k.pair()
	zero, three := uint16(0), uint16(3)
	for i, cfg := range []transport.ChannelConfig{
		{Unordered: true},
		{MaxRetransmits: &zero},
		{MaxRetransmits: &three},
		{MaxLifetime: 5 * time.Second},
		{Unordered: true, MaxRetransmits: &zero},
		{Unordered: true, MaxLifetime: 5 * time.Second},
	} {
		n := uint16(10 + i)
		b.channelWith(n, cfg)
		c := a.channelWith(n, cfg)
		want := numbered("message", 50)
		k.sendAll(c, want)
		got := b.waitMessages(n, len(want))
		cb := b.channelWith(n, cfg) // the same, for the other direction
		k.must(cb.Send([]byte("back")))
		a.wantMessages(n, [][]byte{[]byte("back")})
		if cfg.Unordered {
			slices.SortFunc(got, bytes.Compare)
			slices.SortFunc(want, bytes.Compare)
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			k.Errorf("channel %d, %+v: got %q, want %q", n, cfg, got, want)
		}
	}
	b.still("every message has come")
}

func testBadConfigs(k *kit) {
	a, b := k.pair()
	zero := uint16(0)
	for _, cfg := range []transport.ChannelConfig{
		{MaxRetransmits: &zero, MaxLifetime: time.Second},
		{MaxLifetime: -time.Second},
		{MaxLifetime: 65536 * time.Millisecond},
	} {
		if _, err := a.session.Channel(9, cfg); err == nil {
			k.Errorf("Channel with %+v: no error", cfg)
		}
	}
	if _, err := a.session.Channel(65535, transport.ChannelConfig{}); err == nil {
		k.Errorf("Channel(65535): no error") // RFC 8832 section 6
	}
	k.exchange(a, b)
}
