package e2e

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/tools/chrome/chrometest"
	"github.com/n2n-overlay/n2n/tools/firefox"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// patience is how long one step of a test may take on a busy machine.
const patience = 60 * time.Second

//go:embed page.html
var page []byte

//go:embed raw.js
var rawJS []byte

// program compiles tab once.
var program = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "tab.wasm")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "./tab")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return os.ReadFile(file)
})

// world is a browser, the server of its pages, and native peers.
type world struct {
	*testing.T
	ctx     context.Context
	browser *chrome.Browser
	mux     *http.ServeMux
	url     string
	natives int
}

func newWorld(t *testing.T, cfg chrome.Config) *world {
	t.Helper()
	chrometest.Require(t)
	chrometest.ReadSources(t, ".", "./tab")
	wasm, err := program()
	if err != nil {
		t.Fatal(err)
	}
	glue, err := chrome.WasmExec(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, ctx: t.Context(), mux: http.NewServeMux()}
	for path, file := range map[string]struct {
		mime string
		data []byte
	}{
		"/{$}":          {"text/html", page},
		"/raw.js":       {"text/javascript", rawJS},
		"/wasm_exec.js": {"text/javascript", glue},
		"/tab.wasm":     {"application/wasm", wasm},
	} {
		w.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", file.mime)
			_, _ = w.Write(file.data)
		})
	}
	server := httptest.NewServer(w.mux)
	t.Cleanup(server.Close)
	w.url = server.URL
	w.browser = chrometest.Start(t, cfg)
	return w
}

// must fails the test.
func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// step gives a context for one step.
func (w *world) step() (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.ctx, patience)
}

// native is a peer of this process.
type native struct {
	w    *world
	id   transport.PeerID
	node *overlay.Node
	chat *overlay.Protocol
	url  string // admits who posts an offer to it
}

// native makes a peer on loopback, which the page's server admits newcomers to.
func (w *world) native() *native { return w.nativeWith(pion.Config{ListenAddr: "127.0.0.1:0"}) }

func (w *world) nativeWith(cfg pion.Config) *native {
	w.Helper()
	d, err := pion.New(cfg)
	w.must(err)
	return w.nativeOn(d)
}

func (w *world) nativeOn(d transport.Driver) *native {
	w.Helper()
	node, err := overlay.New(overlay.Config{Driver: d, Audit: true, Heartbeat: time.Second})
	w.must(err)
	w.Cleanup(func() { _ = node.Close() })
	chat, err := node.Protocol("chat", overlay.ProtocolConfig{})
	w.must(err)
	w.natives++
	path := fmt.Sprintf("/admit/%d", w.natives)
	w.mux.HandleFunc("POST "+path, func(rw http.ResponseWriter, r *http.Request) {
		offer, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, 4096))
		if err != nil {
			return
		}
		answer, err := node.Admit(r.Context(), offer)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
			return
		}
		_, _ = rw.Write(answer)
	})
	return &native{w, node.ID(), node, chat, w.url + path}
}

// wait waits until a condition holds, looking at it with each event.
func (n *native) wait(what string, holds func() bool) {
	n.w.Helper()
	ctx, cancel := n.w.step()
	defer cancel()
	events := n.chat.Events(ctx)
	if holds() {
		return
	}
	for range events {
		if holds() {
			return
		}
	}
	n.w.Fatalf("not within %v: %s", patience, what)
}

// arcs is how many there are with a peer, both ways.
func (n *native) arcs(id transport.PeerID) int {
	return n.chat.Outview().Count(id) + n.chat.Inview().Count(id)
}

// tab is a page with a node.
type tab struct {
	w     *world
	page  *chrome.Tab  // nil: it is in Firefox
	fox   *firefox.Tab // nil: it is in Chromium
	name  string       // under which its key is kept; empty: it is not
	brief bool         // sessions without arcs end at once
	id    transport.PeerID
}

// tab opens a page and makes its node; with a name the page keeps its key.
func (w *world) tab(name string) *tab {
	w.Helper()
	t := w.open()
	t.name = name
	t.start()
	return t
}

// open opens a page that has no node yet.
func (w *world) open() *tab {
	w.Helper()
	p, err := w.browser.Open(w.url)
	w.must(err)
	w.Cleanup(func() { _ = p.Close() })
	return &tab{w: w, page: p}
}

// start makes the node of a page that was loaded.
func (t *tab) start() {
	t.w.Helper()
	t.eval("start()")
	call(t, &t.id, "create", t.name, t.brief)
}

func (t *tab) eval(js string) {
	t.w.Helper()
	ctx, cancel := t.w.step()
	defer cancel()
	var err error
	if t.fox != nil {
		_, err = firefox.Eval[any](ctx, t.fox, js)
	} else {
		_, err = chrome.Eval[any](ctx, t.page, js)
	}
	t.w.must(err)
}

// run gives the text that an expression is, or its promise brings.
func (t *tab) run(ctx context.Context, js string) (string, error) {
	if t.fox != nil {
		return firefox.Eval[string](ctx, t.fox, js)
	}
	return chrome.Eval[string](ctx, t.page, js)
}

// call gives the node of a tab a command.
func call(t *tab, result any, command string, args ...any) {
	t.w.Helper()
	t.w.must(try(t, result, command, args...))
}

func try(t *tab, result any, command string, args ...any) error {
	if args == nil {
		args = []any{}
	}
	list, err := json.Marshal(args)
	if err != nil {
		return err
	}
	ctx, cancel := t.w.step()
	defer cancel()
	got, err := t.run(ctx, fmt.Sprintf("tab(%q, %s).then(JSON.stringify).then((s) => s ?? 'null')", command, quote(string(list))))
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal([]byte(got), result)
}

// quote writes a text as JavaScript does.
func quote(s string) string {
	b, _ := json.Marshal(s) // a string can always be written
	return strings.ReplaceAll(strings.ReplaceAll(string(b), "\u2028", `\u2028`), "\u2029", `\u2029`)
}

// join makes an arc from the tab to a native peer.
func (t *tab) join(n *native) {
	t.w.Helper()
	call(t, nil, "join", n.url)
	n.wait("the inview has the tab", func() bool { return n.chat.Inview().Count(t.id) > 0 })
}

// admit makes an arc from a native peer to the tab.
func (n *native) join(t *tab) {
	n.w.Helper()
	ctx, cancel := n.w.step()
	defer cancel()
	_, err := n.chat.Join(ctx, func(_ context.Context, offer []byte) (answer []byte, err error) {
		return answer, try(t, &answer, "admit", base64.StdEncoding.EncodeToString(offer))
	})
	n.w.must(err)
}

// connect opens an arc and gives the milliseconds that it took, within the page.
func (t *tab) connect(ids ...transport.PeerID) (millis float64) {
	t.w.Helper()
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	call(t, &millis, "connect", args...)
	return millis
}

// views is what a tab is connected with.
type views struct {
	Out, In  map[transport.PeerID]int
	Sessions int
}

func (t *tab) views() (v views) {
	t.w.Helper()
	call(t, &v, "views")
	return v
}
