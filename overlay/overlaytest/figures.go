package overlaytest

import (
	"fmt"
	"math"
	"slices"
)

// Distribution says how a number is spread over peers.
type Distribution struct {
	Min, Max        int
	Mean, Deviation float64 // of all, not of a sample
	Count           []int   // how many peers have 0, 1, … Max
}

func (d Distribution) String() string {
	return fmt.Sprintf("%d–%d mean %.2f ± %.2f", d.Min, d.Max, d.Mean, d.Deviation)
}

func distribution(values []int) (d Distribution) {
	if len(values) == 0 {
		return d
	}
	d.Min, d.Max = slices.Min(values), slices.Max(values)
	d.Count = make([]int, d.Max+1)
	for _, v := range values {
		d.Count[v]++
		d.Mean += float64(v) / float64(len(values))
	}
	for _, v := range values {
		d.Deviation += (float64(v) - d.Mean) * (float64(v) - d.Mean) / float64(len(values))
	}
	d.Deviation = math.Sqrt(d.Deviation)
	return d
}

// Components gives the sets of peers that reach each other, if arcs lead both
// ways; the largest first, and of equals the one with the lowest peer.
func (g Graph) Components() (list [][]int) {
	neighbors := g.Neighbors()
	seen := make([]bool, len(g.Up))
	for i, up := range g.Up {
		if !up || seen[i] {
			continue
		}
		var part []int
		for j, hops := range distances(neighbors, i) {
			if hops >= 0 {
				seen[j] = true
				part = append(part, j)
			}
		}
		list = append(list, part)
	}
	slices.SortStableFunc(list, func(a, b []int) int { return len(b) - len(a) })
	return list
}

// Connected reports whether all peers that are up reach each other.
func (g Graph) Connected() bool { return len(g.Components()) == 1 }

// Paths gives the mean and the greatest number of hops from one peer to another,
// if arcs lead both ways, over pairs with a path. It looks from as many peers,
// evenly chosen by number, or from all if sources is not positive or there are
// not so many; with all the greatest number is the diameter.
func (g Graph) Paths(sources int) (mean float64, longest int) {
	var up []int
	for i := range g.Up {
		if g.Up[i] {
			up = append(up, i)
		}
	}
	if sources <= 0 || sources > len(up) {
		sources = len(up)
	}
	neighbors := g.Neighbors()
	sum, pairs := 0, 0
	for k := range sources {
		from := up[k*len(up)/sources]
		for j, hops := range distances(neighbors, from) {
			if hops > 0 && j != from {
				sum, pairs, longest = sum+hops, pairs+1, max(longest, hops)
			}
		}
	}
	if pairs == 0 {
		return 0, 0
	}
	return float64(sum) / float64(pairs), longest
}

// distances gives the hops from one peer to each; -1: there is no path.
func distances(neighbors [][]int, from int) []int {
	hops := slices.Repeat([]int{-1}, len(neighbors))
	hops[from] = 0
	queue := []int{from}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, j := range neighbors[i] {
			if hops[j] < 0 {
				hops[j] = hops[i] + 1
				queue = append(queue, j)
			}
		}
	}
	return hops
}

// Clustering gives the mean local clustering coefficient, if arcs lead both
// ways: the share of pairs of a peer's neighbors that are neighbors themselves.
// A peer with fewer than two counts as 0.
func (g Graph) Clustering() float64 {
	neighbors, sum := g.Neighbors(), 0.0
	if g.Peers() == 0 {
		return 0
	}
	for _, list := range neighbors {
		if len(list) < 2 {
			continue
		}
		links := 0
		for a, i := range list {
			for _, j := range list[a+1:] {
				if _, ok := slices.BinarySearch(neighbors[i], j); ok {
					links++
				}
			}
		}
		sum += float64(links) / float64(len(list)*(len(list)-1)/2)
	}
	return sum / float64(g.Peers())
}
