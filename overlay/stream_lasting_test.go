package overlay_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
)

// A protocol that was closed and registered again goes on with the session as if
// it were new.
func TestProtocolIsRegisteredAgain(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		for round := range 5 {
			k.must(k.chat[0].Send(k.ctx, k.id(1), make([]byte, 700_000))) // which nobody takes
			old, _ := k.dial(0, 1)
			k.must(k.chat[1].Close())
			k.chat[1] = k.protocol(1, "chat")
			k.must(k.chat[0].Connect(k.ctx, k.id(1)))
			if _, err := old.Write([]byte{1}); !errors.Is(err, overlay.ErrNotNeighbor) {
				t.Errorf("write on a stream of the old one: %v", err)
			}
			a, b := k.dial(0, 1)
			k.write(a, "stream")
			k.read(b, "stream")
			for i, p := range k.chat {
				text := fmt.Sprintf("message %d of %d", round, i)
				k.must(p.Send(k.ctx, k.id(1-i), []byte(text)))
				m, err := k.chat[1-i].Receive(k.ctx)
				k.must(err)
				if string(m.Data) != text {
					t.Errorf("received %d bytes, want %q", len(m.Data), text)
				}
			}
		}
		if s := k.nodes[0].Stats(); s.SessionsOpened != 1 {
			t.Errorf("%d sessions", s.SessionsOpened)
		}
	})
}

// An arc that turns carries its streams on.
func TestStreamsOutliveReverse(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		a, b := k.dial(0, 1)
		k.must(k.chat[0].Reverse(k.ctx, k.id(1)))
		k.rest(time.Second)
		k.write(a, "still here")
		k.read(b, "still here")
	})
}

// Streams that end before anybody accepts them keep what they brought, and their
// places until then.
func TestStreamsThatEndWhileTheyWait(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		l := k.chat[1].Listen()
		for round := range 3 {
			for i := range 200 {
				c, err := k.chat[0].Dial(k.ctx, k.id(1))
				k.must(err)
				k.write(c, fmt.Sprintf("%3d", i))
				k.must(c.Close())
			}
			k.rest(time.Second)
			for i := range 128 {
				c, err := l.Accept()
				k.must(err)
				k.read(c, fmt.Sprintf("%3d", i))
				k.eof(c)
				k.must(c.Close())
			}
			if s := k.nodes[1].Stats(); s.StreamsRefused != uint64(round+1)*72 {
				t.Errorf("%d refused in round %d", s.StreamsRefused, round)
			}
		}
		k.noStreams()
	})
}

// Streams of arcs and sessions that came and went do not pile up for Accept, nor
// take the places of others.
func TestStreamsOfLostSessionsAreForgotten(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		l := k.chat[1].Listen()
		for i := range 6 {
			if i < 4 {
				k.join(0, 1)
			} else {
				k.must(k.chat[0].Connect(k.ctx, k.id(1)))
			}
			for range 100 {
				_, err := k.chat[0].Dial(k.ctx, k.id(1))
				k.must(err)
			}
			k.rest(time.Second)
			k.must(k.chat[0].Disconnect(k.ctx, k.id(1)))
			if i < 3 {
				k.rest(2 * time.Minute) // the session lingers, and ends
			}
		}
		k.must(k.chat[0].Connect(k.ctx, k.id(1)))
		a, err := k.chat[0].Dial(k.ctx, k.id(1))
		k.must(err)
		k.write(a, "alive")
		k.rest(time.Second)
		b, err := l.Accept() // passes over the dead
		k.must(err)
		k.read(b, "alive")
	})
}
