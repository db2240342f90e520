//go:build js && wasm

package browser

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall/js"
	"time"
)

const (
	database = "n2n"  // in IndexedDB
	store    = "keys" // of the database: name and place -> seed and public key
	places   = 16     // for tabs that are open at the same time

	// reloadWait is how long a tab waits for the key that it had before it was
	// loaded again: the browser may not have ended its former page yet.
	reloadWait = time.Second
)

// LoadKey gives a key that stays the same when the page is loaded again: it is
// kept in IndexedDB, under that name. Every script of the page's origin can read
// it, as it can everything else of the page. name tells the applications of one
// origin apart.
//
// No two tabs have the same key at the same time, for they would be one peer in
// two places. A tab holds a lock (navigator.locks) on its key until it is closed
// or release is called; the next tab gets another one, which is kept as well: up
// to 16 for each name. A tab remembers which one it had (sessionStorage), so that
// tabs that are loaded again keep theirs. A copy of a tab remembers the same one,
// and takes another after a second.
//
// Where the browser has no locks (pages that do not come by HTTPS or from this
// machine), and for further tabs, the key is a fresh one and is not kept.
//
// LoadKey waits for the browser, at most until ctx ends. Errors: that of ctx, and
// an IndexedDB that cannot be read or written.
func LoadKey(ctx context.Context, name string) (key ed25519.PrivateKey, release func(), err error) {
	k := keys{promises: newPromises(), name: name}
	defer k.promises.close()
	place, release, err := k.lock(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("browser: lock of a key: %w", err)
	}
	if release == nil {
		key, err = k.promises.freshKey(ctx)
		return key, func() {}, err
	}
	if key, err = k.stored(ctx, place); err != nil {
		release()
		return nil, nil, fmt.Errorf("browser: IndexedDB: %w", err)
	}
	return key, release, nil
}

// keys are the keys of one name.
type keys struct {
	promises *promises
	name     string
}

// lock takes one of the places, first the one that this tab had last. release is
// nil if there is none.
func (k *keys) lock(ctx context.Context) (place int, release func(), err error) {
	locks := js.Global().Get("navigator").Get("locks")
	if !locks.Truthy() {
		return 0, nil, nil
	}
	last, page := k.remembered()
	for i := -1; i < places && release == nil; i++ {
		options := map[string]any{"ifAvailable": true}
		place = i
		if i < 0 {
			if place = last; last < 0 || page == thisPage() {
				continue // it had none, or uses it in another node
			}
			options = map[string]any{"signal": abortAfter(reloadWait)}
		}
		if release, err = k.try(ctx, locks, place, options); err != nil {
			return 0, nil, err
		}
	}
	if release == nil {
		return 0, nil, nil
	}
	k.remember(place, thisPage())
	free := release
	return place, func() {
		k.remember(place, "") // whoever comes next waits until the browser has heard of it
		free()
	}, nil
}

func abortAfter(d time.Duration) js.Value {
	return js.Global().Get("AbortSignal").Call("timeout", d.Milliseconds())
}

// try takes a lock. release is nil if somebody else has it.
func (k *keys) try(ctx context.Context, locks js.Value, place int, options map[string]any) (release func(), err error) {
	// The browser holds the lock until the promise that the callback returns is
	// resolved, which release does.
	var resolve js.Value
	executor := js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve = args[0]
		return nil
	})
	held := js.Global().Get("Promise").New(executor) // calls executor at once
	executor.Release()

	granted := make(chan bool, 1)
	callback := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if !args[0].Truthy() {
			granted <- false
			return nil
		}
		granted <- true
		return held
	})
	over, err := call(locks, "request", k.lockName(place), options, callback)
	if err != nil {
		callback.Release()
		return nil, err
	}
	failed := make(chan struct{}, 1)
	settled := js.FuncOf(func(js.Value, []js.Value) any {
		failed <- struct{}{} // or the lock has been released
		return nil
	})
	over.Call("then", settled, settled)
	end := sync.OnceFunc(func() {
		resolve.Invoke()
		go func() {
			<-failed
			callback.Release()
			settled.Release()
		}()
	})
	select {
	case ok := <-granted:
		if ok {
			return end, nil
		}
		end()
		return nil, nil
	case <-failed: // by the signal
		failed <- struct{}{}
		end()
		return nil, nil
	case <-ctx.Done():
		end() // a lock that is granted later is free at once
		return nil, context.Cause(ctx)
	}
}

