package firefox_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/tools/firefox"
	"github.com/n2n-overlay/n2n/tools/firefox/firefoxtest"
)

func serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>" + r.URL.Path + "</title>"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestTabs(t *testing.T) {
	url := serve(t)
	var mu sync.Mutex
	var said []string
	b := firefoxtest.Start(t, firefox.Config{Console: func(text string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, text)
	}})
	ctx := t.Context()
	tabs := map[string]*firefox.Tab{}
	for _, path := range []string{"/one", "/two"} {
		tab, err := b.Open(ctx, url+path)
		if err != nil {
			t.Fatal(err)
		}
		tabs[path] = tab
	}
	for path, tab := range tabs {
		if title, err := firefox.Eval[string](ctx, tab, "document.title"); err != nil || title != path {
			t.Errorf("title %q, %v, want %q", title, err, path)
		}
	}
	one := tabs["/one"]
	if n, err := firefox.Eval[[]int](ctx, one, "new Promise(r => setTimeout(() => r([1, 2]), 10))"); err != nil || len(n) != 2 || n[1] != 2 {
		t.Errorf("of a promise: %v, %v", n, err)
	}
	if v, err := firefox.Eval[any](ctx, one, "undefined"); err != nil || v != nil {
		t.Errorf("of nothing: %v, %v", v, err)
	}
	if _, err := firefox.Eval[any](ctx, one, "Promise.reject(new Error('as asked'))"); err == nil || !strings.Contains(err.Error(), "as asked") {
		t.Errorf("of a rejection: %v", err)
	}
	soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := firefox.Eval[any](soon, one, "new Promise(() => {})"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("of a promise that never settles: %v", err)
	}
	if _, err := firefox.Eval[any](ctx, one, "console.log('from', 'the page')"); err != nil {
		t.Error(err)
	}
	if err := one.Close(ctx); err != nil {
		t.Error(err)
	}
	if _, err := firefox.Eval[string](ctx, one, "document.title"); err == nil {
		t.Error("a closed tab has a title")
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(said) != 1 || said[0] != "info: from the page" {
		t.Errorf("console: %q", said)
	}
}

// TestStaysHere: nothing that is not on this machine can be loaded, and WebRTC
// finds addresses.
func TestStaysHere(t *testing.T) {
	b := firefoxtest.Start(t, firefox.Config{})
	tab, err := b.Open(t.Context(), serve(t))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := firefox.Eval[string](t.Context(), tab, "fetch('http://example.org/').then(() => 'loaded', () => 'refused')"); err != nil || v != "refused" {
		t.Errorf("another host: %q, %v", v, err)
	}
	got, err := firefox.Eval[string](t.Context(), tab, `(async () => {
		const pc = new RTCPeerConnection();
		pc.createDataChannel('');
		const all = [];
		const done = new Promise(r => { pc.onicecandidate = e => e.candidate?.candidate ? all.push(e.candidate.candidate) : r() });
		await pc.setLocalDescription();
		await done;
		return all.join();
	})()`)
	if err != nil || !strings.Contains(got, " UDP ") || strings.Contains(got, ".local ") {
		t.Errorf("candidates: %s, %v", got, err)
	}
}

// TestEnds: Close and the end of the context leave neither a process, nor a
// goroutine, nor a file.
func TestEnds(t *testing.T) {
	firefoxtest.Require(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	before := goleak.IgnoreCurrent()
	for name, end := range map[string]func(b *firefox.Browser, cancel func()){
		"Close":        func(*firefox.Browser, func()) {},
		"its context":  func(_ *firefox.Browser, cancel func()) { cancel() },
		"Close, again": func(b *firefox.Browser, _ func()) { _ = b.Close() },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		b, err := firefox.Start(ctx, firefox.Config{})
		if err != nil {
			t.Fatal(err)
		}
		end(b, cancel)
		if err := b.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestMissing(t *testing.T) {
	t.Setenv("FIREFOX", "")
	t.Setenv("PATH", t.TempDir())
	if _, err := firefox.Start(t.Context(), firefox.Config{}); !errors.Is(err, firefox.ErrMissing) {
		t.Error(err)
	}
	t.Setenv("FIREFOX", "/bin/false")
	if _, err := firefox.Start(t.Context(), firefox.Config{}); err == nil || !strings.Contains(err.Error(), "it has ended") {
		t.Error(err)
	}
}
