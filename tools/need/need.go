// Package need is for tests that need what a machine may lack.
//
//	need.Check(t, err)  // of looking for a browser, say
//	need.Route(t)
//
// What is missing skips the test, with a line that says what it is, unless the
// environment variable CI is "true": then it fails.
package need

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// Check goes on if err is nil, and otherwise skips the test or fails it.
func Check(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skipf("skipped: %v", err)
	}
}

// Route needs a default route, without which browsers that hide the addresses of
// loopback have no candidates. Nothing is sent.
func Route(t testing.TB) {
	t.Helper()
	c, err := net.Dial("udp4", "192.0.2.1:1024")
	if err != nil {
		Check(t, fmt.Errorf("no default route, without which a browser has no candidates: %w", err))
		return
	}
	_ = c.Close()
}
