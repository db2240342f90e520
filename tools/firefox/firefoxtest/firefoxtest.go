// Package firefoxtest starts a firefox.Browser for a test.
//
//	b := firefoxtest.Start(t, firefox.Config{})
//	tab, err := b.Open(t.Context(), server.URL)
//
// A machine without Firefox skips the test, unless the environment variable CI is
// "true": then it fails.
package firefoxtest

import (
	"os"
	"testing"

	"github.com/n2n-overlay/n2n/tools/firefox"
)

// Require skips the test, or fails it, if there is no Firefox.
func Require(t testing.TB) {
	t.Helper()
	_, err := firefox.Find()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skipf("skipped: %v", err)
	}
}

// Start starts a browser that is closed with the test. What its pages write to
// their consoles is logged.
func Start(t testing.TB, cfg firefox.Config) *firefox.Browser {
	t.Helper()
	Require(t)
	if cfg.Console == nil {
		cfg.Console = func(text string) { t.Logf("console: %s", text) } // Close waits for it
	}
	b, err := firefox.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}
