package main

import (
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// names prints the names of the edges, and the table of them.
func (g *machine) names() {
	f, m := g.pkg.file(g.file+"_edges"), g.spec
	consts, texts := []string{g.name + "Never"}, []string{"Never"}
	for _, e := range m.Edges {
		consts, texts = append(consts, g.name+"Edge"+e.Name), append(texts, e.Name)
	}
	stringer(g.strings, g.name+"Edge", 0, consts, texts)
	table := lower(g.name) + "EdgeInfos"
	f.f("// %s describes e. It is zero for %sNever and for what is no edge.", g.claim(m.Pos, "EdgeInfo"), g.name)
	f.f("func %sEdgeInfo(e %[1]sEdge) EdgeInfo {\nif int(e) < len(%s) {\nreturn %[2]s[e]\n}\nreturn EdgeInfo{}\n}\n", g.name, table)
	f.f("var %s = [%sEdges]EdgeInfo{", table, g.name)
	for _, e := range m.Edges {
		r := e.Rule
		var extra strings.Builder
		if r.GuardText != "" {
			extra.WriteString(", Guard: " + quote(r.GuardText))
		}
		if r.Label != "" {
			extra.WriteString(", Label: " + quote(r.Label))
		}
		f.f("%sEdge%s: {Name: %q, Machine: %q, From: %q, Event: %q, To: %q%s, Line: %d},", g.name, e.Name, e.Name, m.Name,
			e.From.Name, e.On.Name, e.To.Name, extra.String(), r.Pos.Line)
	}
	f.f("}")
}

// explore prints what tests and searches need.
func (g *machine) explore() {
	f, m := g.pkg.file(g.file+"_explore"), g.spec
	g.claim(m.Pos, ".Check")
	f.f("// Check gives the first invariant of the spec that does not hold, with its\n// place, or \"\".")
	f.f("func (%s *%s) Check() string {", g.recv, g.name)
	if len(m.Always) > 0 {
		f.f("switch {")
		for _, a := range m.Always {
			broken := negated(g.code(a.Then, nil))
			if a.When != nil {
				broken = g.code(a.When, nil).within(2) + " && " + broken
			}
			f.f("case %s:\nreturn %s", broken, quote(where(a.Pos)+": always "+a.Text))
		}
		f.f("}")
	}
	f.f("return \"\"\n}\n")
	g.within(f)
	g.each(f)
	g.cover(f)
}

// negated is the negation of a condition, without negating it twice.
func negated(c code) string {
	if text, ok := strings.CutPrefix(c.text, "!"); ok && c.prec >= 6 {
		return text
	}
	return "!" + c.within(6)
}

func (g *machine) within(f *goFile) {
	g.claim(g.spec.Pos, ".Within")
	f.f("// Within reports whether every number is where the spec lets searches look.")
	var tests []string
	for _, s := range g.spec.Slots() {
		if s.Type.Kind == spec.Number {
			tests = append(tests, g.recv+"."+goName(s.Name)+" <= "+itoa(uint64(s.Top)))
		}
	}
	if len(tests) == 0 {
		tests = []string{"true"}
	}
	f.f("func (%s *%s) Within() bool { return %s }\n", g.recv, g.name, strings.Join(tests, " && "))
}

// each prints the enumeration of all events.
func (g *machine) each(f *goFile) {
	f.f("// %s gives every event with every value that searches look at, until\n// yield returns false.", g.pkg.claim(g.spec.Pos, "Each"+g.name+"Event"))
	f.f("func Each%[1]sEvent(yield func(%[1]sEvent) bool) {", g.name)
	for i, on := range g.spec.Ons {
		var args []string
		for _, x := range on.Params {
			v := g.local(x.Name)
			args = append(args, v)
			switch x.Type.Kind {
			case spec.Bool:
				f.f("for _, %s := range [...]bool{false, true} {", v)
			case spec.Enum:
				last := goType(x.Type) + goName(x.Type.Values[len(x.Type.Values)-1].Name)
				f.f("for %s := range %s + 1 {", v, last)
			default:
				f.f("for %s := range %s(%d) {", v, goType(x.Type), x.Type.Explore.Value+1)
			}
		}
		f.f("if !yield(%s(%s)) {\nreturn\n}", g.eventNames[i], strings.Join(args, ", "))
		for range on.Params {
			f.f("}")
		}
	}
	f.f("}\n")
}

func (g *machine) cover(f *goFile) {
	f.f(`// %[1]sCover counts how often each edge was taken. The zero value is empty; it is
	// not safe for concurrent use.
	type %[1]sCover [%[1]sEdges]uint64

	// Add counts one step.
	func (c *%[1]sCover) Add(e %[1]sEdge) {
		if int(e) < len(c) {
			c[e]++
		}
	}

	// Merge adds the counts of other.
	func (c *%[1]sCover) Merge(other *%[1]sCover) {
		for e, n := range other {
			c[e] += n
		}
	}

	// Missing gives the edges that were never taken.
	func (c *%[1]sCover) Missing() (out []%[1]sEdge) {
		for e := %[1]sEdge(1); e < %[1]sEdges; e++ {
			if c[e] == 0 {
				out = append(out, e)
			}
		}
		return out
	}`, g.name)
	g.claim(g.spec.Pos, "Cover")
}

// quote prefers back quotes, for guards are full of operators.
func quote(s string) string {
	if strings.Contains(s, "`") {
		return "\"" + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + "\""
	}
	return "`" + s + "`"
}
