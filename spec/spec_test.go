package spec

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

func load(t testing.TB, path string) *Spec {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(path, src)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSpecs(t *testing.T) {
	for _, path := range []string{"signal.fsm", "arc.fsm", "media.fsm"} {
		s := load(t, path)
		if len(s.Machines) == 0 || len(s.Messages) == 0 || s.Doc == "" {
			t.Errorf("%s: %d machines, %d messages, doc %q", path, len(s.Machines), len(s.Messages), s.Doc)
		}
	}
}

// Parse and Check in two steps say what Load says in one.
func TestParseThenCheck(t *testing.T) {
	src, err := os.ReadFile("testdata/print/lamp.fsm")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("lamp.fsm", src)
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(s); err != nil {
		t.Fatal(err)
	}
	s, err = Parse("lamp.fsm", bytes.Replace(src, []byte("stop glow"), []byte("stop glo"), 1))
	if err != nil {
		t.Fatalf("Parse knows no names: %v", err)
	}
	var faults Faults
	if err := Check(s); !errors.As(err, &faults) || !strings.Contains(err.Error(), "timer glo is not declared (did you mean glow?)") {
		t.Errorf("Check: %v", err)
	}
	if s, err := Parse("x.fsm", []byte("spec x version 1\nmachine m ( {\n")); s == nil || err == nil {
		t.Errorf("a faulty source gives %v, %v", s, err)
	}
}

// The example of the package comment is a good spec.
func TestDocExample(t *testing.T) {
	src, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var example strings.Builder
	for line := range strings.SplitSeq(string(src), "\n") {
		if code, ok := strings.CutPrefix(line, "//\t"); ok {
			example.WriteString(code + "\n")
		}
	}
	if s, err := Load("doc.fsm", []byte(example.String())); err != nil || len(s.Machines) != 1 {
		t.Error(err)
	}
}

// Specs share nothing: they can be loaded and interpreted at the same time.
func TestConcurrentLoad(t *testing.T) {
	src, err := os.ReadFile("testdata/print/lamp.fsm")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := Load("lamp.fsm", src)
			if err != nil {
				t.Error(err)
				return
			}
			m := s.Machines[0]
			for _, in := range m.Inputs() {
				if _, _, _, err := m.Step(m.Starts()[0], in); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestDeclarations(t *testing.T) {
	s := load(t, "testdata/print/lamp.fsm")
	m := s.Machines[0]
	if m.Doc != "The lamp itself." || m.Vars[0].Doc != "how often it was pressed" || m.Effects[0].Doc != "as bright as that" {
		t.Errorf("comments: %q, %q, %q", m.Doc, m.Vars[0].Doc, m.Effects[0].Doc)
	}
	if d := m.Timers[0].Duration(); d != 30*time.Second {
		t.Errorf("glow lasts %v", d)
	}
	if m.Initial.Name != "Dark" || m.Initial.Index != 0 {
		t.Errorf("starts in %s, %d", m.Initial.Name, m.Initial.Index)
	}
	var names []string
	for _, e := range m.Edges {
		names = append(names, e.Name)
	}
	want := "DarkPress DarkPress2 LitPressMore LitPressWorn LitTintTinted DarkTint LitTint BrokenTint LitOff DarkOff BrokenOff LitDim LitDimDimmed LitGlow"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("edges:\n%s, want\n%s", got, want)
	}
}

func TestPrint(t *testing.T) {
	m := load(t, "testdata/print/lamp.fsm").Machines[0]
	var out bytes.Buffer
	for _, p := range []struct {
		name  string
		print func(io.Writer, *Machine) error
	}{{"table", Table}, {"mermaid", Mermaid}, {"graphviz", Graphviz}} {
		out.WriteString("-- " + p.name + " --\n")
		if err := p.print(&out, m); err != nil {
			t.Error(err)
		}
		if err := p.print(full{}, m); !errors.Is(err, errFull) {
			t.Errorf("%s to a full disk: %v", p.name, err)
		}
	}
	golden(t, "testdata/print/lamp.txt", out.Bytes())
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update writes it); got:\n%s", path, got)
	}
}

// What an expression prints parses to the same expression again.
func TestExprString(t *testing.T) {
	for _, want := range []string{
		"a + b * 2 > 1", "(a + b) * 2 > 1", "a - (b - 1) > 0", "a - b - 1 > 0", "!(a > b && b > 1) || a == 1",
		"pick(a > b, max(a, 1), less(b, a > 1)) == 1", "!running(t) && (a > 1 || b > 1)", "!!(a > 1)",
	} {
		faults := &list{}
		toks, com := scan("x", []byte(want), faults)
		p := &parser{src: want, toks: toks, com: com, faults: faults, spec: &Spec{}}
		e := p.expr()
		if got := e.String(); got != want || faults.err() != nil {
			t.Errorf("%s prints as %s (%v)", want, got, faults.err())
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, path := range []string{"signal.fsm", "arc.fsm", "media.fsm", "testdata/print/lamp.fsm", "testdata/faults/syntax.fsm", "testdata/faults/types.fsm", "testdata/faults/undeclared.fsm"} {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		faults := &list{}
		s := parse("fuzz.fsm", src, faults)
		if s == nil {
			t.Skip("too long")
		}
		// All but the search, whose work is bounded but long.
		c := &checker{list: faults, spec: s}
		for _, m := range c.all() {
			m.small()
			_ = Mermaid(io.Discard, m.m)
			if err := Table(io.Discard, m.m); err != nil {
				t.Error(err)
			}
		}
		c.unused()
		lines := strings.Count(string(src), "\n") + 1
		err := faults.err()
		if len(faults.faults) > maxFaults {
			t.Errorf("%d faults", len(faults.faults))
		}
		if err == nil {
			return
		}
		for _, x := range faults.faults {
			if x.Pos.Line < 1 || x.Pos.Line > lines || x.Pos.Column < 1 || x.Pos.Filename != "fuzz.fsm" {
				t.Errorf("%v is no place in the source", x.Pos)
			}
		}
		if len(err.Error()) == 0 {
			t.Error("a fault without words")
		}
	})
}
