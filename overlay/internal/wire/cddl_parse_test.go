package wire

import (
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// What spec/wire.cddl uses of CDDL (RFC 8610), and no more: a rule outside of
// it does not parse.
//
//	rule  = name "=" type
//	type  = one *("/" one)
//	one   = basic [".." int / ".size" sizes / ".cbor" name / ".regexp" text]
//	basic = name / int / true / false / null / h'' / "[" items "]" / "&(" items ")"
//	items = *([n*m] [name ":"] type [","])

type cddlType struct {
	op     string // name, int, range, bytes, array, enum, choice, size, cbor, regexp
	name   string // of name
	lo, hi uint64 // of int (lo), range, size
	bytes  string // of bytes
	re     *regexp.Regexp
	args   []*cddlType // alternatives of a choice; what size, cbor and regexp control
	items  []cddlItem  // of array, enum
}

type cddlItem struct {
	name     string // "" for none
	min, max uint64 // how often
	t        *cddlType
}

type cddl map[string]*cddlType

// String gives t as it would be written.
func (t *cddlType) String() string {
	var list []string
	for _, i := range t.items {
		text := i.t.String()
		if i.name != "" {
			text = i.name + ": " + text
		}
		if i.min != 1 || i.max != 1 {
			text = fmt.Sprintf("%d*%d %s", i.min, i.max, text)
		}
		list = append(list, text)
	}
	switch t.op {
	case "int":
		return fmt.Sprint(t.lo)
	case "range":
		return fmt.Sprintf("%d..%d", t.lo, t.hi)
	case "bytes":
		return fmt.Sprintf("h'%x'", t.bytes)
	case "array":
		return "[" + strings.Join(list, ", ") + "]"
	case "enum":
		return "&(" + strings.Join(list, ", ") + ")"
	case "choice":
		for _, a := range t.args {
			list = append(list, a.String())
		}
		return strings.Join(list, " / ")
	case "size":
		if t.lo == t.hi {
			return fmt.Sprintf("%s .size %d", t.args[0], t.lo)
		}
		return fmt.Sprintf("%s .size (%d..%d)", t.args[0], t.lo, t.hi)
	case "cbor":
		return fmt.Sprintf("%s .cbor %s", t.args[0], t.args[1])
	case "regexp":
		return fmt.Sprintf("%s .regexp %q", t.args[0], t.re)
	}
	return t.name
}

var cddlToken = regexp.MustCompile(`^(;[^\n]*|\s+|h'[0-9a-f]*'|[a-z][a-z0-9-]*|[0-9]+|"[^"\n]*"|\.\.|\.[a-z]+|[][=/,:*&()])`)

type cddlParser struct{ tokens []string }

// loadCDDL reads spec/wire.cddl. Every name in it is a rule, or one of the
// prelude (RFC 8610 appendix D).
func loadCDDL(t testing.TB) cddl {
	t.Helper()
	b, err := os.ReadFile("../../../spec/wire.cddl")
	if err != nil {
		t.Fatal(err)
	}
	c, err := parseCDDL(string(b))
	if err != nil {
		t.Fatalf("wire.cddl: %v", err)
	}
	return c
}

func parseCDDL(text string) (rules cddl, err error) {
	p := &cddlParser{}
	for rest := text; rest != ""; {
		tok := cddlToken.FindString(rest)
		if tok == "" {
			return nil, fmt.Errorf("line %d: %.20q", 1+strings.Count(text[:len(text)-len(rest)], "\n"), rest)
		}
		rest = rest[len(tok):]
		if tok[0] != ';' && strings.TrimSpace(tok) != "" {
			p.tokens = append(p.tokens, tok)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v before %.8q", r, p.tokens)
		}
	}()
	rules = cddl{}
	for len(p.tokens) > 0 {
		name := p.take()
		if rules[name] != nil {
			return nil, fmt.Errorf("rule %s twice", name)
		}
		p.want("=")
		rules[name] = p.choice()
	}
	for name, t := range rules {
		if err := t.declared(rules); err != nil {
			return nil, fmt.Errorf("rule %s: %w", name, err)
		}
	}
	return rules, nil
}

func (t *cddlType) declared(rules cddl) error {
	if t.op == "name" && rules[t.name] == nil && !strings.Contains(" uint bstr tstr bool true false null ", " "+t.name+" ") {
		return fmt.Errorf("no rule %s", t.name)
	}
	args := t.args
	for _, i := range t.items {
		args = append(args, i.t)
	}
	for _, a := range args {
		if err := a.declared(rules); err != nil {
			return err
		}
	}
	return nil
}

func (p *cddlParser) peek(n int) string {
	if n < len(p.tokens) {
		return p.tokens[n]
	}
	return ""
}

func (p *cddlParser) take() string {
	t := p.peek(0)
	if t == "" {
		panic("end of file")
	}
	p.tokens = p.tokens[1:]
	return t
}

func (p *cddlParser) want(t string) {
	if p.peek(0) != t {
		panic("want " + t)
	}
	p.take()
}

func (p *cddlParser) number() uint64 {
	n, err := strconv.ParseUint(p.peek(0), 10, 64)
	if err != nil {
		panic("want a number")
	}
	p.take()
	return n
}

func (p *cddlParser) choice() *cddlType {
	c := &cddlType{op: "choice", args: []*cddlType{p.one()}}
	for p.peek(0) == "/" {
		p.take()
		c.args = append(c.args, p.one())
	}
	if len(c.args) == 1 {
		return c.args[0]
	}
	return c
}

func (p *cddlParser) one() *cddlType {
	t := p.basic()
	switch p.peek(0) {
	case "..":
		p.take()
		return &cddlType{op: "range", lo: t.lo, hi: p.number()}
	case ".size":
		p.take()
		s := &cddlType{op: "size", args: []*cddlType{t}}
		if p.peek(0) != "(" {
			s.lo = p.number()
			s.hi = s.lo
			return s
		}
		p.take()
		s.lo = p.number()
		p.want("..")
		s.hi = p.number()
		p.want(")")
		return s
	case ".cbor":
		p.take()
		return &cddlType{op: "cbor", args: []*cddlType{t, p.basic()}}
	case ".regexp":
		p.take()
		text, err := strconv.Unquote(p.take())
		if err != nil {
			panic("want a text")
		}
		return &cddlType{op: "regexp", re: regexp.MustCompile(text), args: []*cddlType{t}}
	}
	return t
}

func (p *cddlParser) basic() *cddlType {
	switch t := p.peek(0); {
	case t == "[":
		p.take()
		return &cddlType{op: "array", items: p.items("]")}
	case t == "&":
		p.take()
		p.want("(")
		return &cddlType{op: "enum", items: p.items(")")}
	case strings.HasPrefix(t, "h'"):
		b, err := hex.DecodeString(strings.Trim(p.take(), "h'"))
		if err != nil {
			panic(err)
		}
		return &cddlType{op: "bytes", bytes: string(b)}
	case t != "" && t[0] >= '0' && t[0] <= '9':
		return &cddlType{op: "int", lo: p.number()}
	case t != "" && t[0] >= 'a' && t[0] <= 'z':
		return &cddlType{op: "name", name: p.take()}
	}
	panic("want a type")
}

func (p *cddlParser) items(end string) (items []cddlItem) {
	for p.peek(0) != end {
		i := cddlItem{min: 1, max: 1}
		if p.peek(1) == "*" {
			i.min = p.number()
			p.want("*")
			i.max = p.number()
		}
		if p.peek(1) == ":" {
			i.name = p.take()
			p.want(":")
		}
		i.t = p.choice()
		items = append(items, i)
		if p.peek(0) != end {
			p.want(",")
		}
	}
	p.take()
	return items
}
