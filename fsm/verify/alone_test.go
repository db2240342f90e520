package verify

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/spec"
	"github.com/n2n-overlay/n2n/spec/spectest"
)

// Each machine alone, under every event with every value that searches look at:
// SPIN comes to the same states by the same steps, with the same effects.
func TestAlone(t *testing.T) {
	for _, name := range []string{"signal", "arc", "media"} {
		for _, m := range load(t, "../../spec/"+name+".fsm").Machines {
			t.Run(m.Name, func(t *testing.T) { alone(t, m, "../promela/"+name+"_gen.pml") })
		}
	}
}

// So do machines that use all of the language.
func TestAloneDoor(t *testing.T) {
	archive, err := os.ReadFile("../../gen/testdata/door.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(archive), "-- fsm/promela/door_gen.pml --\n")
	if !ok {
		t.Fatal("no door_gen.pml in the golden file")
	}
	text, _, _ = strings.Cut(text, "\n-- ")
	model := filepath.Join(t.TempDir(), "door_gen.pml")
	if err := os.WriteFile(model, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, m := range load(t, "../../gen/testdata/door.fsm").Machines {
		t.Run(m.Name, func(t *testing.T) { alone(t, m, model) })
	}
}

func alone(t *testing.T, m *spec.Machine, model string) {
	t.Parallel()
	both := newSets()
	lines(m, both)
	spin(t, model, nil, []string{strings.ToUpper(m.Name) + "_ALONE"}, both.spin)
	both.equal(t)
}

// lines are what the generated model of a machine alone prints, by the
// interpreter.
func lines(m *spec.Machine, out *sets) {
	most := 1
	for _, on := range m.Ons {
		most = max(most, len(on.Params))
	}
	inputs := m.Inputs()
	for _, c := range spectest.Reachable(m) {
		out.add([]byte("S " + values(m, c)))
		for _, in := range inputs {
			if m.Can(c, in) {
				out.add([]byte("T " + values(m, c) + " / " + answered(m, c, in, most)))
			}
		}
	}
}

func values(m *spec.Machine, c spec.Config) string {
	out := fmt.Sprint(c.State)
	for i := range m.Slots() {
		out += fmt.Sprintf(" %d", c.Slots[i])
	}
	return out
}

func answered(m *spec.Machine, c spec.Config, in spec.Input, most int) string {
	var b strings.Builder
	for i, on := range m.Ons {
		if on == in.On {
			fmt.Fprint(&b, i+1)
		}
	}
	for _, v := range in.Args[:most] {
		fmt.Fprintf(&b, " %d", v)
	}
	edge, fx, next, err := m.Step(c, in)
	if err != nil {
		return err.Error()
	}
	index := 0
	if edge != nil {
		index = edge.Index
	}
	fmt.Fprintf(&b, " / %d %s /", index, values(m, next))
	for _, e := range fx {
		fmt.Fprintf(&b, " %d", kind(m, e))
		b.WriteString(fields(m, e))
	}
	return b.String()
}

// kind counts as gen does: effects, messages that the machine sends in the order
// of the spec, timers.
func kind(m *spec.Machine, e spec.Emit) int {
	n := 0
	for _, x := range m.Effects {
		if n++; e.Kind == spec.Call && e.Name == x.Name {
			return n
		}
	}
	sent := sends(m)
	for _, x := range m.Spec.Messages {
		if !sent[x.Name] {
			continue
		}
		if n++; e.Kind == spec.Send && e.Name == x.Name {
			return n
		}
	}
	for _, x := range m.Timers {
		n += 2
		switch {
		case e.Kind == spec.Start && e.Name == x.Name:
			return n - 1
		case e.Kind == spec.Stop && e.Name == x.Name:
			return n
		}
	}
	return 0
}

func sends(m *spec.Machine) map[string]bool {
	out := map[string]bool{}
	add := func(as []*spec.Action) {
		for _, a := range as {
			if a.Kind == spec.Send {
				out[a.Name] = true
			}
		}
	}
	for _, on := range m.Ons {
		for _, r := range on.Rules {
			add(r.Actions)
		}
	}
	for _, d := range m.Dos {
		add(d.Actions)
	}
	return out
}

// fields are an effect's values that are not 0, in the order in which the
// machine's effects and messages first name them.
func fields(m *spec.Machine, e spec.Emit) string {
	have := map[string]int64{}
	for i, f := range e.Fields {
		have[f.Name] = e.Values[i]
	}
	var b strings.Builder
	tell := func(fs []*spec.Field) {
		for _, f := range fs {
			if have[f.Name] != 0 {
				fmt.Fprintf(&b, " %s=%d", f.Name, have[f.Name])
				delete(have, f.Name)
			}
		}
	}
	for _, x := range m.Effects {
		tell(x.Params)
	}
	for _, x := range m.Spec.Messages {
		if sends(m)[x.Name] {
			tell(x.Fields)
		}
	}
	return b.String()
}
