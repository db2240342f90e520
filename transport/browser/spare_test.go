//go:build js && wasm

package browser_test

import (
	"syscall/js"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/browser"
)

// watched is what becomes of the connections that this page makes from now on.
type watched struct{ js.Value }

func watch(t *testing.T) watched {
	t.Helper()
	w := watched{js.Global().Call("eval", `(() => {
		const Native = globalThis.RTCPeerConnection;
		const w = {made: 0, refused: 0, refuses: "", list: []};
		globalThis.RTCPeerConnection = class extends Native {
			constructor(...args) {
				if (w.refuses) {
					w.refused++;
					throw new DOMException("as the test wants it", w.refuses);
				}
				super(...args);
				w.made++;
				w.list.push(this);
			}
		};
		w.open = () => w.list.filter((pc) => pc.connectionState !== "closed").length;
		w.end = () => { globalThis.RTCPeerConnection = Native; };
		return w;
	})()`)}
	t.Cleanup(func() { w.Call("end") })
	return w
}

func (w watched) count(what string) int { return w.Get(what).Int() }

func (w watched) open() int { return w.Call("open").Int() }

// refuse has no connection be made any more, but an exception of that name be
// thrown; none: they are made again.
func (w watched) refuse(exception string) { w.Set("refuses", exception) }

// until waits for a state of the driver that no event tells.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(time.Minute)
	for !is() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// rested waits until a driver has prepared all that it prepares.
func rested(t testing.TB, d *browser.Driver) {
	t.Helper()
	until(t, "both spares", func() bool {
		offer, answer := d.Prepared()
		return offer && answer
	})
}

// once opens a session between two drivers, closes it, and gives what was offered.
func once(t *testing.T, da, db *browser.Driver, number uint64) transport.Description {
	t.Helper()
	x, y := open(t, da, db, number)
	must(t, x.session.Close())
	must(t, y.session.Close())
	return x.own
}

// noLeak reports goroutines that the test left, when its drivers are closed.
func noLeak(t *testing.T) {
	firstEvent()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if err := goleak.Find(before); err != nil {
			t.Error(err)
		}
	})
}

// TestSpares: what a driver has prepared is used, once, and made anew.
func TestSpares(t *testing.T) {
	noLeak(t)
	w := watch(t)
	da, db := newDriver(t), newDriver(t)
	for round := range uint64(3) {
		rested(t, da)
		rested(t, db)
		if offer := once(t, da, db, round+1); len(offer.Candidates) == 0 {
			t.Errorf("round %d: the offer has no candidate", round)
		}
	}
	rested(t, da)
	rested(t, db)
	if n := w.count("made"); n != 3*2+4 {
		t.Errorf("%d connections were made for three sessions and two spares at each end, want 10", n)
	}
	if n := w.open(); n != 4 {
		t.Errorf("%d connections are open, want the 4 spares", n)
	}
}

// TestUnreadySpare: a spare is taken while it is being made, too.
func TestUnreadySpare(t *testing.T) {
	noLeak(t)
	w := watch(t)
	da, db := newDriver(t), newDriver(t)
	da.Prepare()
	db.Prepare() // and nobody has had the time to make anything
	once(t, da, db, 1)
	rested(t, da)
	rested(t, db)
	if n := w.count("made"); n != 2+4 {
		t.Errorf("%d connections were made for a session and two spares at each end, want 6", n)
	}
}

// TestSparesEnd: spares end with the driver, by age, and when the network may be
// another one. They come back when there has been a session.
func TestSparesEnd(t *testing.T) {
	for name, end := range map[string]func(*browser.Driver){
		"driver closed": func(d *browser.Driver) { must(t, d.Close()) },
		"network":       func(*browser.Driver) { js.Global().Call("dispatchEvent", js.Global().Get("Event").New("offline")) },
		"age":           nil,
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			w := watch(t)
			d := newDriver(t)
			if end == nil {
				d.Aging(50 * time.Millisecond)
				until(t, "spares", func() bool { return w.count("made") == 2 })
			} else {
				rested(t, d)
				end(d)
			}
			until(t, "the end of the spares", func() bool { return d.Spares() == 0 && w.open() == 0 })
			if name == "driver closed" {
				return
			}
			d.Aging(time.Minute)
			once(t, d, newDriver(t), 1)
			rested(t, d)
		})
	}
}

// TestFailedSpares: what has failed while nobody had asked for it is nobody's
// concern.
func TestFailedSpares(t *testing.T) {
	noLeak(t)
	w := watch(t)
	da, db := newDriver(t), newDriver(t)
	rested(t, da)
	da.FailSpares() // and they have had no time to be cleared away
	once(t, da, db, 1)

	w.refuse("NotSupportedError")
	dc := newDriver(t)
	until(t, "refused connections", func() bool { return w.count("refused") >= 2 && dc.Spares() == 0 })
	w.refuse("")
	once(t, dc, db, 2)
}
