package spec

import "go/token"

// hides finds a parameter that would hide something else.
func (c *machineChecker) hides(pos token.Position, name string) {
	if c.vars[name] != nil || c.params[name] != nil || c.consts[name] != nil {
		c.add(pos, "parameter %s has the name of a variable, parameter or constant of machine %s", name, c.m.Name)
	}
}

// macroScope is where the body of a macro stands.
func (c *machineChecker) macroScope(params []*Param, what, name string, pos token.Position) *scope {
	seen := table[bool]{}
	for _, p := range params {
		c.hides(p.Pos, p.Name)
		declare(c.list, seen, p.Pos, p.Name, "parameter", true)
	}
	if len(params) > maxArgs {
		c.add(pos, "%s %s has more than %d parameters", what, name, maxArgs)
	}
	return &scope{machineChecker: c, params: params}
}

func (c *machineChecker) unusedParams(params []*Param, of string) {
	for _, p := range params {
		if !p.used && !c.m.broken {
			c.idle(p.Pos, "parameter %s of %s is not used", p.Name, of)
		}
	}
}

// define checks a macro, and only then declares it: what it may use stands
// above it, so no macro can call itself.
func (c *machineChecker) define(d *Define) {
	if d.Body == nil { // it did not parse
		declare(c.list, c.defines, d.Pos, d.Name, "define", d)
		return
	}
	c.macroScope(d.Params, "define", d.Name, d.Pos).check(d.Body, nil)
	d.cost = c.cost(d.Pos, d.Body, nil)
	c.unusedParams(d.Params, d.Name)
	if _, slot := c.slots[d.Name]; slot || c.consts[d.Name] != nil {
		c.add(d.Pos, "define %s has the name of a variable, parameter or constant", d.Name)
	}
	if _, ok := builtins[d.Name]; ok {
		c.add(d.Pos, "define %s has the name of a builtin", d.Name)
	}
	declare(c.list, c.defines, d.Pos, d.Name, "define", d)
}

func (c *machineChecker) do(d *Do) {
	c.macroScope(d.Params, "do", d.Name, d.Pos).actions(d.Actions)
	d.cost = c.cost(d.Pos, nil, d.Actions)
	c.unusedParams(d.Params, d.Name)
	if c.effects[d.Name] != nil {
		c.add(d.Pos, "do %s has the name of an effect", d.Name)
	}
	declare(c.list, c.dos, d.Pos, d.Name, "do", d)
}

// cost counts what stands in e and as, with the macros written out, and holds it
// to maxCost: macros of macros grow fast.
func (c *machineChecker) cost(pos token.Position, e *Expr, as []*Action) (n int) {
	var walk func(*Expr)
	walk = func(e *Expr) {
		if e == nil {
			return
		}
		n++
		if e.Define != nil {
			n += e.Define.cost
		}
		for _, a := range e.Args {
			walk(a)
		}
	}
	walk(e)
	for _, a := range as {
		n++
		if a.Do != nil {
			n += a.Do.cost
		}
		walk(a.Value)
		for _, x := range a.Args {
			walk(x)
		}
	}
	if n > maxCost {
		c.add(pos, "more than %d actions and operands, with those of the macros", maxCost)
		return maxCost
	}
	return n
}

func (s *scope) actions(as []*Action) {
	for _, a := range as {
		s.action(a)
	}
}

func (s *scope) action(a *Action) {
	switch a.Kind {
	case Assign:
		s.assign(a)
	case Start, Stop:
		a.Timer = s.timers[a.Name]
		if a.Timer == nil {
			s.add(a.Pos, "timer %s is not declared%s", a.Name, hint(s.timers, a.Name))
			return
		}
		if a.Kind == Start {
			a.Timer.started = true
		}
	case Send:
		s.send(a)
	case Call:
		s.call(a)
	}
}

func (s *scope) assign(a *Action) {
	a.Var = s.vars[a.Name]
	if a.Var == nil {
		what := "variable %s is not declared%s"
		if s.isParam(a.Name) {
			what = "%s is a parameter: it cannot be assigned to%s"
		}
		s.add(a.Pos, what, a.Name, hint(s.vars, a.Name))
		if a.Short() == "" {
			s.check(a.Value, nil)
		}
		return
	}
	a.Var.assigned = true
	s.selfRead = a.Var // x++ alone does not make x useful
	s.check(a.Value, a.Var.Type)
	s.selfRead = nil
}

// isParam reports whether name is a parameter, of the machine or of this scope.
func (s *scope) isParam(name string) bool {
	return s.param(name) >= 0 || s.machineChecker.params[name] != nil
}

// send checks the arguments against the fields of the message. Without
// arguments a send only names the message.
func (s *scope) send(a *Action) {
	m := s.messages[a.Name]
	if m == nil {
		s.add(a.Pos, "message %s is not declared%s", a.Name, hint(s.messages, a.Name))
		s.touch(a.Args)
		return
	}
	m.used = true
	a.Message = m
	if m.Plain {
		s.add(a.Pos, "message %s is plain: no machine sends it", m.Name)
	}
	if a.bare {
		return
	}
	if !m.Scalars() {
		s.add(a.Pos, "%s has fields that no machine can give: send it without arguments", m.Name)
		return
	}
	s.args(a.Pos, a.Name, a.Args, len(m.Fields), func(i int) *Type { return m.Fields[i].Type })
}

func (s *scope) call(a *Action) {
	if e := s.effects[a.Name]; e != nil {
		e.used = true
		a.Effect = e
		s.args(a.Pos, a.Name, a.Args, len(e.Params), func(i int) *Type { return e.Params[i].Type })
		return
	}
	d := s.dos[a.Name]
	if d == nil {
		all := table[bool]{}
		for n := range s.effects {
			all[n] = true
		}
		for n := range s.dos {
			all[n] = true
		}
		s.add(a.Pos, "effect %s is not declared%s", a.Name, hint(all, a.Name))
		s.touch(a.Args)
		return
	}
	d.used = true
	a.Do = d
	s.args(a.Pos, a.Name, a.Args, len(d.Params), func(i int) *Type { return d.Params[i].Type })
}

// properties resolves always, leadsto and once.
func (c *machineChecker) properties() {
	sc := &scope{machineChecker: c, invariant: true}
	for _, a := range c.m.Always {
		if a.When != nil {
			sc.check(a.When, boolean)
		}
		sc.check(a.Then, boolean)
	}
	for _, l := range c.m.LeadsTo {
		l.from, l.to = c.named(l.From), c.named(l.To)
	}
	for _, o := range c.m.Once {
		for _, id := range o.Names {
			e := c.effects[id.Name]
			if e == nil {
				c.add(id.Pos, "effect %s is not declared%s", id.Name, hint(c.effects, id.Name))
				continue
			}
			o.effects = append(o.effects, e)
		}
	}
}
