//go:build js && wasm

package browser_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/browser"
	"github.com/n2n-overlay/n2n/transport/internal/sdp"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

// stranger is an RTCPeerConnection that answers a driver's offer and then does
// what it likes.
type stranger struct {
	pc      js.Value
	dc, one js.Value // channels 0 and 1
	session transport.Session
	told    *transporttest.Recorder
	id      transport.SessionID
}

// meet connects a stranger with a fresh driver.
func meet(t *testing.T) *stranger {
	t.Helper()
	d := newDriver(t)
	x := &stranger{
		pc:   js.Global().Get("RTCPeerConnection").New(),
		told: transporttest.NewRecorder("driver"),
		id:   transport.SessionID{Initiator: transport.PeerID{1}, Number: 1},
	}
	t.Cleanup(func() { x.pc.Call("close") })
	x.dc = x.pc.Call("createDataChannel", "", map[string]any{"negotiated": true, "id": 0})
	x.one = x.pc.Call("createDataChannel", "", map[string]any{"negotiated": true, "id": 1})
	var offer transport.Description
	described := make(chan struct{})
	x.told.OnDescribed = func(_ transport.SessionID, d transport.Description) {
		offer = d
		close(described)
	}
	var err error
	x.session, err = d.Offer(x.id, x.told)
	must(t, err)
	<-described
	offer.MaxMessage = 1 << 18 // lets the stranger send more than it may
	await(t, x.pc.Call("setRemoteDescription", map[string]any{"type": "offer", "sdp": sdp.Remote(offer)}))
	await(t, x.pc.Call("setLocalDescription"))
	answer, err := sdp.Local(x.pc.Get("localDescription").Get("sdp").String())
	must(t, err)
	must(t, x.session.Finish(answer))
	x.told.Wait(t, time.Minute, "last Gathered", func(events []transporttest.Event) bool {
		return slices.ContainsFunc(events, func(e transporttest.Event) bool { return e.Last })
	})
	for _, e := range x.told.Events() {
		for _, c := range e.Candidates {
			await(t, x.pc.Call("addIceCandidate", map[string]any{"candidate": sdp.Candidate(c), "sdpMid": "0"}))
		}
	}
	x.wait(t, transporttest.Up)
	for _, dc := range []js.Value{x.dc, x.one} { // this end may be open later
		await(t, js.Global().Get("Promise").New(js.Global().Get("Function").New("dc", "return (ok) => dc.readyState === 'open' ? ok() : dc.addEventListener('open', ok)").Invoke(dc)))
	}
	_, err = x.session.Channel(transport.ControlChannel, transport.ChannelConfig{})
	must(t, err)
	return x
}

