package core_test

import (
	"testing"

	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// BenchmarkWalks tells how many random worlds are lived through and checked in a
// second, and how many edges their machines take in it, each replayed by the
// referee.
//
//	go test ./overlay/internal/core -run '^$' -bench Walks
func BenchmarkWalks(b *testing.B) {
	for _, w := range []struct {
		name string
		walk walker
	}{{"anything", walk}, {"calm", calm}, {"closing", closing}} {
		b.Run(w.name, func(b *testing.B) {
			ref, edges, seed := referee.New(), 0, uint64(0)
			for b.Loop() {
				opts := sim.Options{Referee: ref, Trace: func(int, core.Edge) { edges++ }}
				if err := w.walk(seeded(seed), opts); err != nil {
					b.Fatalf("seed %d: %v", seed, err)
				}
				seed++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cases/s")
			b.ReportMetric(float64(edges)/b.Elapsed().Seconds(), "edges/s")
		})
	}
}
