//go:build js && wasm

package browser_test

import (
	"syscall/js"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/browser"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

func newDriver(t testing.TB) *browser.Driver {
	t.Helper()
	d, err := browser.New(browser.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return d
}

func TestConformance(t *testing.T) {
	firstEvent()
	transporttest.Run(t, transporttest.Config{
		New:   func(t testing.TB) transport.Driver { return newDriver(t) },
		Crash: func(d transport.Driver) { d.(*browser.Driver).Crash() },
	})
}

// TestConformancePrepared is the same with drivers that have prepared their first
// sessions.
func TestConformancePrepared(t *testing.T) {
	firstEvent()
	transporttest.Run(t, transporttest.Config{
		New: func(t testing.TB) transport.Driver {
			d := newDriver(t)
			rested(t, d)
			return d
		},
		Crash: func(d transport.Driver) { d.(*browser.Driver).Crash() },
	})
}

// firstEvent waits for a callback of JavaScript. The first one starts a goroutine
// of the runtime that stays, which is nobody's leak.
func firstEvent() {
	done := make(chan struct{})
	f := js.FuncOf(func(js.Value, []js.Value) any {
		close(done)
		return nil
	})
	defer f.Release()
	js.Global().Call("queueMicrotask", f)
	<-done
}
