package spec

import (
	"fmt"
	"slices"
)

// on resolves an event's rules. What the event is comes first, so that its
// parameters have types.
func (c *machineChecker) on(on *On) {
	sc := &scope{machineChecker: c, used: make([]bool, len(on.Names))}
	on.Params = c.trigger(on)
	for _, f := range on.Params {
		c.hides(f.Pos, f.Name)
		sc.params = append(sc.params, &Param{Ident: Ident{f.Pos, f.Name}, Type: f.Type})
	}
	for _, r := range on.Rules {
		c.rule(on, r, sc)
	}
	if on.broken {
		return
	}
	for i, p := range sc.params {
		if !sc.used[i] {
			c.idle(on.Names[i].Pos, "parameter %s of %s is not used", p.Name, on.Name)
		}
	}
}

// trigger finds out what kind of event this is, and gives its parameters.
func (c *machineChecker) trigger(on *On) []*Field {
	if e := c.events[on.Name]; e != nil {
		on.Trigger = Declared
		same := slices.EqualFunc(on.Names, e.Params, func(id Ident, f *Field) bool { return id.Name == f.Name })
		if !same {
			c.add(on.Pos, "on %s(%s): the event is declared as %s(%s)", on.Name, idents(on.Names), on.Name, fieldNames(e.Params))
		}
		return c.chosen(on, e.Params, e.Name)
	}
	if t := c.timers[on.Name]; t != nil {
		on.Trigger, on.Timer = Fires, t
		if len(on.Names) > 0 {
			c.add(on.Names[0].Pos, "timer %s has no parameters", t.Name)
		}
		return nil
	}
	msg := c.messages[on.Name]
	if msg == nil {
		c.add(on.Pos, "%s is no event, timer or message%s", on.Name, hint(c.events, on.Name))
		return nil
	}
	on.Trigger, on.Message = Arrives, msg
	msg.used = true
	if msg.Plain {
		c.add(on.Pos, "message %s is plain: no machine handles it", msg.Name)
	}
	return c.chosen(on, msg.Fields, msg.Name)
}

// chosen gives the fields that an On names, in its order.
func (c *machineChecker) chosen(on *On, fs []*Field, of string) (out []*Field) {
	for i, id := range on.Names {
		j := slices.IndexFunc(fs, func(f *Field) bool { return f.Name == id.Name })
		twice := slices.ContainsFunc(on.Names[:i], func(o Ident) bool { return o.Name == id.Name })
		switch {
		case twice:
			c.add(id.Pos, "parameter %s is named twice", id.Name)
		case j < 0:
			c.add(id.Pos, "%s has no field %s (it has: %s)", of, id.Name, fieldNames(fs))
		case fs[j].Type == nil:
		case !fs[j].Type.Scalar():
			c.add(id.Pos, "%s is %s: a machine computes with numbers, bools and enums only", id.Name, fs[j].Type.Name)
		case fs[j].Type.Kind == Number && fs[j].Type.Explore == nil:
			c.add(id.Pos, "%s has no limit to search up to: give it a type with explore", id.Name)
		default:
			out = append(out, &Field{Pos: id.Pos, Name: id.Name, TypeName: fs[j].TypeName, Type: fs[j].Type})
		}
	}
	return out
}

func (c *machineChecker) rule(on *On, r *Rule, sc *scope) {
	if r.anyState {
		r.states = c.m.States
	} else {
		r.states = c.named(r.From)
	}
	if r.Guard != nil {
		sc.check(r.Guard, boolean)
	}
	before := len(c.faults)
	defer func() { c.harmless += len(c.faults) - before }()
	switch r.Target {
	case To:
		r.Next = c.states[r.ToName.Name]
		switch {
		case r.Next != nil:
		case c.groups[r.ToName.Name] != nil:
			c.add(r.ToName.Pos, "%s is a group: want one state", r.ToName.Name)
		default:
			c.add(r.ToName.Pos, "machine %s has no state %s%s", c.m.Name, r.ToName.Name, hint(c.states, r.ToName.Name))
		}
	case Never:
		if len(r.Actions) > 0 || r.Label != "" {
			c.add(r.ToName.Pos, "never takes no label and no actions")
		}
	case Defer:
		c.add(r.ToName.Pos, "defer is not generated yet")
	}
	sc.actions(r.Actions)
	c.cost(r.Pos, r.Guard, r.Actions)
	for _, s := range r.states {
		if s.Final && (r.Target == To && r.Next != s || len(r.Actions) > 0) {
			c.add(r.Pos, "state %s is final: want never, or same without actions", s.Name)
		}
	}
}

