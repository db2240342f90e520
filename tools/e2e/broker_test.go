package e2e

import (
	"testing"

	"github.com/n2n-overlay/n2n/tools/chrome"
)

// TestTabsByNative: two tabs, a native peer as their broker. Whoever asks, both
// ends agree on arcs and there is one session.
func TestTabsByNative(t *testing.T) {
	w := newWorld(t, chrome.Config{})
	broker := w.native()
	a, b := w.tab(""), w.tab("")
	a.join(broker)
	b.join(broker)
	t.Logf("open, brokered: %.1f ms", a.connect(b.id, broker.id))
	t.Logf("one more arc: %.1f ms", a.connect(b.id))
	t.Logf("and one back: %.1f ms", b.connect(a.id))
	for _, end := range []struct{ at, other *tab }{{a, b}, {b, a}} {
		v := end.at.views()
		if end.at == a && (v.Out[b.id] != 2 || v.In[b.id] != 1) || end.at == b && (v.Out[a.id] != 1 || v.In[a.id] != 2) {
			t.Errorf("views: %+v", v)
		}
		if v.Sessions != 2 {
			t.Errorf("%d sessions, want 2", v.Sessions)
		}
	}
}

// TestTabAndNativeByNative: a tab and a native peer, brokered by a native one, each
// asking once.
func TestTabAndNativeByNative(t *testing.T) {
	w := newWorld(t, chrome.Config{})
	broker, far, farther := w.native(), w.native(), w.native()
	a := w.tab("")
	a.join(broker)
	ctx, cancel := w.step()
	defer cancel()
	for _, n := range []*native{far, farther} {
		_, err := n.chat.Join(ctx, broker.node.Admit)
		w.must(err)
	}
	t.Logf("tab to native: %.1f ms", a.connect(far.id, broker.id))
	w.must(farther.chat.Connect(ctx, a.id, broker.id))
	if far.chat.Inview().Count(a.id) != 1 || farther.chat.Outview().Count(a.id) != 1 {
		t.Error("views of the native peers")
	}
	if v := a.views(); v.Out[far.id] != 1 || v.In[farther.id] != 1 || v.Sessions != 3 {
		t.Errorf("views of the tab: %+v", v)
	}
}

// TestNativesByTab: a tab is the broker of two native peers, which then talk
// without it.
func TestNativesByTab(t *testing.T) {
	w := newWorld(t, chrome.Config{})
	one, two := w.native(), w.native()
	broker := w.tab("")
	broker.join(one)
	two.join(broker) // the native peer offers
	ctx, cancel := w.step()
	defer cancel()
	w.must(one.chat.Connect(ctx, two.id, broker.id))
	w.must(broker.page.Close())
	one.wait("the tab is gone", func() bool { return one.arcs(broker.id) == 0 })
	w.must(one.chat.Send(ctx, two.id, []byte("without the tab")))
	if m, err := two.chat.Receive(ctx); err != nil || string(m.Data) != "without the tab" {
		t.Errorf("%q, %v", m.Data, err)
	}
}

// TestIntroduceByTab: a tab introduces two native peers to each other.
func TestIntroduceByTab(t *testing.T) {
	w := newWorld(t, chrome.Config{})
	one, two := w.native(), w.native()
	broker := w.tab("")
	broker.join(one)
	broker.join(two)
	call(broker, nil, "introduce", one.id, two.id)
	if one.chat.Outview().Count(two.id) != 1 || two.chat.Inview().Count(one.id) != 1 {
		t.Error("no arc")
	}
}
