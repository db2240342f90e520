package main

import (
	"fmt"
	"go/token"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// properties prints the invariants, and where searches look.
func (g *promelaMachine) properties() {
	var always, within []string
	for _, a := range g.m.Always {
		text := g.code(a.Then, nil).within(promelaPrec[token.LAND])
		if a.When != nil {
			text = "(!" + g.code(a.When, nil).within(promelaAtom) + " || " + g.code(a.Then, nil).within(promelaPrec[token.LOR]) + ")"
		}
		always = append(always, text)
	}
	for _, s := range g.m.Slots() {
		if s.Type.Kind == spec.Number {
			within = append(within, fmt.Sprintf("_m.%s <= %d", field(s.Name), s.Top))
		}
	}
	g.f("\n#define %s(_m) (%s)", g.claimed("always"), conjunction(always))
	g.f("#define %s(_m) (%s)", g.claimed("within"), conjunction(within))
	// For printf in C: the state and the values in their order.
	format, values := []string{"%d"}, []string{"_m.state"}
	for _, s := range g.m.Slots() {
		format, values = append(format, "%d"), append(values, "_m."+field(s.Name))
	}
	g.f("#define %s \"%s\"", g.claimed("format"), strings.Join(format, " "))
	g.f("#define %s(_m) %s", g.claimed("values"), strings.Join(values, ", "))
}

func conjunction(terms []string) string {
	if len(terms) == 0 {
		return "true"
	}
	return strings.Join(terms, " && ")
}

// alone prints the model of the machine alone. Choices are made in variables
// that SPIN restores; what is hidden is set and read in one d_step.
func (g *promelaMachine) alone() {
	most := 1
	for _, on := range g.m.Ons {
		most = max(most, len(on.Params))
	}
	g.f("\n#ifdef %s_ALONE", strings.ToUpper(g.name))
	g.f("%[1]s_t alone;\nhidden %[1]s_t alone_next;\nhidden %[1]s_effects alone_fx;\nint alone_arg[%[2]d];\n", g.name, most)
	g.tell(most)
	g.f("inline alone_keep() {")
	g.f("\tif\n\t:: alone_fx.edge && %[1]s_within(alone_next) -> assert(%[1]s_always(alone_next)); %[1]s_copy(alone, alone_next)\n\t:: else\n\tfi;", g.name)
	for i := range most {
		g.f("\talone_arg[%d] = 0;", i)
	}
	g.f("}\n\nactive proctype alone_world() {")
	g.f("\tatomic {\n\t\talone.state = %s_%s;", g.name, g.m.Initial.Name)
	for i, s := range g.m.Slots() {
		if i < len(g.m.Params) {
			g.f("\t\t%s;", choice("alone."+field(s.Name), s.Top))
		}
	}
	g.f("\t\tassert(%s_always(alone))\n\t};", g.name)
	g.f("\tdo\n\t:: c_expr { ALONE_DUMP } -> skip")
	for i, on := range g.m.Ons {
		g.event(i+1, on)
	}
	g.f("\tod\n}\n#endif")
}

// event prints the choice of one event with its values.
func (g *promelaMachine) event(index int, on *spec.On) {
	args := []string{"alone_next", "alone_fx"}
	g.f("\t:: atomic {")
	if on.Timer != nil {
		g.f("\t\talone.%s -> // a timer fires only while it runs", field(on.Timer.Name))
	}
	for i, x := range on.Params {
		arg := fmt.Sprintf("alone_arg[%d]", i)
		args = append(args, arg)
		g.f("\t\t%s;", choice(arg, top(x.Type)))
	}
	g.f("\t\td_step {\n\t\t\t%[1]s_copy(alone_next, alone); %[1]s_step_%[2]s(%[3]s);", g.name, on.Name, strings.Join(args, ", "))
	g.f("\t\t\tc_code { alone_tell(%d); }; alone_keep()\n\t\t}\n\t}", index)
}

// choice gives v any value from 0 to top.
func choice(v string, top int64) string {
	var b strings.Builder
	b.WriteString("if")
	for i := range top + 1 {
		fmt.Fprintf(&b, " :: %s = %d", v, i)
	}
	return b.String() + " fi"
}

func top(t *spec.Type) int64 {
	switch t.Kind {
	case spec.Bool:
		return 1
	case spec.Enum:
		return int64(len(t.Values)) - 1
	}
	return int64(t.Explore.Value)
}

// tell prints the C that prints the lines. DUMP is a macro because SPIN takes
// every call in a c_expr for a side effect.
func (g *promelaMachine) tell(most int) {
	var format, values strings.Builder
	for i := range most {
		format.WriteString(" %d")
		fmt.Fprintf(&values, ", now.alone_arg[%d]", i)
	}
	g.f("c_code {\n\\#include <stdio.h>")
	g.f("static int alone_dump(void) { printf(\"S \" %[1]s_format \"\\n\", %[1]s_values(now.alone)); return 0; }", g.name)
	g.f("\\#define ALONE_DUMP alone_dump()")
	g.f("static void alone_tell(int on) {\n\tint i;")
	g.f("\tprintf(\"T \" %[1]s_format \" / %%d%[2]s / %%d \" %[1]s_format \" /\", %[1]s_values(now.alone), on%[3]s, alone_fx.edge, %[1]s_values(alone_next));",
		g.name, format.String(), values.String())
	g.f("\tfor (i = 0; i < alone_fx.n; i++) {\n\t\tprintf(\" %%d\", alone_fx.list[i].kind);")
	for _, x := range g.fields {
		g.f("\t\tif (alone_fx.list[i].%[1]s) printf(\" %[2]s=%%d\", alone_fx.list[i].%[1]s);", field(x.Name), x.Name)
	}
	g.f("\t}\n\tprintf(\"\\n\");\n}\n};\n")
}
