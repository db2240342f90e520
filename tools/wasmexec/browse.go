package main

import (
	"context"
	"fmt"

	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/tools/firefox"
)

// browse opens a page in a browser of its own, and gives what its main function
// gives.
type browse func(ctx context.Context, url string, hide bool, console func(string)) (code int, err error)

var browsers = map[string]browse{"chromium": inChromium, "firefox": inFirefox}

const start = "main()"

func inChromium(ctx context.Context, url string, hide bool, console func(string)) (code int, err error) {
	b, err := chrome.Start(ctx, chrome.Config{HideAddresses: hide, Console: func(_ *chrome.Tab, text string) { console(text) }})
	if err != nil {
		return 0, err
	}
	defer func() { _ = b.Close() }()
	tab, err := b.Open(url)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-tab.Crashed():
			cancel(fmt.Errorf("the page has crashed"))
		case <-ctx.Done():
		}
	}()
	return chrome.Eval[int](ctx, tab, start)
}

func inFirefox(ctx context.Context, url string, hide bool, console func(string)) (code int, err error) {
	b, err := firefox.Start(ctx, firefox.Config{HideAddresses: hide, Console: console})
	if err != nil {
		return 0, err
	}
	defer func() { _ = b.Close() }()
	tab, err := b.Open(ctx, url)
	if err != nil {
		return 0, err
	}
	return firefox.Eval[int](ctx, tab, start)
}
