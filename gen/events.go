package main

import (
	"slices"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// events prints the kinds of events, the event, and a constructor for each.
func (g *machine) events() {
	f, m := g.main, g.spec
	typ := g.claim(m.Pos, "Event")
	g.claim(m.Pos, "EventKind")
	g.claim(m.Pos, "Event.Kind")
	var ks []kind
	var params [][]*spec.Field
	for _, on := range m.Ons {
		ks = append(ks, kind{g.claim(on.Pos, "On"+goName(on.Name)), on.Name, g.eventDoc(on)})
		params = append(params, on.Params)
	}
	g.kinds(f, typ+"Kind", typ+"Kind says what happened.", ks)
	f.f("// %s is what happened, with the values of its kind.", typ)
	f.f("type %s struct {\nKind %sKind", typ, typ)
	for _, x := range packed(g.union("Event", params...)) {
		f.f("%s %s", goName(x.Name), goType(x.Type))
	}
	f.f("}\n")
	for i, on := range m.Ons {
		g.constructor(on, ks[i])
	}
}

// eventDoc is the comment of the event's own declaration.
func (g *machine) eventDoc(on *spec.On) string {
	switch on.Trigger {
	case spec.Fires:
		return "the timer has ended"
	case spec.Arrives:
		return on.Message.Doc
	}
	for _, e := range g.spec.Events {
		if e.Name == on.Name {
			return e.Doc
		}
	}
	return ""
}

func (g *machine) constructor(on *spec.On, k kind) {
	name := g.claim(on.Pos, goName(on.Name))
	g.eventNames = append(g.eventNames, name)
	var params, fields []string
	for _, x := range on.Params {
		p := g.local(x.Name)
		params = append(params, p+" "+goType(x.Type))
		fields = append(fields, ", "+goName(x.Name)+": "+p)
	}
	f := g.main
	f.f("// %s is the event %s of %s.", name, on.Name, where(on.Pos))
	f.f("func %s(%s) %sEvent {\nreturn %[3]sEvent{Kind: %s%s}\n}\n", name, strings.Join(params, ", "), g.name, k.name, strings.Join(fields, ""))
}

// effects prints the kinds of effects, the effect, and the array of them.
func (g *machine) effects() {
	f, m := g.main, g.spec
	typ := g.claim(m.Pos, "Effect")
	g.claim(m.Pos, "EffectKind")
	g.claim(m.Pos, "Effect.Kind")
	var ks []kind
	var params [][]*spec.Field
	for _, e := range m.Effects {
		ks = append(ks, kind{g.claim(e.Pos, "Fx"+goName(e.Name)), e.Name, e.Doc})
		params = append(params, e.Params)
	}
	for _, s := range g.sends() {
		ks = append(ks, kind{g.claim(s.Message.Pos, "FxSend"+goName(s.Message.Name)), "send " + s.Message.Name, s.Message.Doc})
		if s.Message.Scalars() && g.sendsValues(s.Message) {
			params = append(params, s.Message.Fields)
		}
	}
	for _, t := range m.Timers {
		ks = append(ks,
			kind{g.claim(t.Pos, "FxStart"+goName(t.Name)), "start " + t.Name, "again, if it runs: it ends after " + t.Duration().String()},
			kind{g.claim(t.Pos, "FxStop"+goName(t.Name)), "stop " + t.Name, ""})
	}
	g.kinds(f, typ+"Kind", typ+"Kind says what is to be done.", ks)
	f.f("// %s is what is to be done, with the values of its kind.", typ)
	f.f("type %s struct {\nKind %sKind", typ, typ)
	for _, x := range packed(g.union("Effect", params...)) {
		f.f("%s %s", goName(x.Name), goType(x.Type))
	}
	f.f("}\n")
	g.most = g.mostEffects()
	f.f(`// %[1]s are the effects of one step, in their order. The zero value is
	// ready; each Step begins anew.
	type %[1]s struct {
		n    uint8
		list [%[2]d]%[3]s
	}

	// All gives the effects of the last step; they are valid until the next one.
	func (fx *%[1]s) All() []%[3]s { return fx.list[:fx.n] }

	func (fx *%[1]s) put(e %[3]s) {
		fx.list[fx.n] = e
		fx.n++
	}
	`, g.claim(m.Pos, "Effects"), max(g.most, 1), typ)
}

// sends gives the first send of each message, in the order of the spec.
func (g *machine) sends() (out []*spec.Action) {
	first := map[*spec.Message]*spec.Action{}
	everyAction(g.spec, func(a *spec.Action) {
		if a.Kind == spec.Send && first[a.Message] == nil {
			first[a.Message] = a
		}
	})
	for _, m := range g.pkg.spec.Messages {
		if first[m] != nil {
			out = append(out, first[m])
		}
	}
	return out
}

// sendsValues reports whether a send of m carries its fields.
func (g *machine) sendsValues(m *spec.Message) (values bool) {
	everyAction(g.spec, func(a *spec.Action) {
		if a.Kind == spec.Send && a.Message == m && len(a.Args) > 0 {
			values = true
		}
	})
	return values
}

// mostEffects is the length of the longest list that an edge can make.
func (g *machine) mostEffects() int {
	most := 0
	for _, e := range g.spec.Edges {
		most = max(most, countEffects(e.Rule.Actions))
	}
	if most > 255 {
		g.pkg.faults = append(g.pkg.faults, g.pkg.spec.Fault(g.spec.Pos, "an edge of %s has %d effects: at most 255", g.spec.Name, most))
	}
	return most
}

func countEffects(as []*spec.Action) (n int) {
	for _, a := range as {
		switch {
		case a.Do != nil:
			n += countEffects(a.Do.Actions)
		case a.Kind != spec.Assign:
			n++
		}
	}
	return min(n, 1<<20) // macros of macros double: no overflow
}

// packed has the fields of less than eight bytes first, beside the kind: events
// and effects are copied in every step.
func packed(fields []*spec.Field) []*spec.Field {
	small := func(x *spec.Field) int {
		switch t := x.Type; {
		case t.Kind == spec.Bool, t.Kind == spec.Enum, t.Kind == spec.Number && t.Bits < 64:
			return 0
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(fields), func(a, b *spec.Field) int { return small(a) - small(b) })
}
