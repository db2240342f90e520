package spec

import (
	"go/token"
	"strings"
)

// maxConfigs bounds a search.
const maxConfigs = 1 << 18

// node is what a search visits: a configuration, and which of the once
// properties have happened.
type node struct {
	Config
	once uint64
}

// search visits every configuration that a machine alone can come to within
// its explored limits, under every event that is not never there, and checks
// its properties.
type search struct {
	c     *machineChecker
	seen  map[node]int
	nodes []node
	from  []int   // the node before
	by    []Input // what led from it
	back  [][]int // the nodes before: for leadsto
	taken []bool  // by Edge.Index
	told  map[any]bool
}

// search reports edges that no run takes only when the guards are clean: a guard
// that another one shadows is told already.
func (c *machineChecker) search(clean bool) {
	s := &search{c: c, seen: map[node]int{}, taken: make([]bool, len(c.m.Edges)+1), told: map[any]bool{}}
	for _, start := range c.m.Starts() {
		s.visit(node{Config: start}, -1, Input{})
	}
	inputs := c.m.Inputs()
	for i := 0; i < len(s.nodes); i++ {
		if len(s.nodes) > maxConfigs {
			c.add(c.m.Pos, "machine %s: more than %d configurations: lower the limits to explore", c.m.Name, maxConfigs)
			return
		}
		for _, in := range inputs {
			s.step(i, in)
		}
	}
	if len(s.told) > 0 {
		return // a search that was cut proves nothing more
	}
	for _, e := range c.m.Edges {
		if clean && !s.taken[e.Index] {
			c.add(e.Rule.Pos, "this edge of (%s, %s) is never taken: no run within the explored limits comes to it", e.From.Name, e.On.Name)
		}
	}
	for _, l := range c.m.LeadsTo {
		s.leadsTo(l)
	}
}

// tell reports a fault once for each key, with the way to it.
func (s *search) tell(key any, pos token.Position, i int, in *Input, msg string) {
	if s.told[key] {
		return
	}
	s.told[key] = true
	var way []string
	if in != nil {
		way = append(way, in.String())
	}
	for j := i; s.from[j] >= 0; j = s.from[j] {
		way = append([]string{s.by[j].String()}, way...)
	}
	start := s.c.m.Text(s.start(i))
	if len(way) == 0 {
		s.c.add(pos, "%s: at the start, %s", msg, start)
		return
	}
	s.c.add(pos, "%s: after %s, from %s", msg, strings.Join(way, ", "), start)
}

func (s *search) start(i int) Config {
	for s.from[i] >= 0 {
		i = s.from[i]
	}
	return s.nodes[i].Config
}

// visit adds n, if it is new, and checks the invariants there.
func (s *search) visit(n node, from int, by Input) {
	i, ok := s.seen[n]
	if !ok {
		i = len(s.nodes)
		s.seen[n] = i
		s.nodes = append(s.nodes, n)
		s.from = append(s.from, from)
		s.by = append(s.by, by)
		s.back = append(s.back, nil)
		for _, a := range s.c.m.Always {
			holds, err := s.c.m.Holds(a, n.Config)
			if f, ok := err.(Fault); ok {
				s.tell(a, f.Pos, i, nil, f.Msg)
			} else if !holds {
				s.tell(a, a.Pos, i, nil, "always "+a.Text+" does not hold in "+s.c.m.Text(n.Config))
			}
		}
	}
	if from >= 0 && from != i {
		s.back[i] = append(s.back[i], from)
	}
}

func (s *search) step(i int, in Input) {
	n := s.nodes[i]
	if !s.c.m.Can(n.Config, in) {
		return
	}
	t := in.On.Timer
	e, fx, next, err := s.c.m.Step(n.Config, in)
	if f, ok := err.(Fault); ok {
		s.tell(f.Pos, f.Pos, i, &in, f.Msg)
		return
	}
	if e == nil {
		if t != nil {
			s.tell([2]any{t, n.State}, in.On.Pos, i, &in, "("+s.c.m.States[n.State].Name+", "+t.Name+") is never, but the timer can run there")
		}
		return
	}
	if !s.c.m.Within(next) {
		return // not explored
	}
	s.taken[e.Index] = true
	to := node{next, n.once}
	for k, o := range s.c.m.Once {
		for range o.count(fx) {
			if to.once&(1<<k) != 0 {
				s.tell(o, o.Pos, i, &in, "once "+o.Text+" happens twice")
			}
			to.once |= 1 << k
		}
	}
	s.visit(to, i, in)
}

// count gives how many of fx are effects of o.
func (o *Once) count(fx []Emit) (n int) {
	for _, x := range fx {
		for _, e := range o.effects {
			if x.Kind == Call && x.Name == e.Name {
				n++
			}
		}
	}
	return n
}

// leadsTo finds configurations in From that no way leads out of to one in To.
func (s *search) leadsTo(l *LeadsTo) {
	good := make([]bool, len(s.nodes))
	var queue []int
	for i, n := range s.nodes {
		if among(l.to, n.State) {
			good[i] = true
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, j := range s.back[i] {
			if !good[j] {
				good[j] = true
				queue = append(queue, j)
			}
		}
	}
	for i, n := range s.nodes {
		if !good[i] && among(l.from, n.State) {
			s.tell(l, l.Pos, i, nil, "leadsto "+l.Text+" does not hold: no way on from "+s.c.m.Text(n.Config))
		}
	}
}

func among(states []*State, index int) bool {
	for _, s := range states {
		if s.Index == index {
			return true
		}
	}
	return false
}
