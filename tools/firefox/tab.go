package firefox

import (
	"context"
	"encoding/json"
	"fmt"
)

// Tab is a page in a Browser.
type Tab struct {
	line    *line
	context string // Firefox's name for it
}

// Open opens a tab and waits until the page has loaded.
func (b *Browser) Open(ctx context.Context, url string) (*Tab, error) {
	var made struct {
		Context string `json:"context"`
	}
	if err := b.line.call(ctx, "browsingContext.create", map[string]any{"type": "tab"}, &made); err != nil {
		return nil, fmt.Errorf("tab: %w", err)
	}
	t := &Tab{line: b.line, context: made.Context}
	params := map[string]any{"context": t.context, "url": url, "wait": "complete"}
	if err := t.line.call(ctx, "browsingContext.navigate", params, nil); err != nil {
		_ = t.Close(ctx)
		return nil, fmt.Errorf("load %s: %w", url, err)
	}
	return t, nil
}

// Eval runs a JavaScript expression in the page and gives its value. It waits for
// promises, until ctx ends.
func Eval[T any](ctx context.Context, t *Tab, js string) (v T, err error) {
	var done struct {
		Type   string `json:"type"`
		Result struct {
			Value string `json:"value"`
		} `json:"result"`
		Exception struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	err = t.line.call(ctx, "script.evaluate", map[string]any{
		"expression":   "(async () => JSON.stringify((await (" + js + ")) ?? null))()",
		"target":       map[string]any{"context": t.context},
		"awaitPromise": true,
	}, &done)
	switch {
	case err != nil:
		return v, err
	case done.Type != "success":
		return v, fmt.Errorf("exception: %s", done.Exception.Text)
	}
	return v, json.Unmarshal([]byte(done.Result.Value), &v)
}

// Close closes the tab.
func (t *Tab) Close(ctx context.Context) error {
	if err := t.line.call(ctx, "browsingContext.close", map[string]any{"context": t.context}, nil); err != nil {
		return fmt.Errorf("close tab: %w", err)
	}
	return nil
}
