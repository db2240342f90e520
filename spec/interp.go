package spec

import (
	"fmt"
	"go/token"
	"math/bits"
	"strings"
)

// Config is one configuration of a machine: a comparable value. Numbers stand
// for themselves, bools are 0 and 1, enums count from 0. Timers that run are 1.
type Config struct {
	State int // index into Machine.States
	Slots [maxSlots]int64
}

// Input is one event with the values of its parameters.
type Input struct {
	On   *On
	Args [maxArgs]int64
}

// Emit is one effect of a step.
type Emit struct {
	Kind   ActionKind // Start, Stop, Send or Call
	Name   string
	Fields []*Field // of the values; nil when a send only names its message
	Values [maxArgs]int64
}

// Step interprets the spec: it answers in with an edge, the effects and the next
// configuration. The edge is nil, and next is c, where the spec says never. The
// error is a Fault: a number fell below 0 or left its bound.
func (m *Machine) Step(c Config, in Input) (edge *Edge, fx []Emit, next Config, err error) {
	r := run{m: m, c: c}
	if t := in.On.Timer; t != nil {
		r.c.Slots[t.slot] = 0
	}
	for _, e := range in.On.From(m.States[c.State]) {
		taken := e.Rule.Guard == nil || r.eval(e.Rule.Guard, &in.Args) != 0
		if r.fault != nil {
			return nil, nil, c, *r.fault
		}
		if !taken {
			continue
		}
		if e.Rule.Target == Never {
			return nil, nil, c, nil
		}
		r.actions(e.Rule.Actions, &in.Args)
		r.c.State = e.To.Index
		if r.fault != nil {
			return e, nil, c, *r.fault
		}
		return e, r.fx, r.c, nil
	}
	return nil, nil, c, nil
}

// Can reports whether in can happen in c: a timer fires only while it runs.
func (m *Machine) Can(c Config, in Input) bool {
	return in.On.Timer == nil || c.Slots[in.On.Timer.slot] != 0
}

// Within reports whether every number of c is where searches look.
func (m *Machine) Within(c Config) bool {
	for i, s := range m.slots {
		if c.Slots[i] > s.top {
			return false
		}
	}
	return true
}

// Inputs gives every event with every value that searches look at.
func (m *Machine) Inputs() (out []Input) {
	for _, on := range m.Ons {
		tops := make([]int64, len(on.Params))
		for i, p := range on.Params {
			tops[i] = top(p.Type)
		}
		odometer(tops, func(values []int64) {
			in := Input{On: on}
			copy(in.Args[:], values)
			out = append(out, in)
		})
	}
	return out
}

