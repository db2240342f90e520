package overlay_test

import (
	"encoding/binary"
	"testing"
	"time"
)

// TestSmallMessages sends many small messages of all sizes, some large ones among
// them, over a path on which much is under way: they arrive whole and in order,
// and in fewer frames than they are.
func TestSmallMessages(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.line()
		const n = 5000
		go func() {
			for i := range n {
				if err := k.chat[0].Send(k.ctx, k.id(1), numbered(i)); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		for i := range n {
			m, err := k.chat[1].Receive(k.ctx)
			k.must(err)
			if string(m.Data) != string(numbered(i)) {
				t.Fatalf("message %d: %d bytes %.20q", i, len(m.Data), m.Data)
			}
		}
		s := k.nodes[1].Stats()
		t.Logf("%d messages in %d frames", n, s.FramesReceived)
		if s.FramesReceived > n/3 {
			t.Errorf("%d messages took %d frames", n, s.FramesReceived)
		}
	})
}

// TestLastSmallMessage: what was put aside goes out although nothing follows,
// and although the node leaves.
func TestLastSmallMessage(t *testing.T) {
	for _, leave := range []bool{false, true} {
		bubble(t, 2, func(k *kit) {
			k.line()
			const n = 1000
			for i := range n {
				k.must(k.chat[0].Send(k.ctx, k.id(1), numbered(i)))
			}
			if leave {
				k.must(k.nodes[0].Leave(k.ctx))
			}
			for range n {
				_, err := k.chat[1].Receive(k.ctx)
				k.must(err)
			}
		})
	}
}

// TestFewSmallMessages: while little is under way, each has a frame of its own
// and none waits for another.
func TestFewSmallMessages(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.line()
		begun := time.Now()
		for i := range 10 {
			k.must(k.chat[0].Send(k.ctx, k.id(1), numbered(i)))
		}
		for range 10 {
			_, err := k.chat[1].Receive(k.ctx)
			k.must(err)
		}
		if took := time.Since(begun); took != 10*time.Millisecond {
			t.Errorf("took %v, one way takes 10ms", took)
		}
		if frames := k.nodes[1].Stats().FramesReceived; frames != 10 {
			t.Errorf("%d frames", frames)
		}
	})
}

// numbered is a message that can be told from all others, of 4 to 1100 bytes, or
// now and then of some frames.
func numbered(i int) []byte {
	size := 4 + i*7%1100
	if i%500 == 499 {
		size = 40_000
	}
	b := make([]byte, size)
	binary.BigEndian.PutUint32(b, uint32(i))
	return b
}
