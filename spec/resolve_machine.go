package spec

import (
	"cmp"
	"slices"
)

const (
	maxArgs   = 8    // parameters of an event, effect or macro
	maxSlots  = 16   // parameters, variables and timers of a machine
	maxStates = 64   // a bit for each
	maxCost   = 4096 // actions and operands of a rule or macro, with those of the macros in it
)

// slot is one of the numbers that a machine consists of, beside its state.
type slot struct {
	name  string
	typ   *Type
	top   int64 // searches look at 0..top
	bound bool  // above top is a fault, not only unexplored
	timer bool
	param bool
}

// machineChecker resolves one machine.
type machineChecker struct {
	*checker
	m          *Machine
	params     table[*Field]
	vars       table[*Var]
	timers     table[*Timer]
	events     table[*Event]
	effects    table[*Effect]
	states     table[*State]
	groups     table[*Group]
	defines    table[*Define]
	dos        table[*Do]
	slots      table[int]
	sound      bool // it can be interpreted
	harmless   int  // faults that leave the guards as they are: where rules go, and what they do
	triable    bool // its guards can be tried
	selfRead   *Var // the variable that is being assigned to
	readParams map[int]bool
}

func (c *checker) machine(m *Machine) *machineChecker {
	before := len(c.faults)
	mc := &machineChecker{
		checker: c, m: m, params: table[*Field]{}, vars: table[*Var]{}, timers: table[*Timer]{},
		events: table[*Event]{}, effects: table[*Effect]{}, states: table[*State]{}, groups: table[*Group]{},
		defines: table[*Define]{}, dos: table[*Do]{}, slots: table[int]{}, readParams: map[int]bool{},
	}
	mc.declarations()
	for _, d := range m.Defines {
		mc.define(d)
	}
	for _, d := range m.Dos {
		mc.do(d)
	}
	handled := table[bool]{}
	for _, on := range m.Ons {
		declare(c.list, handled, on.Pos, on.Name, "on", true)
		mc.on(on)
	}
	mc.properties()
	edges := len(c.faults)
	mc.edges()
	mc.harmless += len(c.faults) - edges
	mc.sound = !m.broken && len(c.faults) == before
	mc.triable = !m.broken && len(c.faults) == before+mc.harmless
	if !m.broken {
		mc.unused()
	}
	return mc
}

// declarations fills the namespaces, and the slots in their order.
func (c *machineChecker) declarations() {
	m := c.m
	m.slots = nil
	c.scalars(m.Params, true)
	for _, p := range m.Params {
		declare(c.list, c.params, p.Pos, p.Name, "parameter", p)
		if p.Type != nil && p.Type.Scalar() {
			c.slot(slot{name: p.Name, typ: p.Type, top: top(p.Type), param: true})
		}
	}
	for _, v := range m.Vars {
		c.variable(v)
	}
	for _, t := range m.Timers {
		declare(c.list, c.timers, t.Pos, t.Name, "timer", t)
		c.timer(t)
	}
	if len(m.slots) > maxSlots {
		c.add(m.Pos, "machine %s: more than %d parameters, variables and timers", m.Name, maxSlots)
	}
	for _, e := range m.Events {
		if c.timers[e.Name] != nil || c.messages[e.Name] != nil {
			c.add(e.Pos, "event %s has the name of a timer or message", e.Name)
		}
		declare(c.list, c.events, e.Pos, e.Name, "event", e)
		c.scalars(e.Params, true)
	}
	for _, e := range m.Effects {
		declare(c.list, c.effects, e.Pos, e.Name, "effect", e)
		c.scalars(e.Params, false)
	}
	c.declareStates()
}

// top is the largest value of t that a search looks at.
func top(t *Type) int64 {
	switch {
	case t.Kind == Bool:
		return 1
	case t.Kind == Enum:
		return int64(len(t.Values)) - 1
	case t.Explore != nil:
		return int64(t.Explore.Value)
	}
	return 0
}

func (c *machineChecker) slot(s slot) int {
	c.m.slots = append(c.m.slots, s)
	c.slots[s.name] = len(c.m.slots) - 1
	return len(c.m.slots) - 1
}

