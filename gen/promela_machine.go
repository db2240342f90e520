package main

import (
	"fmt"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// promelaMachine prints one machine.
type promelaMachine struct {
	*promelaFile
	m      *spec.Machine
	name   string
	kinds  map[string]string // the name of an effect's kind, by its text
	fields []*spec.Field     // of all effects
}

func (g *promelaMachine) claimed(s string) string { return g.claim(g.m.Pos, g.name+"_"+s) }

// types prints the states and the machine's values.
func (g *promelaMachine) types() {
	m := g.m
	g.f("\n// Machine %s of %s.\n", m.Name, where(m.Pos))
	for _, s := range m.States {
		g.f("#define %s %d%s", g.claim(s.Pos, g.name+"_"+s.Name), s.Index, note(s.Doc))
	}
	for _, gr := range m.Groups {
		var in []string
		for _, s := range gr.States {
			in = append(in, "_m.state == "+g.name+"_"+s.Name)
		}
		g.f("#define %s(_m) (%s)", g.claim(gr.Pos, g.name+"_"+gr.Name), strings.Join(in, " || "))
	}
	g.f("\ntypedef %s {\n\tbyte state;", g.claimed("t"))
	for _, s := range m.Slots() {
		g.f("\t%s %s;", promelaType(s.Type), field(s.Name))
	}
	g.f("}\n")
	g.f("inline %s(_to, _from) {\n\t_to.state = _from.state;", g.claimed("copy"))
	for _, s := range m.Slots() {
		g.f("\t_to.%[1]s = _from.%[1]s;", field(s.Name))
	}
	g.f("}\n")
}

// effects prints the kinds of effects, counted as in Go, and the list of them.
func (g *promelaMachine) effects() {
	u := &machine{pkg: &goPackage{spec: g.spec, taken: map[string]int{}}, spec: g.m, name: g.name}
	var lists [][]*spec.Field
	g.kinds = map[string]string{}
	add := func(text, name string) {
		g.kinds[text] = g.claimed("fx_" + name)
		g.f("#define %s %d", g.kinds[text], len(g.kinds))
	}
	for _, e := range g.m.Effects {
		add(e.Name, e.Name)
		lists = append(lists, e.Params)
	}
	for _, s := range u.sends() {
		add("send "+s.Message.Name, "send_"+s.Message.Name)
		if s.Message.Scalars() && u.sendsValues(s.Message) {
			lists = append(lists, s.Message.Fields)
		}
	}
	for _, t := range g.m.Timers {
		add("start "+t.Name, "start_"+t.Name)
		add("stop "+t.Name, "stop_"+t.Name)
	}
	g.fields = u.union("Effect", lists...)
	g.f("\ntypedef %s {\n\tbyte kind;", g.claimed("effect"))
	for _, x := range g.fields {
		g.f("\t%s %s;", promelaType(x.Type), field(x.Name))
	}
	g.f("}\n\ntypedef %s {\n\tint edge; // as Go counts them\n\tbyte n;\n\t%s_effect list[%d];\n}\n", g.claimed("effects"), g.name, max(u.mostEffects(), 1))
	// Entries beyond n are always zero, so that no step needs to clear the whole list.
	g.f("inline %s(_fx) {\n\t_fx.edge = 0;\n\tdo\n\t:: _fx.n ->\n\t\t_fx.n--;\n\t\t_fx.list[_fx.n].kind = 0;", g.claimed("clear"))
	for _, x := range g.fields {
		g.f("\t\t_fx.list[_fx.n].%s = 0;", field(x.Name))
	}
	g.f("\t:: else -> break\n\tod\n}\n")
	g.f("inline %s(_fx, _kind) {\n\t_fx.list[_fx.n].kind = _kind;\n\t_fx.n++\n}\n", g.claimed("put"))
}

// macros prints the defines for the preprocessor, and the dos as inlines. An
// argument of a do is worked out before its first action, as everywhere: it goes
// through a variable.
func (g *promelaMachine) macros() {
	for _, d := range g.m.Defines {
		names, params := []string{"_m"}, []string{}
		for _, x := range d.Params {
			names, params = append(names, x.Name+"_"), append(params, "("+x.Name+"_)")
		}
		g.f("#define %s(%s) (%s) // %s", g.claim(d.Pos, g.name+"_"+d.Name), strings.Join(names, ", "), g.expr(d.Body, params), where(d.Pos))
	}
	for _, d := range g.m.Dos {
		name := g.claim(d.Pos, g.name+"_"+d.Name)
		g.f("")
		var params []string
		for _, x := range d.Params {
			params = append(params, g.claim(x.Pos, name+"_"+x.Name))
			g.f("hidden int %s;", name+"_"+x.Name)
		}
		g.f("inline %s(_m, _fx) { // %s", name, where(d.Pos))
		g.actions("\t", d.Actions, params)
		g.f("}")
	}
}

// steps prints an inline for each event.
func (g *promelaMachine) steps() {
	for _, on := range g.m.Ons {
		formal := []string{"_m", "_fx"}
		var params []string
		for _, x := range on.Params {
			formal, params = append(formal, x.Name+"_"), append(params, x.Name+"_")
		}
		g.f("\ninline %s(%s) { // %s", g.claim(on.Pos, g.name+"_step_"+on.Name), strings.Join(formal, ", "), where(on.Pos))
		g.f("\t%s_clear(_fx);", g.name)
		if on.Timer != nil {
			g.f("\t_m.%s = false;", field(on.Timer.Name))
		}
		g.f("\tif")
		for _, s := range g.m.States {
			edges := on.From(s)
			if len(edges) == 1 && edges[0].Rule.Guard == nil {
				g.edge(fmt.Sprintf("\t:: _m.state == %s_%s ->", g.name, s.Name), "\t\t", edges[0], params)
				continue
			}
			g.f("\t:: _m.state == %s_%s ->\n\t\tif", g.name, s.Name)
			for _, e := range edges {
				guard := "else"
				if e.Rule.Guard != nil {
					guard = g.expr(e.Rule.Guard, params)
				}
				g.edge("\t\t:: "+guard+" ->", "\t\t\t", e, params)
			}
			g.f("\t\tfi")
		}
		g.f("\tfi\n}")
	}
}

// edge prints one rule, behind its condition.
func (g *promelaMachine) edge(condition, indent string, e *spec.Edge, params []string) {
	g.f("%s // %s", condition, where(e.Rule.Pos))
	switch {
	case e.Rule.Target == spec.Never && e.On.Timer != nil:
		g.f("%s_m.%s = true // never: nothing changes, and it was running", indent, field(e.On.Timer.Name))
		return
	case e.Rule.Target == spec.Never:
		g.f("%sskip // never", indent)
		return
	}
	g.actions(indent, e.Rule.Actions, params)
	if e.To != e.From {
		g.f("%s_m.state = %s_%s;", indent, g.name, e.To.Name)
	}
	g.f("%s_fx.edge = %d // %s", indent, e.Index, e.Name)
}

func (g *promelaMachine) actions(indent string, as []*spec.Action, params []string) {
	for _, a := range as {
		g.action(indent, a, params)
	}
}

func (g *promelaMachine) action(indent string, a *spec.Action, params []string) {
	switch a.Kind {
	case spec.Assign:
		g.f("%s_m.%s = %s;", indent, field(a.Name), g.expr(a.Value, params))
	case spec.Start:
		g.f("%s_m.%s = true; %s_put(_fx, %s);", indent, field(a.Name), g.name, g.kinds["start "+a.Name])
	case spec.Stop:
		g.f("%sif :: _m.%[2]s -> _m.%[2]s = false; %[3]s_put(_fx, %[4]s) :: else fi;", indent, field(a.Name), g.name, g.kinds["stop "+a.Name])
	case spec.Send:
		g.put(indent, g.kinds["send "+a.Name], a.Args, a.Message.Fields, params)
	case spec.Call:
		if a.Do == nil {
			g.put(indent, g.kinds[a.Name], a.Args, a.Effect.Params, params)
			return
		}
		for i, x := range a.Args {
			g.f("%s%s_%s_%s = %s;", indent, g.name, a.Name, a.Do.Params[i].Name, g.expr(x, params))
		}
		g.f("%s%s_%s(_m, _fx);", indent, g.name, a.Name)
	}
}

func (g *promelaMachine) put(indent, kind string, args []*spec.Expr, fields []*spec.Field, params []string) {
	g.f("%s%s_put(_fx, %s);", indent, g.name, kind)
	for i, x := range args {
		g.f("%s_fx.list[_fx.n - 1].%s = %s;", indent, field(fields[i].Name), g.expr(x, params))
	}
}
