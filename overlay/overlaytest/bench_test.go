package overlaytest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay/overlaytest"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// BenchmarkWorld makes a world, runs shuffle in it for a minute, and reports by
// second of real time: the seconds that its peers lived, the steps of their
// machines as the referee counts them, and datagrams.
func BenchmarkWorld(b *testing.B) {
	for _, peers := range []int{100, 500} {
		for _, bare := range []bool{false, true} {
			name := fmt.Sprintf("peers=%d/referee=%v", peers, !bare)
			b.Run(name, func(b *testing.B) { benchmarkWorld(b, peers, bare) })
		}
	}
}

func benchmarkWorld(b *testing.B, peers int, bare bool) {
	var lived time.Duration
	var steps, datagrams uint64
	world := func(t *testing.T) {
		cfg := overlaytest.Config{Peers: peers, Path: mem.Path{Loss: 0.05}, NoAudit: bare, Settle: -1}
		overlaytest.Run(t, cfg, func(w *overlaytest.World) {
			w.Random(5)
			w.Go(shuffle)
			w.Sleep(time.Minute)
			for i := range peers {
				steps += w.Node(i).Stats().Edges
			}
			datagrams += w.Network().Stats().Sent
			lived += time.Duration(peers) * w.Now()
		})
	}
	for b.Loop() {
		// A bubble needs a T.
		if !testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "world", F: world}}) {
			b.Fatal("the world failed")
		}
	}
	real := b.Elapsed().Seconds()
	b.ReportMetric(lived.Seconds()/real, "peer-s/s")
	b.ReportMetric(float64(datagrams)/real, "datagrams/s")
	if !bare {
		b.ReportMetric(float64(steps)/real, "steps/s")
	}
}
