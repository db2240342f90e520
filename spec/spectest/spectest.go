// Package spectest compares a generated machine with the interpreter of package
// spec, in every configuration that the machine can come to within its explored
// limits and under every event, whether it may happen there or not:
//
//	n, err := spectest.Compare(machine, new(signal.Link))
//
// It knows the generated code by its naming rules only, through reflection.
// Nothing in it is safe for concurrent use.
package spectest

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// Counts says how much was compared.
type Counts struct {
	Configs int // configurations
	Steps   int // of them, under an event
	Edges   int // different edges taken
}

// Reachable gives every configuration that m can come to within its explored
// limits, in the order of a breadth-first search.
func Reachable(m *spec.Machine) []spec.Config {
	out := m.Starts()
	seen := map[spec.Config]bool{}
	for _, c := range out {
		seen[c] = true
	}
	inputs := m.Inputs()
	for i := 0; i < len(out); i++ {
		for _, in := range inputs {
			if !m.Can(out[i], in) {
				continue
			}
			edge, _, next, err := m.Step(out[i], in)
			if err != nil || edge == nil || !m.Within(next) || seen[next] {
				continue
			}
			seen[next] = true
			out = append(out, next)
		}
	}
	return out
}

// Compare holds machine, a pointer to a generated one, to m. Its error tells the
// first difference.
func Compare(m *spec.Machine, machine any) (Counts, error) {
	t := twin{m: m, v: reflect.ValueOf(machine).Elem()}
	t.step = t.v.Addr().MethodByName("Step")
	t.ev = reflect.New(t.step.Type().In(0)).Elem()
	t.fx = reflect.New(t.step.Type().In(1).Elem())
	configs := Reachable(m)
	count := Counts{Configs: len(configs)}
	taken := map[string]bool{}
	inputs := m.Inputs()
	for _, c := range configs {
		if err := t.properties(c); err != nil {
			return count, err
		}
		for _, in := range inputs {
			edge, err := t.compare(c, in)
			if err != nil {
				return count, err
			}
			count.Steps++
			if edge != nil {
				taken[edge.Name] = true
			}
		}
	}
	count.Edges = len(taken)
	return count, nil
}

// twin is a generated machine beside the interpreted one.
type twin struct {
	m      *spec.Machine
	v      reflect.Value // the machine
	step   reflect.Value
	ev, fx reflect.Value
}

// properties compares Check and Within.
func (t *twin) properties(c spec.Config) error {
	t.set(c)
	broken := ""
	for _, a := range t.m.Always {
		if holds, err := t.m.Holds(a, c); err != nil || !holds {
			broken = a.Text
			break
		}
	}
	got := t.v.Addr().MethodByName("Check").Call(nil)[0].String()
	if (got == "") != (broken == "") || !strings.Contains(got, broken) {
		return fmt.Errorf("%s: Check gives %q, the spec %q", t.m.Text(c), got, broken)
	}
	if within := t.v.Addr().MethodByName("Within").Call(nil)[0].Bool(); within != t.m.Within(c) {
		return fmt.Errorf("%s: Within gives %v", t.m.Text(c), within)
	}
	return nil
}

func (t *twin) compare(c spec.Config, in spec.Input) (*spec.Edge, error) {
	edge, fx, next, err := t.m.Step(c, in)
	if err != nil {
		return nil, nil // no run comes to this: the check of the spec would have told it
	}
	t.set(c)
	t.event(in)
	got := t.step.Call([]reflect.Value{t.ev, t.fx})[0]
	where := fmt.Sprintf("%s: %s under %s", t.m.Name, t.m.Text(c), in)
	name, index := "Never", 0
	if edge != nil {
		name, index = edge.Name, edge.Index
	}
	if text := fmt.Sprint(got.Interface()); text != name || got.Uint() != uint64(index) {
		return nil, fmt.Errorf("%s: edge %s (%d), the spec says %s (%d)", where, text, got.Uint(), name, index)
	}
	if have := t.get(); have != next {
		return nil, fmt.Errorf("%s: %s, the spec says %s", where, t.m.Text(have), t.m.Text(next))
	}
	if have, want := t.effects(), emitted(fx); have != want {
		return nil, fmt.Errorf("%s: effects %s, the spec says %s", where, have, want)
	}
	return edge, nil
}

func (t *twin) set(c spec.Config) {
	t.v.FieldByName("State").SetUint(uint64(c.State))
	for i, s := range t.m.Slots() {
		put(t.v.FieldByName(spec.CamelCase(s.Name)), c.Slots[i])
	}
}

func (t *twin) get() (c spec.Config) {
	c.State = int(t.v.FieldByName("State").Uint())
	for i, s := range t.m.Slots() {
		c.Slots[i] = number(t.v.FieldByName(spec.CamelCase(s.Name)))
	}
	return c
}

func (t *twin) event(in spec.Input) {
	t.ev.SetZero()
	for i, on := range t.m.Ons {
		if on == in.On {
			t.ev.FieldByName("Kind").SetUint(uint64(i) + 1)
		}
	}
	for i, p := range in.On.Params {
		put(t.ev.FieldByName(spec.CamelCase(p.Name)), in.Args[i])
	}
}

// effects gives the effects of the last step as a text, without zero values.
func (t *twin) effects() string {
	var out []string
	list := t.fx.MethodByName("All").Call(nil)[0]
	for i := range list.Len() {
		e := list.Index(i)
		values := map[string]int64{}
		for j := range e.NumField() {
			if f := e.Type().Field(j); f.Name != "Kind" && !e.Field(j).IsZero() {
				values[f.Name] = number(e.Field(j))
			}
		}
		out = append(out, fmt.Sprintf("%v %v", e.FieldByName("Kind").Interface(), values)) // fmt sorts the keys
	}
	return strings.Join(out, ", ")
}

func emitted(fx []spec.Emit) string {
	var out []string
	for _, e := range fx {
		name := map[spec.ActionKind]string{spec.Start: "start ", spec.Stop: "stop ", spec.Send: "send "}[e.Kind] + e.Name
		values := map[string]int64{}
		for j, f := range e.Fields {
			if e.Values[j] != 0 {
				values[spec.CamelCase(f.Name)] = e.Values[j]
			}
		}
		out = append(out, fmt.Sprintf("%s %v", name, values))
	}
	return strings.Join(out, ", ")
}

// put sets a bool or an unsigned number.
func put(v reflect.Value, n int64) {
	if v.Kind() == reflect.Bool {
		v.SetBool(n != 0)
		return
	}
	v.SetUint(uint64(n))
}

func number(v reflect.Value) int64 {
	if v.Kind() != reflect.Bool {
		return int64(v.Uint())
	}
	if v.Bool() {
		return 1
	}
	return 0
}
