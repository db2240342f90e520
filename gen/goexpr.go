package main

import (
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// param is how a parameter is written in Go.
type param struct{ code, typ string }

func eventParams(on *spec.On) (out []param) {
	for _, x := range on.Params {
		out = append(out, param{"ev." + goName(x.Name), goType(x.Type)})
	}
	return out
}

func (g *machine) macroParams(ps []*spec.Param) (out []param) {
	for _, p := range ps {
		out = append(out, param{g.local(p.Name), goType(p.Type)})
	}
	return out
}

func signature(ps []param) string {
	var out []string
	for _, p := range ps {
		out = append(out, p.code+" "+p.typ)
	}
	return strings.Join(out, ", ")
}

// local makes a name safe for a parameter of a function: it must hide nothing
// that the function uses.
func (g *machine) local(name string) string {
	name = lower(goName(name))
	used := []string{"fx", "ev", "pick", "less", g.recv}
	if types.Universe.Lookup(name) != nil || token.IsKeyword(name) || slices.Contains(used, name) {
		return name + "_"
	}
	return name
}

// Types of Go expressions beside the named ones: an untyped constant fits
// everywhere.
const (
	untyped = ""
	wide    = "uint64"
)

// code is a Go expression.
type code struct {
	text string
	typ  string
	prec int // of its outermost operator; 6 and more: none
}

func (c code) within(prec int) string {
	if c.prec < prec {
		return "(" + c.text + ")"
	}
	return c.text
}

// widened is c as a uint64: sums of narrow numbers must not wrap around.
func (c code) widened() code {
	if c.typ == untyped || c.typ == wide {
		return c
	}
	return code{"uint64(" + c.text + ")", wide, 7}
}

// expr prints a condition.
func (g *machine) expr(e *spec.Expr, params []param) string { return g.code(e, params).text }

// typed prints e as a value of type typ.
func (g *machine) typed(e *spec.Expr, typ string, params []param) string {
	c := g.code(e, params)
	if c.typ == untyped || c.typ == typ {
		return c.text
	}
	return typ + "(" + c.text + ")"
}

func (g *machine) code(e *spec.Expr, params []param) code {
	switch e.Kind {
	case spec.Literal:
		return code{strconv.FormatInt(e.Value, 10), untyped, 7}
	case spec.Unary:
		return code{"!" + g.code(e.Args[0], params).within(6), "bool", 6}
	case spec.Binary:
		return g.binary(e, params)
	case spec.Macro:
		return g.macro(e, params)
	}
	return g.ref(e, params)
}

func (g *machine) ref(e *spec.Expr, params []param) code {
	switch e.Ref {
	case spec.Truth:
		return code{e.Name, "bool", 7}
	case spec.ConstRef:
		return code{goName(e.Name), untyped, 7}
	case spec.EnumRef:
		return code{goType(e.Type) + goName(e.Name), goType(e.Type), 7}
	case spec.SlotRef:
		return code{g.recv + "." + goName(e.Name), goType(e.Type), 7}
	case spec.ParamRef:
		return code{params[e.Index].code, params[e.Index].typ, 7}
	}
	if gr := e.Group(); gr != nil {
		return code{g.recv + ".State." + goName(gr.Name) + "()", "bool", 7}
	}
	return code{g.recv + ".State == " + g.name + goName(e.Name), "bool", 3}
}

func (g *machine) binary(e *spec.Expr, params []param) code {
	a, b := g.code(e.Args[0], params), g.code(e.Args[1], params)
	p := e.Op.Precedence()
	typ := "bool"
	switch e.Op {
	case token.ADD, token.SUB, token.MUL:
		a, b = a.widened(), b.widened()
		if typ = wide; a.typ == untyped && b.typ == untyped {
			typ = untyped
		}
	case token.LAND, token.LOR:
	default:
		if a.typ != b.typ && (a.typ != untyped && b.typ != untyped || tooLarge(e.Args[0], b) || tooLarge(e.Args[1], a)) {
			a, b = a.widened(), b.widened()
		}
	}
	return code{a.within(p) + " " + e.Op.String() + " " + b.within(p+1), typ, p}
}

// tooLarge reports whether a constant does not fit into the type of the other
// side, which Go refuses. Of sums of constants it knows nothing: they may be
// anything.
func tooLarge(constant *spec.Expr, other code) bool {
	bits := map[string]int{"uint8": 8, "uint16": 16, "uint32": 32}[other.typ]
	leaf := constant.Kind == spec.Literal || constant.Kind == spec.Name
	return bits > 0 && (!leaf || constant.Value >= 1<<bits)
}

func (g *machine) macro(e *spec.Expr, params []param) code {
	if e.Define != nil {
		var args []string
		for i, x := range e.Args {
			args = append(args, g.typed(x, goType(e.Define.Params[i].Type), params))
		}
		return code{g.recv + "." + lower(goName(e.Name)) + "(" + strings.Join(args, ", ") + ")", goType(e.Type), 7}
	}
	switch e.Builtin {
	case spec.Running:
		return code{g.recv + "." + goName(e.Args[0].Name), "bool", 7}
	case spec.Less:
		return code{"less(" + g.code(e.Args[0], params).widened().text + ", " + g.expr(e.Args[1], params) + ")", wide, 7}
	case spec.Pick:
		a, b := g.code(e.Args[1], params), g.code(e.Args[2], params)
		typ := goType(e.Type)
		if e.Type.Kind == spec.Number {
			// Untyped constants alone would make it an int.
			if a, b, typ = a.widened(), b.widened(), wide; a.typ == untyped {
				a.text = "uint64(" + a.text + ")"
			}
		}
		return code{"pick(" + g.expr(e.Args[0], params) + ", " + a.text + ", " + b.text + ")", typ, 7}
	}
	a, b := g.code(e.Args[0], params).widened(), g.code(e.Args[1], params).widened()
	typ := wide
	if a.typ == untyped && b.typ == untyped {
		typ = untyped
	}
	return code{e.Name + "(" + a.text + ", " + b.text + ")", typ, 7}
}

// everyAction visits the actions of all rules and dos.
func everyAction(m *spec.Machine, visit func(*spec.Action)) {
	for _, on := range m.Ons {
		for _, r := range on.Rules {
			for _, a := range r.Actions {
				visit(a)
			}
		}
	}
	for _, d := range m.Dos {
		for _, a := range d.Actions {
			visit(a)
		}
	}
}

// everyExpr visits every expression of m with all its operands.
func everyExpr(m *spec.Machine, visit func(*spec.Expr)) {
	var walk func(*spec.Expr)
	walk = func(e *spec.Expr) {
		if e == nil {
			return
		}
		visit(e)
		for _, a := range e.Args {
			walk(a)
		}
	}
	everyAction(m, func(a *spec.Action) {
		walk(a.Value)
		for _, x := range a.Args {
			walk(x)
		}
	})
	for _, on := range m.Ons {
		for _, r := range on.Rules {
			walk(r.Guard)
		}
	}
	for _, d := range m.Defines {
		walk(d.Body)
	}
	for _, a := range m.Always {
		walk(a.When)
		walk(a.Then)
	}
}