// odometer counts through all values from 0 to the tops.
func odometer(tops []int64, visit func([]int64)) {
	v := make([]int64, len(tops))
	for {
		visit(v)
		i := len(v) - 1
		for ; i >= 0; i-- {
			if v[i]++; v[i] <= tops[i] {
				break
			}
			v[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// Starts gives the initial configurations: one for each value of the
// parameters.
func (m *Machine) Starts() (out []Config) {
	var tops []int64
	for _, s := range m.slots {
		if s.param {
			tops = append(tops, s.top)
		}
	}
	odometer(tops, func(values []int64) {
		c := Config{State: m.Initial.Index}
		copy(c.Slots[:], values) // the parameters are the first slots
		out = append(out, c)
	})
	return out
}

// Text gives c for people: "Offering polite=true seq=1 …".
func (m *Machine) Text(c Config) string {
	var b strings.Builder
	b.WriteString(m.States[c.State].Name)
	for i, s := range m.slots {
		switch {
		case s.timer && c.Slots[i] != 0:
			b.WriteString(" " + s.name + "=running")
		case !s.timer:
			b.WriteString(" " + s.name + "=" + value(s.typ, c.Slots[i]))
		}
	}
	return b.String()
}

// String gives in for people: "Offer(n=1, again=false)".
func (in Input) String() string {
	var out []string
	for i, p := range in.On.Params {
		out = append(out, p.Name+"="+value(p.Type, in.Args[i]))
	}
	if len(out) == 0 {
		return in.On.Name
	}
	return in.On.Name + "(" + strings.Join(out, ", ") + ")"
}

func value(t *Type, v int64) string {
	switch {
	case t.Kind == Bool:
		return fmt.Sprint(v != 0)
	case t.Kind == Enum && v >= 0 && v < int64(len(t.Values)):
		return t.Values[v].Name
	}
	return fmt.Sprint(v)
}

// run is one step, or one evaluation, under way.
type run struct {
	m     *Machine
	c     Config
	fx    []Emit
	fault *Fault
}

func (r *run) fail(pos token.Position, format string, args ...any) {
	if r.fault == nil {
		f := r.m.Spec.Fault(pos, format, args...)
		r.fault = &f
	}
}

func (r *run) actions(as []*Action, args *[maxArgs]int64) {
	for _, a := range as {
		r.action(a, args)
	}
}

func (r *run) action(a *Action, args *[maxArgs]int64) {
	switch a.Kind {
	case Assign:
		r.assign(a, r.eval(a.Value, args))
	case Start:
		r.c.Slots[a.Timer.slot] = 1
		r.fx = append(r.fx, Emit{Kind: Start, Name: a.Name})
	case Stop:
		if r.c.Slots[a.Timer.slot] == 0 {
			return
		}
		r.c.Slots[a.Timer.slot] = 0
		r.fx = append(r.fx, Emit{Kind: Stop, Name: a.Name})
	case Send:
		e := Emit{Kind: Send, Name: a.Name, Values: r.values(a.Args, args)}
		if len(a.Args) > 0 {
			e.Fields = a.Message.Fields
		}
		r.fx = append(r.fx, e)
	case Call:
		v := r.values(a.Args, args)
		if a.Do != nil {
			r.actions(a.Do.Actions, &v)
			return
		}
		r.fx = append(r.fx, Emit{Kind: Call, Name: a.Name, Fields: a.Effect.Params, Values: v})
	}
}

func (r *run) assign(a *Action, v int64) {
	s := r.m.slots[a.Var.slot]
	if v > s.top && s.bound {
		r.fail(a.Pos, "%s = %d leaves its bound 0..%d", a.Name, v, s.top)
	}
	if s.typ.Kind == Number && s.typ.Bits < 64 && v >= 1<<s.typ.Bits {
		r.fail(a.Pos, "%s = %d does not fit into %s", a.Name, v, s.typ.Name)
	}
	r.c.Slots[a.Var.slot] = v
}

func (r *run) values(es []*Expr, args *[maxArgs]int64) (out [maxArgs]int64) {
	for i, e := range es {
		out[i] = r.eval(e, args)
	}
	return out
}

// eval gives the value of e. The values of the parameters are in args: those of
// the event, or of the macro in which e stands.
func (r *run) eval(e *Expr, args *[maxArgs]int64) int64 {
	switch e.Kind {
	case Literal:
		return e.Value
	case Unary:
		return 1 - r.eval(e.Args[0], args)
	case Binary:
		return r.binary(e, args)
	case Macro:
		return r.macro(e, args)
	}
	switch e.Ref {
	case SlotRef:
		return r.c.Slots[e.Index]
	case ParamRef:
		return args[e.Index]
	case StateRef:
		return truth(e.states&(1<<r.c.State) != 0)
	}
	return e.Value
}

func (r *run) binary(e *Expr, args *[maxArgs]int64) int64 {
	a := r.eval(e.Args[0], args)
	switch {
	case e.Op == token.LAND && a == 0, e.Op == token.LOR && a != 0:
		return a
	}
	b := r.eval(e.Args[1], args)
	switch e.Op {
	case token.LAND, token.LOR:
		return b
	case token.EQL:
		return truth(a == b)
	case token.NEQ:
		return truth(a != b)
	case token.LSS:
		return truth(a < b)
	case token.LEQ:
		return truth(a <= b)
	case token.GTR:
		return truth(a > b)
	case token.GEQ:
		return truth(a >= b)
	case token.SUB:
		return r.natural(e, a-b)
	case token.ADD:
		return r.fits(e, uint64(a)+uint64(b))
	}
	high, low := bits.Mul64(uint64(a), uint64(b))
	if high != 0 {
		low = 1 << 63
	}
	return r.fits(e, low)
}

// natural holds a difference to what the numbers of the language are.
func (r *run) natural(e *Expr, v int64) int64 {
	if v < 0 {
		r.fail(e.Pos, "%s is below 0", e)
		return 0
	}
	return v
}

func (r *run) fits(e *Expr, v uint64) int64 {
	if v >= 1<<63 {
		r.fail(e.Pos, "%s is too large", e)
		return 0
	}
	return int64(v)
}

func (r *run) macro(e *Expr, args *[maxArgs]int64) int64 {
	if e.Define != nil {
		v := r.values(e.Args, args)
		return r.eval(e.Define.Body, &v)
	}
	if e.Builtin == Running {
		return r.c.Slots[e.Index]
	}
	a := r.eval(e.Args[0], args)
	if e.Builtin == Pick {
		if a != 0 {
			return r.eval(e.Args[1], args)
		}
		return r.eval(e.Args[2], args)
	}
	b := r.eval(e.Args[1], args)
	switch e.Builtin {
	case Max:
		return max(a, b)
	case Min:
		return min(a, b)
	}
	return r.natural(e, a-b) // less
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Holds reports whether the invariant holds in c. The error is a Fault: a
// number in it fell below 0.
func (m *Machine) Holds(a *Always, c Config) (bool, error) {
	r := run{m: m, c: c}
	var none [maxArgs]int64
	holds := a.When != nil && r.eval(a.When, &none) == 0 || r.eval(a.Then, &none) != 0
	if r.fault != nil {
		return false, *r.fault
	}
	return holds, nil
}