func (k *keys) lockName(place int) string { return "n2n key " + strconv.Itoa(place) + " of " + k.name }

// remembered gives the place that this tab took last, or -1, and what page that
// was; empty if it was given back.
func (k *keys) remembered() (place int, page string) {
	v, err := k.session("getItem", k.lockName(-1))
	if err != nil || v.Type() != js.TypeString {
		return -1, ""
	}
	number, page, _ := strings.Cut(v.String(), " ")
	place, err = strconv.Atoi(number)
	if err != nil || place < 0 || place >= places {
		return -1, ""
	}
	return place, page
}

// remember notes the place of this tab. A browser that keeps nothing for tabs is
// no error: then tabs may change their keys.
func (k *keys) remember(place int, page string) {
	_, _ = k.session("setItem", k.lockName(-1), strconv.Itoa(place)+" "+page)
}

// thisPage is another text each time that the page is loaded.
func thisPage() string {
	return strconv.FormatFloat(js.Global().Get("performance").Get("timeOrigin").Float(), 'f', -1, 64)
}

func (k *keys) session(method string, args ...any) (v js.Value, err error) {
	defer caught(&err)
	return js.Global().Get("sessionStorage").Call(method, args...), nil
}

// stored reads the key of a place, and makes it if there is none. Nobody else does
// so at the same time: this tab has the lock.
func (k *keys) stored(ctx context.Context, place int) (ed25519.PrivateKey, error) {
	open, err := call(js.Global().Get("indexedDB"), "open", database, 1)
	if err != nil {
		return nil, err
	}
	var upgrade listeners
	upgrade.on(open, "upgradeneeded", func(js.Value) { open.Get("result").Call("createObjectStore", store) })
	err = await(ctx, open, "success", "error", "blocked")
	upgrade.release()
	if err != nil {
		return nil, err
	}
	db := open.Get("result")
	defer db.Call("close")

	id := k.name + "\n" + strconv.Itoa(place)
	read, err := call(db, "transaction", store, "readonly")
	if err != nil {
		return nil, err
	}
	get := read.Call("objectStore", store).Call("get", id)
	if err := await(ctx, get, "success", "error"); err != nil {
		return nil, err
	}
	if old := get.Get("result"); old.Truthy() && old.Get("length").Int() == ed25519.PrivateKeySize {
		key := make(ed25519.PrivateKey, ed25519.PrivateKeySize)
		js.CopyBytesToGo(key, old)
		return key, nil
	}
	key, err := k.promises.freshKey(ctx)
	if err != nil {
		return nil, err
	}
	fresh := js.Global().Get("Uint8Array").New(len(key))
	js.CopyBytesToJS(fresh, key)
	write, err := call(db, "transaction", store, "readwrite")
	if err != nil {
		return nil, err
	}
	if _, err := call(write.Call("objectStore", store), "put", fresh, id); err != nil {
		return nil, err
	}
	if err := await(ctx, write, "complete", "error", "abort"); err != nil {
		return nil, err
	}
	return key, nil
}

// await waits for the event ok of a request or a transaction, or for another one
// that says that it has failed.
func await(ctx context.Context, target js.Value, ok string, failures ...string) error {
	var l listeners
	defer l.release()
	done := make(chan error, 1+len(failures))
	l.on(target, ok, func(js.Value) { done <- nil })
	for _, f := range failures {
		l.on(target, f, func(js.Value) {
			if e := target.Get("error"); e.Truthy() {
				done <- js.Error{Value: e}
				return
			}
			done <- fmt.Errorf("%s", f)
		})
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
