package spec

import (
	"go/token"
	"strings"
)

func (p *parser) machine(pos token.Position) {
	id := p.lower("machine")
	m := &Machine{Pos: id.Pos, Name: id.Name, Doc: p.com.above(pos.Line), Spec: p.spec}
	m.Params = p.fields()
	if id.Name != "" {
		p.spec.Machines = append(p.spec.Machines, m)
	}
	if p.bad {
		m.broken = true
		return
	}
	m.broken = !p.block(token.LBRACE, token.RBRACE, func() { p.member(m) })
}

func (p *parser) member(m *Machine) {
	t := p.next()
	switch t.text() {
	case "var":
		p.variable(m)
	case "timer":
		p.timer(m)
	case "event":
		id := p.lower("event")
		m.Events = append(m.Events, &Event{Pos: id.Pos, Name: id.Name, Doc: p.doc(id.Pos), Params: p.optional()})
	case "effect":
		id := p.lower("effect")
		m.Effects = append(m.Effects, &Effect{Pos: id.Pos, Name: id.Name, Doc: p.doc(id.Pos), Params: p.optional()})
	case "state":
		p.state(m)
	case "group":
		id := p.upper("group")
		p.want(token.ASSIGN)
		m.Groups = append(m.Groups, &Group{Pos: id.Pos, Name: id.Name, Doc: p.doc(id.Pos), Members: p.alternatives("state")})
	case "define":
		d := &Define{}
		d.Pos, d.Name, d.Doc, d.Params = p.macro("define")
		p.want(token.ASSIGN)
		if d.Body = p.expr(); p.bad {
			d.Body = nil
		}
		m.Defines = append(m.Defines, d)
	case "do":
		d := &Do{}
		d.Pos, d.Name, d.Doc, d.Params = p.macro("do")
		m.Dos = append(m.Dos, d)
		d.Actions = p.actions()
	case "on":
		p.on(m)
	case "always":
		p.always(m, t.pos)
	case "leadsto":
		l := &LeadsTo{Pos: t.pos}
		from := p.i
		l.From = p.alternatives("state")
		p.want(arrow)
		l.To = p.alternatives("state")
		if l.Text = p.text(from); !p.bad {
			m.LeadsTo = append(m.LeadsTo, l)
		}
	case "once":
		o := &Once{Pos: t.pos}
		from := p.i
		o.Names = p.alternatives("effect")
		if o.Text = p.text(from); !p.bad {
			m.Once = append(m.Once, o)
		}
	default:
		p.fail(t.pos, "unexpected %s in machine %s", t.text(), m.Name)
	}
}

// optional reads parameters with types, if there are any.
func (p *parser) optional() []*Field {
	if !p.at(token.LPAREN) {
		return nil
	}
	return p.fields()
}

func (p *parser) macro(what string) (pos token.Position, name, doc string, params []*Param) {
	id := p.lower(what)
	if p.at(token.LPAREN) {
		for _, n := range p.names() {
			params = append(params, &Param{Ident: n})
		}
	}
	return id.Pos, id.Name, p.doc(id.Pos), params
}

func (p *parser) variable(m *Machine) {
	id := p.lower("variable")
	v := &Var{Pos: id.Pos, Name: id.Name, Doc: p.doc(id.Pos)}
	m.Vars = append(m.Vars, v)
	if p.bad {
		return
	}
	t := p.ident("type of " + id.Name)
	v.TypeName, v.typePos = t.Name, t.Pos
	switch {
	case p.eatWord("bound"):
		v.Bound = p.size("limit")
	case p.eatWord("explore"):
		v.Explore = p.size("limit")
	}
}

func (p *parser) timer(m *Machine) {
	id := p.lower("timer")
	t := &Timer{Pos: id.Pos, Name: id.Name, Doc: p.doc(id.Pos), Time: &Size{Pos: id.Pos}}
	m.Timers = append(m.Timers, t)
	p.want(token.ASSIGN)
	if p.bad {
		return
	}
	t.Time = p.size("duration")
	t.Unit = p.unit()
}

func (p *parser) state(m *Machine) {
	id := p.upper("state")
	s := &State{Pos: id.Pos, Name: id.Name, Doc: p.doc(id.Pos)}
	m.States = append(m.States, s)
	for p.at(token.IDENT) {
		switch t := p.next(); t.lit {
		case "initial":
			s.Initial = true
		case "final":
			s.Final = true
		default:
			p.fail(t.pos, "expected initial or final, found %s", t.lit)
		}
	}
}

