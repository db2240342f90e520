package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/tools/bench"
	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/tools/far"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// TestMeasureFar opens arcs between a tab and a native peer over a broker, 25 ms
// one way from end to end for packets and signals, and beside it sessions of pion
// with its default settings between native peers. It says what it found.
func TestMeasureFar(t *testing.T) {
	if *measure == 0 {
		t.Skip("-measure is 0")
	}
	const end, middle, underway = "end", "middle", 25 * time.Millisecond
	w := newWorld(t, chrome.Config{}) // a tab that shows its addresses
	network := far.New(func(from, to string) time.Duration {
		if from == end && to == end {
			return underway
		}
		return underway / 2
	})
	network.Strangers = end // the tab
	t.Cleanup(network.Close)
	place := func(label string) *native {
		d, err := pion.New(pion.Config{ListenAddr: "127.0.0.1:0"})
		w.must(err)
		return w.nativeOn(&far.Driver{Driver: d, Network: network, Label: label, Others: end})
	}
	broker, peer := place(middle), place(end)
	a := w.open()
	a.brief = true
	a.start()
	a.join(broker)
	ctx, cancel := w.step()
	defer cancel()
	_, err := peer.chat.Join(ctx, broker.node.Admit)
	w.must(err)

	times := map[string][]time.Duration{}
	note := func(what string, d time.Duration) { times[what] = append(times[what], d) }
	for range *measure {
		d, err := bench.OpenFar(w.ctx, underway)
		w.must(err)
		note("pion's defaults, native to native", d)
		a.rest()
		note("n2n, tab to native", time.Duration(a.connect(peer.id, broker.id)*float64(time.Millisecond)))
		a.disconnect(peer.id)
		a.rest() // the native end still waits for the tab to close the session
		note("n2n, native to tab", peer.connect(a, broker.id))
	}
	median := func(what string) time.Duration {
		slices.Sort(times[what])
		return times[what][len(times[what])/2]
	}
	base := median("pion's defaults, native to native")
	for what, list := range times {
		m := median(what)
		t.Logf("%-34s median %v, %v to %v: %.2f of pion's defaults", what, m.Round(time.Millisecond), list[0].Round(time.Millisecond), list[len(list)-1].Round(time.Millisecond), float64(m)/float64(base))
	}
}

// connect opens an arc to a tab, and ends it again.
func (n *native) connect(to *tab, via ...transport.PeerID) time.Duration {
	n.w.Helper()
	ctx, cancel := n.w.step()
	defer cancel()
	start := time.Now()
	n.w.must(n.chat.Connect(ctx, to.id, via...))
	took := time.Since(start)
	n.w.must(n.chat.Disconnect(ctx, to.id))
	call(to, nil, "parted", n.id) // and here, long before the next round
	return took
}
