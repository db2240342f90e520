package main

import (
	"go/token"
	"strconv"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// Promela's operators bind as those of C: Go's == and < are of one strength,
// these are not.
var promelaPrec = map[token.Token]int{
	token.LOR: 1, token.LAND: 2, token.EQL: 3, token.NEQ: 3,
	token.LSS: 4, token.LEQ: 4, token.GTR: 4, token.GEQ: 4,
	token.ADD: 5, token.SUB: 5, token.MUL: 6,
}

const (
	promelaUnary = 7
	promelaAtom  = 8
)

// expr prints e; params are the texts of the parameters.
func (g *promelaMachine) expr(e *spec.Expr, params []string) string { return g.code(e, params).text }

func (g *promelaMachine) code(e *spec.Expr, params []string) code {
	switch e.Kind {
	case spec.Literal:
		g.number(e.Pos, uint64(e.Value))
		return code{text: strconv.FormatInt(e.Value, 10), prec: promelaAtom}
	case spec.Unary:
		// Two ! on end would be one operator, which sends.
		return code{text: "!" + g.code(e.Args[0], params).within(promelaAtom), prec: promelaUnary}
	case spec.Binary:
		p := promelaPrec[e.Op]
		a, b := g.code(e.Args[0], params), g.code(e.Args[1], params)
		return code{text: a.within(p) + " " + e.Op.String() + " " + b.within(p+1), prec: p}
	case spec.Macro:
		return code{text: g.macro(e, params), prec: promelaAtom}
	}
	return g.ref(e, params)
}

func (g *promelaMachine) ref(e *spec.Expr, params []string) code {
	text := ""
	switch e.Ref {
	case spec.Truth:
		text = e.Name
	case spec.ConstRef:
		text = g.spec.Name + "_" + e.Name
	case spec.EnumRef:
		text = g.enum(e.Type, e.Name)
	case spec.SlotRef:
		text = "_m." + field(e.Name)
	case spec.ParamRef:
		text = params[e.Index]
	case spec.StateRef:
		if gr := e.Group(); gr != nil {
			text = g.name + "_" + gr.Name + "(_m)"
			break
		}
		return code{text: "_m.state == " + g.name + "_" + e.Name, prec: promelaPrec[token.EQL]}
	}
	return code{text: text, prec: promelaAtom}
}

// macro prints a call: defines are macros of the preprocessor, which put
// parentheses around themselves.
func (g *promelaMachine) macro(e *spec.Expr, params []string) string {
	if e.Define != nil {
		args := []string{"_m"}
		for _, a := range e.Args {
			args = append(args, g.expr(a, params))
		}
		return g.name + "_" + e.Name + "(" + strings.Join(args, ", ") + ")"
	}
	if e.Builtin == spec.Running {
		return "_m." + field(e.Args[0].Name)
	}
	var args []string
	for _, a := range e.Args {
		args = append(args, g.code(a, params).within(promelaAtom))
	}
	switch e.Builtin {
	case spec.Pick:
		return "(" + args[0] + " -> " + args[1] + " : " + args[2] + ")"
	case spec.Max:
		return "(" + args[0] + " >= " + args[1] + " -> " + args[0] + " : " + args[1] + ")"
	case spec.Min:
		return "(" + args[0] + " <= " + args[1] + " -> " + args[0] + " : " + args[1] + ")"
	}
	return "(" + args[0] + " - " + args[1] + ")" // less: a bool is 0 or 1
}
