//go:build js && wasm

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/transport"
)

// values are the arguments of a call. What is missing is undefined.
type values []js.Value

func (v values) at(i int) js.Value {
	if i < len(v) {
		return v[i]
	}
	return js.Undefined()
}

func (v values) peer(i int) (transport.PeerID, error) { return peerOf(v.at(i)) }

// errArgument is an argument that cannot be, which n2n.js throws as a TypeError.
type errArgument struct{ text string }

func (e *errArgument) Error() string { return e.text }

func wrong(format string, args ...any) error { return &errArgument{fmt.Sprintf(format, args...)} }

func peerOf(v js.Value) (transport.PeerID, error) {
	if v.Type() != js.TypeString {
		return transport.PeerID{}, wrong("a peer is a string of 52 characters, not %v", v.Type())
	}
	id, err := transport.ParsePeerID(v.String())
	if err != nil {
		return id, &errArgument{err.Error()}
	}
	return id, nil
}

func peersOf(v js.Value) ([]transport.PeerID, error) {
	if !v.Truthy() {
		return nil, nil
	}
	const most = 16 // the protocol has fewer, and says so
	n := v.Length()
	if n > most {
		return nil, wrong("%d peers: at most %d", n, most)
	}
	list := make([]transport.PeerID, n)
	for i := range list {
		id, err := peerOf(v.Index(i))
		if err != nil {
			return nil, err
		}
		list[i] = id
	}
	return list, nil
}

func peersTo(list []transport.PeerID) []any {
	out := make([]any, len(list))
	for i, p := range list {
		out[i] = p.String()
	}
	return out
}

// bytesOf copies a Uint8Array.
func bytesOf(v js.Value) ([]byte, error) {
	if !v.InstanceOf(js.Global().Get("Uint8Array")) {
		return nil, wrong("want a Uint8Array")
	}
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b, nil
}

func bytesTo(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

// sync makes a function that returns at once, with a value or an error: n2n.js
// throws what comes as {error}.
//
//go:noinline
func sync(f func(args values) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		v, err := f(args)
		if err != nil {
			return map[string]any{"error": failure(err)}
		}
		return map[string]any{"value": v}
	})
}

// async makes a function that settles a promise: its first two arguments are that
// one's functions resolve and reject. Its last argument may be an AbortSignal, which
// ends the context.
//
//go:noinline
func async(f func(ctx context.Context, args values) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve, reject, args := args[0], args[1], args[2:]
		ctx, stop := contextOf(args)
		go func() {
			defer stop()
			if v, err := f(ctx, args); err != nil {
				reject.Invoke(failure(err))
			} else {
				resolve.Invoke(v)
			}
		}()
		return nil
	})
}

// contextOf gives a context that ends with an AbortSignal; stop frees both.
func contextOf(args values) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	if len(args) == 0 {
		return ctx, cancel
	}
	signal := args[len(args)-1]
	if !signal.InstanceOf(js.Global().Get("AbortSignal")) {
		return ctx, cancel
	}
	if signal.Get("aborted").Bool() {
		cancel()
		return ctx, cancel
	}
	aborted := js.FuncOf(func(js.Value, []js.Value) any {
		cancel()
		return nil
	})
	signal.Call("addEventListener", "abort", aborted)
	return ctx, func() {
		cancel()
		signal.Call("removeEventListener", "abort", aborted)
		aborted.Release()
	}
}

// codes names the errors that callers branch on. The first that fits counts.
var codes = []struct {
	err  error
	code string
}{
	{context.Canceled, "aborted"},
	{entrance.ErrEmptyRoom, "empty-room"},
	{entrance.ErrRefused, "entrance-refused"},
	{overlay.ErrClosed, "closed"},
	{overlay.ErrNotNeighbor, "not-neighbor"},
	{overlay.ErrRefused, "refused"},
	{overlay.ErrBrokerLost, "broker-lost"},
	{overlay.ErrTimeout, "timeout"},
	{overlay.ErrVersion, "version"},
	{overlay.ErrSelf, "self"},
	{overlay.ErrMalformed, "malformed"},
	{overlay.ErrSignature, "signature"},
	{overlay.ErrProtocolExists, "protocol-exists"},
	{overlay.ErrTooLarge, "too-large"},
	{overlay.ErrHeld, "held"},
	{overlay.ErrNoMedia, "no-media"},
	{overlay.ErrFailed, "failed"},
}

// failure is an error as plain values, of which n2n.js makes one of its classes.
func failure(err error) any {
	f := map[string]any{"code": "failed", "message": err.Error()}
	if _, ok := errors.AsType[*errArgument](err); ok {
		f["code"] = "argument"
		return f
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			f["code"] = c.code
			break
		}
	}
	if thrown, ok := errors.AsType[*thrown](err); ok { // what an exchange threw is thrown again
		f["code"], f["thrown"] = "exchange", thrown.value
	}
	if c, ok := errors.AsType[*overlay.ConnectError](err); ok {
		f["via"], f["state"] = peersTo(c.Via), c.State
		if !c.Peer.IsZero() {
			f["peer"] = c.Peer.String()
		}
	}
	if r, ok := errors.AsType[*entrance.RefusedError](err); ok {
		f["reason"], f["retryAfter"] = r.Reason.String(), r.RetryAfter.Milliseconds()
	}
	return f
}

// thrown is what JavaScript code threw.
type thrown struct{ value js.Value }

func (e *thrown) Error() string { return js.Global().Get("String").Invoke(e.value).String() }

// await waits for a promise.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type end struct {
		value js.Value
		err   error
	}
	done := make(chan end, 1)
	var ok, failed js.Func
	release := func() { ok.Release(); failed.Release() }
	ok = js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- end{value: values(args).at(0)}
		release()
		return nil
	})
	failed = js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- end{err: &thrown{values(args).at(0)}}
		release()
		return nil
	})
	promise.Call("then", ok, failed)
	select {
	case e := <-done:
		return e.value, e.err
	case <-ctx.Done():
		return js.Undefined(), ctx.Err()
	}
}
