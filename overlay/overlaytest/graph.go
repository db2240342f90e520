package overlaytest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

// Graph is a snapshot of one protocol's arcs. It is a plain value: keep it,
// compare it, or make it by hand.
type Graph struct {
	Up   []bool  // by peer
	Out  [][]int // by peer: the outview, in order, a peer as often as there are arcs to it
	Lost int     // arcs to peers that are down; they are not in Out
}

// Graph gives the arcs of the protocol under test, as the outviews have them.
func (w *World) Graph() Graph { return w.GraphOf(w.cfg.Protocol) }

// GraphOf gives the arcs of a protocol that Peer.Open has registered. A peer
// without it has none.
func (w *World) GraphOf(name string) Graph {
	g := Graph{Up: make([]bool, len(w.peers)), Out: make([][]int, len(w.peers))}
	index := make(map[transport.PeerID]int, len(w.peers))
	for i, p := range w.peers {
		g.Up[i] = p.Alive()
		index[p.ID()] = i
	}
	for i, p := range w.peers {
		q := p.named(name)
		if !g.Up[i] || q == nil {
			continue
		}
		for id, n := range q.Outview().All() {
			j, known := index[id]
			if !known || !g.Up[j] {
				g.Lost += n
				continue
			}
			g.Out[i] = append(g.Out[i], slices.Repeat([]int{j}, n)...)
		}
		slices.Sort(g.Out[i])
	}
	return g
}

// Peers gives the number of peers that are up.
func (g Graph) Peers() (n int) {
	for _, up := range g.Up {
		if up {
			n++
		}
	}
	return n
}

// Arcs gives the number of arcs between them.
func (g Graph) Arcs() (n int) {
	for _, out := range g.Out {
		n += len(out)
	}
	return n
}

// Degrees gives the distribution of the sizes of the outviews or inviews.
func (g Graph) Degrees(d overlay.Direction) Distribution {
	degree := make([]int, len(g.Up))
	for i, out := range g.Out {
		for _, j := range out {
			if d == overlay.Out {
				degree[i]++
			} else {
				degree[j]++
			}
		}
	}
	var up []int
	for i, n := range degree {
		if g.Up[i] {
			up = append(up, n)
		}
	}
	return distribution(up)
}

// Neighbors gives for each peer the others that it has arcs with, either way,
// once each and in order: messages go both ways on an arc.
func (g Graph) Neighbors() [][]int {
	list := make([][]int, len(g.Up))
	for i, out := range g.Out {
		for _, j := range slices.Compact(slices.Clone(out)) {
			if i != j {
				list[i] = append(list[i], j)
				list[j] = append(list[j], i)
			}
		}
	}
	for i := range list {
		slices.Sort(list[i])
		list[i] = slices.Compact(list[i])
	}
	return list
}

// Summary describes the graph in one line.
func (g Graph) Summary() string {
	mean, longest := g.Paths(64)
	parts := g.Components()
	largest := 0
	if len(parts) > 0 {
		largest = len(parts[0])
	}
	return fmt.Sprintf("%d peers, %d arcs (%d lost), %d components (largest %d), out %v, in %v, paths %.2f (longest %d), clustering %.3f",
		g.Peers(), g.Arcs(), g.Lost, len(parts), largest, g.Degrees(overlay.Out), g.Degrees(overlay.In), mean, longest, g.Clustering())
}

// String gives a line "peer: outview" for each peer that is up.
func (g Graph) String() string {
	var b strings.Builder
	for i, out := range g.Out {
		if !g.Up[i] {
			continue
		}
		fmt.Fprintf(&b, "%d:", i)
		for _, j := range out {
			fmt.Fprintf(&b, " %d", j)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// DOT gives the graph in the language of Graphviz.
func (g Graph) DOT() string {
	var b strings.Builder
	b.WriteString("digraph overlay {\n")
	for i, out := range g.Out {
		if !g.Up[i] {
			continue
		}
		fmt.Fprintf(&b, "\t%d;\n", i)
		for _, j := range out {
			fmt.Fprintf(&b, "\t%d -> %d;\n", i, j)
		}
	}
	b.WriteString("}\n")
	return b.String()
}
