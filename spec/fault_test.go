package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var wants = regexp.MustCompile("`[^`]*`")

// Each file of testdata/faults says in comments which faults it wants on which
// line. All must be found in one run, and no others.
func TestFaults(t *testing.T) {
	paths, err := filepath.Glob("testdata/faults/*.fsm")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".fsm"), func(t *testing.T) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := map[int][]string{}
			for i, line := range strings.Split(string(src), "\n") {
				_, comment, _ := strings.Cut(line, "// want")
				for _, w := range wants.FindAllString(comment, -1) {
					want[i+1] = append(want[i+1], strings.Trim(w, "`"))
				}
			}
			s, err := Load(path, src)
			if s != nil {
				t.Error("a faulty spec was loaded")
			}
			faults, _ := err.(Faults)
			for _, f := range faults {
				if !take(want, f) {
					t.Errorf("unexpected: %v", f)
				}
				checkPlace(t, f, path, string(src))
			}
			for line, ws := range want {
				for _, w := range ws {
					t.Errorf("%s:%d: nobody said: %s", path, line, w)
				}
			}
		})
	}
}

// take crosses out the first want that f satisfies.
func take(want map[int][]string, f Fault) bool {
	ws := want[f.Pos.Line]
	for i, w := range ws {
		if strings.Contains(f.Msg, w) {
			want[f.Pos.Line] = append(ws[:i:i], ws[i+1:]...)
			return true
		}
	}
	return false
}

func checkPlace(t *testing.T, f Fault, path, src string) {
	t.Helper()
	lines := strings.Split(src, "\n")
	if f.Pos.Filename != path || f.Pos.Line < 1 || f.Pos.Line > len(lines) || f.Pos.Column < 1 || f.Pos.Column > len(lines[f.Pos.Line-1])+1 {
		t.Errorf("%v is no place in %s", f.Pos, path)
		return
	}
	if f.Line != lines[f.Pos.Line-1] {
		t.Errorf("%v shows %q", f.Pos, f.Line)
	}
}

func TestFaultText(t *testing.T) {
	src := "spec s version 1\nmachine m () {\n\tevent e\n\tstate A initial\n\ton e { A -> Bee }\n\tstate Bea }\n"
	_, err := Load("dir/x.fsm", []byte(src))
	want := "dir/x.fsm:5:14: machine m has no state Bee (did you mean Bea?)\n" +
		"\ton e { A -> Bee }\n" +
		"\t            ^"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got:\n%v\nwant in it:\n%s", err, want)
	}
}

// Five faults of the grammar and one of meaning are six messages.
func TestAllInOneRun(t *testing.T) {
	src := `spec s version 1
const ( a = ; b = 1 )
type t uint8 exlpore 3
message M = 1 { x }
machine m () {
	state A inital
	event e
	on e { A -> ; A -> B }
}
`
	_, err := Load("x.fsm", []byte(src))
	faults, _ := err.(Faults)
	lines := map[int]bool{}
	for _, f := range faults {
		lines[f.Pos.Line] = true
	}
	for _, line := range []int{2, 3, 4, 6, 8} {
		if !lines[line] {
			t.Errorf("nothing about line %d in:\n%v", line, err)
		}
	}
}

func TestFaultsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("spec s version 1\n")
	for i := range 3 * maxFaults {
		fmt.Fprintf(&b, "type t%d uint7 explore 1\n", i)
	}
	_, err := Load("x.fsm", []byte(b.String()))
	if faults, _ := err.(Faults); len(faults) != maxFaults {
		t.Errorf("%d faults", len(faults))
	}
	if _, err := Load("x.fsm", make([]byte, MaxSource+1)); err == nil {
		t.Error("a source beyond the limit was read")
	}
}

func TestDeepExpressions(t *testing.T) {
	for name, x := range map[string]string{
		"deeper than": strings.Repeat("(", 1000) + "1" + strings.Repeat(")", 1000),
		"longer than": "1" + strings.Repeat("+1", 10000) + " > 0",
	} {
		_, err := Load("x.fsm", []byte("spec s version 1\nmachine m () { state A initial; event e\n on e { A if "+x+" -> same } }"))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}
