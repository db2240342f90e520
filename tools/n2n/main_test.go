package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// Whatever a command starts has ended when it returns.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// try runs the program with no input.
func try(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args           string
		code           int
		stdout, stderr string // a part of it; empty: nothing at all
	}{
		{"", 2, "", "usage: n2n <command>"},
		{"-h", 0, "usage: n2n <command>", ""},
		{"help", 0, "n2n demo", ""},
		{"dance", 2, "", `n2n: unknown command "dance": see n2n -h`},
		{"demo -h", 0, "usage: n2n demo [flags]", ""},
		{"demo --help", 0, "--peers N ", ""},
		{"entrance -h", 0, "(default 127.0.0.1:8080)", ""},
		{"join -h", 0, "n2n join --entrance ws://127.0.0.1:8080", ""},
		{"spec -h", 0, "--machine link --format mermaid", ""},
		{"demo --peers 1", 2, "", "n2n demo: --peers 1: want 2 to 256: see n2n demo -h"},
		{"demo --peers 257", 2, "", "want 2 to 256"},
		{"demo --arcs 0", 2, "", "--arcs 0: want 1 to 64"},
		{"demo -arcs 65", 2, "", "--arcs 65"},
		{"demo --arcs many", 2, "", `invalid value "many"`},
		{"demo --seed -1", 2, "", "invalid value"},
		{"demo --color", 2, "", "n2n demo: flag provided but not defined: -color"},
		{"demo now", 2, "", `unexpected argument "now"`},
		{"entrance --listen 127.0.0.1:99999", 1, "", "n2n entrance: listen tcp"},
		{"entrance here", 2, "", `unexpected argument "here"`},
		{"join --name not\x1bme", 2, "", "--name: want printable characters"},
		{"join --name abcdefghijklmnopqrstuvwxyz", 2, "", "--name: 26 characters: at most 24"},
		{"join --entrance ftp://127.0.0.1:8080", 1, "entering room demo", "want ws:// or wss://"},
		{"join --udp nowhere", 1, "", "listen address: not an ip:port"},
		{"join --key .", 1, "", "n2n join: key:"},
		{"spec --format svg", 2, "", "--format svg: want table, mermaid or dot"},
		{"spec --machine juggler ../../spec/arc.fsm", 1, "", "n2n spec: no machine juggler: there are session, arc"},
		{"spec --machine link", 0, "Finalizing", ""}, // the built-in ones
		{"spec nowhere.fsm", 1, "", "open nowhere.fsm: no such file"},
		{"forward -h", 0, "--allow TARGET ", ""},
		{"forward", 2, "", "there is nothing to forward"},
		{"forward 127.0.0.1:9000", 2, "", `"127.0.0.1:9000": want LOCAL=TARGET`},
		{"forward 127.0.0.1:9000=there", 2, "", "want host:port"},
		{"forward --allow everything", 2, "", "want host:port"},
		{"forward --peer bob --allow 127.0.0.1:80", 2, "", "invalid value"},
		{"verify -h", 0, "usage: n2n verify [flags]", ""},
		{"verify --list --quick", 0, "glare", ""},
		{"verify --world glare,nowhere", 2, "", "there is no such world"},
		{"verify now", 2, "", `unexpected argument "now"`},
	} {
		t.Run(test.args, func(t *testing.T) {
			code, stdout, stderr := try(t, strings.Fields(test.args)...)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			check := func(name, got, want string) {
				if !strings.Contains(got, want) || want == "" && got != "" {
					t.Errorf("%s is %q, want a part of it to be %q", name, got, want)
				}
			}
			check("stdout", stdout, test.stdout)
			check("stderr", stderr, test.stderr)
			if lines := strings.Count(stderr, "\n"); test.args != "" && lines > 1 {
				t.Errorf("%d lines on stderr, want one:\n%s", lines, stderr)
			}
		})
	}
}

// Flags may stand behind arguments, as the synopsis of spec has them.
func TestFlagsAnywhere(t *testing.T) {
	arc := "../../spec/arc.fsm"
	_, want, _ := try(t, "spec", "--machine", "arc", arc)
	code, got, stderr := try(t, "spec", arc, "-machine=arc")
	if code != 0 || got != want || want == "" {
		t.Errorf("exit code %d, %q, stdout differs: %v", code, stderr, got != want)
	}
}

func TestSpecFormats(t *testing.T) {
	for format, want := range map[string][]string{
		"table":   {"arc ", "Fresh", "ask ", "link ", "Answering"},
		"mermaid": {"%% machine arc\nstateDiagram-v2\n", "%% machine link\n", "[*] --> Idle"},
		"dot":     {"// machine arc\ndigraph \"arc\" {", "digraph \"link\" {"},
	} {
		code, stdout, stderr := try(t, "spec", "--format", format, "../../spec/arc.fsm", "../../spec/signal.fsm")
		if code != 0 || stderr != "" {
			t.Errorf("%s: exit code %d, %q", format, code, stderr)
		}
		for _, w := range want {
			if !strings.Contains(stdout, w) {
				t.Errorf("%s: %q is not in it:\n%s", format, w, stdout)
			}
		}
	}
}

// Without files, those of the repository are taken.
func TestSpecDefault(t *testing.T) {
	t.Chdir("../..")
	code, stdout, stderr := try(t, "spec", "--machine", "session")
	if code != 0 || !strings.Contains(stdout, "session") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// All faults of all files are told in one run, with their lines, and nothing is
// printed.
func TestSpecFaults(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.fsm"), filepath.Join(dir, "two.fsm")
	write(t, one, "spec one version 1\nmachine m () {\n\tevent e\n\tstate A initial\n\tstate B\n\ton e { A -> C\n}\n}\n")
	write(t, two, "spec two version x\n")
	code, stdout, stderr := try(t, "spec", one, "../../spec/arc.fsm", two)
	if code != 1 || stdout != "" {
		t.Errorf("exit code %d, stdout %q; want 1 and nothing", code, stdout)
	}
	for _, want := range []string{one + ":5:8: ", "\tstate B\n", one + ":6:", two + ":1:"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in it:\n%s", want, stderr)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// brokenPipe is a standard output that nobody reads any more.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestLostOutput(t *testing.T) {
	for _, args := range [][]string{
		{"-h"}, {"spec", "-h"}, {"spec", "../../spec/arc.fsm"}, {"demo", "--peers", "2", "--arcs", "1"}, {"demo", "--peers", "2", "--arcs", "1", "--json"},
	} {
		var stderr bytes.Buffer
		code := run(t.Context(), args, nil, brokenPipe{}, &stderr)
		if code != 1 || !strings.Contains(stderr.String(), io.ErrClosedPipe.Error()) {
			t.Errorf("%v: exit code %d, %q; want 1 and the error", args, code, stderr.String())
		}
	}
}

func TestInterruptedDemo(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("Ctrl-C"))
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"demo"}, nil, &stdout, &stderr)
	if code != exitInterrupted || stdout.Len() > 0 || !strings.HasSuffix(stderr.String(), "n2n demo: interrupted\n") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain, ünïcode ☺":                "plain, ünïcode ☺",
		"\x1b[2Jgone\r\n":                 "\ufffd[2Jgone\ufffd\ufffd",
		"\xff\u202ebidi":                  "\ufffd\ufffdbidi",
		"0123456789012345678901234567890": "012345678901234567890123456789…",
	} {
		if got := clean(in, 30); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}
