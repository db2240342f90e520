package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

var measure = flag.Int("measure", 0, "rounds of the measurements: opening and throughput, beside a few lines of RTCPeerConnection")

// TestMeasure compares with raw.js, round by round in the same pages: "open" is
// until the channel was open at the end that asked, "raw" until a message had gone
// there and back on it, "n2n" until Connect returned, which is when the other end
// has agreed. Before each of these all rest for a moment, in which a tab prepares
// its next connection; "at once" is a second one without that. It says what it found,
// and judges nothing.
func TestMeasure(t *testing.T) {
	if *measure == 0 {
		t.Skip("-measure is 0")
	}
	w := hiddenWorld(t) // a browser as it is
	r := &relay{ends: make(map[string]*websocket.Conn)}
	w.mux.HandleFunc("GET /raw", func(rw http.ResponseWriter, r *http.Request) { rawNative(t, rw, r) })
	w.mux.Handle("GET /relay/", r)
	broker, far := w.nativeWith(pion.Config{}), w.nativeWith(pion.Config{})
	a, b := w.open(), w.open()
	for _, x := range []*tab{a, b} {
		x.brief = true
		x.start()
		x.noteTasks()
	}
	a.join(broker)
	b.join(broker)
	ctx, cancel := w.step()
	defer cancel()
	_, err := far.chat.Join(ctx, broker.node.Admit)
	w.must(err)
	ws := strings.Replace(w.url, "http", "ws", 1)
	tabURL, nativeURL := ws+"/relay/offer", ws+"/raw"
	b.eval(fmt.Sprintf("rawAnswer(%q)", ws+"/relay/answer"))

	opens := map[string][]float64{}
	note := func(what string, millis float64) { opens[what] = append(opens[what], millis) }
	raw := func(what, url string) {
		ctx, cancel := w.step()
		defer cancel()
		times, err := chrome.Eval[[2]float64](ctx, a.page, fmt.Sprintf("rawOpen(%q)", url))
		w.must(err)
		note(what+": open", times[0])
		note(what+": raw", times[1])
		times, err = chrome.Eval[[2]float64](ctx, a.page, fmt.Sprintf("rawOpen(%q)", url))
		w.must(err)
		note(what+": raw at once", times[1])
	}
	n2n := func(what string, to transport.PeerID) {
		for _, how := range []string{": n2n", ": n2n at once"} {
			note(what+how, a.connect(to, broker.id))
			a.disconnect(to)
		}
	}
	for range *measure {
		for _, x := range []struct {
			what, url string
			to        transport.PeerID
		}{{"tab to tab", tabURL, b.id}, {"tab to native", nativeURL, far.id}} {
			a.rest()
			raw(x.what, x.url)
			a.rest()
			n2n(x.what, x.to)
		}
	}
	report(t, "open, ms", opens)
	t.Logf("tasks of 50 ms or more while arcs opened, in ms: %v and %v", a.tasks(), b.tasks())

	const total, size = 16 << 20, 16 << 10
	rates := map[string][]float64{}
	rate := func(what string, millis float64) { rates[what] = append(rates[what], total/1e3/millis) }
	a.eval(fmt.Sprintf("rawOpen(%q, true)", tabURL))
	a.eval("globalThis.toTab = rawKept")
	a.connect(b.id, broker.id)
	var ofRaw, ofN2N []float64
	held := func(by *[]float64) { *by = slices.Concat(*by, a.tasks(), b.tasks()) }
	for range *measure/5 + 1 {
		received := b.later(fmt.Sprintf("rawReceived(%d)", total))
		a.eval(fmt.Sprintf("rawSend(toTab, %d, %d)", total, size))
		rate("tab to tab: raw", <-received)
		held(&ofRaw)
		rate("tab to tab: n2n", w.transfer(a, b, total, size))
		rate("tab to native: n2n", w.toNative(a, broker, total, size))
		rate("native to tab: n2n", w.fromNative(broker, a, total, size))
		held(&ofN2N)
	}
	t.Logf("tasks of 50 ms or more while data moved, in ms: raw %v, n2n %v", ofRaw, ofN2N)
	a.eval(fmt.Sprintf("rawOpen(%q, true)", nativeURL))
	for range *measure/5 + 1 {
		start := time.Now()
		a.eval(fmt.Sprintf("rawSend(rawKept, %d, %d)", total, size))
		a.number("rawReceived(1)") // the native peer says that it has all
		rate("tab to native: raw", float64(time.Since(start).Microseconds())/1000)
		received := a.later(fmt.Sprintf("rawReceived(%d)", total))
		a.eval("rawKept.dc.send('send')")
		rate("native to tab: raw", <-received)
	}
	report(t, "throughput, MB/s", rates)
}

