package main

import (
	"math/rand/v2"
	"slices"
)

// planner chooses whom a node of the demo connects to, and through whom. It
// knows all nodes by number and every session there is, as only a demo can.
type planner struct {
	rng   *rand.Rand
	near  [][]bool // a session is open between two nodes
	soon  [][]bool // one is planned in this round: no path may use it yet
	out   [][]int  // arcs, open or planned, from a node to another
	total int      // arcs that the demo wants in the end
	multi int      // arcs planned over several brokers so far
}

// plan is an arc to be made. Without brokers, it uses the session there is.
type plan struct {
	from, to int
	via      []int
}

func newPlanner(rng *rand.Rand, n, total int) *planner {
	return &planner{rng: rng, total: total, near: matrix[bool](n), soon: matrix[bool](n), out: matrix[int](n)}
}

func matrix[T any](n int) [][]T {
	m := make([][]T, n)
	for i := range m {
		m[i] = make([]T, n)
	}
	return m
}

// round begins a round of plans that are carried out at the same time.
func (p *planner) round(near [][]bool, out [][]int) {
	p.near, p.out, p.soon = near, out, matrix[bool](len(near))
}

// next plans one more arc from a node; false: it knows nobody. Arcs over
// several brokers come first, while the network is sparse, up to a quarter of
// all; then arcs over one; and, when a node knows everybody, a second arc to a
// neighbor.
func (p *planner) next(from int) (plan, bool) {
	pl, ok := plan{}, false
	if p.multi*4 < p.total {
		pl, ok = p.far(from)
	}
	if !ok {
		pl, ok = p.stranger(from)
	}
	if !ok {
		pl, ok = p.neighbor(from)
	}
	if !ok {
		return pl, false
	}
	if len(pl.via) > 1 {
		p.multi++
	}
	p.soon[from][pl.to], p.soon[pl.to][from] = true, true
	p.out[from][pl.to]++
	return pl, true
}

// far finds a stranger three sessions away or more; if nobody is, one who is
// nearer and can be reached over two brokers all the same.
func (p *planner) far(from int) (plan, bool) {
	detour, tree := plan{}, p.tree(from)
	for _, to := range p.strangers(from) {
		path := brokers(tree, from, to)
		if len(path) >= 2 && len(path) <= maxBrokers {
			return plan{from, to, path}, true
		}
		if len(path) == 1 && detour.via == nil {
			detour = plan{from, to, p.detour(from, to)}
		}
	}
	return detour, detour.via != nil
}

// maxBrokers is how many the protocol lets a path have (Protocol.Connect).
const maxBrokers = 4

// stranger finds the nearest of those without a session.
func (p *planner) stranger(from int) (plan, bool) {
	best, tree := plan{}, p.tree(from)
	for _, to := range p.strangers(from) {
		path := brokers(tree, from, to)
		if len(path) >= 1 && len(path) <= maxBrokers && (best.via == nil || len(path) < len(best.via)) {
			best = plan{from, to, path}
		}
	}
	return best, best.via != nil
}

// neighbor finds a neighbor with as few arcs to it as there are.
func (p *planner) neighbor(from int) (plan, bool) {
	best := -1
	for _, to := range p.rng.Perm(len(p.near)) {
		if p.near[from][to] && (best < 0 || p.out[from][to] < p.out[from][best]) {
			best = to
		}
	}
	return plan{from: from, to: best}, best >= 0
}

// strangers lists in random order who has no session with a node and will not
// get one in this round.
func (p *planner) strangers(from int) (list []int) {
	for _, to := range p.rng.Perm(len(p.near)) {
		if to != from && !p.near[from][to] && !p.soon[from][to] {
			list = append(list, to)
		}
	}
	return list
}

// tree searches breadth first from a node, in random order: for each node it
// gives the one before it on a shortest path, or -1 if there is no path.
func (p *planner) tree(from int) []int {
	before := make([]int, len(p.near))
	for i := range before {
		before[i] = -1
	}
	before[from] = from
	order := p.rng.Perm(len(p.near))
	for queue := []int{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range order {
			if p.near[queue[0]][next] && before[next] < 0 {
				before[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	return before
}

// brokers gives who is between two nodes on a path of the tree; nil: nobody.
func brokers(tree []int, from, to int) (path []int) {
	if tree[to] < 0 {
		return nil
	}
	for at := tree[to]; at != from; at = tree[at] {
		path = append(path, at)
	}
	slices.Reverse(path)
	return path
}

// detour gives two brokers between two nodes that one would do for; nil: there
// are no such two.
func (p *planner) detour(from, to int) []int {
	order := p.rng.Perm(len(p.near))
	for _, first := range order {
		if !p.near[from][first] || first == to {
			continue
		}
		for _, second := range order {
			if second != from && second != to && p.near[first][second] && p.near[second][to] {
				return []int{first, second}
			}
		}
	}
	return nil
}
