// Package firefoxtest starts a firefox.Browser for a test.
//
//	b := firefoxtest.Start(t, firefox.Config{})
//	tab, err := b.Open(t.Context(), server.URL)
//
// A machine without Firefox, or without a default route, where Firefox finds no
// candidates, skips the test, unless the environment variable CI is "true": then it
// fails.
package firefoxtest

import (
	"testing"

	"github.com/n2n-overlay/n2n/tools/firefox"
	"github.com/n2n-overlay/n2n/tools/need"
)

// Require skips the test, or fails it, if Firefox is missing or cannot connect.
func Require(t testing.TB) {
	t.Helper()
	_, err := firefox.Find()
	need.Check(t, err)
	need.Route(t)
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
