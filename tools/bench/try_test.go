package bench

import (
	"context"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTry(t *testing.T) {
	ctx := context.Background()
	for _, w := range []way{{}, {25 * time.Millisecond, 25 * time.Millisecond}} {
		for _, s := range []system{rawDefault, rawBest, direct, oneBroker, threeBrokers} {
			begin := time.Now()
			n := 5
			if w.packets > 0 {
				n = 3
			}
			g, err := s.grid(ctx, n, n, w)
			if err != nil {
				t.Fatal(s.name, err)
			}
			setup := time.Since(begin)
			var times []time.Duration
			for l := range n {
				for r := range n {
					begin := time.Now()
					_, _, err := g.open(ctx, l, r)
					if err != nil {
						t.Fatal(s.name, err)
					}
					times = append(times, time.Since(begin))
				}
			}
			slices.Sort(times)
			t.Log(w, s.name, times[len(times)/2], times[0], times[len(times)-1], "set-up", setup)
			g.close()
		}
	}
}

func TestTryLoad(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, size := range []int{64, 1 << 10, 16 << 10, 65535} {
		for range 3 {
			for _, s := range []system{rawDefault, rawBest, direct} {
				g, err := s.grid(ctx, 1, 1, way{})
				if err != nil {
					t.Fatal(s.name, err)
				}
				a, b, err := g.open(ctx, 0, 0)
				if err != nil {
					t.Fatal(s.name, err)
				}
				f, err := throughput(ctx, a, b, size, 500*time.Millisecond)
				t.Logf("%d %s %.1f MB/s %.0f msg/s %.1f ns/B %v", size, s.name, f.bytes/1e6, f.messages, f.cpu, err)
				g.close()
			}
		}
	}
}

func TestTryHeap(t *testing.T) {
	runtime.MemProfileRate = 512
	ctx := context.Background()
	for _, s := range []system{oneBroker, rawBest} {
		g, err := s.grid(ctx, 10, 10, way{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openGrid(ctx, g, 10, 10, 2); err != nil {
			t.Fatal(err)
		}
		settled(ctx)
		f, _ := os.Create("/tmp/heap." + strings.ReplaceAll(s.name, " ", "") + ".prof")
		pprof.Lookup("heap").WriteTo(f, 0)
		f.Close()
		f, _ = os.Create("/tmp/gor." + strings.ReplaceAll(s.name, " ", "") + ".txt")
		pprof.Lookup("goroutine").WriteTo(f, 1)
		f.Close()
		g.close()
	}
}
