//go:build js && wasm

package browser

import (
	"context"
	"syscall/js"
)

// call calls a method; what it throws is an error.
func call(v js.Value, method string, args ...any) (result js.Value, err error) {
	defer caught(&err)
	return v.Call(method, args...), nil
}

// invoke calls a function; what it throws is an error.
func invoke(f js.Value, arg any) (err error) {
	defer caught(&err)
	f.Invoke(arg)
	return nil
}

// construct is JavaScript's new.
func construct(class js.Value, args ...any) (result js.Value, err error) {
	defer caught(&err)
	return class.New(args...), nil
}

func caught(err *error) {
	switch e := recover().(type) {
	case nil:
	case js.Error:
		*err = e
	default:
		panic(e)
	}
}

// promises waits for promises with one function for all, so that a promise that
// never settles (as those of a connection that was closed) costs nothing.
type promises struct {
	settle  js.Func
	next    int
	waiting map[int]chan outcome
	pending int // that may still call settle
	closed  bool
}

type outcome struct {
	value js.Value
	err   error
}

func newPromises() *promises {
	p := &promises{waiting: make(map[int]chan outcome)}
	p.settle = js.FuncOf(func(_ js.Value, args []js.Value) any {
		p.settled(args[0].Int(), args[1].Bool(), args[2])
		return nil
	})
	return p
}

func (p *promises) settled(id int, ok bool, value js.Value) {
	p.pending--
	if done := p.waiting[id]; done != nil {
		delete(p.waiting, id)
		if ok {
			done <- outcome{value: value}
		} else {
			done <- outcome{err: js.Error{Value: value}}
		}
	}
	p.free()
}

// await waits for a promise, at most until ctx ends. Its error is what the
// promise was rejected with, or the cause of ctx.
func (p *promises) await(ctx context.Context, promise js.Value) (js.Value, error) {
	p.next++
	id := p.next
	done := make(chan outcome, 1)
	p.waiting[id] = done
	p.pending++
	bind := func(ok bool) js.Value { return p.settle.Call("bind", js.Null(), id, ok) }
	promise.Call("then", bind(true), bind(false))
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		delete(p.waiting, id)
		return js.Undefined(), context.Cause(ctx)
	}
}

// try calls a method that gives a promise, and waits for that.
func (p *promises) try(ctx context.Context, v js.Value, method string, args ...any) (js.Value, error) {
	promise, err := call(v, method, args...)
	if err != nil {
		return promise, err
	}
	return p.await(ctx, promise)
}

// close frees settle as soon as no promise can call it any more.
func (p *promises) close() {
	p.closed = true
	p.free()
}

func (p *promises) free() {
	if p.closed && p.pending == 0 {
		p.settle.Release()
		p.pending = -1 // once
	}
}

// listeners are event listeners that end together.
type listeners struct{ list []listener }

type listener struct {
	target js.Value
	event  string
	f      js.Func
}

// on has f called with each event, which must not block.
func (l *listeners) on(target js.Value, event string, f func(js.Value)) {
	fn := js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
	target.Call("addEventListener", event, fn)
	l.list = append(l.list, listener{target, event, fn})
}

func (l *listeners) release() {
	for _, x := range l.list {
		x.target.Call("removeEventListener", x.event, x.f)
		x.f.Release()
	}
	l.list = nil
}
