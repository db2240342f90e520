package spec

import (
	"go/token"
	"strconv"
	"strings"
)

// Bounds of one expression: how deep its parentheses nest, how many operators
// and operands it has.
const (
	maxDepth = 64
	maxNodes = 512
)

// Parse reads one spec. The name stands in the positions. Its error is Faults;
// then the Spec holds what could be read, and is nil only when src is longer
// than MaxSource. Parse knows the grammar only: Check must follow.
func Parse(name string, src []byte) (*Spec, error) {
	faults := &list{}
	s := parse(name, src, faults)
	return s, faults.err()
}

// Load is Parse and Check in one run, so that the faults of both are told
// together. The Spec is nil when there is any.
func Load(name string, src []byte) (*Spec, error) {
	faults := &list{}
	s := parse(name, src, faults)
	if s != nil {
		check(s, faults)
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	return s, nil
}

func parse(name string, src []byte, faults *list) *Spec {
	if len(src) > MaxSource {
		faults.add(token.Position{Filename: name, Line: 1, Column: 1}, "%d bytes: at most %d", len(src), MaxSource)
		return nil
	}
	faults.lines = strings.Split(strings.ReplaceAll(string(src), "\r", ""), "\n")
	toks, com := scan(name, src, faults)
	p := &parser{src: string(src), toks: toks, com: com, faults: faults}
	p.spec = &Spec{File: name, lines: faults.lines}
	p.file()
	return p.spec
}

// parser reads by recursive descent. After the first fault of a statement the
// rest of it is skipped in silence: see bad.
type parser struct {
	src    string
	toks   []tok
	i      int
	com    comments
	faults *list
	spec   *Spec
	bad    bool // this statement is faulty: say nothing more of it
	open   int  // token before which an unclosed block was told of
	depth  int  // of the expression, see maxDepth
	nodes  int  // in the expression, see maxNodes
}

func (p *parser) peek() tok { return p.toks[p.i] }

func (p *parser) next() tok {
	t := p.toks[p.i]
	if t.tok != token.EOF {
		p.i++
	}
	return t
}

func (p *parser) at(t token.Token) bool { return p.peek().tok == t }

func (p *parser) atWord(w string) bool {
	t := p.peek()
	return t.lit == w && (t.tok == token.IDENT || t.tok.IsKeyword())
}

func (p *parser) eat(t token.Token) bool {
	if !p.at(t) {
		return false
	}
	p.next()
	return true
}

func (p *parser) eatWord(w string) bool {
	if !p.atWord(w) {
		return false
	}
	p.next()
	return true
}

func (p *parser) fail(pos token.Position, format string, args ...any) {
	if !p.bad {
		p.faults.add(pos, format, args...)
	}
	p.bad = true
}

func (p *parser) want(t token.Token) {
	if !p.eat(t) {
		p.fail(p.peek().pos, "expected %s, found %s", tok{tok: t}.text(), p.peek().text())
	}
}

func (p *parser) wantWord(w string) {
	if !p.eatWord(w) {
		p.fail(p.peek().pos, "expected %s, found %s", w, p.peek().text())
	}
}

// ident reads a name. Names become Go names, so they are plain ASCII.
func (p *parser) ident(what string) Ident {
	t := p.peek()
	if t.tok != token.IDENT {
		hint := ""
		if t.tok.IsKeyword() {
			hint = ", a word of Go"
		}
		p.fail(t.pos, "expected %s, found %s%s", what, t.text(), hint)
		return Ident{Pos: t.pos}
	}
	p.next()
	if !plain(t.lit) {
		p.fail(t.pos, "%s %s: a name is ASCII letters, digits and _, a letter first", what, t.lit)
	}
	return Ident{t.pos, t.lit}
}

// lower reads the name of something that machines compute with or do.
func (p *parser) lower(what string) Ident {
	id := p.ident(what)
	if !p.bad && (id.Name[0] < 'a' || id.Name[0] > 'z') {
		p.fail(id.Pos, "%s %s: it begins with a small letter", what, id.Name)
	}
	return id
}

// upper reads the name of a state, group, signal or message.
func (p *parser) upper(what string) Ident {
	id := p.ident(what)
	if !p.bad && (id.Name[0] < 'A' || id.Name[0] > 'Z') {
		p.fail(id.Pos, "%s %s: it begins with a capital letter", what, id.Name)
	}
	return id
}

func plain(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return !strings.HasSuffix(s, "_")
}

func (p *parser) number(what string) uint64 {
	t := p.peek()
	if t.tok != token.INT {
		p.fail(t.pos, "expected %s, found %s", what, t.text())
		return 0
	}
	p.next()
	n, err := strconv.ParseUint(t.lit, 0, 63)
	if err != nil {
		p.fail(t.pos, "number %s is too large", t.lit)
	}
	return n
}

// unit reads the unit right behind a number, if there is one.
func (p *parser) unit() string {
	t := p.peek()
	if t.tok != token.IDENT || p.i == 0 || p.toks[p.i-1].end != t.pos.Offset {
		return ""
	}
	if _, ok := units[t.lit]; !ok {
		p.fail(t.pos, "unknown unit %s: want ns, us, ms, s, m or h", t.lit)
	}
	return p.next().lit
}

// size reads a number or the name of a constant.
func (p *parser) size(what string) *Size {
	t := p.peek()
	s := &Size{Pos: t.pos, Text: t.text()}
	if t.tok == token.IDENT {
		p.next()
		return s
	}
	s.Value = p.number(what)
	return s
}

// doc is the comment behind what begins at pos.
func (p *parser) doc(pos token.Position) string { return p.com.trail[pos.Line] }

// end closes a statement, whatever became of it, and reports whether it parsed.
// It never passes the brace that closes the block around it.
func (p *parser) end() (ok bool) {
	t := p.peek()
	if !p.bad && t.tok != token.SEMICOLON && t.tok != token.RBRACE && t.tok != token.RPAREN && t.tok != token.EOF {
		p.fail(t.pos, "unexpected %s", t.text())
	}
	ok = !p.bad
	if p.bad {
		p.skip()
	}
	p.bad = false
	p.eat(token.SEMICOLON)
	return ok
}

// skip goes to the end of the statement, over whole blocks.
func (p *parser) skip() {
	for depth := 0; !p.at(token.EOF) && !p.atTop(); p.next() {
		switch p.peek().tok {
		case token.LBRACE:
			depth++
		case token.RBRACE:
			if depth == 0 {
				return
			}
			depth--
		case token.SEMICOLON:
			if depth == 0 {
				return
			}
		}
	}
}

// block reads statements up to the closing token. A declaration at the left
// margin ends it too: its closing brace was forgotten.
func (p *parser) block(open, closing token.Token, statement func()) (ok bool) {
	start := p.peek().pos
	p.want(open)
	if p.bad {
		return false
	}
	ok = true
	for {
		for p.eat(token.SEMICOLON) {
		}
		t := p.peek()
		switch {
		case t.tok == closing:
			p.next()
			return ok
		case t.tok == token.EOF, p.atTop():
			if p.open != p.i { // else told for the block inside this one
				p.fail(start, "%s is not closed before %s", tok{tok: open}.text(), t.text())
			}
			p.open, p.bad = p.i, true
			return false
		case t.tok == token.RBRACE || t.tok == token.RPAREN:
			p.fail(t.pos, "unexpected %s", t.text())
			p.next()
			p.bad, ok = false, false
			continue
		}
		statement()
		ok = p.end() && ok
	}
}

// atTop reports whether a declaration begins here, at the left margin.
func (p *parser) atTop() bool {
	t := p.peek()
	if t.pos.Column != 1 {
		return false
	}
	switch t.text() {
	case "spec", "const", "type", "signal", "plain", "message", "machine":
		return true
	}
	return false
}
