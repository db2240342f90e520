package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/n2n-overlay/n2n/overlay/cost"
)

// sizeNames are how the sizes of messages are called in the names of ratios.
var sizeNames = map[int]string{64: "64b", 1 << 10: "1k", 16 << 10: "16k", 64 << 10: "64k", 1 << 20: "1m"}

// throughput measures one way of one connection with messages of one size.
func (s *size) throughput(size int) phase {
	systems := []system{rawDefault, rawBest, direct}
	name := fmt.Sprintf("one way, messages of %s", bytesName(size))
	return phase{
		name: "messages of " + bytesName(size), steps: s.loadRounds, share: 4 * time.Second,
		step: func(ctx context.Context, m *measure, i int) error {
			for _, x := range turn(systems, i) {
				f, err := flowOf(ctx, x, size, s.load)
				if err != nil {
					return err
				}
				m.add(name, x.name, "MB/s", f.bytes/1e6)
				m.add(name, x.name, "messages/s", f.messages)
				m.add(name+", processor time, both ends", x.name, "ns/byte", f.cpu)
			}
			return nil
		},
		end: func(m *measure) {
			ratio := "throughput_" + sizeNames[size]
			if size == 64 {
				ratio = "messages_64b"
			}
			m.ratio(ratio+"_vs_best", name, "MB/s", direct.name, rawBest.name)
			m.ratio(ratio+"_vs_default", name, "MB/s", direct.name, rawDefault.name)
			m.ratio("cpu_per_byte_"+sizeNames[size]+"_vs_best", name+", processor time, both ends", "ns/byte", direct.name, rawBest.name)
		},
	}
}

func bytesName(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

func flowOf(ctx context.Context, x system, size int, d time.Duration) (f flow, err error) {
	g, err := x.grid(ctx, 1, 1, way{})
	if err != nil {
		return f, fmt.Errorf("%s: %w", x.name, err)
	}
	defer g.close()
	a, b, err := g.open(ctx, 0, 0)
	if err == nil {
		f, err = throughput(ctx, a, b, size, d)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", x.name, err)
	}
	return f, nil
}

// pingPong measures messages of 64 bytes there and back.
func (s *size) pingPong() phase {
	systems := []system{rawDefault, rawBest, direct}
	return phase{
		name: "ping-pong", steps: s.pingRounds, share: time.Second,
		step: func(ctx context.Context, m *measure, i int) error {
			for _, x := range turn(systems, i) {
				g, err := x.grid(ctx, 1, 1, way{})
				if err != nil {
					return fmt.Errorf("%s: %w", x.name, err)
				}
				var times []time.Duration
				a, b, err := g.open(ctx, 0, 0)
				if err == nil {
					times, err = pingPong(ctx, a, b, s.pings)
				}
				g.close()
				if err != nil {
					return fmt.Errorf("%s: %w", x.name, err)
				}
				m.add("64 B there and back, p50", x.name, "µs", us(times[len(times)/2]))
				m.add("64 B there and back, p99", x.name, "µs", us(times[len(times)*99/100]))
			}
			return nil
		},
		end: func(m *measure) {
			m.ratio("round_trip_p50_vs_best", "64 B there and back, p50", "µs", direct.name, rawBest.name)
			m.ratio("round_trip_p99_vs_best", "64 B there and back, p99", "µs", direct.name, rawBest.name)
		},
	}
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// protocols measures what ten protocols carry on one session together, against
// one alone.
func (s *size) protocols() phase {
	name := "messages of 16 KiB on one session"
	return phase{
		name: "ten protocols", steps: s.loadRounds, share: time.Second,
		step: func(ctx context.Context, m *measure, i int) error {
			for _, n := range []int{1, 10} {
				f, err := together(ctx, n, 0, s.load)
				if err != nil {
					return err
				}
				m.add(name, fmt.Sprintf("%d protocols", n), "MB/s", f.bytes/1e6)
			}
			return nil
		},
		end: func(m *measure) { m.ratio("ten_protocols_vs_one", name, "MB/s", "10 protocols", "1 protocols") },
	}
}

// slow measures a protocol beside one whose receiver takes nothing.
func (s *size) slow() phase {
	name := "a protocol's messages of 16 KiB"
	return phase{
		name: "slow beside fast", steps: s.loadRounds, share: time.Second,
		step: func(ctx context.Context, m *measure, i int) error {
			for _, idle := range []int{0, 1} {
				f, err := together(ctx, 1, idle, s.load)
				if err != nil {
					return err
				}
				m.add(name, [...]string{"alone", "beside one that is not read"}[idle], "MB/s", f.bytes/1e6)
			}
			return nil
		},
		end: func(m *measure) {
			m.ratio("beside_slow_vs_alone", name, "MB/s", "beside one that is not read", "alone")
		},
	}
}

// operations measures the steps that a node takes for a signal or a message.
func (s *size) operations() phase {
	ops := cost.Ops()
	return phase{
		name: "operations", steps: len(ops), least: len(ops),
		step: func(ctx context.Context, m *measure, i int) error {
			op := ops[i]
			const n = 2000
			for begun := time.Now(); time.Since(begun) < s.ops; {
				before, start := mallocs(), cpuTime() // of the processor: there is nothing to wait for
				op.Run(n)
				took, allocs := cpuTime()-start, mallocs()-before
				m.add(op.Name, "n2n", "ns", float64(took)/n)
				if op.Name == cost.Machine {
					m.value("machine_step_ns", float64(took)/n)
					m.value("machine_step_allocs", float64(allocs/n)) // whole ones: others allocate now and then
				}
			}
			return ctx.Err()
		},
	}
}
