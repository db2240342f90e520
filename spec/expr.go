package spec

import (
	"go/token"
	"strconv"
	"strings"
)

// ExprKind sorts the expressions.
type ExprKind int

// The expressions.
const (
	Literal ExprKind = iota // a number
	Name
	Unary  // !x
	Binary // x op y
	Macro  // f(x, …): a define or a builtin
)

// Ref says what a name in an expression is. It is resolved by Check.
type Ref int

// The references.
const (
	NoRef    Ref = iota
	Truth        // true or false
	ConstRef     // a constant
	EnumRef      // a value of an enum
	SlotRef      // a parameter or variable of the machine
	ParamRef     // a parameter of the event or macro
	StateRef     // being in a state or group: only in invariants
)

// Expr is an expression.
type Expr struct {
	Pos   token.Position
	Kind  ExprKind
	Op    token.Token // of Unary and Binary
	Name  string      // of Name and Macro
	Value int64       // of Literal; resolved for constants, enums, true and false
	Args  []*Expr     // operands or arguments

	Type    *Type // resolved
	Ref     Ref   // resolved, of Name
	Index   int   // resolved: the slot or the parameter; the timer's slot of running(t)
	Define  *Define
	Builtin Builtin // resolved, of a Macro without a Define
	states  uint64  // resolved, of StateRef: a bit for each state
	group   *Group
}

// Builtin names a predeclared macro.
type Builtin int

// The predeclared macros.
const (
	NoBuiltin Builtin = iota
	Max               // max(a, b)
	Min               // min(a, b)
	Pick              // pick(c, a, b): a if c, else b
	Less              // less(a, b): a minus 1 if b
	Running           // running(t): the timer runs
)

var builtins = map[string]Builtin{"max": Max, "min": Min, "pick": Pick, "less": Less, "running": Running}

// String gives e in the language, with no more parentheses than it needs.
func (e *Expr) String() string { return e.text(0) }

func (e *Expr) text(outer int) string {
	switch e.Kind {
	case Literal:
		return strconv.FormatInt(e.Value, 10)
	case Unary:
		return e.Op.String() + e.Args[0].text(token.UnaryPrec)
	case Binary:
		p := e.Op.Precedence()
		s := e.Args[0].text(p) + " " + e.Op.String() + " " + e.Args[1].text(p+1)
		if p < outer {
			return "(" + s + ")"
		}
		return s
	case Macro:
		if len(e.Args) == 0 {
			return e.Name
		}
		args := make([]string, len(e.Args))
		for i, a := range e.Args {
			args[i] = a.text(0)
		}
		return e.Name + "(" + strings.Join(args, ", ") + ")"
	}
	return e.Name
}

// InState gives the states of a StateRef, in order.
func (e *Expr) InState(m *Machine) (out []*State) {
	for _, s := range m.States {
		if e.states&(1<<s.Index) != 0 {
			out = append(out, s)
		}
	}
	return out
}

// Group gives the group that a StateRef names; nil when it names a state.
func (e *Expr) Group() *Group { return e.group }
