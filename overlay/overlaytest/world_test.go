package overlaytest_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/overlaytest"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

func TestTopologies(t *testing.T) {
	overlaytest.Run(t, overlaytest.Config{Peers: 4}, func(w *overlaytest.World) {
		w.Ring()
		if got, want := w.Graph().String(), "0: 1\n1: 2\n2: 3\n3: 0\n"; got != want {
			t.Errorf("ring:\n%swant\n%s", got, want)
		}
	})
	overlaytest.Run(t, overlaytest.Config{Peers: 12}, func(w *overlaytest.World) {
		w.Random(3)
		g := w.Graph()
		if out := g.Degrees(overlay.Out); out.Min != 3 || out.Max != 3 || !g.Connected() {
			t.Errorf("random: %s", g.Summary())
		}
		for i, out := range g.Out {
			if slices.Contains(out, i) || len(slices.Compact(slices.Clone(out))) != 3 {
				t.Errorf("%d: %v", i, out)
			}
		}
	})
	overlaytest.Run(t, overlaytest.Config{Peers: 1}, func(w *overlaytest.World) {
		w.Ring()
		w.Random(3)
		if err := w.Peer(0).Enter(context.Background()); err != nil || w.Graph().Arcs() != 0 {
			t.Errorf("alone: %v, %d arcs", err, w.Graph().Arcs())
		}
	})
}

// TestCrashAndRestart: programs end with their peer and begin anew with it, under the
// same id.
func TestCrashAndRestart(t *testing.T) {
	overlaytest.Run(t, overlaytest.Config{Peers: 3}, func(w *overlaytest.World) {
		var began, ended atomic.Int32
		w.Ring()
		w.Go(func(ctx context.Context, p *overlaytest.Peer) {
			began.Add(1)
			defer ended.Add(1)
			p.Go(func() { <-ctx.Done(); ended.Add(1) })
			<-ctx.Done()
		}, 1)
		w.Sleep(time.Second)
		old := w.Peer(1)
		w.Crash(1)
		if began.Load() != 1 || ended.Load() != 2 {
			t.Errorf("%d began, %d ended", began.Load(), ended.Load())
		}
		if old.Alive() || !slices.Equal(w.Up(), []int{0, 2}) {
			t.Errorf("up: %v", w.Up())
		}
		if err := old.Connect(context.Background(), w.Peer(0).ID()); !errors.Is(err, overlay.ErrClosed) {
			t.Errorf("connect after the crash: %v", err)
		}
		if g := w.Graph(); g.Lost != 1 || g.Arcs() != 1 { // 0 to 1 is lost; 2 to 0 is there
			t.Errorf("after the crash: %s", g.Summary())
		}
		took := w.Until(time.Minute, func() bool { return w.Graph().Lost == 0 })
		if took < 5*time.Second {
			t.Errorf("the crash was noticed after %v: a crash is silent", took)
		}
		w.Restart(1)
		if p := w.Peer(1); p == old || p.ID() != old.ID() || w.Index(p.ID()) != 1 {
			t.Error("not the same peer")
		}
		w.Sleep(time.Second)
		if began.Load() != 2 {
			t.Errorf("%d began", began.Load())
		}
		w.Join(1, 2)
		if got, want := w.Graph().String(), "0:\n1: 2\n2: 0\n"; got != want {
			t.Errorf("in the end:\n%swant\n%s", got, want)
		}
		if w.Index(transport.PeerID{}) != -1 {
			t.Error("nobody has a number")
		}
	})
}

// TestLeave: who leaves is gone at once.
func TestLeave(t *testing.T) {
	overlaytest.Run(t, overlaytest.Config{Peers: 3}, func(w *overlaytest.World) {
		w.Ring()
		w.Leave(1)
		w.Sleep(100 * time.Millisecond)
		if got, want := w.Graph().String(), "0:\n2: 0\n"; got != want || w.Graph().Lost != 0 {
			t.Errorf("%swant\n%s", got, want)
		}
	})
}

// TestPartition: it cuts, also who restarts meanwhile, until it is healed.
func TestPartition(t *testing.T) {
	overlaytest.Run(t, overlaytest.Config{Peers: 4, Node: overlay.Config{ConnectTimeout: 5 * time.Second}}, func(w *overlaytest.World) {
		w.Line()
		w.Partition([]int{0, 1}, []int{2, 3})
		w.Until(time.Minute, func() bool { return w.Graph().String() == "0: 1\n1:\n2: 3\n3:\n" })
		w.Crash(3)
		w.Restart(3)
		enter := func(i, j int) error {
			_, err := w.Peer(i).Join(context.Background(), w.Node(j).Admit)
			return err
		}
		if err := enter(3, 0); err == nil {
			t.Error("3 has crossed the partition")
		}
		if err := enter(3, 2); err != nil {
			t.Errorf("3 to 2, on its side: %v", err)
		}
		w.Heal()
		if err := enter(3, 0); err != nil {
			t.Errorf("3 to 0, healed: %v", err)
		}
	})
}

// TestPaths: a path of its own outlives a restart.
func TestPaths(t *testing.T) {
	overlaytest.Run(t, overlaytest.Config{Peers: 3}, func(w *overlaytest.World) {
		w.SetPathBetween(0, 1, mem.Path{Latency: time.Second})
		w.Crash(1)
		w.Restart(1)
		took := func(i, j int) time.Duration {
			from := w.Now()
			w.Join(i, j)
			return w.Now() - from
		}
		if d := took(0, 1); d < 2*time.Second {
			t.Errorf("a slow path took %v", d)
		}
		if d := took(0, 2); d > time.Second {
			t.Errorf("a fast path took %v", d)
		}
		w.SetPath(mem.Path{Latency: time.Second})
		if d := took(1, 2); d < 2*time.Second {
			t.Errorf("a path that was made slow took %v", d)
		}
	})
}

// TestOpen: other protocols of a node have graphs of their own.
func TestOpen(t *testing.T) {
	overlaytest.Run(t, overlaytest.Config{Peers: 2}, func(w *overlaytest.World) {
		w.Line()
		p, q := w.Peer(0).Open("other"), w.Peer(1).Open("other")
		if w.Peer(0).Open("other") != p || w.Peer(0).Open(overlaytest.DefaultProtocol) != w.Peer(0).Protocol {
			t.Error("Open registers twice")
		}
		if err := q.Connect(context.Background(), w.Peer(0).ID()); err != nil {
			t.Fatal(err)
		}
		w.Sleep(time.Second)
		if got, want := w.GraphOf("other").String(), "0:\n1: 0\n"; got != want {
			t.Errorf("%swant\n%s", got, want)
		}
		if got, want := w.Graph().String(), "0: 1\n1:\n"; got != want {
			t.Errorf("%swant\n%s", got, want)
		}
		if got := w.GraphOf("unknown").Arcs(); got != 0 {
			t.Errorf("%d arcs of nothing", got)
		}
	})
}

// TestIDs: the ids of a seed are the same for ever, since tests may name them.
func TestIDs(t *testing.T) {
	overlaytest.Run(t, overlaytest.Config{Peers: 2, Seed: 7}, func(w *overlaytest.World) {
		for i, want := range []string{"ka5ud5gi", "bkkeeoih"} {
			if got := w.Peer(i).ID().Short(); got != want {
				t.Errorf("peer %d is %s, want %s", i, got, want)
			}
		}
	})
}
