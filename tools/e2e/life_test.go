package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/transport"
)

// TestGlareBetweenTabs: two tabs open an arc to each other at the same time. Both
// arcs come to be, on one session.
func TestGlareBetweenTabs(t *testing.T) {
	w := newWorld(t, chrome.Config{})
	broker := w.native()
	a, b := w.tab(""), w.tab("")
	a.join(broker)
	b.join(broker)
	failed := make(chan error, 2)
	for _, ends := range [][2]*tab{{a, b}, {b, a}} {
		go func() { failed <- try(ends[0], nil, "connect", ends[1].id, broker.id) }()
	}
	for range 2 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	va, vb := a.views(), b.views()
	if va.Out[b.id] != 1 || va.In[b.id] != 1 || vb.Out[a.id] != 1 || vb.In[a.id] != 1 {
		t.Errorf("views: %+v and %+v", va, vb)
	}
	if va.Sessions != 2 || vb.Sessions != 2 {
		t.Errorf("%d and %d sessions, want 2: one of the pair, one with the broker", va.Sessions, vb.Sessions)
	}
}

// TestTabKilled: the process of a tab dies in the middle of a connect and of a
// transfer. Whoever was connected with it notices within the heartbeat, and the
// network goes on.
func TestTabKilled(t *testing.T) {
	w := newWorld(t, chrome.Config{})
	broker := w.native()
	a, b, victim := w.tab(""), w.tab(""), w.tab("")
	for _, x := range []*tab{a, b, victim} {
		x.join(broker)
	}
	a.connect(victim.id, broker.id)
	victim.eval("void tab('send', JSON.stringify(['" + a.id.String() + "', 1 << 30, 16384]))") // without end
	victim.eval("void tab('connect', JSON.stringify(['" + b.id.String() + "', '" + broker.id.String() + "']))")
	ctx, cancel := w.step()
	defer cancel()
	w.must(victim.page.Kill(ctx))
	start := time.Now()
	broker.wait("the killed tab is gone", func() bool { return broker.arcs(victim.id) == 0 })
	t.Logf("the broker knows after %v", time.Since(start).Round(time.Millisecond))
	call(a, nil, "lost", victim.id)
	call(b, nil, "lost", victim.id)
	t.Logf("the tabs know after %v", time.Since(start).Round(time.Millisecond))
	t.Logf("open, brokered: %.1f ms", a.connect(b.id, broker.id))
	if v := a.views(); v.Out[victim.id]+v.In[victim.id] != 0 || v.Sessions != 2 {
		t.Errorf("views: %+v", v)
	}
}

// TestTabLeft: a tab that goes to another page is gone at once, not after the
// heartbeat, which takes 3 s here.
func TestTabLeft(t *testing.T) {
	w := newWorld(t, chrome.Config{})
	broker := w.native()
	a, b := w.tab(""), w.tab("")
	a.join(broker)
	b.join(broker)
	a.connect(b.id, broker.id)
	start := time.Now()
	w.must(a.page.Load("about:blank"))
	broker.wait("the tab is gone", func() bool { return broker.arcs(a.id) == 0 })
	call(b, nil, "lost", a.id)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestReload: a tab that is loaded again is the same peer, also beside others of
// its origin, which are other peers.
func TestReload(t *testing.T) {
	w := newWorld(t, chrome.Config{})
	broker := w.native()
	a, b := w.tab("app"), w.tab("app")
	if a.id == b.id {
		t.Fatal("two tabs are one peer")
	}
	a.join(broker)
	b.join(broker)
	for _, x := range []*tab{b, a, b} {
		was := x.id
		x.w.must(x.page.Reload())
		x.start()
		if x.id != was {
			t.Fatalf("%s has become %s", was.Short(), x.id.Short())
		}
		broker.wait("the former page is gone", func() bool { return broker.arcs(was) == 0 })
		x.join(broker)
	}
	t.Logf("open, brokered: %.1f ms", a.connect(b.id, broker.id))
	w.must(b.page.Close())
	a.eval("(async () => { while ((await navigator.locks.query()).held.length > 1) await new Promise((r) => setTimeout(r, 10)) })()")
	c := w.tab("app")
	if c.id != b.id {
		t.Error("a new tab makes a new key although one is free")
	}
}

// TestTransfer: 10 MiB each way at the same time, with equal hashes, between a tab
// and a native peer, and between two tabs.
func TestTransfer(t *testing.T) {
	w := newWorld(t, chrome.Config{})
	peer := w.native()
	a, b := w.tab(""), w.tab("")
	a.join(peer)
	b.join(peer)
	a.connect(b.id, peer.id)
	w.transfers(a, peer, b)
}

// transfers has a tab exchange 10 MiB with a native peer, and with another tab, both
// ways at once.
func (w *world) transfers(a *tab, peer *native, b *tab) {
	const total, size = 10 << 20, 100_000
	type result struct {
		Hash   string
		Millis float64
	}
	run := func(do func(*result) error) <-chan result {
		done := make(chan result, 1)
		go func() {
			var r result
			if err := do(&r); err != nil {
				w.Error(err)
			}
			done <- r
		}()
		return done
	}
	send := func(from *tab, to transport.PeerID) <-chan result {
		return run(func(r *result) error { return try(from, r, "send", to, total, size) })
	}
	receive := func(at *tab) <-chan result {
		return run(func(r *result) error { return try(at, r, "receive", total) })
	}
	same := func(name string, sent, got result) {
		if sent.Hash == "" || sent.Hash != got.Hash {
			w.Errorf("%s: sent %s, received %s", name, sent.Hash, got.Hash)
		}
		w.Logf("%s: %.1f MB/s", name, total/1e3/got.Millis)
	}

	// Tab and native.
	fromTab, atTab := send(a, peer.id), receive(a)
	toTab := run(func(r *result) (err error) { r.Hash, err = peer.send(a.id, total, size); return err })
	atNative := run(func(r *result) (err error) { r.Hash, r.Millis, err = peer.receive(total); return err })
	same("tab to native", <-fromTab, <-atNative)
	same("native to tab", <-toTab, <-atTab)

	// Two tabs.
	fromA, fromB := send(a, b.id), send(b, a.id)
	atA, atB := receive(a), receive(b)
	same("tab to tab", <-fromA, <-atB)
	same("and back", <-fromB, <-atA)
}

// send sends what a tab sends.
func (n *native) send(to transport.PeerID, total, size int) (hash string, err error) {
	ctx, cancel := n.w.step()
	defer cancel()
	all := sha256.New()
	for sent := 0; sent < total; sent += size {
		p := message(sent, min(size, total-sent))
		all.Write(p)
		if err := n.chat.Send(ctx, to, p); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

func (n *native) receive(total int) (hash string, millis float64, err error) {
	ctx, cancel := n.w.step()
	defer cancel()
	all := sha256.New()
	var start time.Time
	for got := 0; got < total; {
		m, err := n.chat.Receive(ctx)
		if err != nil {
			return "", 0, err
		}
		if start.IsZero() {
			start = time.Now()
		}
		got += len(m.Data)
		all.Write(m.Data)
	}
	return hex.EncodeToString(all.Sum(nil)), float64(time.Since(start).Microseconds()) / 1000, nil
}

// message differs from seed to seed, and is cheap to make.
func message(seed, size int) []byte {
	p := make([]byte, size)
	x := uint32(seed)*2654435761 + 1
	for i := 0; i+4 <= size; i += 4 {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		p[i], p[i+1], p[i+2], p[i+3] = byte(x), byte(x>>8), byte(x>>16), byte(x>>24)
	}
	return p
}
