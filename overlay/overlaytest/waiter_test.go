package overlaytest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/overlaytest"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// instants are moments at which somebody has done something.
type instants struct {
	mu   sync.Mutex
	list []time.Time
}

func (i *instants) add() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.list = append(i.list, time.Now())
}

// check wants them to be as many, all different, and as close together as only
// what has one cause is.
func (i *instants) check(t *testing.T, n int) {
	t.Helper()
	if len(i.list) != n {
		t.Fatalf("%d have gone on, want %d", len(i.list), n)
	}
	slices.SortFunc(i.list, time.Time.Compare)
	if d := i.list[n-1].Sub(i.list[0]); d > 100*time.Microsecond {
		t.Errorf("they go on within %v: that is not one event", d)
	}
	if different := len(slices.CompactFunc(i.list, time.Time.Equal)); different < n {
		t.Errorf("%d go on at %d instants", n, different)
	}
}

// TestOneGoesOnAtATime: of those whom one event wakes, each goes on at another
// instant. Otherwise the scheduler would choose who is the first to draw from the
// peer's chances, as two calls did that failed with one session.
func TestOneGoesOnAtATime(t *testing.T) {
	const each = 10
	node := overlay.Config{ConnectTimeout: time.Hour} // what waits, waits for the session
	overlaytest.Run(t, overlaytest.Config{Peers: 3, Node: node}, func(w *overlaytest.World) {
		w.Line()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		p, gone := w.Peer(1), w.Peer(2).ID()
		w.Crash(2)
		var lost, stopped, cancelled instants
		for range each {
			p.Go(func() {
				if err := p.Invite(ctx, gone); !errors.Is(err, overlay.ErrNotNeighbor) {
					t.Errorf("invite: %v", err)
				}
				lost.add()
			})
			p.Go(func() {
				for range p.Events(ctx) {
					lost.add()
					break
				}
			})
			p.Go(func() {
				if _, err := p.Receive(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("receive: %v", err)
				}
				cancelled.add()
			})
			p.Go(func() {
				p.Sleep(ctx, time.Hour)
				cancelled.add()
			})
			p.Go(func() {
				p.Do(ctx, func(ctx context.Context) error {
					<-ctx.Done()
					stopped.add() // tells the node that nobody waits any more, say
					return nil
				})
			})
		}
		w.Sleep(time.Minute)
		lost.check(t, 2*each)
		cancel()
		w.Sleep(time.Second)
		cancelled.check(t, 2*each)
		stopped.check(t, each)
	})
}

// TestBegin: goroutines that one has started begin one after the other, and it
// is not among them.
func TestBegin(t *testing.T) {
	overlaytest.Run(t, overlaytest.Config{Peers: 1}, func(w *overlaytest.World) {
		var begun instants
		begun.add()
		for range 10 {
			w.Peer(0).Go(begun.add)
		}
		w.Sleep(time.Second)
		begun.check(t, 11)
	})
}

// TestContextOfCalls: a call ends with the error of the context that ended it.
func TestContextOfCalls(t *testing.T) {
	overlaytest.Run(t, overlaytest.Config{Peers: 1}, func(w *overlaytest.World) {
		p := w.Peer(0)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		begin := time.Now()
		_, err := p.Receive(ctx)
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took < time.Second || took > time.Second+100*time.Microsecond {
			t.Errorf("receive: %v after %v", err, took)
		}
		if _, err := p.Receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("receive with a context that has ended: %v", err)
		}
		type key struct{}
		cause := errors.New("why")
		inner, stop := context.WithCancelCause(context.WithValue(context.Background(), key{}, 7))
		err = p.Do(inner, func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); ok || ctx.Err() != nil || ctx.Value(key{}) != 7 {
				t.Errorf("%v has not what the caller's context has", ctx)
			}
			stop(cause)
			<-ctx.Done()
			if context.Cause(ctx) != cause {
				t.Errorf("cause: %v", context.Cause(ctx))
			}
			return ctx.Err()
		})
		if err != context.Canceled {
			t.Errorf("do: %v", err)
		}
	})
}

// TestSessionsEndOneAtATime: a partition ends many sessions at one instant, and
// the node hears of them one after the other.
func TestSessionsEndOneAtATime(t *testing.T) {
	const others = 150
	cfg := overlaytest.Config{Peers: others + 1, Node: overlay.Config{Heartbeat: -1}, Path: mem.Path{Latency: time.Millisecond}}
	overlaytest.Run(t, cfg, func(w *overlaytest.World) {
		var rest []int
		for i := 1; i <= others; i++ {
			w.Join(i, 0)
			rest = append(rest, i)
		}
		var closed instants
		p := w.Peer(0)
		p.Go(func() {
			for range p.Protocol.Events(context.Background()) { // and not p.Events, which are told one at a time anyhow
				closed.add()
			}
		})
		w.Sleep(time.Second)
		w.Partition([]int{0}, rest)
		w.Sleep(time.Minute)
		closed.check(t, others)
		w.Heal()
		p.Protocol.Close()
	})
}
