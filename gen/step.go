package main

import (
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// step prints Step, a method for each event, and the macros.
func (g *machine) step() {
	f, m := g.pkg.file(g.file+"_step"), g.spec
	edge := g.claim(m.Pos, "Edge")
	size := "uint8"
	if len(m.Edges) > 255 {
		size = "uint16"
	}
	f.f("// %s names what a step did: a rule of the spec in one source state.", edge)
	f.f("type %s %s\n", edge, size)
	f.f("// The edges.\nconst (")
	f.f("%s %s = iota // the event must not happen in this state; nothing changed", g.claim(m.Pos, "Never"), edge)
	for _, e := range m.Edges {
		f.f("%s // %s", g.claim(e.Rule.Pos, "Edge"+e.Name), where(e.Rule.Pos))
	}
	f.f(")\n")
	f.f("// %s counts the edges, with %sNever.\nconst %[1]s = %[3]d\n", g.claim(m.Pos, "Edges"), g.name, len(m.Edges)+1)
	g.claim(m.Pos, ".Step")
	f.f(`// Step answers ev: it moves on and leaves in fx what is to be done. It returns
	// %[1]sNever, and changes nothing but fx, when the spec says that ev must not
	// happen here. It never allocates.`, g.name)
	f.f("func (%[1]s *%[2]s) Step(ev %[2]sEvent, fx *%[2]sEffects) %[2]sEdge {\nfx.n = 0\nswitch ev.Kind {", g.recv, g.name)
	for _, on := range m.Ons {
		f.f("case %sOn%s:\nreturn %s.on%[2]s(&ev, fx)", g.name, goName(on.Name), g.recv)
	}
	f.f("}\nreturn %sNever\n}\n", g.name)
	for _, on := range m.Ons {
		g.on(f, on)
	}
	g.macros(f)
}

// on prints the answer to one event: a case for each state.
func (g *machine) on(f *goFile, on *spec.On) {
	g.claim(on.Pos, ".on"+goName(on.Name))
	params := "ev *" + g.name + "Event" // a copy less
	if len(on.Params) == 0 {
		params = "_ *" + g.name + "Event"
	}
	fx := "fx"
	if !effectful(on) {
		fx = "_"
	}
	f.f("func (%[1]s *%[2]s) on%[3]s(%[4]s, %[5]s *%[2]sEffects) %[2]sEdge { // %[6]s", g.recv, g.name, goName(on.Name), params, fx, where(on.Pos))
	timer := ""
	if on.Timer != nil && len(on.Rules) > 0 && !onlyNever(on) {
		timer = g.recv + "." + goName(on.Timer.Name)
		f.f("running := %s\n%[1]s = false", timer)
	}
	f.f("switch %s.State {", g.recv)
	for _, s := range g.spec.States {
		f.f("case %s%s:", g.name, goName(s.Name))
		for _, e := range on.From(s) {
			g.edge(f, on, e)
		}
	}
	f.f("}")
	if timer != "" {
		f.f("%s = running", timer)
	}
	f.f("return %sNever\n}\n", g.name)
}

func onlyNever(on *spec.On) bool {
	for _, r := range on.Rules {
		if r.Target != spec.Never {
			return false
		}
	}
	return true
}

func effectful(on *spec.On) bool {
	for _, r := range on.Rules {
		for _, a := range r.Actions {
			if a.Kind != spec.Assign {
				return true
			}
		}
	}
	return false
}

func (g *machine) edge(f *goFile, on *spec.On, e *spec.Edge) {
	r := e.Rule
	guarded := r.Guard != nil
	switch {
	case guarded && r.Target == spec.Never:
		f.f("if %s { // %s: never\nbreak\n}", g.expr(r.Guard, eventParams(on)), where(r.Pos))
		return
	case r.Target == spec.Never:
		f.f("// %s: never", where(r.Pos))
		return
	case guarded:
		f.f("if %s { // %s", g.expr(r.Guard, eventParams(on)), where(r.Pos))
	default:
		f.f("// %s", where(r.Pos))
	}
	g.actions(f, r.Actions, eventParams(on))
	if e.To != e.From {
		f.f("%s.State = %s%s", g.recv, g.name, goName(e.To.Name))
	}
	f.f("return %sEdge%s", g.name, e.Name)
	if guarded {
		f.f("}")
	}
}

func (g *machine) actions(f *goFile, as []*spec.Action, params []param) {
	for _, a := range as {
		g.action(f, a, params)
	}
}

func (g *machine) action(f *goFile, a *spec.Action, params []param) {
	switch a.Kind {
	case spec.Assign:
		f.f("%s", g.assign(a, params))
	case spec.Start:
		f.f("%s.%s = true", g.recv, goName(a.Timer.Name))
		f.f("fx.put(%sEffect{Kind: %[1]sFxStart%s})", g.name, goName(a.Timer.Name))
	case spec.Stop:
		f.f("if %s.%s {\n%[1]s.%[2]s = false", g.recv, goName(a.Timer.Name))
		f.f("fx.put(%sEffect{Kind: %[1]sFxStop%s})\n}", g.name, goName(a.Timer.Name))
	case spec.Send:
		f.f("fx.put(%sEffect{Kind: %[1]sFxSend%s%s})", g.name, goName(a.Name), g.values(a.Args, a.Message.Fields, params))
	case spec.Call:
		if a.Do == nil {
			f.f("fx.put(%sEffect{Kind: %[1]sFx%s%s})", g.name, goName(a.Name), g.values(a.Args, a.Effect.Params, params))
			return
		}
		args := []string{"fx"}
		for i, x := range a.Args {
			args = append(args, g.typed(x, goType(a.Do.Params[i].Type), params))
		}
		f.f("%s.%s(%s)", g.recv, lower(goName(a.Do.Name)), strings.Join(args, ", "))
	}
}

// values gives ", Field: value" for each argument.
func (g *machine) values(args []*spec.Expr, fields []*spec.Field, params []param) string {
	var b strings.Builder
	for i, x := range args {
		b.WriteString(", " + goName(fields[i].Name) + ": " + g.typed(x, goType(fields[i].Type), params))
	}
	return b.String()
}

func (g *machine) assign(a *spec.Action, params []param) string {
	target := g.recv + "." + goName(a.Var.Name)
	if op := a.Short(); op != "" {
		return target + op
	}
	return target + " = " + g.typed(a.Value, goType(a.Var.Type), params)
}

// macros prints the defines and dos as methods.
func (g *machine) macros(f *goFile) {
	for _, d := range g.spec.Defines {
		name := lower(goName(d.Name))
		g.claim(d.Pos, "."+name)
		params := g.macroParams(d.Params)
		f.f("func (%s *%s) %s(%s) %s { // %s", g.recv, g.name, name, signature(params), goType(d.Body.Type), where(d.Pos))
		f.f("return %s\n}\n", g.typed(d.Body, goType(d.Body.Type), params))
	}
	for _, d := range g.spec.Dos {
		name := lower(goName(d.Name))
		g.claim(d.Pos, "."+name)
		params := g.macroParams(d.Params)
		all := "fx *" + g.name + "Effects"
		if len(params) > 0 {
			all += ", " + signature(params)
		}
		f.f("func (%s *%s) %s(%s) { // %s", g.recv, g.name, name, all, where(d.Pos))
		g.actions(f, d.Actions, params)
		f.f("}\n")
	}
}
