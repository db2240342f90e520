package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"
)

// usage is what a process holds.
type usage struct {
	heap, stack       float64 // KiB
	goroutines, files float64
}

// crowd measures what a session costs while it is there: for each of its two
// ends, above what the peers hold without it.
func (s *size) crowd(c crowd) phase {
	systems := []system{rawDefault, rawBest, oneBroker}
	n := c.left * c.right
	name := func(what string) string { return fmt.Sprintf("%s of an end of a session, %d sessions", what, n) }
	return phase{
		name: fmt.Sprintf("%d sessions", n), steps: s.crowdRounds * len(systems), least: len(systems),
		step: func(ctx context.Context, m *measure, i int) error {
			x := turn(systems, i/len(systems))[i%len(systems)]
			u, err := held(ctx, x, c)
			if err != nil {
				return err
			}
			m.add(name("heap"), x.name, "KiB", u.heap)
			m.add(name("stack"), x.name, "KiB", u.stack)
			m.add(name("goroutines"), x.name, "", u.goroutines)
			m.add(name("file descriptors"), x.name, "", u.files)
			return nil
		},
		end: func(m *measure) {
			m.ratio("heap_vs_best", name("heap"), "KiB", oneBroker.name, rawBest.name)
			m.ratio("heap_vs_default", name("heap"), "KiB", oneBroker.name, rawDefault.name)
			m.ratio("stack_vs_best", name("stack"), "KiB", oneBroker.name, rawBest.name)
			best := m.samples[key{name("goroutines"), rawBest.name, ""}]
			for i, v := range m.samples[key{name("goroutines"), oneBroker.name, ""}] {
				m.value("goroutines_minus_best", v-best[i])
			}
		},
	}
}

func held(ctx context.Context, x system, c crowd) (usage, error) {
	g, err := x.grid(ctx, c.left, c.right, way{})
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w", x.name, err)
	}
	defer g.close()
	before, err := settled(ctx)
	if err != nil {
		return usage{}, err
	}
	if _, err := openGrid(ctx, g, c.left, c.right, 4); err != nil {
		return usage{}, fmt.Errorf("%s: %w", x.name, err)
	}
	if raw, ok := g.(*rawGrid); ok { // a connection that nobody reads is of no use; n2n reads by itself
		raw.serve()
	}
	after, err := settled(ctx)
	ends := float64(2 * c.left * c.right)
	return usage{
		heap: (after.heap - before.heap) / ends, stack: (after.stack - before.stack) / ends,
		goroutines: (after.goroutines - before.goroutines) / ends, files: (after.files - before.files) / ends,
	}, err
}

// settled waits until what began has ended, as far as the number of goroutines
// tells, and gives what is held then.
func settled(ctx context.Context) (usage, error) {
	last, calm := runtime.NumGoroutine(), 0
	for range 100 {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return usage{}, err
		}
		n := runtime.NumGoroutine()
		if calm++; n != last {
			last, calm = n, 0
		}
		if calm == 25 { // half a second
			break
		}
	}
	runtime.GC()
	runtime.GC() // what pools held
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return usage{
		heap: float64(s.HeapAlloc) / 1024, stack: float64(s.StackInuse) / 1024,
		goroutines: float64(runtime.NumGoroutine()), files: float64(openFiles()),
	}, nil
}

// openFiles counts this process's file descriptors; zero where that is not told.
func openFiles() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list) - 1 // that of the folder itself
}
