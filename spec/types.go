package spec

import (
	"go/token"
	"slices"
	"strings"
)

// scope checks the expressions and actions of one event, macro or invariant.
type scope struct {
	*machineChecker
	params    []*Param
	used      []bool
	invariant bool // states are booleans here
}

// check gives e a type and, when want is not nil, holds it to that. The type is
// nil after a fault, which has been told.
func (s *scope) check(e *Expr, want *Type) *Type {
	t := s.infer(e, want)
	if t != nil && want != nil && !same(t, want) {
		s.add(e.Pos, "%s is %s: want %s", e, describe(t), describe(want))
		t = nil
	}
	e.Type = t
	return t
}

// same reports whether values of one type can stand for values of the other.
// All numbers are compatible: bounds are checked by value, not by type.
func same(a, b *Type) bool { return a == b || a.Kind == Number && b.Kind == Number }

func describe(t *Type) string {
	if t.Kind == Number {
		return "a number"
	}
	return t.Name
}

func (s *scope) infer(e *Expr, want *Type) *Type {
	switch e.Kind {
	case Literal:
		return number
	case Unary:
		s.check(e.Args[0], boolean)
		return boolean
	case Binary:
		return s.binary(e)
	case Macro:
		return s.macro(e, want)
	}
	return s.name(e, want)
}

func (s *scope) binary(e *Expr) *Type {
	a, b := e.Args[0], e.Args[1]
	switch e.Op {
	case token.LAND, token.LOR:
		s.check(a, boolean)
		s.check(b, boolean)
		return boolean
	case token.ADD, token.SUB, token.MUL:
		s.check(a, number)
		s.check(b, number)
		return number
	case token.EQL, token.NEQ:
		if s.untold(a) {
			a, b = b, a // the other side tells the type
		}
		if t := s.check(a, nil); t != nil {
			s.check(b, t)
		}
		return boolean
	}
	s.check(a, number)
	s.check(b, number)
	return boolean
}

// untold reports whether e alone does not tell its type: a parameter that was
// not used yet, or the value of an enum.
func (s *scope) untold(e *Expr) bool {
	if e.Kind != Name || e.Name == "true" || e.Name == "false" {
		return false
	}
	if i := s.param(e.Name); i >= 0 {
		return s.params[i].Type == nil
	}
	_, isSlot := s.slots[e.Name]
	_, isConst := s.consts[e.Name]
	return !isSlot && !isConst && s.defines[e.Name] == nil
}

// touch checks arguments of which nobody knows what is wanted. A parameter alone
// is no fault then.
func (s *scope) touch(args []*Expr) {
	for _, a := range args {
		if i := s.param(a.Name); a.Kind == Name && i >= 0 {
			s.params[i].used = true
			if s.used != nil {
				s.used[i] = true
			}
			continue
		}
		s.check(a, nil)
	}
}

func (s *scope) param(name string) int {
	return slices.IndexFunc(s.params, func(p *Param) bool { return p.Name == name })
}

func (s *scope) name(e *Expr, want *Type) *Type {
	switch e.Name {
	case "true", "false":
		e.Ref = Truth
		if e.Name == "true" {
			e.Value = 1
		}
		return boolean
	}
	if i := s.param(e.Name); i >= 0 {
		return s.useParam(e, i, want)
	}
	if i, ok := s.slots[e.Name]; ok && !s.m.slots[i].timer {
		return s.useSlot(e, i)
	}
	if k := s.consts[e.Name]; k != nil {
		k.used = true
		e.Ref, e.Value = ConstRef, int64(k.Value)
		if k.Unit != "" {
			s.add(e.Pos, "%s is a duration: want a number", e.Name)
			return nil
		}
		return number
	}
	if s.defines[e.Name] != nil {
		e.Kind = Macro // one without parameters
		return s.macro(e, want)
	}
	if want != nil && want.Kind == Enum {
		i := slices.IndexFunc(want.Values, func(v Ident) bool { return v.Name == e.Name })
		if i < 0 {
			s.add(e.Pos, "%s has no value %s", want.Name, e.Name)
			return nil
		}
		e.Ref, e.Value = EnumRef, int64(i)
		return want
	}
	if s.invariant && s.useState(e) {
		return boolean
	}
	s.add(e.Pos, "%s is not declared%s", e.Name, hint(s.slots, e.Name))
	return nil
}

