package pion_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// TestMixed connects a driver with media and one without, both ways: what one of
// them builds out of ICE, DTLS and SCTP, the other has a PeerConnection for.
func TestMixed(t *testing.T) {
	none := uint16(0)
	for _, offers := range []bool{true, false} {
		for name, cfg := range map[string]transport.ChannelConfig{
			"reliable":   {},
			"unreliable": {MaxRetransmits: &none, Unordered: true},
		} {
			t.Run(fmt.Sprintf("media offers=%v %s", offers, name), func(t *testing.T) {
				da, db := newDriver(t, withMedia), newDriver(t, nil)
				if !offers {
					da, db = db, da
				}
				a, b := newPeer(), newPeer()
				sa, sb := connect(t, da, db, a, b, 1)
				say(t, sa, sb, a, b)
				exchange(t, sa, sb, a, b, cfg)
				must(t, sa.Close())
				receive(t, b.down, "Down")
			})
		}
	}
}

// TestOwnDelivery: each end sends as its own config says, and as well to a peer that
// is no driver of this package, such as a browser.
func TestOwnDelivery(t *testing.T) {
	none := uint16(0)
	const number, n = 600, 300
	certificate := strangeCertificate(t)
	strange := func(c *pion.Config) { c.Certificate = certificate }
	for _, toAnswerer := range []bool{true, false} {
		t.Run(fmt.Sprint(toAnswerer), func(t *testing.T) {
			a, b := newPeer(), newPeer()
			sa, sb, path := connectLossy(t, newDriver(t, strange), newDriver(t, strange), a, b, 7, 0)
			sender, receiver, to := sa, sb, b
			if !toAnswerer {
				sender, receiver, to = sb, sa, a
			}
			var got arrivals
			to.message = func(channel uint16, data []byte) {
				if channel == number {
					got.add(data)
					return
				}
				to.messages <- string(data)
			}
			say(t, sa, sb, a, b)
			back, err := receiver.Channel(number, transport.ChannelConfig{}) // reliable
			must(t, err)
			channel, err := sender.Channel(number, transport.ChannelConfig{MaxRetransmits: &none})
			must(t, err)
			path.set(0.1)
			for i := range n {
				must(t, channel.Send([]byte{0, 0, byte(i >> 8), byte(i), 899: 0}))
				if i%10 == 0 {
					say(t, sa, sb, a, b) // so that no burst fills a buffer
				}
			}
			path.set(0)
			for end := time.Now().Add(patience); !got.over(1000) && time.Now().Before(end); {
				must(t, channel.Send([]byte{0, 0, 1000 >> 8, 1000 & 0xff})) // comes after all others, if they come
				say(t, sa, sb, a, b)
			}
			if came := len(got.list()); came == n || came < n/2 {
				t.Errorf("%d of %d came through 10 %% of loss, with no retransmissions", came, n)
			}
			must(t, back.Send([]byte("all of it")))
			from := a
			if !toAnswerer {
				from = b
			}
			if m := receive(t, from.messages, "message"); m != "all of it" {
				t.Errorf("got %q", m)
			}
		})
	}
}
