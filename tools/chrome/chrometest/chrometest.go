// Package chrometest starts a chrome.Browser for a test.
//
//	b := chrometest.Start(t, chrome.Config{})
//	tab, err := b.Open(server.URL)
//
// A machine without Chromium skips the test, unless the environment variable CI
// is "true": then it fails.
package chrometest

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/tools/need"
)

// Require skips the test, or fails it, if there is no Chromium.
func Require(t testing.TB) {
	t.Helper()
	_, err := chrome.Find()
	need.Check(t, err)
}

// Start starts a browser that is closed with the test. What its pages write to
// their consoles is logged.
func Start(t testing.TB, cfg chrome.Config) *chrome.Browser {
	t.Helper()
	Require(t)
	var mu sync.Mutex
	over := false
	if cfg.Console == nil {
		cfg.Console = func(_ *chrome.Tab, text string) {
			mu.Lock()
			defer mu.Unlock()
			if !over { // a test must not log when it is done
				t.Logf("console: %s", text)
			}
		}
	}
	b, err := chrome.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.Close() // t.Context has ended it
		mu.Lock()
		over = true
		mu.Unlock()
	})
	return b
}

// ReadSources reads what a package for the browser is made from, its tests
// included, so that the go command, which keeps the results of tests, knows that
// this one depends on it. dir is where the package's path starts from.
func ReadSources(t testing.TB, dir, pkg string) {
	t.Helper()
	const format = `{{if not .Standard}}{{range .GoFiles}}{{$.Dir}}/{{.}}
{{end}}{{range .TestGoFiles}}{{$.Dir}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$.Dir}}/{{.}}
{{end}}{{end}}`
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test", "-f", format, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, file := range strings.Fields(string(out)) {
		if strings.Contains(file, "//") {
			continue // made by the go command, at a path of its own
		}
		if _, err := os.ReadFile(file); err != nil {
			t.Error(err)
		}
	}
}
