package spectest

import (
	"os"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/spec"
)

const blinker = `spec b version 1
machine blinker () {
	var n uint8 explore 2
	timer tick = 1s
	event press(by bool)
	effect blink(n bool)
	state Off initial
	state On
	on press(by) {
		Off if by -> On { start tick; n = 0 }
		Off else  -> never
		On        -> Off { stop tick }
	}
	on tick { On -> same { n++; blink(n > 1); start tick }; Off -> never }
	always On => running(tick)
}`

// Below stands what gen would make, and a way to get each part of it wrong.
type (
	state     uint8
	eventKind uint8
	fxKind    uint8
	edge      uint8
	event     struct {
		Kind eventKind
		By   bool
	}
	effect struct {
		Kind fxKind
		N    bool
	}
	effects struct{ list []effect }
	machine struct {
		State state
		N     uint8
		Tick  bool
		wrong string // which part is
	}
)

func (e edge) String() string     { return [...]string{"Never", "OffPress", "OnPress", "OnTick"}[e] }
func (k fxKind) String() string   { return [...]string{"", "blink", "start tick", "stop tick"}[k] }
func (fx *effects) All() []effect { return fx.list }
func (m *machine) Within() bool   { return m.N <= 2 != (m.wrong == "within") }

func (m *machine) Check() string {
	if m.wrong == "check" || m.State == 1 && !m.Tick {
		return "always On => running(tick)"
	}
	return ""
}

func (m *machine) Step(ev event, fx *effects) edge {
	fx.list = nil
	switch {
	case ev.Kind == 1 && m.State == 0 && ev.By:
		m.State, m.N, m.Tick = 1, 0, true
		fx.list = []effect{{Kind: 2}}
		if m.wrong == "edge" {
			return 3
		}
		return 1
	case ev.Kind == 1 && m.State == 1:
		m.State = 0
		if m.Tick = m.wrong == "next"; m.wrong != "effect" {
			fx.list = []effect{{Kind: 3}}
		}
		return 2
	case ev.Kind == 2 && m.State == 1:
		m.N++
		m.Tick = true
		fx.list = []effect{{1, m.N > 1 != (m.wrong == "value")}, {Kind: 2}}
		return 3
	}
	if m.wrong == "never" {
		m.N = 0
	}
	return 0
}

func TestCompare(t *testing.T) {
	s, err := spec.Load("b.fsm", []byte(blinker))
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]string{
		"": "", "edge": "edge OnTick (3), the spec says OffPress (1)", "next": "the spec says Off n=0", "effect": "the spec says stop tick",
		"value": "blink", "never": "the spec says Off n=1", "check": "Check gives", "within": "Within gives",
	} {
		n, err := Compare(s.Machines[0], &machine{wrong: part})
		switch {
		case part == "" && (err != nil || n != Counts{Configs: 6, Steps: 18, Edges: 3}):
			t.Errorf("%+v, %v", n, err)
		case part != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("wrong %s: %v, want %s", part, err, want)
		}
	}
}

func TestReachable(t *testing.T) {
	src, err := os.ReadFile("../testdata/print/lamp.fsm")
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Load("lamp.fsm", src)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[spec.Config]bool{}
	for _, c := range Reachable(s.Machines[0]) {
		if seen[c] {
			t.Errorf("%s twice", s.Machines[0].Text(c))
		}
		seen[c] = true
	}
	if len(seen) != 11 {
		t.Errorf("%d configurations", len(seen))
	}
}
