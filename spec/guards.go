package spec

// Bounds of what is tried in one state: assignments of values, and those times
// the events with their values.
const (
	maxDomain = 1 << 20
	maxTries  = 1 << 24
)

// guards tries the guards of every (state, event) on all assignments that the
// explored limits and the invariants of the state allow. It finds edges that
// overlap, and edges that can never be taken.
func (c *machineChecker) guards() {
	inputs := c.m.Inputs()
	for _, s := range c.m.States {
		domain := c.domain(s)
		if len(domain) == 0 {
			c.add(s.Pos, "the invariants of state %s contradict each other", s.Name)
			continue
		}
		g := guardCheck{c: c, state: s, taken: map[*Edge]bool{}, told: map[[2]*Edge]bool{}}
		for _, in := range inputs {
			for _, cfg := range domain {
				g.try(cfg, in)
			}
		}
		for _, on := range c.m.Ons {
			g.dead(on)
		}
	}
}

// small holds the sizes to their bounds, before anything of such a size is made.
func (c *machineChecker) small() bool {
	var tops []int64
	for _, s := range c.m.slots {
		tops = append(tops, s.top)
	}
	domain, inputs := size(tops), int64(0)
	for _, on := range c.m.Ons {
		tops = nil
		for _, p := range on.Params {
			tops = append(tops, top(p.Type))
		}
		inputs += size(tops)
	}
	if domain > maxDomain || inputs > maxDomain || domain*inputs > maxTries {
		c.add(c.m.Pos, "machine %s is too large to search: %d or more assignments of values, %d or more events; lower the limits to explore", c.m.Name, domain, inputs)
		return false
	}
	return true
}

// size counts what an odometer with these tops visits; it stops beyond maxDomain.
func size(tops []int64) int64 {
	n := int64(1)
	for _, t := range tops {
		if t > maxDomain {
			return maxDomain + 1
		}
		if n *= t + 1; n > maxDomain {
			return maxDomain + 1
		}
	}
	return n
}

// domain gives the configurations of s that its invariants allow.
func (c *machineChecker) domain(s *State) (out []Config) {
	tops := make([]int64, len(c.m.slots))
	for i, sl := range c.m.slots {
		tops[i] = sl.top
	}
	odometer(tops, func(values []int64) {
		cfg := Config{State: s.Index}
		copy(cfg.Slots[:], values)
		for _, a := range c.m.Always {
			if holds, err := c.m.Holds(a, cfg); !holds || err != nil {
				return
			}
		}
		out = append(out, cfg)
	})
	return out
}

type guardCheck struct {
	c     *machineChecker
	state *State
	taken map[*Edge]bool
	told  map[[2]*Edge]bool
}

// try looks which edges would take in.
func (g *guardCheck) try(cfg Config, in Input) {
	if !g.c.m.Can(cfg, in) {
		return
	}
	before := cfg
	if t := in.On.Timer; t != nil {
		cfg.Slots[t.slot] = 0
	}
	r := run{m: g.c.m, c: cfg}
	var first *Edge
	for _, e := range in.On.From(g.state) {
		switch {
		case e.Rule.Else && first != nil:
			continue
		case e.Rule.Guard != nil && r.eval(e.Rule.Guard, &in.Args) == 0:
			continue
		case r.fault != nil:
			return // the search tells it, if it can happen at all
		case first == nil:
			first = e
			g.taken[e] = true
			continue
		}
		if pair := [2]*Edge{first, e}; !g.told[pair] {
			g.told[pair] = true
			g.c.add(e.Rule.Pos, "overlaps with line %d: both answer %s in %s", first.Rule.Pos.Line, in, g.c.m.Text(before))
		}
	}
}

// dead finds edges that nothing takes. A never is no edge: it may be there
// only to say so.
func (g *guardCheck) dead(on *On) {
	for _, e := range on.From(g.state) {
		if g.taken[e] || e.Rule.Target == Never {
			continue
		}
		why := "no values satisfy its guard"
		switch {
		case on.Timer != nil:
			why = "no values satisfy its guard while the timer runs"
		case e.Rule.Else:
			why = "the edges above leave nothing"
		}
		g.c.add(e.Rule.Pos, "this edge of (%s, %s) can never be taken: %s", g.state.Name, on.Name, why)
	}
}
