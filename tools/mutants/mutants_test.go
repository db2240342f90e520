package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/spec"
)

const root = "../.."

// The decisions fit the core as it is, the named equivalents exist, and names
// tell mutants apart.
func TestLists(t *testing.T) {
	all, err := collect(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range all {
		if names[m.name] {
			t.Errorf("two mutants are called %q", m.name)
		}
		names[m.name] = true
	}
	named, err := readEquivalent(equivalentText)
	if err != nil {
		t.Fatal(err)
	}
	if err := named.known(all); err != nil {
		t.Error(err)
	}
}

const lamp = `spec lamp version 1

message Press = 1 { again bool }

machine lamp () {
	var count uint8 bound 3
	timer shining = 30s
	event off
	effect shine
	effect dim(to uint8)
	state Dark initial
	state Lit
	define full(n) = n > 2 && !false
	do light { shine; start shining }
	on Press(again) {
		Dark if !again -> Lit { count = 1; dim(max(1, 2)); light } // on
		Dark else -> same
		Lit if full(count) -> Dark as out { count = 0; stop shining }
		Lit else -> same as more { count++ }
	}
	on off {
		Lit -> Dark { count = 0; stop shining }
		Dark -> never
	}
	on shining {
		Lit -> Dark { count = 0 }
		Dark -> never
	}
}
`

// Each kind of mutant is made, and each is what its name says.
func TestSpecMutants(t *testing.T) {
	ms, err := specMutants("spec/lamp.fsm", []byte(lamp))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range ms {
		if _, err := spec.Parse(m.path, m.text); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		got[m.name] = changed(lamp, string(m.text))
	}
	for name, want := range map[string]string{
		"lamp define full: negated":                        "define full(n) = !(n > 2 && !false)",
		"lamp define full: n >= 2 && !false":               "define full(n) = n >= 2 && !false",
		"lamp define full: n > 2 && false":                 "define full(n) = n > 2 && false",
		"lamp do light: drop shine":                        "do light { start shining }",
		"lamp.Press Dark if !again: next state Dark":       "Dark if !again -> Dark { count = 1; dim(max(1, 2)); light } // on",
		"lamp.Press Dark if !again: ignore":                "Dark if !again -> same // on",
		"lamp.Press Dark if !again: never":                 "Dark if !again -> never // on",
		"lamp.Press Dark if !again: guard dropped":         "Dark -> Lit { count = 1; dim(max(1, 2)); light } // on",
		"lamp.Press Dark if !again: guard negated":         "Dark if !(!again) -> Lit { count = 1; dim(max(1, 2)); light } // on",
		"lamp.Press Dark if !again: drop dim(max(1, 2))":   "Dark if !again -> Lit { count = 1; light } // on",
		"lamp.Press Dark if !again: add shine":             "Dark if !again -> Lit { count = 1; dim(max(1, 2)); light; shine } // on",
		"lamp.Press Dark else: next state Lit":             "Dark else -> Lit",
		"lamp.Press Lit if full(count): ignore":            "Lit if full(count) -> same as out",
		"lamp.Press Lit if full(count): never":             "Lit if full(count) -> never",
		"lamp.Press Lit if full(count): drop stop shining": "Lit if full(count) -> Dark as out { count = 0 }",
		"lamp.Press Lit else: drop count++":                "Lit else -> same as more",
	} {
		if line, ok := got[name]; !ok {
			t.Errorf("no mutant %q", name)
		} else if line != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, line, want)
		}
	}
	for name := range got {
		if strings.HasPrefix(name, "lamp.off Dark") {
			t.Errorf("%s: what never happens cannot be told from what is ignored", name)
		}
	}
}

// changed gives the one line in which b differs from a.
func changed(a, b string) string {
	old := strings.Split(a, "\n")
	for i, line := range strings.Split(b, "\n") {
		if i >= len(old) || line != old[i] {
			return strings.Join(strings.Fields(line), " ")
		}
	}
	return ""
}

