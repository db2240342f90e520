//go:build js && wasm

package browser_test

import (
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

// crowd makes and closes connections until the browser refuses one, which Chromium
// does after 500, and Firefox never.
func crowd() {
	js.Global().Call("eval", `() => {
		try {
			for (let i = 0; i < 600; i++) {
				new RTCPeerConnection().close();
			}
		} catch {}
	}`).Invoke()
}

// TestClosedConnections: a page that has closed as many connections as a browser
// allows can open others.
func TestClosedConnections(t *testing.T) {
	da, db := newDriver(t), newDriver(t)
	for number := range uint64(2) {
		crowd()
		start := time.Now()
		once(t, da, db, number+1)
		t.Logf("open after %v", time.Since(start))
	}
}

// TestTooManyConnections: where the browser has no room for one more, the session
// is over soon and says why.
func TestTooManyConnections(t *testing.T) {
	w := watch(t)
	da, db := newDriver(t), newDriver(t)
	w.refuse("UnknownError")
	told := transporttest.NewRecorder("driver")
	_, err := da.Offer(transport.SessionID{Number: 1}, told)
	must(t, err)
	told.Wait(t, 10*time.Second, "Down", func(events []transporttest.Event) bool {
		for _, e := range events {
			if e.Kind != transporttest.Down {
				continue
			}
			if !strings.Contains(e.Reason.Error(), "no further connection") {
				t.Errorf("Down: %v", e.Reason)
			}
			return true
		}
		return false
	})
	w.refuse("")
	once(t, da, db, 2)
}
