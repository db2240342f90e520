package e2e

import (
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/tools/firefox"
	"github.com/n2n-overlay/n2n/tools/firefox/firefoxtest"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// fox opens a page in Firefox and makes its node.
func (w *world) fox(b *firefox.Browser) *tab {
	w.Helper()
	ctx, cancel := w.step()
	defer cancel()
	page, err := b.Open(ctx, w.url)
	w.must(err)
	t := &tab{w: w, fox: page}
	t.start()
	return t
}

// TestFirefox: a tab of Firefox is a peer like the others. It connects with a tab
// of Chromium, with one of its own and with native peers, whoever asks and whoever
// is the broker, and what it sends arrives whole.
func TestFirefox(t *testing.T) {
	firefoxtest.Require(t)
	w := newWorld(t, chrome.Config{})
	b := firefoxtest.Start(t, firefox.Config{})
	native := func() *native { return w.nativeWith(pion.Config{}) } // Firefox has no address on loopback
	broker, far, last := native(), native(), native()
	one, two, chromium := w.fox(b), w.fox(b), w.tab("")
	for _, x := range []*tab{one, two, chromium} {
		x.join(broker)
	}
	far.join(two) // the native peer offers
	last.join(chromium)

	t.Logf("Firefox to Firefox, brokered: %.1f ms", one.connect(two.id, broker.id))
	t.Logf("Firefox to Chromium: %.1f ms", one.connect(chromium.id, broker.id))
	t.Logf("Chromium to Firefox: %.1f ms", chromium.connect(two.id, broker.id))
	t.Logf("Firefox to native, brokered by Firefox: %.1f ms", one.connect(far.id, two.id))
	t.Logf("Firefox to native, brokered by Chromium: %.1f ms", one.connect(last.id, chromium.id))
	t.Logf("one more arc: %.1f ms", one.connect(far.id))
	ctx, cancel := w.step()
	defer cancel()
	w.must(far.chat.Connect(ctx, broker.id, two.id)) // natives, brokered by Firefox
	w.must(far.chat.Connect(ctx, chromium.id, two.id))
	w.must(last.chat.Connect(ctx, two.id, one.id)) // native to Firefox
	if v := one.views(); v.Sessions != 5 || v.Out[far.id] != 2 || v.Out[two.id] != 1 || v.Out[chromium.id] != 1 {
		t.Errorf("views: %+v", v)
	}

	w.transfers(one, far, chromium)

	start := time.Now()
	w.must(one.fox.Close(ctx))
	far.wait("the tab is gone", func() bool { return far.arcs(one.id) == 0 })
	if took := time.Since(start); took > 2*time.Second { // the heartbeat takes 3 s
		t.Errorf("that a tab was closed is noticed after %v", took)
	}
}
