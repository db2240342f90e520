package main

import (
	"go/token"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// messages prints constants, enums, signals and messages.
func (p *goPackage) messages() {
	var imports []string
	for _, c := range p.spec.Consts {
		if c.Unit != "" {
			imports = []string{"time"}
		}
	}
	f := p.file("spec", imports...)
	f.doc = p.doc()
	f.f("// Version is the version of the spec.\nconst %s = %d\n", p.claim(token.Position{Line: 1}, "Version"), p.spec.Version)
	p.constants(f)
	for _, t := range p.spec.Types {
		if t.Kind == spec.Enum {
			p.enum(f, t)
		}
	}
	p.helpers(f)
}

func (p *goPackage) constants(f *goFile) {
	if len(p.spec.Consts) == 0 {
		return
	}
	units := map[string]string{
		"ns": "time.Nanosecond", "us": "time.Microsecond", "ms": "time.Millisecond",
		"s": "time.Second", "m": "time.Minute", "h": "time.Hour",
	}
	f.f("// The constants of the spec.\nconst (")
	for _, c := range p.spec.Consts {
		value := itoa(c.Value)
		if c.Unit != "" {
			value += " * " + units[c.Unit]
		}
		f.f("%s = %s%s", p.claim(c.Pos, goName(c.Name)), value, note(c.Doc))
	}
	f.f(")\n")
}

func (p *goPackage) enum(f *goFile, t *spec.Type) {
	name := p.claim(t.Pos, goName(t.Name))
	f.f("// %s is the type %s of the spec.", name, t.Name)
	f.f("type %s uint8\n", name)
	f.f("// The values of %s.\nconst (", name)
	var consts, texts []string
	for i, v := range t.Values {
		c := p.claim(v.Pos, name+goName(v.Name))
		consts, texts = append(consts, c), append(texts, strings.ReplaceAll(v.Name, "_", " "))
		if i == 0 {
			f.f("%s %s = iota", c, name)
			continue
		}
		f.f("%s", c)
	}
	f.f(")\n")
	stringer(p.names(), name, 0, consts, texts)
}

// helpers prints what the machines share.
func (p *goPackage) helpers(f *goFile) {
	if len(p.spec.Machines) == 0 {
		return
	}
	at := token.Position{Line: 1}
	f.f("// %s describes an edge: a rule of the spec in one source state.", p.claim(at, "EdgeInfo"))
	f.f(`type EdgeInfo struct {
		Name    string // unique in its machine
		Machine string
		From    string
		Event   string
		Guard   string // as written; "" for none, "else" for the rest
		To      string
		Label   string // "" for none
		Line    int    // in the spec
	}
	`)
	used := map[spec.Builtin]bool{}
	for _, m := range p.spec.Machines {
		everyExpr(m, func(e *spec.Expr) { used[e.Builtin] = true })
	}
	if used[spec.Pick] {
		f.f(`// pick is a if c, else b.
		func pick[T any](c bool, a, b T) T {
			if c {
				return a
			}
			return b
		}
		`)
	}
	if used[spec.Less] {
		f.f(`// less is a minus 1 if b, else a.
		func less(a uint64, b bool) uint64 {
			if b {
				return a - 1
			}
			return a
		}
		`)
	}
}

// tags prints the signals' kinds, and a struct for each message.
func (p *goPackage) tags() {
	var signals, messages []*spec.Message
	limits := false
	for _, m := range p.spec.Messages {
		if m.Signal {
			signals = append(signals, m)
			continue
		}
		messages = append(messages, m)
		for _, x := range m.Fields {
			limits = limits || x.Limit != nil || x.Type.Kind == spec.Enum
		}
	}
	if len(signals)+len(messages) == 0 {
		return
	}
	var imports []string
	if limits {
		imports = []string{"strconv"}
	}
	f := p.file("messages", imports...)
	p.numbers(f, signals, "Kind", "The kinds of the signals: they travel inside a signed envelope.")
	p.numbers(f, messages, "Tag", "The tags of the messages: the first byte on the control channel.")
	if len(messages) == 0 {
		return
	}
	p.factory(f, messages)
	for _, m := range messages {
		p.message(f, m)
	}
	if limits {
		p.limitError(f)
	}
}

func (p *goPackage) numbers(f *goFile, ms []*spec.Message, suffix, doc string) {
	if len(ms) == 0 {
		return
	}
	f.f("// %s\nconst (", doc)
	for _, m := range ms {
		f.f("%s = %d%s", p.claim(m.Pos, goName(m.Name)+suffix), m.Number, note(m.Doc))
	}
	f.f(")\n")
}

func (p *goPackage) factory(f *goFile, ms []*spec.Message) {
	at := token.Position{Line: 1}
	f.f(`// %s is any of the messages. On the wire it is a CBOR array of its
	// fields behind its tag.
	type Message interface {
		Tag() uint8
		Check() error // what is beyond the limits of the spec
	}
	`, p.claim(at, "Message"))
	f.f("// %s gives a pointer to a zero message, or nil for an unknown tag.", p.claim(at, "New"))
	f.f("func New(tag uint8) Message {\nswitch tag {")
	for _, m := range ms {
		f.f("case %[1]sTag:\nreturn new(%[1]s)", goName(m.Name))
	}
	f.f("}\nreturn nil\n}\n")
}

func (p *goPackage) message(f *goFile, m *spec.Message) {
	name := p.claim(m.Pos, goName(m.Name))
	if m.Doc != "" {
		f.f("// %s: %s", name, m.Doc)
	} else {
		f.f("// %s is message %d: %s.", name, m.Number, where(m.Pos))
	}
	f.f("type %s struct {\n_ struct{} `cbor:\",toarray\"`", name)
	for _, x := range m.Fields {
		p.claim(x.Pos, name+"."+goName(x.Name))
		f.f("%s %s", goName(x.Name), goType(x.Type))
	}
	f.f("}\n")
	p.limits(f, m, name)
	f.f("// %s is %sTag.", p.member(m, name, "Tag"), name)
	f.f("func (%[1]s) Tag() uint8 { return %[1]sTag }\n", name)
	f.f("// %s reports the first field that is beyond its limit, as a *LimitError.", p.member(m, name, "Check"))
	checks := p.checks(m, name)
	if len(checks) == 0 {
		f.f("func (%s) Check() error { return nil }\n", name)
		return
	}
	f.f("func (m %s) Check() error {\nswitch {", name)
	for _, c := range checks {
		f.f("%s", c)
	}
	f.f("}\nreturn nil\n}\n")
}

func (p *goPackage) member(m *spec.Message, name, method string) string {
	p.claim(m.Pos, name+"."+method)
	return method
}

// limits prints a constant for each limit.
func (p *goPackage) limits(f *goFile, m *spec.Message, name string) {
	for _, x := range m.Fields {
		if x.Limit == nil {
			continue
		}
		value := itoa(x.Limit.Value)
		if x.Limit.Const != nil {
			value = goName(x.Limit.Const.Name)
		}
		what := map[spec.Kind]string{spec.Peers: "peers", spec.Text: "bytes of UTF-8", spec.Bytes: "bytes"}[x.Type.Kind]
		c := p.claim(x.Pos, "Max"+name+goName(x.Name))
		f.f("// %s limits %s.%s, in %s.\nconst %s = %s\n", c, name, goName(x.Name), what, c, value)
	}
}

func (p *goPackage) checks(m *spec.Message, name string) (out []string) {
	for _, x := range m.Fields {
		field := goName(x.Name)
		switch {
		case x.Limit != nil:
			out = append(out, "case len(m."+field+") > Max"+name+field+":\nreturn &LimitError{\""+
				name+"\", \""+x.Name+"\", len(m."+field+"), Max"+name+field+"}")
		case x.Type.Kind == spec.Enum:
			last := goType(x.Type) + goName(x.Type.Values[len(x.Type.Values)-1].Name)
			out = append(out, "case m."+field+" > "+last+":\nreturn &LimitError{\""+
				name+"\", \""+x.Name+"\", int(m."+field+"), int("+last+")}")
		}
	}
	return out
}

func (p *goPackage) limitError(f *goFile) {
	f.f(`// %s says which field of a message is beyond its limit.
	type LimitError struct {
		Message, Field string
		Size, Limit    int // length, count or value
	}

	// Error gives "Bind.protocol: 70 is more than 64".
	func (e *LimitError) Error() string {
		return e.Message + "." + e.Field + ": " + strconv.Itoa(e.Size) + " is more than " + strconv.Itoa(e.Limit)
	}`, p.claim(token.Position{Line: 1}, "LimitError"))
}
