package overlaytest_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/overlaytest"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// TestArcsTurn: many peers turn arcs round all the time, over paths that lose and
// reorder. No arc comes or goes, both ends agree on each at the end, and who holds
// an arc keeps one to that peer.
func TestArcsTurn(t *testing.T) {
	lossy := mem.Path{Latency: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.05, Reorder: 0.1}
	overlaytest.Run(t, overlaytest.Config{Peers: 30, Path: lossy}, func(w *overlaytest.World) {
		w.Random(4)
		var turned, refused atomic.Int32
		arcs := w.Graph().Arcs()
		w.Go(func(ctx context.Context, p *overlaytest.Peer) {
			kept := p.Pick(p.Outview())
			release, err := p.Hold(kept)
			if err != nil {
				p.Errorf("hold: %v", err)
				return
			}
			defer release()
			for range 300 {
				p.Sleep(ctx, 100*time.Millisecond)
				to := p.Pick(p.Outview())
				before := p.Outview().Count(to)
				switch err := p.Reverse(ctx, to); {
				case err == nil:
					turned.Add(1)
				case to == kept && before == 1 && errors.Is(err, overlay.ErrHeld):
					refused.Add(1)
				case ctx.Err() == nil:
					p.Errorf("reverse: %v", err)
				}
				if p.Outview().Count(kept) == 0 {
					p.Errorf("the arc that it holds is gone")
				}
			}
		})
		w.Sleep(time.Minute)
		if turned.Load() < 1000 || refused.Load() < 100 {
			t.Errorf("%d arcs turned, %d were held: the test shows little", turned.Load(), refused.Load())
		}
		w.Until(time.Second, func() bool { return w.Graph().Arcs() == arcs })
		w.Logf("%d turned, %d were held", turned.Load(), refused.Load())
	})
}
