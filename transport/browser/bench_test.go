//go:build js && wasm

package browser_test

import (
	"syscall/js"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/browser"
)

// trickler is a handler that gives everything to the other end at once.
type trickler struct {
	other   *trickler
	driver  transport.Driver
	session transport.Session
	up      chan struct{}
	message func([]byte)
	own     transport.Description
}

func (h *trickler) Described(id transport.SessionID, d transport.Description) {
	h.own = d
	if h.other.session == nil {
		h.other.session, _ = h.other.driver.Answer(id, d, h.other)
		return
	}
	_ = h.other.session.Finish(d)
}

func (h *trickler) Gathered(_ transport.SessionID, c []transport.Candidate, _ bool) {
	_ = h.other.session.AddCandidates(c)
}
func (h *trickler) Up(transport.SessionID)          { close(h.up) }
func (h *trickler) Down(transport.SessionID, error) {}
func (h *trickler) Message(_ transport.SessionID, _ uint16, p []byte) {
	if h.message != nil {
		h.message(p)
	}
}

// open connects two drivers of this page.
func open(t testing.TB, da, db *browser.Driver, number uint64) (x, y *trickler) {
	t.Helper()
	x, y = &trickler{driver: da, up: make(chan struct{})}, &trickler{driver: db, up: make(chan struct{})}
	x.other, y.other = y, x
	s, err := da.Offer(transport.SessionID{Number: number}, x)
	if err != nil {
		t.Fatal(err)
	}
	x.session = s
	<-x.up
	<-y.up
	return x, y
}

// BenchmarkOpen is an open in one page, and BenchmarkRawOpen a few lines of
// JavaScript that do the same.
func BenchmarkOpen(b *testing.B) {
	da, db := newDriver(b), newDriver(b)
	var number uint64
	for b.Loop() {
		number++
		x, y := open(b, da, db, number)
		_ = x.session.Close()
		_ = y.session.Close()
	}
}

const rawJS = `(() => {
	globalThis.rawPair = async () => {
		const a = new RTCPeerConnection(), b = new RTCPeerConnection();
		const dc = a.createDataChannel("", {negotiated: true, id: 0}), far = b.createDataChannel("", {negotiated: true, id: 0});
		a.onicecandidate = (e) => e.candidate && b.addIceCandidate(e.candidate);
		b.onicecandidate = (e) => e.candidate && a.addIceCandidate(e.candidate);
		const opened = Promise.all([new Promise((r) => { dc.onopen = r; }), new Promise((r) => { far.onopen = r; })]);
		await a.setLocalDescription();
		await b.setRemoteDescription(a.localDescription);
		await b.setLocalDescription();
		await a.setRemoteDescription(b.localDescription);
		await opened;
		return {a, b, dc, far};
	};
	globalThis.rawOpen = async () => { const p = await rawPair(); p.a.close(); p.b.close(); };
	globalThis.rawTransfer = async (p, n, size) => {
		let bytes = 0;
		const done = new Promise((r) => { p.far.onmessage = (e) => { bytes += e.data.byteLength; if (bytes >= n * size) r(); }; });
		p.far.binaryType = "arraybuffer";
		const m = new Uint8Array(size);
		p.dc.bufferedAmountLowThreshold = 1 << 19;
		for (let i = 0; i < n; i++) {
			if (p.dc.bufferedAmount > 1 << 20) await new Promise((r) => { p.dc.onbufferedamountlow = r; });
			p.dc.send(m);
		}
		await done;
	};
})()`

func BenchmarkRawOpen(b *testing.B) {
	js.Global().Call("eval", rawJS)
	for b.Loop() {
		await(b, js.Global().Call("rawOpen"))
	}
}

const frame = 16 << 10

// BenchmarkTransfer brings messages of 16 KiB over.
func BenchmarkTransfer(b *testing.B) {
	x, y := open(b, newDriver(b), newDriver(b), 1)
	got := make(chan struct{}, 1<<20)
	y.message = func([]byte) { got <- struct{}{} }
	c, err := x.session.Channel(transport.FirstChannel, transport.ChannelConfig{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := y.session.Channel(transport.FirstChannel, transport.ChannelConfig{}); err != nil {
		b.Fatal(err)
	}
	p := make([]byte, frame)
	b.SetBytes(frame)
	under := 0
	for b.Loop() {
		for ; under >= 64; under-- { // 1 MiB, as between nodes
			<-got
		}
		if err := c.Send(p); err != nil {
			b.Fatal(err)
		}
		under++
	}
	for ; under > 0; under-- {
		<-got
	}
}

func BenchmarkRawTransfer(b *testing.B) {
	js.Global().Call("eval", rawJS)
	p := await(b, js.Global().Call("rawPair"))
	b.SetBytes(frame)
	b.ResetTimer()
	await(b, js.Global().Call("rawTransfer", p, b.N, frame))
}
