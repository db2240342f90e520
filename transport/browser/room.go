//go:build js && wasm

package browser

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"syscall/js"
	"time"
)

// Chromium refuses a page its 501st RTCPeerConnection, and counts those that were
// closed until its garbage collector has found them. They weigh little in its eyes:
// after 500 closed ones it did not look for them within 20 s. A tab in a network
// whose sessions come and go would be cut off, so whoever is refused has it look.
const (
	// ballast is what a buffer has to weigh for V8 to look soon: one of 16 MiB was
	// too light, after one of 64 MiB it had found them within 0.3 s. Nothing is
	// written there, so it takes address space and no memory.
	ballast = 64 << 20

	// Tries are roomPause apart, and then twice that, and so on.
	roomTries = 6
	roomPause = 50 * time.Millisecond
)

var errCrowded = errors.New("the browser allows no further connection: close some, or open fewer in a page")

// connection makes an RTCPeerConnection, after at most 1.6 s in which closed ones
// are cleared away.
func (d *Driver) connection(ctx context.Context, configuration js.Value) (js.Value, error) {
	pause := roomPause
	for try := 1; ; try++ {
		pc, err := construct(d.class, configuration)
		if err == nil || !isCrowded(err) {
			return pc, err
		}
		if try == roomTries {
			return pc, fmt.Errorf("%w (%w)", errCrowded, err)
		}
		sweep()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return pc, context.Cause(ctx)
		}
		pause *= 2
	}
}

// isCrowded reports whether it is the number of connections that the browser does
// not like: Chromium's only reason to throw an UnknownError here.
func isCrowded(err error) bool {
	var thrown js.Error
	return errors.As(err, &thrown) && thrown.Get("name").String() == "UnknownError"
}

// sweep has the garbage collectors find connections that were closed: Go's, which
// gives back what Go has held of JavaScript, and then that of JavaScript.
func sweep() {
	runtime.GC()
	_, _ = construct(js.Global().Get("ArrayBuffer"), ballast) // refused: it has looked
}
