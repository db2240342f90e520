package overlaytest

import "sync"

// Join opens an arc from one peer to another, as if somebody had carried an
// offer and its answer between them. If that fails, the test does.
func (w *World) Join(from, to int) {
	w.t.Helper()
	w.join([][2]int{{from, to}})
}

// join opens arcs, all at once. A peer may be the first of one pair only, so
// that its chances are drawn in the same order each time.
func (w *World) join(pairs [][2]int) {
	w.t.Helper()
	errs := make([]error, len(pairs))
	var joining sync.WaitGroup
	for k, pair := range pairs {
		p, q := w.Peer(pair[0]), w.Peer(pair[1])
		joining.Go(func() { _, errs[k] = p.Join(w.ctx, p.admittedBy(q)) })
	}
	joining.Wait()
	for k, pair := range pairs {
		if errs[k] != nil {
			w.t.Fatalf("%v: join %d to %d: %v", w.Now(), pair[0], pair[1], errs[k])
		}
	}
}

// Line opens arcs 0 to 1, 1 to 2 and so on. For this, and for the other
// topologies, all peers must be up.
func (w *World) Line() {
	w.t.Helper()
	var pairs [][2]int
	for i := 1; i < len(w.peers); i++ {
		pairs = append(pairs, [2]int{i - 1, i})
	}
	w.join(pairs)
}

// Ring closes the line.
func (w *World) Ring() {
	w.t.Helper()
	w.Line()
	if last := len(w.peers) - 1; last > 0 {
		w.Join(last, 0)
	}
}

// Random opens arcs from each peer to as many others, all different; fewer if
// there are not so many. Each but the first begins with one of those before it,
// so that the graph is connected.
func (w *World) Random(degree int) {
	w.t.Helper()
	n := len(w.peers)
	to := make([]map[int]bool, n) // whom each has an arc to, and itself
	for k := range min(degree, n-1) {
		var pairs [][2]int
		for i := range n {
			among := n
			if k == 0 && i > 0 {
				among = i
			}
			if k == 0 {
				to[i] = map[int]bool{i: true}
			}
			j := w.rng.IntN(among)
			for to[i][j] {
				j = w.rng.IntN(among)
			}
			to[i][j] = true
			pairs = append(pairs, [2]int{i, j})
		}
		w.join(pairs)
	}
}