func (c *machineChecker) variable(v *Var) {
	declare(c.list, c.vars, v.Pos, v.Name, "variable", v)
	if c.params[v.Name] != nil || c.consts[v.Name] != nil {
		c.add(v.Pos, "variable %s has the name of a parameter or constant", v.Name)
	}
	if v.TypeName == "" {
		return
	}
	v.Type = c.lookup(&Field{Pos: v.typePos, TypeName: v.TypeName})
	if v.Type == nil {
		return
	}
	s := slot{name: v.Name, typ: v.Type, top: top(v.Type)}
	limit := cmp.Or(v.Bound, v.Explore)
	switch {
	case !v.Type.Scalar():
		c.add(v.typePos, "variable %s is %s: want a number, bool or enum", v.Name, v.TypeName)
		v.Type = nil
		return
	case v.Type.Kind != Number && limit != nil:
		c.add(limit.Pos, "%s takes no limit", v.TypeName)
	case v.Type.Kind == Number && limit == nil && v.Type.Explore == nil:
		c.add(v.Pos, "variable %s has no limit: add bound N or explore N", v.Name)
	case limit != nil:
		c.limit(limit, v.Type)
		s.top, s.bound = int64(limit.Value), v.Bound != nil
	}
	v.slot = c.slot(s)
}

func (c *machineChecker) timer(t *Timer) {
	t.slot = c.slot(slot{name: t.Name, typ: boolean, top: 1, timer: true})
	if t.Time.Text == "" || !c.size(t.Time) {
		return
	}
	unit := t.Unit
	if t.Time.Const != nil {
		unit = t.Time.Const.Unit
	}
	switch {
	case unit == "":
		c.add(t.Time.Pos, "timer %s: %s is a number, want a duration such as 10s", t.Name, t.Time.Text)
	case t.Time.Value > uint64(1<<63-1)/uint64(max(units[unit], 1)):
		c.add(t.Time.Pos, "timer %s: the duration is too long", t.Name)
	case t.Time.Value == 0:
		c.add(t.Time.Pos, "timer %s: the duration is 0", t.Name)
	}
}

func (c *machineChecker) declareStates() {
	m := c.m
	for _, s := range m.States {
		declare(c.list, c.states, s.Pos, s.Name, "state", s)
		switch {
		case s.Initial && m.Initial != nil:
			c.add(s.Pos, "state %s: machine %s starts in %s already", s.Name, m.Name, m.Initial.Name)
		case s.Initial:
			m.Initial = s
		}
	}
	if m.Initial == nil && !m.broken {
		c.add(m.Pos, "machine %s has no initial state", m.Name)
	}
	if len(m.States) > maxStates {
		c.add(m.States[maxStates].Pos, "machine %s has more than %d states", m.Name, maxStates)
	}
	// The initial state is the zero value, wherever it was declared.
	slices.SortStableFunc(m.States, func(a, b *State) int {
		if a.Initial == b.Initial {
			return 0
		}
		if a.Initial {
			return -1
		}
		return 1
	})
	for i, s := range m.States {
		s.Index = i
	}
	for _, g := range m.Groups {
		if c.states[g.Name] != nil {
			c.add(g.Pos, "group %s has the name of a state", g.Name)
		}
		g.States = c.named(g.Members)
		declare(c.list, c.groups, g.Pos, g.Name, "group", g)
	}
}

// named resolves states and groups that were declared above, each state once.
func (c *machineChecker) named(ids []Ident) (out []*State) {
	add := func(id Ident, s *State) {
		if slices.Contains(out, s) {
			c.add(id.Pos, "state %s is named twice", s.Name)
			return
		}
		out = append(out, s)
	}
	for _, id := range ids {
		if s := c.states[id.Name]; s != nil {
			add(id, s)
			continue
		}
		g := c.groups[id.Name]
		if g == nil {
			c.add(id.Pos, "machine %s has no state %s%s", c.m.Name, id.Name, hint(c.states, id.Name))
			continue
		}
		g.used = true
		for _, s := range g.States {
			add(id, s)
		}
	}
	slices.SortFunc(out, func(a, b *State) int { return cmp.Compare(a.Index, b.Index) })
	return out
}
