package chrome

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Tab is a page in a Browser.
type Tab struct {
	ctx     context.Context // chromedp's
	end     context.CancelFunc
	crashed chan struct{} // closed when its process is gone
	done    chan struct{} // closed when its console is read to the end
}

// Open opens a tab and waits until the page has loaded.
func (b *Browser) Open(url string) (*Tab, error) {
	ctx, end := chromedp.NewContext(b.ctx)
	t := &Tab{ctx: ctx, end: end, crashed: make(chan struct{}), done: make(chan struct{})}
	console := chromedp.Console(ctx) // makes the tab
	err := chromedp.Listen(ctx, func(ev any) {
		if _, ok := ev.(*inspector.EventTargetCrashed); ok {
			close(t.crashed)
		}
	})
	if err != nil {
		end()
		return nil, fmt.Errorf("tab: %w", err)
	}
	b.tabs.Go(func() {
		defer close(t.done)
		for m, err := range console {
			if err != nil {
				return
			}
			if b.cfg.Console != nil {
				b.cfg.Console(t, m.String())
			}
		}
	})
	if err := t.Load(url); err != nil {
		_ = t.Close()
		return nil, err
	}
	return t, nil
}

// Context is chromedp's, for whatever Tab has no method for. It ends with the tab.
func (t *Tab) Context() context.Context { return t.ctx }

// Load goes to a page and waits until it has loaded.
func (t *Tab) Load(url string) error {
	if err := chromedp.Do(t.ctx, chromedp.Navigate(url)); err != nil {
		return fmt.Errorf("load %s: %w", url, err)
	}
	return nil
}

// Reload loads the same page again.
func (t *Tab) Reload() error {
	if err := chromedp.Do(t.ctx, chromedp.Reload()); err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	return nil
}

// Eval runs JavaScript in the page and gives its value. It waits for promises,
// until ctx ends.
func Eval[T any](ctx context.Context, t *Tab, js string) (T, error) {
	both, cancel := context.WithCancel(t.ctx)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	v, err := chromedp.Run(both, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return v, err
}

// Crashed is closed when the process of the page has died.
func (t *Tab) Crashed() <-chan struct{} { return t.crashed }

// Kill makes the process of the page die in the middle of what it does; nothing
// in it gets to say goodbye. The tab still is to be closed.
func (t *Tab) Kill(ctx context.Context) error {
	both, cancel := context.WithCancel(t.ctx)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	go func() { _, _ = chromedp.Call(both, page.Crash, cdp.Empty{}) }() // it is not answered
	select {
	case <-t.crashed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("kill tab: %w", ctx.Err())
	}
}

// Close closes the tab. It may be repeated.
func (t *Tab) Close() error {
	err := chromedp.Cancel(t.ctx)
	t.end()
	<-t.done
	if err != nil && t.ctx.Err() == nil {
		return fmt.Errorf("close tab: %w", err)
	}
	return nil
}
