package cost_test

import (
	"math"
	"testing"

	"github.com/n2n-overlay/n2n/overlay/cost"
)

func BenchmarkOps(b *testing.B) {
	for _, op := range cost.Ops() {
		b.Run(op.Name, func(b *testing.B) {
			b.ReportAllocs()
			op.Run(b.N)
		})
	}
}

// TestAllocations: exact counts, so that an allocation more is somebody's
// decision.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	want := map[string]float64{
		cost.Machine: 0, cost.Core: 3, cost.Encode: 2, cost.Decode: 8, cost.Seal: 8, cost.Open: 23, cost.Forward: 15,
	}
	for _, op := range cost.Ops() {
		const n = 100 // more than what Run allocates once
		if got := math.Floor(testing.AllocsPerRun(10, func() { op.Run(n) }) / n); got != want[op.Name] {
			t.Errorf("%s: %v allocations, want %v", op.Name, got, want[op.Name])
		}
	}
}