func (s *scope) useParam(e *Expr, i int, want *Type) *Type {
	p := s.params[i]
	e.Ref, e.Index = ParamRef, i
	if s.used != nil {
		s.used[i] = true
	}
	p.used = true
	if p.Type == nil && want == nil {
		s.add(e.Pos, "the type of %s cannot be told from its first use", p.Name)
		return nil
	}
	if p.Type == nil {
		p.Type = want
		if want.Kind == Number {
			p.Type = number
		}
	}
	return p.Type
}

func (s *scope) useSlot(e *Expr, i int) *Type {
	e.Ref, e.Index = SlotRef, i
	if s.m.slots[i].param {
		s.readParams[i] = true
	} else if v := s.vars[e.Name]; v != s.selfRead {
		v.read = true
	}
	return s.m.slots[i].typ
}

func (s *scope) useState(e *Expr) bool {
	var in []*State
	if st := s.states[e.Name]; st != nil {
		in = []*State{st}
	} else if g := s.groups[e.Name]; g != nil {
		g.used = true
		e.group = g
		in = g.States
	}
	e.states = 0
	for _, st := range in {
		e.states |= 1 << st.Index
	}
	e.Ref = StateRef
	return in != nil
}

func (s *scope) macro(e *Expr, want *Type) *Type {
	if b, ok := builtins[e.Name]; ok {
		e.Builtin = b
		return s.builtin(e, want)
	}
	d := s.defines[e.Name]
	if d == nil {
		s.add(e.Pos, "define %s is not declared above%s", e.Name, hint(s.defines, e.Name))
		s.touch(e.Args)
		return nil
	}
	d.used = true
	if d.Body == nil {
		s.touch(e.Args)
		return nil
	}
	e.Define = d
	s.args(e.Pos, e.Name, e.Args, len(d.Params), func(i int) *Type { return d.Params[i].Type })
	return d.Body.Type
}

func (s *scope) builtin(e *Expr, want *Type) *Type {
	wants := map[Builtin][]*Type{Max: {number, number}, Min: {number, number}, Less: {number, boolean}, Pick: {boolean, want, want}, Running: {nil}}[e.Builtin]
	if len(e.Args) != len(wants) {
		s.add(e.Pos, "%s takes %d arguments, not %d", e.Name, len(wants), len(e.Args))
		return nil
	}
	switch e.Builtin {
	case Running:
		t := s.timers[e.Args[0].Name]
		if e.Args[0].Kind != Name || t == nil {
			s.add(e.Args[0].Pos, "running(%s): want a timer%s", e.Args[0], hint(s.timers, e.Args[0].Name))
			return nil
		}
		e.Index = t.slot
		return boolean
	case Pick:
		s.check(e.Args[0], boolean)
		a, b := e.Args[1], e.Args[2]
		if want == nil && s.untold(a) {
			a, b = b, a
		}
		t := s.check(a, want)
		if t == nil {
			return nil
		}
		s.check(b, t)
		if t.Kind == Number {
			t = number
		}
		return t
	}
	s.check(e.Args[0], wants[0])
	s.check(e.Args[1], wants[1])
	return number
}

// args checks a list of arguments against the wanted types.
func (s *scope) args(pos token.Position, name string, args []*Expr, n int, want func(int) *Type) {
	if len(args) != n {
		s.add(pos, "%s takes %d arguments, not %d", name, n, len(args))
	}
	for i, a := range args {
		var t *Type
		if i < n {
			t = want(i)
		}
		s.check(a, t)
	}
}

func idents(ids []Ident) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.Name
	}
	return strings.Join(out, ", ")
}

func fieldNames(fs []*Field) string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = f.Name
	}
	return strings.Join(out, ", ")
}

// CamelCase gives the exported Go name for a name of the language: gave_up
// becomes GaveUp.
func CamelCase(s string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(s, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