// edges expands the rules into edges: one for each source state.
func (c *machineChecker) edges() {
	taken := map[string]int{}
	c.m.Edges = nil
	for _, on := range c.m.Ons {
		on.edges = make([][]*Edge, len(c.m.States))
		for _, r := range on.Rules {
			c.expand(on, r, taken)
		}
		for _, s := range c.m.States {
			c.answered(on, s)
		}
	}
}

func (c *machineChecker) expand(on *On, r *Rule, taken map[string]int) {
	skipped := 0
	for _, s := range r.states {
		if s.Index >= len(on.edges) {
			continue
		}
		have := on.edges[s.Index]
		if closed := closing(have); closed != nil {
			if r.anyState && r.Else {
				skipped++
				continue
			}
			c.add(r.Pos, "this edge of (%s, %s) can never be taken: line %d answers it", s.Name, on.Name, closed.Rule.Pos.Line)
			continue
		}
		e := &Edge{On: on, Rule: r, From: s, To: s}
		if r.Target == To && r.Next != nil {
			e.To = r.Next
		}
		on.edges[s.Index] = append(have, e)
		if r.Target == Never {
			continue
		}
		e.Name = CamelCase(s.Name) + CamelCase(on.Name) + CamelCase(r.Label)
		if taken[e.Name]++; taken[e.Name] > 1 {
			e.Name += fmt.Sprint(taken[e.Name])
		}
		c.m.Edges = append(c.m.Edges, e)
		e.Index = len(c.m.Edges)
	}
	if skipped > 0 && skipped == len(r.states) {
		c.add(r.Pos, "this edge can never be taken: every state answers %s above", on.Name)
	}
}

// closing gives the edge after which nothing is left.
func closing(es []*Edge) *Edge {
	for _, e := range es {
		if e.Rule.Guard == nil {
			return e
		}
	}
	return nil
}

func (c *machineChecker) answered(on *On, s *State) {
	es := on.edges[s.Index]
	switch {
	case on.broken || c.m.broken || closing(es) != nil:
	case len(es) == 0:
		c.add(on.Pos, "(%s, %s) has no answer: add an edge, or -> never", s.Name, on.Name)
	default:
		c.add(on.Pos, "(%s, %s) has no answer when no guard holds: add an else edge, or -> never", s.Name, on.Name)
	}
}

// unused finds declarations of the machine that nothing refers to.
func (c *machineChecker) unused() {
	m := c.m
	handled := func(name string) bool {
		return slices.ContainsFunc(m.Ons, func(on *On) bool { return on.Name == name })
	}
	for _, e := range m.Events {
		if !handled(e.Name) {
			c.add(e.Pos, "event %s is not handled: add on %s", e.Name, e.Name)
		}
	}
	for _, t := range m.Timers {
		if !handled(t.Name) {
			c.add(t.Pos, "timer %s is not handled: add on %s", t.Name, t.Name)
		}
		if !t.started {
			c.idle(t.Pos, "timer %s is not used: nothing starts it", t.Name)
		}
	}
	for _, v := range m.Vars {
		switch {
		case !v.read:
			c.idle(v.Pos, "variable %s is not used: nothing reads it", v.Name)
		case !v.assigned:
			c.idle(v.Pos, "variable %s never changes", v.Name)
		}
	}
	for _, e := range m.Effects {
		if !e.used {
			c.idle(e.Pos, "effect %s is not used", e.Name)
		}
	}
	for _, g := range m.Groups {
		if !g.used {
			c.idle(g.Pos, "group %s is not used", g.Name)
		}
	}
	for _, d := range m.Defines {
		if !d.used {
			c.idle(d.Pos, "define %s is not used", d.Name)
		}
	}
	for _, d := range m.Dos {
		if !d.used {
			c.idle(d.Pos, "do %s is not used", d.Name)
		}
	}
	for _, p := range m.Params {
		if i, ok := c.slots[p.Name]; ok && !c.readParams[i] {
			c.idle(p.Pos, "parameter %s of machine %s is not used", p.Name, m.Name)
		}
	}
	c.entered()
}

// entered finds states that no row of edges leads to.
func (c *machineChecker) entered() {
	if c.m.Initial == nil {
		return
	}
	seen := map[*State]bool{c.m.Initial: true}
	for range c.m.States {
		for _, e := range c.m.Edges {
			if seen[e.From] {
				seen[e.To] = true
			}
		}
	}
	for _, s := range c.m.States {
		if !seen[s] {
			c.idle(s.Pos, "state %s cannot be reached", s.Name)
		}
	}
}
