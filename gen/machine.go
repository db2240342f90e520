package main

import (
	"go/token"
	"slices"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// machine prints one machine.
type machine struct {
	pkg           *goPackage
	spec          *spec.Machine
	name          string // Link
	recv          string // link
	file          string
	main, strings *goFile

	eventNames []string // constructors, in the order of Ons
	most       int      // effects of an edge
}

// kind is a value of an enum of events or effects.
type kind struct{ name, text, doc string }

func newMachine(p *goPackage, m *spec.Machine) *machine {
	g := &machine{pkg: p, spec: m, name: goName(m.Name), file: strings.ToLower(m.Name)}
	g.recv = g.local(lower(g.name))
	g.main, g.strings = p.file(g.file), p.file(g.file+"_names", "strconv")
	return g
}

func (g *machine) claim(pos token.Position, suffix string) string {
	return g.pkg.claim(pos, g.name+suffix)
}

// types prints the states and the machine itself.
func (g *machine) types() {
	f, m := g.main, g.spec
	state := g.claim(m.Pos, "State")
	f.f("// %s is a state of a %s. The zero value is the initial one.", state, g.name)
	f.f("type %s uint8\n", state)
	f.f("// The states.\nconst (")
	var consts, texts []string
	for i, s := range m.States {
		c := g.claim(s.Pos, goName(s.Name))
		consts, texts = append(consts, c), append(texts, s.Name)
		if i == 0 {
			f.f("%s %s = iota%s", c, state, note(s.Doc))
			continue
		}
		f.f("%s%s", c, note(s.Doc))
	}
	f.f(")\n")
	f.f("// %s counts the states.\nconst %[1]s = %d\n", g.claim(m.Pos, "States"), len(m.States))
	for _, gr := range m.Groups {
		name := goName(gr.Name)
		g.claim(gr.Pos, "State."+name)
		f.f("// %s reports whether s is %s.", name, orList(gr.States))
		f.f("func (s %s) %s() bool {\nreturn %s\n}\n", state, name, g.inStates("s", gr.States))
	}
	stringer(g.strings, state, 0, consts, texts)
	g.value()
}

func (g *machine) inStates(x string, states []*spec.State) string {
	var out []string
	for _, s := range states {
		out = append(out, x+" == "+g.name+goName(s.Name))
	}
	return strings.Join(out, " || ")
}

func orList(states []*spec.State) string {
	var b strings.Builder
	for i, s := range states {
		switch {
		case i > 0 && i == len(states)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(s.Name)
	}
	return b.String()
}

// value prints the struct.
func (g *machine) value() {
	f, m := g.main, g.spec
	g.claim(m.Pos, "")
	doc := m.Doc
	if doc == "" {
		doc = "It is machine " + m.Name + " of the spec."
	}
	f.f("// %s is the machine of %s. It is a plain value: compare and copy it at will.", g.name, where(m.Pos))
	f.f("//\n// %s", strings.ReplaceAll(doc, "\n", "\n// "))
	f.f("type %s struct {\nState %sState", g.name, g.name)
	g.claim(m.Pos, ".State")
	for _, p := range m.Params {
		g.claim(p.Pos, "."+goName(p.Name))
		f.f("%s %s // parameter", goName(p.Name), goType(p.Type))
	}
	for _, v := range m.Vars {
		g.claim(v.Pos, "."+goName(v.Name))
		f.f("%s %s%s", goName(v.Name), goType(v.Type), note(v.Doc))
	}
	for _, t := range m.Timers {
		g.claim(t.Pos, "."+goName(t.Name))
		f.f("%s bool // the timer runs", goName(t.Name))
	}
	f.f("}\n")
	if len(m.Params) == 0 {
		return
	}
	var params, fields []string
	for _, p := range m.Params {
		params = append(params, g.local(p.Name)+" "+goType(p.Type))
		fields = append(fields, goName(p.Name)+": "+g.local(p.Name))
	}
	f.f("// %s gives the machine in its initial state.", g.pkg.claim(m.Pos, "New"+g.name))
	f.f("func New%[1]s(%[2]s) %[1]s { return %[1]s{%[3]s} }\n", g.name, strings.Join(params, ", "), strings.Join(fields, ", "))
}

// union gives one field for each name. Fields of one name must have one type.
func (g *machine) union(of string, lists ...[]*spec.Field) (out []*spec.Field) {
	for _, list := range lists {
		for _, x := range list {
			i := slices.IndexFunc(out, func(o *spec.Field) bool { return o.Name == x.Name })
			switch {
			case i < 0:
				g.claim(x.Pos, of+"."+goName(x.Name))
				out = append(out, x)
			case goType(out[i].Type) != goType(x.Type):
				g.pkg.faults = append(g.pkg.faults, g.pkg.spec.Fault(x.Pos, "%s is %s here and %s in line %d: one name, one type",
					x.Name, x.Type.Name, out[i].Type.Name, out[i].Pos.Line))
			}
		}
	}
	return out
}

// kinds prints an enum that begins at 1, so that a zero value says nothing.
func (g *machine) kinds(f *goFile, typ, doc string, ks []kind) {
	f.f("// %s\ntype %s uint8\n", doc, typ)
	f.f("// The kinds; 0 is none.\nconst (\n_ %s = iota", typ)
	var consts, texts []string
	for _, k := range ks {
		consts, texts = append(consts, k.name), append(texts, k.text)
		f.f("%s%s", k.name, note(k.doc))
	}
	f.f(")\n")
	stringer(g.strings, typ, 1, consts, texts)
}
