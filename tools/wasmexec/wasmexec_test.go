package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/tools/chrome/chrometest"
	"github.com/n2n-overlay/n2n/tools/firefox/firefoxtest"
)

// everywhere runs a test in each browser. It skips those that are missing, or fails.
func everywhere(t *testing.T, test func(t *testing.T, browser string)) {
	t.Run("chromium", func(t *testing.T) {
		chrometest.Require(t)
		test(t, "chromium")
	})
	t.Run("firefox", func(t *testing.T) {
		firefoxtest.Require(t)
		test(t, "firefox")
	})
}

// goTool runs the go command for the browser and gives its output.
func goTool(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// build compiles a package of testdata for the browser.
func build(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program.wasm")
	if out, err := goTool(t, "build", "-o", file, "./tools/wasmexec/testdata/program"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

func TestRun(t *testing.T) { everywhere(t, testRun) }

func testRun(t *testing.T, browser string) {
	t.Setenv("N2N_TEST", "seen")
	file := build(t)
	for _, x := range []struct {
		args   []string
		code   int
		stderr []string
	}{
		{[]string{"fine", "and", "more"}, 0, nil},
		{[]string{"exit"}, 3, nil},
		{[]string{"panic"}, 2, []string{"panic: as asked", "main.main"}},
		{[]string{"console"}, 0, []string{"from JavaScript"}},
	} {
		var stdout, stderr bytes.Buffer
		p := program{args: append([]string{file}, x.args...), env: environment(), stdout: &stdout, stderr: &stderr, browse: browsers[browser]}
		code, err := p.run(t.Context())
		if err != nil || code != x.code {
			t.Errorf("%v: code %d, %v, want %d\n%s", x.args, code, err, x.code, &stderr)
		}
		want := "arguments " + strings.Join(x.args, " ") + "\nN2N_TEST seen HOME \nno line end"
		if stdout.String() != want {
			t.Errorf("%v: writes %q, want %q", x.args, &stdout, want)
		}
		for _, s := range append(x.stderr, "to stderr\n") {
			if !strings.Contains(stderr.String(), s) {
				t.Errorf("%v: no %q in stderr:\n%s", x.args, s, &stderr)
			}
		}
	}
}

// TestTrap: a program that WebAssembly stops is over, and the error says so.
func TestTrap(t *testing.T) { everywhere(t, testTrap) }

func testTrap(t *testing.T, browser string) {
	p := program{args: []string{build(t), "trap"}, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, browse: browsers[browser]}
	if code, err := p.run(t.Context()); err == nil && code == 0 {
		t.Error("no error")
	} else {
		t.Logf("code %d, %v", code, err)
	}
}

// TestInterrupt: a program that does not end is ended.
func TestInterrupt(t *testing.T) { everywhere(t, testInterrupt) }

func testInterrupt(t *testing.T, browser string) {
	ctx, cancel := context.WithCancel(t.Context())
	started := writer(func([]byte) { cancel() })
	p := program{args: []string{build(t), "hang"}, stdout: started, stderr: &bytes.Buffer{}, browse: browsers[browser]}
	if code, err := p.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("code %d, %v", code, err)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func TestUsage(t *testing.T) {
	for _, x := range []struct {
		args []string
		code int
		fail bool
	}{
		{[]string{"-h"}, 0, false},
		{nil, 2, false},
		{[]string{"-wrong"}, 2, false},
		{[]string{"-browser", "netscape", "x.wasm"}, 2, true},
		{[]string{filepath.Join(t.TempDir(), "none.wasm")}, 1, true},
	} {
		if code, err := run(t.Context(), x.args); code != x.code || (err != nil) != x.fail {
			t.Errorf("%v: code %d, %v", x.args, code, err)
		}
	}
}

// TestBrowserDriver runs the tests of transport/browser, the conformance suite
// among them, in each browser.
func TestBrowserDriver(t *testing.T) { everywhere(t, testBrowserDriver) }

func testBrowserDriver(t *testing.T, browser string) {
	const pkg = "./transport/browser"
	chrometest.ReadSources(t, filepath.Join("..", ".."), pkg)
	runner := filepath.Join(t.TempDir(), "wasmexec")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", runner, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := goTool(t, "test", "-count=1", "-v", "-exec", runner+" -browser "+browser, pkg)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	passed := regexp.MustCompile(`(?m)^ *--- PASS: `).FindAllString(out, -1)
	t.Logf("%d tests passed in the browser", len(passed))
	if len(passed) < 50 || strings.Contains(out, "--- SKIP") {
		t.Errorf("that is too few, or some were skipped:\n%s", out)
	}
}
