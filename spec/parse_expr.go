package spec

import "go/token"

// expr reads an expression. The operators bind as in Go.
func (p *parser) expr() *Expr {
	if p.depth == 0 {
		p.nodes = 0
	}
	return p.binary(1)
}

func (p *parser) binary(least int) *Expr {
	x := p.unary()
	for !p.bad {
		t := p.peek()
		prec := precedence(t.tok)
		if prec < least {
			break
		}
		p.next()
		x = &Expr{Pos: t.pos, Kind: Binary, Op: t.tok, Args: []*Expr{x, p.binary(prec + 1)}}
	}
	return x
}

// precedence is Go's for the operators that the language has, else 0.
func precedence(t token.Token) int {
	switch t {
	case token.LOR, token.LAND, token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ,
		token.ADD, token.SUB, token.MUL:
		return t.Precedence()
	}
	return 0
}

func (p *parser) unary() *Expr {
	p.nodes++
	p.depth++
	defer func() { p.depth-- }()
	t := p.peek()
	switch {
	case p.depth > maxDepth:
		p.fail(t.pos, "expression nests deeper than %d", maxDepth)
	case p.nodes > maxNodes:
		p.fail(t.pos, "expression is longer than %d operands", maxNodes)
	case p.eat(token.NOT):
		return &Expr{Pos: t.pos, Kind: Unary, Op: token.NOT, Args: []*Expr{p.unary()}}
	case p.eat(token.LPAREN):
		x := p.expr()
		p.want(token.RPAREN)
		return x
	case t.tok == token.INT:
		return &Expr{Pos: t.pos, Kind: Literal, Value: int64(p.number("number"))}
	case t.tok == token.IDENT:
		p.next()
		if !p.at(token.LPAREN) {
			return &Expr{Pos: t.pos, Kind: Name, Name: t.lit}
		}
		x := &Expr{Pos: t.pos, Kind: Macro, Name: t.lit}
		x.Args, _ = p.arguments()
		return x
	default:
		p.fail(t.pos, "expected an expression, found %s", t.text())
	}
	return &Expr{Pos: t.pos, Kind: Literal}
}

// arguments reads "(expr, …)"; bare when there are no parentheses.
func (p *parser) arguments() (args []*Expr, bare bool) {
	if !p.eat(token.LPAREN) {
		return nil, true
	}
	for !p.bad && !p.at(token.RPAREN) {
		args = append(args, p.expr())
		if !p.eat(token.COMMA) {
			break
		}
	}
	p.want(token.RPAREN)
	return args, false
}
