package overlay_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

var transfer = flag.Int("transfer", 64, "MiB that TestTransferKeepsMemoryFlat sends each time")

// heapLimit is what both nodes of a process may take together, in bytes.
const heapLimit = 64 << 20

// TestTransferKeepsMemoryFlat sends much through one arc over pion, in messages
// and in a stream, to a reader that is fast and to one that takes 16 MiB a second:
// what comes is what was sent, and the heap of this process, which is both ends',
// stays below 64 MiB. The curve is logged.
//
//	go test ./overlay -run TransferKeepsMemoryFlat -v -transfer 1024
func TestTransferKeepsMemoryFlat(t *testing.T) {
	for _, way := range []string{"messages", "stream"} {
		for _, pace := range []string{"fast", "slow"} {
			t.Run(way+", "+pace+" reader", func(t *testing.T) {
				a, b := pair(t, func() transport.Driver { return loopback(t) }, overlay.ProtocolConfig{})
				sent, received := sha256.New(), sha256.New()
				var count atomic.Int64
				curve := watchHeap(&count)
				size := int64(*transfer) << 20
				failed := make(chan error, 1)
				go func() {
					source := io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{1}), size), sent)
					failed <- send(t.Context(), a, b.Node().ID(), way, source)
				}()
				var slow <-chan time.Time
				if pace == "slow" {
					ticker := time.NewTicker(time.Second / 64) // for each 256 KiB
					defer ticker.Stop()
					slow = ticker.C
				}
				start := time.Now()
				if err := take(t.Context(), b, way, size, received, &count, slow); err != nil {
					t.Fatal(err)
				}
				took := time.Since(start)
				if err := <-failed; err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(sent.Sum(nil), received.Sum(nil)) {
					t.Error("what arrived is not what was sent")
				}
				highest, lines := curve()
				t.Logf("%d MiB in %v, %.1f MB/s, SHA-256 %x…, heap at most %.1f MiB\n%s",
					*transfer, took.Round(time.Millisecond), float64(size)/1e6/took.Seconds(), received.Sum(nil)[:8], float64(highest)/(1<<20), lines)
				if highest > heapLimit {
					t.Errorf("heap of %d MiB", highest>>20)
				}
			})
		}
	}
}

const pieceSize = 256 << 10

func send(ctx context.Context, p *overlay.Protocol, to transport.PeerID, way string, from io.Reader) error {
	piece := make([]byte, pieceSize)
	if way == "stream" {
		c, err := p.Dial(ctx, to)
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = io.CopyBuffer(struct{ io.Writer }{c}, from, piece)
		return err
	}
	for {
		n, err := io.ReadFull(from, piece)
		if err == io.EOF {
			return nil
		}
		if err := p.Send(ctx, to, piece[:n]); err != nil {
			return err
		}
	}
}

func take(ctx context.Context, p *overlay.Protocol, way string, size int64, to hash.Hash, count *atomic.Int64, slow <-chan time.Time) error {
	read := func() ([]byte, error) {
		m, err := p.Receive(ctx)
		return m.Data, err
	}
	if way == "stream" {
		c, err := p.Listen().Accept()
		if err != nil {
			return err
		}
		defer c.Close()
		piece := make([]byte, pieceSize)
		read = func() ([]byte, error) {
			n, err := io.ReadFull(c, piece)
			return piece[:n], err
		}
	}
	for count.Load() < size {
		data, err := read()
		if err != nil {
			return err
		}
		to.Write(data)
		count.Add(int64(len(data)))
		if slow != nil {
			<-slow
		}
	}
	return nil
}

// watchHeap samples what the heap's objects take, dead ones included, until it is
// asked for the highest value and the curve.
func watchHeap(count *atomic.Int64) func() (highest uint64, curve string) {
	stop, done := make(chan struct{}), make(chan struct{})
	var highest uint64
	var lines []string
	go func() {
		defer close(done)
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		step, peak := int64(0), uint64(0)
		for {
			metrics.Read(sample)
			now := sample[0].Value.Uint64()
			highest, peak = max(highest, now), max(peak, now)
			// 16 lines, each with the highest value since the last.
			if n := count.Load(); n >= step {
				lines = append(lines, fmt.Sprintf("%5d MiB received: heap %5.1f MiB %s", n>>20, float64(peak)/(1<<20), strings.Repeat("#", int(peak>>20))))
				step += int64(*transfer) << 20 / 16
				peak = 0
			}
			select {
			case <-ticker.C:
			case <-stop:
				return
			}
		}
	}()
	return func() (uint64, string) {
		close(stop)
		<-done
		return highest, strings.Join(lines, "\n")
	}
}

