package spec

import (
	"errors"
	"strings"
	"testing"
)

// player drives one machine by the names of its events.
type player struct {
	*testing.T
	m *Machine
	c Config
}

func (p *player) input(event string, args ...int64) Input {
	p.Helper()
	for _, on := range p.m.Ons {
		if on.Name == event {
			in := Input{On: on}
			copy(in.Args[:], args)
			return in
		}
	}
	p.Fatalf("no event %s", event)
	return Input{}
}

// do takes a step, and holds its edge, effects and configuration to want.
func (p *player) do(want string, event string, args ...int64) {
	p.Helper()
	edge, fx, next, err := p.m.Step(p.c, p.input(event, args...))
	if err != nil {
		p.Fatal(err)
	}
	got := []string{"never"}
	if edge != nil {
		got[0] = edge.Name
	}
	for _, e := range fx {
		text := []string{"", "start ", "stop ", "send ", ""}[e.Kind] + e.Name
		for i, f := range e.Fields {
			text += " " + f.Name + "=" + value(f.Type, e.Values[i])
		}
		got = append(got, text)
	}
	got = append(got, p.m.Text(next))
	if g := strings.Join(got, "; "); g != want {
		p.Errorf("%s:\n got %s\nwant %s", event, g, want)
	}
	p.c = next
}

func TestStep(t *testing.T) {
	m := load(t, "testdata/print/lamp.fsm").Machines[0]
	starts := m.Starts()
	if len(starts) != 2 {
		t.Fatalf("%d starts", len(starts))
	}
	p := &player{T: t, m: m, c: starts[0]}
	p.do("never; Dark spare=false count=0 hue=red", "dim", 1)
	p.do("never; Dark spare=false count=0 hue=red", "glow")
	p.do("DarkPress2; Dark spare=false count=0 hue=red", "Press", 1)
	p.do("DarkPress; shine to=1; start glow; Lit spare=false count=0 hue=red glow=running", "Press", 0)
	p.do("LitTintTinted; Lit spare=false count=0 hue=light_green glow=running", "Tint")
	p.do("LitPressMore; shine to=2; start glow; send Press again=true; Lit spare=false count=1 hue=light_green glow=running", "Press", 1)
	p.do("LitDimDimmed; shine to=2; start glow; Lit spare=false count=1 hue=light_green glow=running", "dim", 2)
	p.do("LitGlow; Dark spare=false count=1 hue=light_green", "glow")
	p.do("DarkOff; Dark spare=false count=1 hue=light_green", "off")
	p.c = starts[1]
	p.do("DarkPress2; Dark spare=true count=0 hue=red", "Press", 0)
}

// A timer that fires is not running when the guards are tried; where its end is
// never, nothing changes, not even that.
func TestTimerFires(t *testing.T) {
	src := `spec s version 1
machine m () {
	timer t = 1s
	event go_on
	state A initial
	state B
	on go_on { A -> same { start t }; B -> same }
	on t { A if running(t) -> same; A else -> B { stop t }; B -> never }
}`
	s, _ := Parse("s.fsm", []byte(src))
	if err := Check(s); err == nil || !strings.Contains(err.Error(), "(A, t) can never be taken") {
		t.Fatalf("the guard was not found out: %v", err)
	}
	p := &player{T: t, m: s.Machines[0], c: s.Machines[0].Starts()[0]}
	p.do("AGoOn; start t; A t=running", "go_on")
	p.do("AT2; B", "t") // stop of a timer that does not run says nothing
	p.c.Slots[0] = 1
	p.do("never; B t=running", "t")
}

func TestStepFaults(t *testing.T) {
	src, _ := Parse("s.fsm", []byte(`spec s version 1
machine m () {
	var x uint8 bound 3
	event up
	event down
	event twice
	state A initial
	on up { A -> same { x++ } }
	on down { A if x - 1 >= 0 -> same { x-- }; A else -> same }
	on twice { A -> same { x = x * 9000000000000000000 } }
	always x + 1 > 0
}`))
	if err := Check(src); err == nil {
		t.Fatal("the spec is good")
	}
	m := src.Machines[0]
	p := &player{T: t, m: m}
	for _, c := range []struct {
		x           int64
		event, want string
	}{
		{3, "up", "x = 4 leaves its bound 0..3"},
		{0, "down", "x - 1 is below 0"},
		{3, "twice", "x * 9000000000000000000 is too large"},
	} {
		cfg := Config{}
		cfg.Slots[0] = c.x
		_, _, _, err := m.Step(cfg, p.input(c.event))
		var f Fault
		if !errors.As(err, &f) || !strings.Contains(f.Msg, c.want) || f.Pos.Line == 0 {
			t.Errorf("%s at %d: %v", c.event, c.x, err)
		}
	}
}

func TestInputs(t *testing.T) {
	m := load(t, "testdata/print/lamp.fsm").Machines[0]
	var got []string
	for _, in := range m.Inputs() {
		got = append(got, in.String())
	}
	want := "Press(again=false) Press(again=true) Tint off dim(to=0) dim(to=1) dim(to=2) glow"
	if g := strings.Join(got, " "); g != want {
		t.Errorf("%s, want %s", g, want)
	}
}
