package overlaytest_test

import (
	"context"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay/overlaytest"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// shuffle keeps an overlay random: every second a peer gives an arc to a random
// neighbor away to another neighbor: of p → to and p → x it makes p → to → x. This
// cuts nobody off.
func shuffle(ctx context.Context, p *overlaytest.Peer) {
	for p.Sleep(ctx, time.Second) {
		out := p.Outview()
		to := p.Pick(out)
		x := p.Pick(out, to)
		switch {
		case out.Len() == 0:
			p.Enter(ctx) // everybody it knew is gone
		case out.Len() < 3:
			p.Connect(ctx, to) // one more arc to a neighbor: it will travel
		case out.Len() > 3 && p.Introduce(ctx, to, x) == nil: // to → x,
			p.Disconnect(ctx, x) // in place of this peer's
		}
	}
}

func TestShuffle(t *testing.T) {
	overlaytest.Run(t, overlaytest.Config{Peers: 50, Path: mem.Path{Loss: 0.05}}, func(w *overlaytest.World) {
		w.Random(5)
		w.Go(shuffle)
		w.Sleep(time.Minute)
		w.Crash(w.Sample(10)...)
		took := w.Until(time.Minute, func() bool { return w.Graph().Lost == 0 && w.Graph().Connected() })
		w.Logf("healed in %v: %s", took, w.Graph().Summary())
	})
}