// While a message of 16 MiB is under way, other protocols' messages, and arcs,
// come and go between its parts.
func TestLargeMessageHoldsUpNobody(t *testing.T) {
	a, b := pair(t, func() transport.Driver { return loopback(t) }, overlay.ProtocolConfig{})
	var other [2]*overlay.Protocol
	for i, p := range []*overlay.Protocol{a, b} {
		o, err := p.Node().Protocol("other", overlay.ProtocolConfig{})
		if err != nil {
			t.Fatal(err)
		}
		other[i] = o
	}
	to, ctx := b.Node().ID(), t.Context()
	if err := other[0].Connect(ctx, to); err != nil {
		t.Fatal(err)
	}
	echo := func() time.Duration {
		start := time.Now()
		if err := other[0].Send(ctx, to, []byte("there")); err != nil {
			t.Error(err)
		}
		m, err := other[1].Receive(ctx)
		if err != nil {
			t.Error(err)
		}
		if err := other[1].Send(ctx, m.From, []byte("and back")); err != nil {
			t.Error(err)
		}
		if _, err := other[0].Receive(ctx); err != nil {
			t.Error(err)
		}
		return time.Since(start)
	}
	idle := echo()
	large := make(chan error, 1)
	go func() { large <- a.Send(ctx, to, make([]byte, overlay.DefaultMaxMessage)) }()
	arrived := make(chan error, 1)
	go func() { _, err := b.Receive(ctx); arrived <- err }()
	var rounds int
	var worst time.Duration
	for done := false; !done; {
		worst = max(worst, echo())
		if err := b.Connect(ctx, a.Node().ID()); err != nil {
			t.Error(err)
		}
		rounds++
		select {
		case err := <-arrived:
			if err != nil {
				t.Error(err)
			}
			done = true
		default:
		}
	}
	if err := <-large; err != nil {
		t.Error(err)
	}
	t.Logf("%d echoes and connects during one message of 16 MiB; an echo took at most %v, %v before it", rounds, worst, idle)
	if rounds < 5 {
		t.Errorf("%d echoes and connects during one message of 16 MiB", rounds)
	}
}

// A peer that never ends a message is let go at MaxMessage, and what a receiver
// holds grows with what has come and not with what is claimed: no frame claims
// anything.
func TestEndlessMessageIsBounded(t *testing.T) {
	bubbleWith(t, 1, func(k *kit) {
		h := k.enter(0)
		h.say(&arc.Bind{Arc: 1, Protocol: "chat", Channel: 1})
		k.rest(time.Second)
		before, highest, sent := heap(), 0, 0
		part := append([]byte{1}, make([]byte, 16<<10)...)
		for ; k.knows(0, h.id) && sent < 2*overlay.DefaultMaxMessage; sent += len(part) - 1 {
			h.send(1, part)
			k.rest(time.Millisecond) // and the credits come, as for an honest one
			if sent%(1<<20) == 0 {
				highest = max(highest, heap()-before)
			}
		}
		k.rest(time.Second)
		if sent < overlay.DefaultMaxMessage || sent > overlay.DefaultMaxMessage+1<<20 || k.nodes[0].Stats().Violations != 1 {
			t.Errorf("let go after %d bytes: %+v", sent, k.nodes[0].Stats())
		}
		if highest > 5*overlay.DefaultMaxMessage/2 { // it is copied where it grows
			t.Errorf("held %d MiB", highest>>20)
		}
		k.rest(2 * time.Minute) // until mem's timers let go of the session
		if left := heap() - before; left > 4<<20 {
			t.Errorf("%d KiB are left", left>>10)
		}
	}, false)
}
