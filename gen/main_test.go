package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const good = "spec %s version 1\nmachine %s () {\n\tstate A initial\n\tevent e\n\ton e { A -> same }\n}\n"

// repository makes a directory with specs.
func repository(t *testing.T, specs map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "spec"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, src := range specs {
		put(t, filepath.Join(dir, "spec", name+".fsm"), src)
	}
	return dir
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func of(name string) string { return strings.ReplaceAll(good, "%s", name) }

// generateIn runs the command and holds it to its exit code.
func generateIn(t *testing.T, dir string, code int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if got := run(append([]string{"-dir", dir}, args...), &out); got != code {
		t.Errorf("gen %v: exit code %d, want %d\n%s", args, got, code, out.String())
	}
	return out.String()
}

// A fault in one spec: all faults of all specs are told, and nothing is
// written, not even for the good one.
func TestFaultsWriteNothing(t *testing.T) {
	dir := repository(t, map[string]string{
		"good": of("good"),
		"bad":  strings.Replace(of("bad"), "A -> same", "A -> B", 1),
		"ugly": strings.Replace(of("ugly"), "event e", "even e", 1),
	})
	out := generateIn(t, dir, 1)
	for _, want := range []string{
		"spec/bad.fsm:5:14: machine bad has no state B\n\ton e { A -> B }\n\t            ^",
		"spec/ugly.fsm:4:2: unexpected even in machine ugly\n\teven e\n\t^",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "fsm")); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "spec", "protocol.md")); !os.IsNotExist(err) {
		t.Errorf("the page was written: %v", err)
	}
}

func TestWriteCheckAndOrphans(t *testing.T) {
	dir := repository(t, map[string]string{"one": of("one"), "two": of("two")})
	if out := generateIn(t, dir, 1, "-check"); !strings.Contains(out, "spec/protocol.md: missing") {
		t.Errorf("before the first run:\n%s", out)
	}
	generateIn(t, dir, 0)
	if out := generateIn(t, dir, 0, "-check"); out != "" {
		t.Errorf("after a run:\n%s", out)
	}

	step := filepath.Join(dir, "fsm", "one", "one_step_gen.go")
	before, err := os.Stat(step)
	if err != nil {
		t.Fatal(err)
	}
	generateIn(t, dir, 0)
	if after, err := os.Stat(step); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("a file that did not change was written: %v", err)
	}

	// Changed, gone, and left over: each is named, and mended by the next run.
	put(t, step, "package one\n")
	if err := os.Remove(filepath.Join(dir, "fsm", "one", "one_gen.go")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "spec", "two.fsm")); err != nil {
		t.Fatal(err)
	}
	hand := filepath.Join(dir, "fsm", "two", "hand_gen.go")
	put(t, hand, "package two // by hand\n")
	out := generateIn(t, dir, 1, "-check")
	for _, want := range []string{"one_step_gen.go: not up to date", "one_gen.go: missing", "two_gen.go: not generated any more"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	generateIn(t, dir, 0)
	generateIn(t, dir, 0, "-check")
	if _, err := os.Stat(hand); err != nil {
		t.Errorf("a file that gen did not write was removed: %v", err)
	}
}

func TestUsage(t *testing.T) {
	generateIn(t, t.TempDir(), 1)
	generateIn(t, t.TempDir(), 2, "-nonsense")
	generateIn(t, t.TempDir(), 2, "argument")
}