func (p *parser) on(m *Machine) {
	id := p.ident("event, timer or message")
	on := &On{Pos: id.Pos, Name: id.Name, Doc: p.doc(id.Pos)}
	if p.at(token.LPAREN) {
		on.Names = p.names()
	}
	if id.Name != "" {
		m.Ons = append(m.Ons, on)
	}
	if p.bad {
		on.broken = true
		return
	}
	on.broken = !p.block(token.LBRACE, token.RBRACE, func() {
		if r := p.rule(); r != nil {
			on.Rules = append(on.Rules, r)
		}
	})
}

// rule reads "States [if guard | else] -> target [as label] [{ actions }]".
func (p *parser) rule() *Rule {
	r := &Rule{Pos: p.peek().pos, Doc: p.doc(p.peek().pos)}
	if p.eatWord("any") {
		r.anyState = true
		r.From = []Ident{{r.Pos, "any"}}
	} else {
		r.From = p.alternatives("state")
	}
	switch {
	case p.bad:
		return nil
	case p.eat(token.ELSE):
		r.Else, r.GuardText = true, "else"
	case p.eat(token.IF):
		from := p.i
		r.Guard = p.expr()
		r.GuardText = p.text(from)
	}
	p.want(arrow)
	t := p.peek()
	switch {
	case p.eatWord("same"):
		r.Target = Same
	case p.eatWord("never"):
		r.Target = Never
	case p.eat(token.DEFER):
		r.Target = Defer
	default:
		r.Target = To
		p.ident("state, same, never or defer")
	}
	r.ToName = Ident{t.pos, t.lit}
	if p.eatWord("as") {
		r.Label = p.label()
	}
	if p.at(token.LBRACE) && !p.bad {
		r.Actions = p.actions()
	}
	if p.bad {
		return nil
	}
	return r
}

// label reads a name that becomes a part of a longer one, so it may be a word of
// Go as well.
func (p *parser) label() string {
	if t := p.peek(); t.tok.IsKeyword() {
		return p.next().lit
	}
	return p.lower("label").Name
}

func (p *parser) actions() (out []*Action) {
	ok := p.block(token.LBRACE, token.RBRACE, func() {
		if a := p.action(); !p.bad {
			out = append(out, a)
		}
	})
	if !ok {
		p.bad = true // told already: whatever holds the actions is faulty as well
	}
	return out
}

func (p *parser) action() *Action {
	a := &Action{Pos: p.peek().pos}
	id := p.ident("action")
	a.Name = id.Name
	switch id.Name {
	case "start", "stop":
		a.Kind = map[string]ActionKind{"start": Start, "stop": Stop}[id.Name]
		a.Name = p.ident("timer").Name
		return a
	case "send":
		a.Kind, a.Name = Send, p.ident("message").Name
		a.Args, a.bare = p.arguments()
		return a
	}
	switch t := p.peek(); t.tok {
	case token.ASSIGN:
		p.next()
		a.Kind, a.Value = Assign, p.expr()
	case token.INC, token.DEC:
		p.next()
		op := token.ADD
		if t.tok == token.DEC {
			op = token.SUB
		}
		x := &Expr{Pos: id.Pos, Kind: Name, Name: id.Name}
		one := &Expr{Pos: t.pos, Kind: Literal, Value: 1}
		a.Kind, a.Value = Assign, &Expr{Pos: t.pos, Kind: Binary, Op: op, Args: []*Expr{x, one}}
	default:
		a.Kind = Call
		a.Args, a.bare = p.arguments()
	}
	return a
}

// always reads "expr" or "expr => expr".
func (p *parser) always(m *Machine, pos token.Position) {
	a := &Always{Pos: pos}
	from := p.i
	a.Then = p.expr()
	if p.eat(implies) {
		a.When, a.Then = a.Then, p.expr()
	}
	if a.Text = p.text(from); !p.bad {
		m.Always = append(m.Always, a)
	}
}

// text is the source from token number from up to here, on one line.
func (p *parser) text(from int) string {
	if p.bad || p.i <= from {
		return ""
	}
	return strings.Join(strings.Fields(p.src[p.toks[from].pos.Offset:p.toks[p.i-1].end]), " ")
}