func report(t *testing.T, what string, figures map[string][]float64) {
	var b strings.Builder
	median := map[string]float64{}
	for name, list := range figures {
		slices.Sort(list)
		median[name] = list[len(list)/2]
	}
	for _, pair := range []string{"tab to tab", "tab to native", "native to tab"} {
		for _, how := range []string{"open", "raw", "raw at once", "n2n", "n2n at once"} {
			if list := figures[pair+": "+how]; len(list) > 0 {
				fmt.Fprintf(&b, "\n%-14s %-11s: median %6.1f  min %6.1f  p90 %6.1f  n=%d", pair, how,
					median[pair+": "+how], list[0], list[len(list)*9/10], len(list))
			}
		}
		if raw := median[pair+": raw"]; raw > 0 {
			fmt.Fprintf(&b, "\n%-14s n2n / raw: %.2f", pair, median[pair+": n2n"]/raw)
			if again := median[pair+": n2n at once"]; again > 0 {
				fmt.Fprintf(&b, ", at once: %.2f", again/median[pair+": raw at once"])
			}
		}
	}
	t.Logf("%s%s", what, &b)
}

// rest gives everybody time to end what went before, and to prepare what comes.
func (t *tab) rest() {
	t.w.Helper()
	t.eval("new Promise((r) => setTimeout(r, 300))")
}

// number evaluates JavaScript that gives a number.
func (t *tab) number(js string) float64 {
	t.w.Helper()
	ctx, cancel := t.w.step()
	defer cancel()
	n, err := chrome.Eval[float64](ctx, t.page, js)
	t.w.must(err)
	return n
}

// noteTasks has a page note what holds it up for 50 ms or more (W3C Long Tasks).
func (t *tab) noteTasks() {
	t.w.Helper()
	t.eval(`globalThis.tasks = [];
		new PerformanceObserver((l) => tasks.push(...l.getEntries().map((e) => e.duration))).observe({type: "longtask"})`)
}

// tasks gives how long those were that have come since the last call.
func (t *tab) tasks() []float64 {
	t.w.Helper()
	ctx, cancel := t.w.step()
	defer cancel()
	list, err := chrome.Eval[[]float64](ctx, t.page, "new Promise((r) => setTimeout(() => r(tasks.splice(0)), 100))")
	t.w.must(err)
	return list
}

// later evaluates it while the test goes on.
func (t *tab) later(js string) <-chan float64 {
	done := make(chan float64, 1)
	ctx, cancel := t.w.step()
	go func() {
		defer cancel()
		n, err := chrome.Eval[float64](ctx, t.page, js)
		if err != nil {
			t.w.Error(err)
		}
		done <- n
	}()
	return done
}

func (t *tab) disconnect(id transport.PeerID) {
	t.w.Helper()
	call(t, nil, "disconnect", id)
	call(t, nil, "parted", id)
}

type moved struct {
	Hash   string
	Millis float64
}

// transfer gives the milliseconds that the receiver took.
func (w *world) transfer(a, b *tab, total, size int) float64 {
	w.Helper()
	done := make(chan error, 1)
	go func() { done <- try(a, nil, "send", b.id, total, size, true) }()
	var r moved
	call(b, &r, "receive", total, true)
	w.must(<-done)
	return r.Millis
}

