package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/spec"
)

var update = flag.Bool("update", false, "write the golden file")

// generated gives the files for one spec.
func generated(t *testing.T, name, src string) []File {
	t.Helper()
	s, err := spec.Load(name, []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate([]*spec.Spec{s})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func door(t *testing.T) []File {
	t.Helper()
	src, err := os.ReadFile("testdata/door.fsm")
	if err != nil {
		t.Fatal(err)
	}
	return generated(t, "spec/door.fsm", string(src))
}

// What is committed is what the specs give.
func TestUpToDate(t *testing.T) {
	var out bytes.Buffer
	if code := run([]string{"-dir", "..", "-check"}, &out); code != 0 {
		t.Errorf("go generate ./fsm was forgotten:\n%s", out.String())
	}
}

func TestGolden(t *testing.T) {
	var got bytes.Buffer
	for _, f := range door(t) {
		fmt.Fprintf(&got, "-- %s --\n%s", f.Path, f.Data)
	}
	const path = "testdata/door.txtar"
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got.Bytes(), want) {
		return
	}
	have, old := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(have), len(old)) {
		if have[i] != old[i] {
			t.Fatalf("%s:%d differs (go test ./gen -update writes it):\n got %s\nwant %s", path, i+1, have[i], old[i])
		}
	}
	t.Fatalf("%d lines, want %d", len(have), len(old))
}

func TestDeterministic(t *testing.T) {
	first := door(t)
	for range 5 {
		again := door(t)
		if !slices.EqualFunc(first, again, func(a, b File) bool { return a.Path == b.Path && bytes.Equal(a.Data, b.Data) }) {
			t.Fatal("two runs differ")
		}
	}
}

// compare is the program that TestCompileAndRun compiles with what was
// generated.
const compare = `package main

import (
	"fmt"
	"os"

	"github.com/n2n-overlay/n2n/fsm/door"
	"github.com/n2n-overlay/n2n/spec"
	"github.com/n2n-overlay/n2n/spec/spectest"
)

func main() {
	src, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	s, err := spec.Load(os.Args[1], src)
	if err != nil {
		panic(err)
	}
	for i, m := range []any{new(door.Door), new(door.Bell)} {
		n, err := spectest.Compare(s.Machines[i], m)
		fmt.Println(s.Machines[i].Name, n.Edges == len(s.Machines[i].Edges), err)
	}
	fmt.Println(door.NewDoor(door.ReasonForced, 2, true).Guard, door.New(door.HelloTag).Check(), door.Hello{Ring: make([][32]byte, 5)}.Check())
}
`

// The generated code compiles, and does what the interpreter does in every
// configuration of a machine that uses the whole language.
func TestCompileAndRun(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the compiler")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	files := append(door(t), File{"gen/doormain/main.go", []byte(compare)})
	files = slices.DeleteFunc(files, func(f File) bool {
		return strings.HasPrefix(f.Path, "fsm/referee/") || filepath.Ext(f.Path) != ".go"
	})
	// An overlay puts the files into the module without writing them there.
	dir := t.TempDir()
	replace := map[string]string{}
	for i, f := range files {
		real := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(real, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, filepath.FromSlash(f.Path))] = real
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "compare")
	build := exec.Command("go", "build", "-overlay", list, "-o", binary, module+"/gen/doormain")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(binary, filepath.Join(root, "gen", "testdata", "door.fsm")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := "door true <nil>\nbell true <nil>\nforced <nil> Hello.ring: 5 is more than 4\n"
	if string(out) != want {
		t.Errorf("got:\n%swant:\n%s", out, want)
	}
}

// Names that meet in Go are faults of the spec, with their place.
func TestNames(t *testing.T) {
	for want, src := range map[string]string{
		"x.fsm:8:5: the Go name MUp is taken by line 6":                     "timer up = 1s\n event go_on\n state Idle initial\n state Up\n on go_on { Idle -> Up { start up }; Up -> same }\n on up { Up -> Idle; Idle -> never }",
		"x.fsm:5:6: the Go name M.State is taken by line 2":                 "event e\n state A initial\n var state bool\n on e { A if state -> same { state = false }; A else -> same { state = true } }",
		"x.fsm:6:7: the Go name MEvent.Kind is taken by line 2":             "event e(kind bool)\n state A initial\n effect f\n on e(kind) { A if kind -> same { f }; A else -> same }",
		"x.fsm:7:7: n is small here and bool in line 6: one name, one type": "event e(n bool)\n event f(n small)\n state A initial\n on e(n) { A if n -> same; A else -> same }\n on f(n) { A if n > 1 -> same; A else -> same }",
		"x.fsm:5:5: the Go name MEvent is taken by line 2":                  "event event\n state A initial\n on event { A -> same }",
		"x.fsm:5:5: the Go name M.onE is taken by line 6":                   "event e\n state A initial\n do on_e { f }\n on e { A -> same { on_e } }\n effect f",
	} {
		s, err := spec.Load("x.fsm", []byte("spec x version 1\nmachine m () {\n "+src+"\n}\ntype small uint8 explore 2\nmessage Use = 1 { n small }\nmachine n () { event e\n state A initial\n on Use { A -> same }\n on e { A -> same } }\n"))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		files, err := generate([]*spec.Spec{s})
		if err == nil || files != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	a, _ := spec.Load("a.fsm", []byte("spec a version 1\nmachine m () { state A initial\n event e\n on e { A -> same } }"))
	b, _ := spec.Load("b.fsm", []byte("spec b version 1\nmachine m () { state A initial\n event e\n on e { A -> same } }"))
	if _, err := generate([]*spec.Spec{a, b}); err == nil || !strings.Contains(err.Error(), "b.fsm:2:9: machine m: a.fsm:2 has one of that name too") {
		t.Errorf("two machines of one name: %v", err)
	}
}
