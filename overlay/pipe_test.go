package overlay_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport/mem"
)

func TestMessageSizes(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		r := rand.NewChaCha8([32]byte{1})
		for _, size := range []int{0, 1, 16<<10 - 1, 16 << 10, 16<<10 + 1, 1 << 20, 3<<20 + 7, overlay.DefaultMaxMessage} {
			want := make([]byte, size)
			r.Read(want)
			go func() { k.chat[0].Send(k.ctx, k.id(1), want) }()
			m, err := k.chat[1].Receive(k.ctx)
			k.must(err)
			if !bytes.Equal(m.Data, want) {
				t.Errorf("message of %d bytes came as %d others", size, len(m.Data))
			}
		}
	})
}

func TestSlowReceiverStopsItsSenderOnly(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		other := []*overlay.Protocol{k.protocol(0, "other"), k.protocol(1, "other")}
		k.must(other[0].Connect(k.ctx, k.id(1)))

		ctx, cancel := context.WithTimeout(k.ctx, 10*time.Second)
		defer cancel()
		sent := 0
		for k.chat[0].Send(ctx, k.id(1), make([]byte, 10_000)) == nil {
			sent++
		}
		if ctx.Err() == nil || sent < 50 || sent > 110 { // a window of 1 MiB
			t.Errorf("sent %d messages of 10 kB that nobody takes", sent)
		}
		// The other protocol and the control channel do not feel it.
		start := time.Now()
		k.must(other[0].Send(k.ctx, k.id(1), []byte("quick")))
		_, err := other[1].Receive(k.ctx)
		k.must(err)
		k.must(k.chat[1].Connect(k.ctx, k.id(0)))
		if d := time.Since(start); d > 100*time.Millisecond {
			t.Errorf("the others waited %v", d)
		}
		// When the reader goes on, so does the sender, and nothing was lost.
		go func() {
			for range 500 {
				k.chat[0].Send(k.ctx, k.id(1), make([]byte, 10_000))
			}
		}()
		for range sent + 500 {
			m, err := k.chat[1].Receive(k.ctx)
			k.must(err)
			if len(m.Data) != 10_000 {
				t.Fatalf("message of %d bytes", len(m.Data))
			}
		}
	})
}

func TestCancelledSendLeavesNothingHalf(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		fill := make([]byte, 1000)
		k.must(k.chat[0].Send(k.ctx, k.id(1), fill)) // while it waits, no larger message than the window can come
		ctx, cancel := context.WithTimeout(k.ctx, time.Second)
		defer cancel()
		if err := k.chat[0].Send(ctx, k.id(1), make([]byte, 2<<20)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("send into a full window: %v", err)
		}
		for range 20 { // there is room for it, but its context has ended: never by chance
			if err := k.chat[0].Send(ctx, k.id(1), fill); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("send with a context that has ended: %v", err)
			}
		}
		go k.chat[0].Send(k.ctx, k.id(1), []byte("after"))
		for _, want := range []int{len(fill), len("after")} {
			m, err := k.chat[1].Receive(k.ctx)
			k.must(err)
			if len(m.Data) != want {
				t.Errorf("message of %d bytes, want %d", len(m.Data), want)
			}
		}
	})
}

func TestTransferOverLossyPath(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		k.net.SetPath(mem.Path{Latency: 5 * time.Millisecond, Loss: 0.02, Reorder: 0.02, Duplicate: 0.02})
		const messages, size = 400, 50_000
		go func() {
			r := rand.NewChaCha8([32]byte{2})
			for range messages {
				b := make([]byte, size)
				r.Read(b)
				k.chat[0].Send(k.ctx, k.id(1), b)
			}
		}()
		got, want := sha256.New(), sha256.New()
		r, b := rand.NewChaCha8([32]byte{2}), make([]byte, size)
		for range messages {
			m, err := k.chat[1].Receive(k.ctx)
			k.must(err)
			got.Write(m.Data)
			r.Read(b)
			want.Write(b)
		}
		if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
			t.Error("what arrived is not what was sent")
		}
	})
}

func TestSendEndsWithTheSession(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		done := make(chan error, 1)
		go func() {
			for {
				if err := k.chat[0].Send(k.ctx, k.id(1), make([]byte, 100_000)); err != nil {
					done <- err
					return
				}
			}
		}()
		k.rest(time.Second)
		k.must(k.nodes[1].Close())
		if err := <-done; !errors.Is(err, overlay.ErrNotNeighbor) {
			t.Errorf("send: %v", err)
		}
	})
}

func TestEventsLag(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		ctx, cancel := context.WithCancel(k.ctx)
		events := k.chat[1].Events(ctx)
		for range 600 {
			k.must(k.chat[0].Connect(k.ctx, k.id(1)))
			k.must(k.chat[0].Disconnect(k.ctx, k.id(1)))
		}
		k.rest(time.Second)
		cancel()
		seen, missed := 0, 0
		for e := range k.chat[1].Events(ctx) {
			t.Errorf("event %v after ctx ended", e)
		}
		for e := range events {
			if l, ok := e.(overlay.Lagged); ok {
				missed += l.Missed
			} else {
				seen++
			}
		}
		if seen != 1024 || seen+missed != 1200 {
			t.Errorf("%d events seen, %d missed, want 1024 and 176", seen, missed)
		}
	})
}
