package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/n2n-overlay/n2n/tools/chrome"
)

// starts is how long pages took from nothing to a node, in milliseconds: cold,
// with files that the browser has never seen, and warm, with files that it has.
type starts struct {
	Cold []float64 `json:"cold"`
	Warm []float64 `json:"warm"`
}

// startPage imports the package and makes a node, as any page does.
const startPage = `<!doctype html><title>start</title><script type="module">
const begun = performance.now();
const { Node } = await import('../n2n/n2n.js');
await Node.create({ network: 'bench' });
globalThis.took = performance.now() - begun;
</script>`

// fresh matches the folders that all have the same files.
var fresh = regexp.MustCompile(`^/fresh-\d+/`)

// serve gives the files of a folder, and again under /fresh-N/, for any N.
func serve(dir string) http.Handler {
	files := http.FileServer(http.Dir(dir))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/" + fresh.ReplaceAllString(r.URL.Path, "")
		if r.URL.Path == "/start/" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(startPage)) // fails when the page is gone
			return
		}
		files.ServeHTTP(w, r)
	})
}

// measureStarts opens pages, each in a tab of its own.
func measureStarts(ctx context.Context, b *chrome.Browser, url string, n int) (s starts, err error) {
	const warming = 3 // visits until the browser has compiled files in store
	for i := range n + warming {
		cold, err := start(ctx, b, fmt.Sprintf("%s/fresh-%d/start/", url, i))
		if err != nil {
			return s, err
		}
		warm, err := start(ctx, b, url+"/fresh-0/start/")
		if err != nil {
			return s, err
		}
		if i >= warming {
			s.Cold, s.Warm = append(s.Cold, cold), append(s.Warm, warm)
		}
	}
	slices.Sort(s.Cold)
	slices.Sort(s.Warm)
	return s, nil
}

// settle is how long a new tab may be busy with itself.
const settle = time.Second

// start measures one page. Whoever drives a browser as chromedp does has it keep a
// copy of all that a page loads, and put it into a form to be shown, before the page
// itself gets the end: that took 50 ms when the file was new, and 16 when it was in
// store. No user's browser does so, and here it is turned off.
func start(ctx context.Context, b *chrome.Browser, url string) (millis float64, err error) {
	tab, err := b.Open("about:blank")
	if err != nil {
		return 0, err
	}
	defer tab.Close()
	if _, err := chromedp.Call(tab.Context(), network.Disable, cdp.Empty{}); err != nil {
		return 0, err
	}
	select { // what Chromium loads for itself with a new window is not the page's
	case <-time.After(settle):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err := tab.Load(url); err != nil {
		return 0, err
	}
	return chrome.Eval[float64](ctx, tab, `(async () => { while (!globalThis.took) await new Promise(r => setTimeout(r, 20)); return took })()`)
}
