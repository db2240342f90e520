package overlaytest_test

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/overlaytest"
)

// graph makes one by hand; a nil outview is a peer that is down.
func graph(out ...[]int) overlaytest.Graph {
	g := overlaytest.Graph{Up: make([]bool, len(out)), Out: out}
	for i := range out {
		g.Up[i] = out[i] != nil
	}
	return g
}

// none is the outview of a peer that is up.
var none = []int{}

func TestComponents(t *testing.T) {
	for _, c := range []struct {
		name string
		g    overlaytest.Graph
		want [][]int
	}{
		{"nobody", graph(), nil},
		{"all down", graph(nil, nil), nil},
		{"alone", graph(none), [][]int{{0}}},
		{"strangers", graph(none, none), [][]int{{0}, {1}}},
		{"an arc leads both ways", graph(none, none, []int{0, 1}), [][]int{{0, 1, 2}}},
		{"largest first", graph(none, []int{2}, none), [][]int{{1, 2}, {0}}},
		{"down is not counted", graph([]int{2}, nil, none, []int{3}), [][]int{{0, 2}, {3}}},
	} {
		if got := c.g.Components(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if got := c.g.Connected(); got != (len(c.want) == 1) {
			t.Errorf("%s: connected is %v", c.name, got)
		}
	}
}

// TestFigures: a square with one diagonal twice, a peer that is down, and one
// that knows only itself.
func TestFigures(t *testing.T) {
	g := graph([]int{1, 2, 2}, []int{2}, []int{3}, []int{0}, nil, []int{5})
	if g.Peers() != 5 || g.Arcs() != 7 {
		t.Errorf("%d peers, %d arcs", g.Peers(), g.Arcs())
	}
	if got, want := g.Neighbors(), [][]int{{1, 2, 3}, {0, 2}, {0, 1, 3}, {0, 2}, nil, nil}; !reflect.DeepEqual(got, want) {
		t.Errorf("neighbors %v, want %v", got, want)
	}
	// Peers 1 and 3 are two hops apart, the other five pairs one.
	if mean, longest := g.Paths(0); math.Abs(mean-7.0/6) > 1e-9 || longest != 2 {
		t.Errorf("paths %v, longest %d", mean, longest)
	}
	if mean, longest := g.Paths(1); mean != 1 || longest != 1 { // from peer 0
		t.Errorf("paths from one: %v, longest %d", mean, longest)
	}
	// 1 and 3 have two neighbors that know each other; of the three pairs of
	// neighbors of 0 and of 2, two do.
	if got, want := g.Clustering(), (1+1+2.0/3+2.0/3+0)/5; math.Abs(got-want) > 1e-9 {
		t.Errorf("clustering %v, want %v", got, want)
	}
	in := g.Degrees(overlay.In)
	if in.Min != 1 || in.Max != 3 || math.Abs(in.Mean-7.0/5) > 1e-9 || math.Abs(in.Deviation-0.8) > 1e-9 || !slices.Equal(in.Count, []int{0, 4, 0, 1}) {
		t.Errorf("in %+v", in)
	}
	if out := g.Degrees(overlay.Out); out.Min != 1 || out.Max != 3 || !slices.Equal(out.Count, []int{0, 4, 0, 1}) {
		t.Errorf("out %+v", out)
	}
}

func TestPictures(t *testing.T) {
	g := graph([]int{1, 1}, none, nil)
	if got, want := g.String(), "0: 1 1\n1:\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := g.DOT(), "digraph overlay {\n\t0;\n\t0 -> 1;\n\t0 -> 1;\n\t1;\n}\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	want := "2 peers, 2 arcs (0 lost), 1 components (largest 2), out 0–2 mean 1.00 ± 1.00, in 0–2 mean 1.00 ± 1.00, paths 1.00 (longest 1), clustering 0.000"
	if got := g.Summary(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := graph().Summary(); got == "" {
		t.Error("no summary of nobody")
	}
}
