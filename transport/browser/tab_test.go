//go:build !js

package browser_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/tools/chrome/chrometest"
	"github.com/n2n-overlay/n2n/transport/pion"
)

const tabPage = `<!doctype html>
<title>tab</title>
<link rel="icon" href="data:,">
<script src="wasm_exec.js"></script>
<script>
globalThis.tab = {joins: %v, sends: 0, added: 0, ended: 0, failed: "", odd: -1, hush: null};
const connections = [];
const Connection = globalThis.RTCPeerConnection;
globalThis.RTCPeerConnection = class extends Connection {
	constructor(...args) { super(...args); connections.push(this); }
};
async function plays() { // what has been decoded here
	const sum = {pictures: 0, sounds: 0, energy: 0};
	for (const c of connections) for (const s of (await c.getStats()).values()) {
		if (s.type !== "inbound-rtp") continue;
		if (s.kind === "video") sum.pictures += s.framesDecoded ?? 0;
		else { sum.sounds += s.packetsReceived; sum.energy += s.totalAudioEnergy ?? 0; }
	}
	return {...sum, added: tab.added, ended: tab.ended, sends: tab.sends, failed: tab.failed, odd: tab.odd};
}
const go = new Go();
addEventListener("load", async () => {
	const {instance} = await WebAssembly.instantiateStreaming(fetch("program.wasm"), go.importObject);
	go.run(instance);
});
</script>
<body>`

// playing is what a page says of itself.
type playing struct {
	Pictures, Sounds, Added, Ended, Sends, Odd int
	Energy                                     float64
	Failed                                     string
}

// mirror is a native node that sends back what a page sends to it, packet by
// packet.
type mirror struct {
	testing.TB
	ctx             context.Context
	node            *overlay.Node
	chat            *overlay.Protocol
	packets         [2]atomic.Int64 // of each kind
	added, ended    atomic.Int64
	offers, answers chan []byte
}

func newMirror(t testing.TB, ctx context.Context) *mirror {
	t.Helper()
	d, err := pion.New(pion.Config{ListenAddr: "127.0.0.1:0", Media: true})
	if err != nil {
		t.Fatal(err)
	}
	n, err := overlay.New(overlay.Config{Driver: d, Audit: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	chat, err := n.Protocol("chat", overlay.ProtocolConfig{})
	if err != nil {
		t.Fatal(err)
	}
	m := &mirror{TB: t, ctx: ctx, node: n, chat: chat, offers: make(chan []byte), answers: make(chan []byte)}
	events := chat.Events(ctx)
	go func() {
		for e := range events {
			switch e := e.(type) {
			case overlay.TrackAdded:
				m.added.Add(1)
				go m.reflect(e)
			case overlay.TrackEnded:
				m.ended.Add(1)
			}
		}
	}()
	return m
}

// reflect sends one track back until it ends.
func (m *mirror) reflect(e overlay.TrackAdded) {
	remote := pion.RemoteTrack(e.Track)
	local, err := webrtc.NewTrackLocalStaticRTP(remote.Codec().RTPCodecCapability, "mirrored-"+remote.ID(), "mirror")
	if err != nil {
		m.Error(err)
		return
	}
	whole := func() { // ask the page for a whole picture
		_ = pion.Report(e.Track, &rtcp.PictureLossIndication{MediaSSRC: uint32(remote.SSRC())}) // fails when it is over
	}
	back, err := m.chat.AddTrack(m.ctx, e.Peer, pion.Track{TrackLocal: local, RTCP: func(packets []rtcp.Packet) {
		for _, p := range packets {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				whole()
			}
		}
	}})
	if err != nil {
		m.Errorf("back: %v", err)
		return
	}
	defer func() { _ = back.Close() }()
	whole()
	for {
		p, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		m.packets[e.Track.Kind].Add(1)
		if err := local.WriteRTP(p); err != nil && err != io.ErrClosedPipe {
			m.Errorf("back: %v", err)
			return
		}
	}
}

// serve gives a page and carries signals between it and the node.
func (m *mirror) serve(joins bool, program string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, tabPage, joins) })
	mux.HandleFunc("GET /program.wasm", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, program) })
	mux.HandleFunc("GET /wasm_exec.js", func(w http.ResponseWriter, r *http.Request) {
		root, err := exec.CommandContext(r.Context(), "go", "env", "GOROOT").Output()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.ServeFile(w, r, filepath.Join(string(root[:len(root)-1]), "lib", "wasm", "wasm_exec.js"))
	})
	handle := func(path string, f func(body []byte) ([]byte, error)) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err == nil {
				body, err = f(body)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			_, _ = w.Write(body) // fails when the page is gone
		})
	}
	handle("/admit", func(offer []byte) ([]byte, error) { return m.node.Admit(m.ctx, offer) })
	handle("/offer", func([]byte) ([]byte, error) {
		select {
		case offer := <-m.offers:
			return offer, nil
		case <-m.ctx.Done():
			return nil, m.ctx.Err()
		}
	})
	handle("/answer", func(answer []byte) ([]byte, error) {
		m.answers <- answer
		return nil, nil
	})
	return mux
}

// buildTab compiles the program of the page.
func buildTab(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program.wasm")
	build := exec.Command("go", "build", "-o", program, "./testdata/tab")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// TestTabAndNode has a page send the camera and the microphone that Chromium
// makes up to a native node, which sends both back, and the page decodes them:
// four tracks on one session, whichever of the two began it.
func TestTabAndNode(t *testing.T) {
	b := chrometest.Start(t, chrome.Config{})
	program := buildTab(t)
	for name, joins := range map[string]bool{"the tab offers": true, "the node offers": false} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			m := newMirror(t, ctx)
			server := httptest.NewServer(m.serve(joins, program))
			defer server.Close()
			if !joins {
				go func() {
					_, err := m.chat.Join(ctx, func(ctx context.Context, offer []byte) ([]byte, error) {
						m.offers <- offer
						return <-m.answers, nil
					})
					if err != nil {
						t.Error(err)
					}
				}()
			}
			tab, err := b.Open(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tab.Close() }()
			wait := func(what string, is func(p playing) bool) {
				t.Helper()
				tick := time.NewTicker(50 * time.Millisecond)
				defer tick.Stop()
				for range tick.C {
					p, err := chrome.Eval[playing](ctx, tab, "plays()")
					switch {
					case err != nil || p.Failed != "" || t.Failed():
						t.Fatalf("%s: %+v, %v", what, p, err)
					case is(p):
						t.Logf("%s: %+v; packets at the node: %d of audio, %d of video", what, p, m.packets[0].Load(), m.packets[1].Load())
						return
					}
				}
			}
			wait("both ways", func(p playing) bool {
				return p.Pictures >= 20 && p.Sounds >= 50 && p.Energy > 0 && p.Added == 2 && p.Sends == 2 &&
					m.packets[0].Load() >= 50 && m.packets[1].Load() >= 20 && m.added.Load() == 2
			})
			if _, err := chrome.Eval[any](ctx, tab, "tab.hush()"); err != nil {
				t.Fatal(err)
			}
			wait("the end", func(p playing) bool { return p.Ended == 2 && m.ended.Load() == 2 && p.Odd >= 0 })
			if p, err := chrome.Eval[playing](ctx, tab, "plays()"); err != nil || p.Odd != 0 {
				t.Errorf("%+v, %v", p, err)
			}
			if s := m.node.Stats(); s.Bugs+s.Divergences+s.Violations+s.Malformed > 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}
