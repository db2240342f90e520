package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const shape = `package shape

type Box struct{ n int }

var sizes = [3]int{1, 2, 3}

func (b *Box) Add(x int, more ...int) (int, error) { // keeps n
	for _, m := range more {
		x += m
	}
	b.n += x
	return b.n, nil
}

func (b Box) Reset() { b.n = 0 }

func Double(x int, _ bool) int { return x * sizes[1] }
`

// A file with variants of itself chooses among them when it runs, and does what
// the original does without a choice.
func TestSplice(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := batch{files: map[string]*spliced{}}
	original := map[string][]byte{"shape.go": []byte(shape)}
	add := func(old, text string) bool {
		t.Helper()
		if strings.Count(shape, old) != 1 {
			t.Fatalf("%q is not there once", old)
		}
		ok, err := b.add(&mutant{}, original, map[string][]byte{"shape.go": []byte(strings.Replace(shape, old, text, 1))})
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for _, c := range [][2]string{
		{"x += m", "x -= m"},
		{"x * sizes[1]", "x"},
		{"1, 2, 3", "1, 4, 3"},
		{"b.n = 0", "b.n = 7"},
		{"b.n += x", "b.n += x + 1"},
	} {
		if !add(c[0], c[1]) {
			t.Errorf("%s stays apart", c[1])
		}
	}
	for _, c := range [][2]string{ // no choice at run time can make these
		{"[3]int{1, 2, 3}", "[4]int{1, 2, 3, 4}"},
		{"x int, _ bool", "x int, _ int"},
		{"type Box struct{ n int }", "type Box struct{ n int8 }"},
		{"func (b Box) Reset() { b.n = 0 }", ""},
	} {
		if add(c[0], c[1]) {
			t.Errorf("%q is in the batch", c[1])
		}
	}
	for name, text := range b.sources() {
		write(name, string(text))
	}
	write("go.mod", "module shape\n\ngo 1.26\n")
	write("shape_test.go", `package shape

import "testing"

func Test(t *testing.T) {
	b := Box{}
	b.Add(1, 2)
	n, _ := b.Add(10)
	b.Reset()
	t.Log("is", n, Double(5, true))
}
`)
	run := func(choice int, name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), fmt.Sprintf("N2N_MUTANT=%d", choice))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(0, "go", "test", "-c", "-o", "shape.test", "."); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for choice, want := range []string{"is 13 10", "is 9 10", "is 13 5", "is 13 20", "is 13 10", "is 15 10"} {
		if out, err := run(choice, filepath.Join(dir, "shape.test"), "-test.v"); err != nil || !strings.Contains(out, want+"\n") {
			t.Errorf("choice %d: want %q: %v\n%s", choice, want, err, out)
		}
	}
}

// All decisions that can be in one build are, and it builds.
func TestDecisionsBuild(t *testing.T) {
	ms, err := coreMutants(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	original, err := goFiles(root)
	if err != nil {
		t.Fatal(err)
	}
	b := batch{files: map[string]*spliced{}}
	apart := 0
	for _, m := range ms {
		ok, err := b.add(m, original, map[string][]byte{m.path: m.text})
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			apart++
		}
	}
	if apart*10 > len(ms) {
		t.Errorf("%d of %d decisions need a build of their own", apart, len(ms))
	}
	// The module stays as it is: the compiler reads the batch instead of it.
	dir := t.TempDir()
	module, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for name, text := range b.sources() {
		p := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(p, text, 0o644); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(module, filepath.FromSlash(name))] = p
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, list, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "./"+coreDir)
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