func (w *world) toNative(a *tab, n *native, total, size int) float64 {
	w.Helper()
	done := make(chan error, 1)
	go func() { done <- try(a, nil, "send", n.id, total, size, true) }()
	_, millis, err := n.receive(total)
	w.must(err)
	w.must(<-done)
	return millis
}

func (w *world) fromNative(n *native, a *tab, total, size int) float64 {
	w.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := n.send(a.id, total, size)
		done <- err
	}()
	var r moved
	call(a, &r, "receive", total, true)
	w.must(<-done)
	return r.Millis
}

// relay passes on what one end says to the other, as a broker does: /offer is the
// newest that has come, /answer stays.
type relay struct {
	mu   sync.Mutex
	ends map[string]*websocket.Conn
}

func (r *relay) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	ws, err := websocket.Accept(rw, req, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	own := path.Base(req.URL.Path)
	other := map[string]string{"offer": "answer", "answer": "offer"}[own]
	r.mu.Lock()
	r.ends[own] = ws
	r.mu.Unlock()
	for {
		kind, data, err := ws.Read(req.Context())
		if err != nil {
			return
		}
		r.mu.Lock()
		to := r.ends[other]
		r.mu.Unlock()
		_ = to.Write(req.Context(), kind, data) // it may have left
	}
}

// rawNative is a native end of rawOpen. It says when it has 16 MiB, and sends as
// much when it is told "send".
func rawNative(t *testing.T, rw http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(rw, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Error(err)
		return
	}
	defer pc.Close()
	negotiated, id := true, uint16(0)
	dc, err := pc.CreateDataChannel("", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	if err != nil {
		t.Error(err)
		return
	}
	rawNativeTraffic(dc)
	type message struct {
		Description *webrtc.SessionDescription `json:"description,omitempty"`
		Candidate   *json.RawMessage           `json:"candidate,omitempty"`
	}
	ctx := r.Context()
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			b, _ := json.Marshal(c.ToJSON())
			_ = wsjson.Write(ctx, ws, message{Candidate: (*json.RawMessage)(&b)})
		}
	})
	for {
		var m message
		if wsjson.Read(ctx, ws, &m) != nil {
			return
		}
		switch {
		case m.Description != nil:
			answer := webrtc.SessionDescription{}
			if err = pc.SetRemoteDescription(*m.Description); err == nil {
				if answer, err = pc.CreateAnswer(nil); err == nil {
					err = pc.SetLocalDescription(answer)
				}
			}
			if err != nil {
				t.Error(err)
				return
			}
			_ = wsjson.Write(ctx, ws, message{Description: &answer})
		case m.Candidate != nil:
			var c webrtc.ICECandidateInit
			if json.Unmarshal(*m.Candidate, &c) == nil && c.Candidate != "" {
				_ = pc.AddICECandidate(c)
			}
		}
	}
}

func rawNativeTraffic(dc *webrtc.DataChannel) {
	const total, size = 16 << 20, 16 << 10
	low := make(chan struct{}, 1)
	dc.SetBufferedAmountLowThreshold(1 << 19)
	dc.OnBufferedAmountLow(func() {
		select {
		case low <- struct{}{}:
		default:
		}
	})
	got := 0
	dc.OnMessage(func(m webrtc.DataChannelMessage) {
		if m.IsString {
			if string(m.Data) == "echo" {
				_ = dc.SendText("echo")
				return
			}
			go func() {
				p := make([]byte, size)
				for sent := 0; sent < total; sent += size {
					if dc.BufferedAmount() > 1<<20 {
						<-low
					}
					if dc.Send(p) != nil {
						return
					}
				}
			}()
			return
		}
		if got += len(m.Data); got >= total {
			got = 0
			_ = dc.Send([]byte{1})
		}
	})
}
