package verify

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// spin runs SPIN's verifier on a model, exhaustively, and gives each line that
// the model prints to line. It fails the test if the verifier finds fault.
//
// -o2 keeps variables that nothing reads in the state, which SPIN leaves out
// otherwise; without partial order reduction it visits every state.
func spin(t *testing.T, model string, include []string, defines []string, line func(string)) {
	t.Helper()
	needs(t, "spin")
	needs(t, "gcc")
	dir := t.TempDir()
	for _, path := range append(include, model) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-o2", "-a"}
	for _, d := range defines {
		args = append(args, "-D"+d)
	}
	command(t, dir, "spin", append(args, filepath.Base(model))...)
	optimize := "-O0" // small worlds are searched faster than they are compiled
	if *large {
		optimize = "-O2"
	}
	command(t, dir, "gcc", optimize, "-w", "-DSAFETY", "-DNOREDUCE", "-DVECTORSZ=2048", "-DMEMLIM=4000", "-o", "pan", "pan.c")
	verifier(t, dir, line)
}

func verifier(t *testing.T, dir string, line func(string)) {
	t.Helper()
	pan := exec.Command(filepath.Join(dir, "pan"), "-w20", "-m2000000")
	pan.Dir = dir
	out, err := pan.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := pan.Start(); err != nil {
		t.Fatal(err)
	}
	var report strings.Builder
	complete := false
	scan := bufio.NewScanner(out)
	for scan.Scan() {
		switch text := scan.Text(); {
		case strings.HasPrefix(text, "S ") || strings.HasPrefix(text, "T "):
			line(text)
		default:
			report.WriteString(text + "\n")
			complete = complete || strings.HasPrefix(text, "State-vector") && strings.HasSuffix(text, "errors: 0")
		}
	}
	if err := scan.Err(); err != nil {
		t.Error(err)
	}
	if err := pan.Wait(); err != nil || !complete || strings.Contains(report.String(), "max search depth too small") ||
		strings.Contains(report.String(), "Search not completed") {
		t.Errorf("the verifier: %v\n%s", err, report.String())
	}
}

// needs skips the test where a program is missing; CI has it.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing, and CI is true", program)
	}
	t.Skipf("%s is missing (Debian: apt-get install %[1]s)", program)
}

func command(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, bytes.TrimSpace(out))
	}
}

// sets holds what SPIN prints to what is ours, line by line.
type sets struct {
	ours  map[string]bool // whether SPIN has it, too
	spins int
	extra []string // that only SPIN has
}

func newSets() *sets { return &sets{ours: map[string]bool{}} }

func (s *sets) add(line []byte) { s.ours[string(line)] = false }

func (s *sets) spin(line string) {
	s.spins++
	if _, ok := s.ours[line]; ok {
		s.ours[line] = true
		return
	}
	s.extra = append(s.extra, line)
}

// missing gives the lines that only we have.
func (s *sets) missing() (out []string) {
	for line, both := range s.ours {
		if !both {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

// equal fails the test if the sets are not, with the first differences.
func (s *sets) equal(t *testing.T) {
	t.Helper()
	missing := s.missing()
	t.Logf("%d lines of SPIN's, %d of ours", s.spins, len(s.ours))
	if s.spins == 0 {
		t.Error("SPIN printed nothing")
	}
	if len(missing)+len(s.extra) > 0 {
		t.Errorf("only SPIN has %d:\n%s\nonly we have %d:\n%s", len(s.extra), strings.Join(s.extra[:min(5, len(s.extra))], "\n"),
			len(missing), strings.Join(missing[:min(5, len(missing))], "\n"))
	}
}

// numbers appends them as the models print them.
func numbers[N ~uint8 | ~uint16 | ~int](b []byte, vs ...N) []byte {
	for _, v := range vs {
		b = strconv.AppendInt(append(b, ' '), int64(v), 10)
	}
	return b
}
