package spec

import "go/token"

// file reads the declarations of a whole file.
func (p *parser) file() {
	for {
		for p.eat(token.SEMICOLON) {
		}
		if p.at(token.EOF) {
			break
		}
		p.declaration()
		if p.end(); p.at(token.RBRACE) || p.at(token.RPAREN) {
			p.next()
		}
	}
	if p.spec.Name == "" && len(p.faults.faults) == 0 {
		p.faults.add(token.Position{Filename: p.spec.File, Line: 1, Column: 1}, "expected: spec NAME version N")
	}
}

func (p *parser) declaration() {
	t := p.next()
	switch t.text() {
	case "spec":
		p.header(t)
	case "const":
		p.block(token.LPAREN, token.RPAREN, p.constant)
	case "type":
		p.typeDecl()
	case "signal":
		p.message(t.pos, true, false)
	case "plain":
		p.wantWord("message")
		p.message(t.pos, false, true)
	case "message":
		p.message(t.pos, false, false)
	case "machine":
		p.machine(t.pos)
	default:
		p.fail(t.pos, "expected spec, const, type, signal, message or machine, found %s", t.text())
	}
}

func (p *parser) header(t tok) {
	if p.spec.Name != "" {
		p.fail(t.pos, "spec is declared twice")
	}
	p.spec.Doc = p.com.above(t.pos.Line)
	p.spec.Name = p.lower("spec").Name
	p.wantWord("version")
	p.spec.Version = p.number("version")
}

func (p *parser) constant() {
	id := p.lower("constant")
	p.want(token.ASSIGN)
	c := &Const{Pos: id.Pos, Name: id.Name, Doc: p.doc(id.Pos)}
	c.Value = p.number("value")
	c.Unit = p.unit()
	if c.Unit != "" && c.Value > uint64(1<<63-1)/uint64(max(units[c.Unit], 1)) {
		p.fail(id.Pos, "duration %d%s is too long", c.Value, c.Unit)
	}
	// Even a faulty constant is declared: no faults that only follow from it.
	p.spec.Consts = append(p.spec.Consts, c)
}

func (p *parser) typeDecl() {
	id := p.lower("type")
	t := &Type{Pos: id.Pos, Name: id.Name, Doc: p.doc(id.Pos)}
	p.spec.Types = append(p.spec.Types, t)
	if p.eatWord("enum") {
		t.Kind = Enum
		p.want(token.LBRACE)
		for !p.bad && !p.at(token.RBRACE) {
			t.Values = append(t.Values, p.lower("value"))
			if !p.eat(token.COMMA) {
				break
			}
		}
		if p.want(token.RBRACE); len(t.Values) == 0 {
			p.fail(id.Pos, "enum %s has no values", id.Name)
		}
		return
	}
	base := p.ident("enum or a number type")
	t.Kind, t.base, t.basePos = Number, base.Name, base.Pos
	p.wantWord("explore")
	if !p.bad {
		t.Explore = p.size("limit")
	}
}

func (p *parser) message(pos token.Position, signal, plain bool) {
	id := p.upper("message")
	m := &Message{Pos: id.Pos, Name: id.Name, Doc: p.doc(pos), Signal: signal, Plain: plain}
	p.want(token.ASSIGN)
	if m.Number = p.number("number of the message"); m.Number < 1 || m.Number > 255 {
		p.fail(id.Pos, "number %d of %s: want 1 to 255", m.Number, m.Name)
	}
	if id.Name != "" {
		p.spec.Messages = append(p.spec.Messages, m)
	}
	if p.bad {
		return
	}
	p.block(token.LBRACE, token.RBRACE, func() {
		if f := p.field(); f != nil {
			m.Fields = append(m.Fields, f)
		}
	})
}

// field reads "name type" or "name type<=limit"; nil when it is faulty.
func (p *parser) field() *Field {
	id := p.lower("field")
	f := &Field{Pos: id.Pos, Name: id.Name}
	if p.bad {
		return nil
	}
	f.TypeName = p.ident("type of " + id.Name).Name
	if p.eat(token.LEQ) {
		f.Limit = p.size("limit")
	}
	if p.bad {
		return nil
	}
	return f
}

// fields reads "(name type, …)".
func (p *parser) fields() (out []*Field) {
	p.want(token.LPAREN)
	for !p.bad && !p.at(token.RPAREN) {
		if f := p.field(); f != nil {
			out = append(out, f)
		}
		if !p.eat(token.COMMA) {
			break
		}
	}
	p.want(token.RPAREN)
	return out
}

// names reads "(name, …)".
func (p *parser) names() (out []Ident) {
	p.want(token.LPAREN)
	for !p.bad && !p.at(token.RPAREN) {
		out = append(out, p.lower("parameter"))
		if !p.eat(token.COMMA) {
			break
		}
	}
	p.want(token.RPAREN)
	return out
}

// alternatives reads "a | b | …".
func (p *parser) alternatives(what string) (out []Ident) {
	for {
		out = append(out, p.ident(what))
		if p.bad || !p.eat(token.OR) {
			return out
		}
	}
}
