package bench

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// The benchmarks beneath n2n bench, one of each kind, for benchstat:
//
//	go test ./tools/bench -run xxx -bench . -count 10 | tee new.txt
//	benchstat old.txt new.txt
//
// On a machine that does other things, too, only the ratios of n2n bench hold,
// whose systems take turns.

func all() []system { return []system{rawDefault, rawBest, direct, oneBroker, threeBrokers} }

// BenchmarkOpen opens sessions, one after the other.
func BenchmarkOpen(b *testing.B) {
	for _, x := range all() {
		b.Run(x.name, func(b *testing.B) { benchmarkOpen(b, x, way{}) })
	}
}

// BenchmarkOpenFar does with 25 ms one way, on packets and signals.
func BenchmarkOpenFar(b *testing.B) {
	const far = 25 * time.Millisecond
	for _, x := range all() {
		b.Run(x.name, func(b *testing.B) { benchmarkOpen(b, x, way{packets: far, signals: far}) })
	}
}

// benchmarkOpen opens the pairs of grids of 16.
func benchmarkOpen(b *testing.B, x system, w way) {
	const side = 4
	var g grid
	var cpu time.Duration
	b.ResetTimer()
	for i := range b.N {
		pair := i % (side * side)
		if pair == 0 {
			b.StopTimer()
			if g != nil {
				g.close()
			}
			var err error
			if g, err = x.grid(b.Context(), side, side, w); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		before := cpuTime()
		if _, _, err := g.open(b.Context(), pair/side, pair%side); err != nil {
			b.Fatal(err)
		}
		cpu += cpuTime() - before
	}
	b.StopTimer()
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(b.N), "cpu-ns/op")
	g.close()
}

// BenchmarkSend sends messages one way, as fast as the receiver takes them.
func BenchmarkSend(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 16 << 10, 64 << 10, 1 << 20} {
		for _, x := range []system{rawDefault, rawBest, direct} {
			b.Run(fmt.Sprintf("%s/%s", bytesName(size), x.name), func(b *testing.B) { benchmarkSend(b, x, size) })
		}
	}
}

func benchmarkSend(b *testing.B, x system, size int) {
	g, err := x.grid(b.Context(), 1, 1, way{})
	if err != nil {
		b.Fatal(err)
	}
	defer g.close()
	from, to, err := g.open(b.Context(), 0, 0)
	if err != nil {
		b.Fatal(err)
	}
	got, all := 0, make(chan struct{})
	want := b.N * size
	to.serve(func(p []byte) {
		if got += len(p); got >= want {
			close(all)
		}
	})
	p := make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if err := from.send(b.Context(), p); err != nil {
			b.Fatal(err)
		}
	}
	<-all
}

// BenchmarkRoundTrip sends 64 bytes there and back.
func BenchmarkRoundTrip(b *testing.B) {
	for _, x := range []system{rawDefault, rawBest, direct} {
		b.Run(x.name, func(b *testing.B) {
			g, err := x.grid(b.Context(), 1, 1, way{})
			if err != nil {
				b.Fatal(err)
			}
			defer g.close()
			one, other, err := g.open(b.Context(), 0, 0)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			if _, err := pingPong(b.Context(), one, other, b.N); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// tiny is a run that takes some seconds and whose figures mean nothing.
var tiny = size{
	openRounds: 1, openSide: 2,
	delays: []time.Duration{2 * time.Millisecond}, delayRounds: 1, delaySide: 1,
	together: []int{3}, rateRounds: 1,
	crowds: []crowd{{2, 2}}, crowdRounds: 1,
	messages: []int{64, 16 << 10, 1 << 20}, loadRounds: 1, load: 50 * time.Millisecond,
	pings: 20, pingRounds: 1,
	ops: time.Millisecond,
}

// TestRun runs every phase: each measures what it says, of every system.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	m := newMeasure()
	o := Options{}
	for _, p := range tiny.phases() {
		if err := o.run(ctx, m, p); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	r := m.report()
	for _, name := range []string{
		"open_broker_vs_best", "open_broker_vs_default", "open_direct_2ms_vs_default", "open_broker_2ms_vs_best", "open_cpu_vs_best",
		"opens_per_second_vs_best", "heap_vs_best", "goroutines_minus_best", "second_arc_25ms_round_trips", "messages_64b_vs_best",
		"throughput_16k_vs_best", "throughput_1m_vs_best", "round_trip_p50_vs_best", "ten_protocols_vs_one", "beside_slow_vs_alone", "machine_step_ns",
	} {
		if _, ok := r.Ratios[name]; !ok {
			t.Errorf("no ratio %s", name)
		}
	}
	if r.Ratios["machine_step_allocs"] != 0 {
		t.Errorf("a step of a machine allocates")
	}
	for _, f := range r.Figures {
		if f.System != "n2n" && f.Unit == "ms" && f.Median <= 0 {
			t.Errorf("%s, %s: %v %s", f.Name, f.System, f.Median, f.Unit)
		}
	}
}

// TestRunEnds: a run ends soon after its context.
func TestRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := Options{Progress: func(_ string, done, _ int) {
		if done == 1 {
			cancel()
		}
	}}
	if r, err := Run(ctx, o); err == nil {
		t.Errorf("ended with %d figures", len(r.Figures))
	}
}