func (x *stranger) wait(t *testing.T, kind transporttest.Kind) (found transporttest.Event) {
	t.Helper()
	x.told.Wait(t, time.Minute, kind.String(), func(events []transporttest.Event) bool {
		for _, e := range events {
			if e.Kind == kind {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// TestText: what comes as text is bytes, also none.
func TestText(t *testing.T) {
	x := meet(t)
	x.dc.Call("send", "né")
	x.dc.Call("send", "")
	x.dc.Call("send", js.Global().Get("Uint8Array").New(0))
	want := []string{"né", "", ""}
	x.told.Wait(t, time.Minute, "three messages", func(events []transporttest.Event) bool {
		n := 0
		for _, e := range events {
			if e.Kind == transporttest.Message {
				if n < len(want) && string(e.Data) != want[n] {
					t.Errorf("message %d is %q", n, e.Data)
				}
				n++
			}
		}
		return n == len(want)
	})
}

// TestViolations has a stranger do what the contract rules out, and what would fill
// this page's memory.
func TestViolations(t *testing.T) {
	for name, violate := range map[string]func(*stranger){
		"channel by DCEP": func(x *stranger) { x.pc.Call("createDataChannel", "mine") },
		"message too large": func(x *stranger) {
			x.dc.Call("send", js.Global().Get("Uint8Array").New(transport.MaxFrame+1))
		},
		"message too large, after many": func(x *stranger) {
			for range 20 {
				x.dc.Call("send", js.Global().Get("Uint8Array").New(transport.MaxFrame))
			}
			x.dc.Call("send", js.Global().Get("Uint8Array").New(transport.MaxFrame+1))
		},
		"text too large": func(x *stranger) { x.dc.Call("send", strings.Repeat("x", transport.MaxFrame+1)) },
		"never read": func(x *stranger) { // on channel 1, which nobody has asked for
			p := js.Global().Get("Uint8Array").New(transport.MaxFrame)
			for range 9<<20/transport.MaxFrame + 1 {
				x.one.Call("send", p)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := meet(t)
			violate(x)
			if e := x.wait(t, transporttest.Down); !strings.Contains(e.Reason.Error(), "protocol violation") {
				t.Errorf("Down: %v", e.Reason)
			}
		})
	}
}

// TestReachable: where a session does not go, whatever a peer names.
func TestReachable(t *testing.T) {
	d, err := browser.New(browser.Config{Remote: func(a netip.AddrPort) bool { return a.Port() != 7777 }})
	must(t, err)
	defer d.Close()
	for addr, want := range map[string]bool{
		"192.0.2.7:5000": true, "192.0.2.7:7777": false, "10.0.0.1:5000": true, "[2001:db8::7]:5000": true,
		"169.254.1.1:5000": false, "[fe80::1]:5000": false,
		"127.0.0.1:5000": true, // this page comes from there
	} {
		if got := d.Reachable(netip.MustParseAddrPort(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
	d.FromElsewhere()
	if d.Reachable(netip.MustParseAddrPort("127.0.0.1:5000")) || d.Reachable(netip.MustParseAddrPort("[::1]:5000")) {
		t.Error("a page from elsewhere may contact loopback")
	}
}

// TestManySizes: what comes in a burst, large and small, arrives whole and in order,
// though buffers are used again, and whether or not it may wait for more.
func TestManySizes(t *testing.T) {
	for _, page := range []struct {
		name, change string // JavaScript that gives a function that undoes it
		collects     bool
	}{
		{"as it is", `() => {}`, true},
		{"hidden", `(Object.defineProperty(document, "hidden", {value: true, configurable: true}), () => { delete document.hidden })`, false},
		{"forbids to make functions", `(() => {
			const F = globalThis.Function;
			globalThis.Function = class { constructor() { throw new EvalError("Content Security Policy") } };
			return () => { globalThis.Function = F };
		})()`, false},
	} {
		t.Run(page.name, func(t *testing.T) { testManySizes(t, page.change, page.collects) })
	}
}

func testManySizes(t *testing.T, change string, collects bool) {
	x := meet(t)
	sendAll := js.Global().Get("Function").New("dc", "list", `dc.bufferedAmountLowThreshold = 1 << 20;
		(async () => { for (const p of list) {
			if (dc.bufferedAmount > 1 << 21) await new Promise((r) => { dc.onbufferedamountlow = r });
			dc.send(p);
		} })()`)
	undo := js.Global().Call("eval", change)
	defer undo.Invoke()
	const messages = 600
	size := func(i int) int {
		return []int{transport.MaxFrame, 100, transport.MaxFrame*3/4 - 1, transport.MaxFrame * 3 / 4, 2, 16 << 10}[i%6]
	}
	content := func(i int) []byte {
		if size(i) == 2 { // this goes as text
			return fmt.Appendf(nil, "%02x", byte(i))
		}
		p := make([]byte, size(i))
		for j := range p {
			p[j] = byte(i * 7)
		}
		p[0], p[1] = byte(i), byte(i>>8)
		return p
	}
	sent := js.Global().Get("Array").New()
	for i := range messages {
		p := content(i)
		if size(i) == 2 {
			sent.Call("push", string(p))
			continue
		}
		v := js.Global().Get("Uint8Array").New(len(p))
		js.CopyBytesToJS(v, p)
		sent.Call("push", v)
	}
	// Never more than 2 MiB under way: a driver need not hold more than 8.
	sendAll.Invoke(x.dc, sent)
	n := 0
	x.told.Wait(t, time.Minute, "all messages", func(events []transporttest.Event) bool {
		n = 0
		for _, e := range events {
			if e.Kind != transporttest.Message {
				continue
			}
			if !slices.Equal(e.Data, content(n)) {
				t.Fatalf("message %d of %d bytes is wrong", n, len(e.Data))
			}
			n++
		}
		return n == messages
	})
	if got := browser.Collected(x.session); got != collects {
		t.Errorf("collected: %v, want %v", got, collects)
	}
}
