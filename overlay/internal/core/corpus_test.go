package core_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// TestCorpus: the seeds of the fuzz targets in testdata/fuzz are the inputs of
// those that -update tries which together take the most edges. Every
// go test runs them; go test -fuzz begins with them.
//
//	go test ./overlay/internal/core -run TestCorpus -update
func TestCorpus(t *testing.T) {
	for name, walk := range map[string]walker{"FuzzAnything": walk, "FuzzCalm": calm, "FuzzClosing": closing} {
		dir := filepath.Join("testdata", "fuzz", name)
		if *update {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			for i, data := range corpus(t, walk) {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				text := fmt.Sprintf("go test fuzz v1\n[]byte(%+q)\n", data)
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("seed-%02d", i+1)), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		if files, err := filepath.Glob(filepath.Join(dir, "seed-*")); err != nil || len(files) < 5 {
			t.Errorf("%s has %d seeds, %v", dir, len(files), err)
		}
	}
}

// corpus picks, of the inputs of many seeds, the ten that together take most edges.
func corpus(t *testing.T, walk walker) (seeds [][]byte) {
	takes := map[uint64]map[core.Edge]bool{}
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rapid.MakeFuzz(func(t *rapid.T) {
				edges := map[core.Edge]bool{}
				err := walk(drawn(t), sim.Options{Trace: func(_ int, e core.Edge) {
					edges[core.Edge{Machine: e.Machine, Edge: e.Edge}] = true
				}})
				if err != nil {
					t.Fatal(err)
				}
				takes[seed] = edges // else there was not enough data, and the test is skipped
			})(t, noise(seed, size))
		})
	}
	for range 10 {
		best := slices.MaxFunc(slices.Sorted(maps.Keys(takes)), func(a, b uint64) int { return cmp.Compare(len(takes[a]), len(takes[b])) })
		seeds = append(seeds, noise(best, size))
		taken := maps.Clone(takes[best])
		for _, edges := range takes {
			maps.DeleteFunc(edges, func(e core.Edge, _ bool) bool { return taken[e] })
		}
	}
	return seeds
}

// size of an input, in bytes: enough for most walks.
const size = 2048
