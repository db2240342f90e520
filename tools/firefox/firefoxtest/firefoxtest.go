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
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/n2n-overlay/n2n/tools/firefox"
)

// Require skips the test, or fails it, if Firefox is missing or cannot connect.
func Require(t testing.TB) {
	t.Helper()
	_, err := firefox.Find()
	if err == nil {
		var c net.Conn
		if c, err = net.Dial("udp4", "192.0.2.1:1024"); err == nil { // nothing is sent
			_ = c.Close()
		} else {
			err = fmt.Errorf("no default route, without which Firefox has no candidates: %w", err)
		}
	}
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