// The checker kills what it refuses, by its message, and lets the rest pass.
func TestCheck(t *testing.T) {
	ms, err := specMutants("spec/lamp.fsm", []byte(lamp))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"lamp.Press Dark if !again: guard dropped":         "spec/lamp.fsm:",
		"lamp.Press Lit if full(count): drop stop shining": "timer",
		"lamp.Press Dark if !again: add shine":             "",
	} {
		i := slices.IndexFunc(ms, func(m *mutant) bool { return m.name == name })
		r, killed := check(ms[i])
		if killed != (want != "") || !strings.Contains(r.Message, want) {
			t.Errorf("%s: killed=%v %q", name, killed, r.Message)
		}
	}
}

func TestEdits(t *testing.T) {
	edits, err := readEdits("= first\n-a\n b\n+c\n\n= second\n-x\n+y\n")
	if err != nil || len(edits) != 2 {
		t.Fatalf("%v, %v", edits, err)
	}
	sources := map[string][]byte{"one": []byte("0\na\nb\n1\n"), "two": []byte("\nx\nx\n")}
	file, text, err := edits[0].apply(sources)
	if file != "one" || string(text) != "0\nb\nc\n1\n" || err != nil {
		t.Errorf("%s: %q, %v", file, text, err)
	}
	if string(sources["one"]) != "0\na\nb\n1\n" {
		t.Error("the original has changed")
	}
	sources["three"] = []byte("\nx\n")
	if _, _, err := edits[1].apply(sources); err == nil {
		t.Error("an edit of two places is taken")
	}
	for _, bad := range []string{"-a\n", "= n\na\n"} {
		if _, err := readEdits(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestEquivalents(t *testing.T) {
	got, err := readEquivalent("// why\na: b\nc: d\n\tboth of\n\tthem\n\ne: f\n  alone\n")
	if err != nil || len(got) != 3 || got["a: b"] != "both of them" || got["c: d"] != "both of them" || got["e: f"] != "alone" {
		t.Fatalf("%q, %v", got, err)
	}
	if err := got.known([]*mutant{{name: "a: b"}, {name: "c: d"}}); err == nil {
		t.Error("a name that no mutant has is taken")
	}
	for _, bad := range []string{"a\n", "\tr\n", "a\n\tr\na\n\tr\n"} {
		if _, err := readEquivalent(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestFailure(t *testing.T) {
	for _, c := range []struct{ out, killer, message string }{
		{"--- FAIL: TestA (0.1s)\n    --- FAIL: TestA/b (0.1s)\n        a_test.go:3: too late\nFAIL\n", "TestA/b", "too late"},
		{"--- FAIL: TestA (0.1s)\n    a_test.go:3: too late\nFAIL\n", "TestA", "too late"},
		{"--- FAIL: TestA (0.1s)\npanic: nil map\n\ngoroutine 1\n", "TestA", "nil map"},
		{"panic: test timed out after 1m0s\n\trunning tests:\n\t\tTestB (60s)\n", "TestB (timeout)", "test timed out after 1m0s"},
		{"# pkg [pkg.test]\n./a.go:1:2: undefined: x\n", "build", "./a.go:1:2: undefined: x"},
		{"exit status 2\n", "tests of pkg", ""},
	} {
		what := "pkg"
		if c.killer == "build" {
			what = "build"
		}
		if killer, message := failure(what, c.out); killer != c.killer || message != c.message {
			t.Errorf("%q: %q, %q, want %q, %q", c.out, killer, message, c.killer, c.message)
		}
	}
}

func TestReport(t *testing.T) {
	r := newReport(5, equivalents{"same": "it is", "not same": "it is said to be"})
	for _, res := range []result{
		{Name: "a", Killed: true, Killer: "checker"}, {Name: "b", Killed: true, Killer: "TestX/y"},
		{Name: "same"}, {Name: "not same", Killed: true, Killer: "TestX"}, {Name: "alive"},
	} {
		r.add(res)
	}
	if r.Killed != 3 || r.Equivalent != 1 || r.Survived != 1 || r.Score != 0.75 || r.Killers["TestX"] != 2 ||
		r.Tested != (score{4, 2, 2.0 / 3}) || !slices.Equal(r.Misnamed, []string{"not same"}) {
		t.Errorf("%+v", r)
	}
	var text, line bytes.Buffer
	if err := r.print(&text, false); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "survived\n  alive\n") || !strings.Contains(text.String(), "score 75.0 %") {
		t.Error(text.String())
	}
	if err := r.print(&line, true); err != nil {
		t.Fatal(err)
	}
	if strings.Count(line.String(), "\n") != 1 || !strings.HasPrefix(line.String(), `{"mutants":5,"judged":5,"killed":3,`) {
		t.Error(line.String())
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"--nonsense"}, exitUsage},
		{[]string{"argument"}, exitUsage},
		{[]string{"--jobs", "0"}, exitUsage},
		{[]string{"-h"}, exitOK},
		{[]string{"--dir", t.TempDir()}, exitFault},
		{[]string{"--dir", root, "--only", "no such mutant"}, exitFault},
		{[]string{"--dir", root, "--list", "--only", "tie-break"}, exitOK},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), c.args, &stdout, &stderr); code != c.code {
			t.Errorf("%q: exit code %d, want %d: %s", c.args, code, c.code, stderr.String())
		}
	}
}

// fake is a module whose "proof" takes as long as it likes.
func fake(t *testing.T, test string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                            "module example.org/fake\n\ngo 1.26\n",
		"gen/main.go":                       "package main\n\nfunc main() {}\n",
		"overlay/internal/core/one.go":      "package core\n\nconst One = 1\n",
		"overlay/internal/core/one_test.go": "package core\n\nimport \"testing\"\n\nfunc TestOne(t *testing.T) {\n" + test + "\n}\n",
		".hidden/file":                      "not copied",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A mutant is killed in the copy; the original and the next mutant never see it,
// and the copies are removed.
func TestWorkshop(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	dir := fake(t, "if One != 1 { t.Fatal(One) }")
	w, err := newWorkshop(t.Context(), options{dir: dir, jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.baseline(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(w.benches[1].root, ".hidden")); err == nil {
		t.Error("what is hidden was copied")
	}
	path := "overlay/internal/core/one.go"
	got := map[string]string{}
	err = w.each(t.Context(), []*mutant{
		{name: "two", path: path, text: []byte("package core\n\nconst One = 2\n")},
		{name: "same", path: path, text: []byte("package core\n\nconst One = 2 - 1\n")},
		{name: "broken", path: path, text: []byte("package core\n\nconst One = x\n")},
	}, func(r result) { got[r.Name] = r.Killer })
	if err != nil || got["two"] != "TestOne" || got["same"] != "nobody" || got["broken"] != "build" {
		t.Errorf("%v, %v", got, err)
	}
	w.close()
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if src, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path))); err != nil || !bytes.Contains(src, []byte("One = 1\n")) {
		t.Errorf("the original: %s, %v", src, err)
	}
}

// A proof that fails without any mutant proves nothing.
func TestBrokenBaseline(t *testing.T) {
	w, err := newWorkshop(t.Context(), options{dir: fake(t, "t.Fatal(One)"), jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if err := w.baseline(t.Context()); err == nil || !strings.Contains(err.Error(), "TestOne") {
		t.Errorf("%v", err)
	}
}

// Whoever interrupts waits neither for the test that runs nor for the others.
func TestInterrupted(t *testing.T) {
	w, err := newWorkshop(t.Context(), options{dir: fake(t, "if One == 1 { return }\n\tselect {}"), jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	ctx, cancel := context.WithCancel(t.Context())
	path := "overlay/internal/core/one.go"
	quick := &mutant{name: "quick", path: path, text: []byte("package core\n\nconst One = x\n")}
	stuck := &mutant{name: "stuck", path: path, text: []byte("package core\n\nconst One = 2\n")}
	var done []string
	start := time.Now()
	err = w.each(ctx, []*mutant{quick, stuck, stuck, stuck}, func(r result) { done = append(done, r.Name); cancel() })
	if err != nil || !slices.Equal(done, []string{"quick"}) {
		t.Errorf("%q, %v", done, err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}
