//go:build js && wasm

package browser_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"syscall/js"
	"testing"

	"github.com/n2n-overlay/n2n/transport/browser"
)

func load(t *testing.T, name string) (ed25519.PrivateKey, func()) {
	t.Helper()
	key, release, err := browser.LoadKey(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return key, release
}

func TestLoadKey(t *testing.T) {
	first, release := load(t, "app")
	other, _ := load(t, "another app")
	if first.Equal(other) {
		t.Error("two applications share a key")
	}
	if msg := []byte("signed"); !ed25519.Verify(first.Public().(ed25519.PublicKey), msg, ed25519.Sign(first, msg)) {
		t.Error("not a key")
	}
	release()
	release()
	again, release := load(t, "app")
	if !again.Equal(first) {
		t.Error("another key after release")
	}
	release()
}

// TestLoadKeyTwice: what is in use is not given again, by none of the places.
func TestLoadKeyTwice(t *testing.T) {
	var keys []ed25519.PrivateKey
	var releases []func()
	for i := range 18 { // 16 are kept
		key, release := load(t, "crowd")
		for j, k := range keys {
			if key.Equal(k) {
				t.Fatalf("key %d is key %d", i, j)
			}
		}
		keys, releases = append(keys, key), append(releases, release)
	}
	releases[7]()
	if key, _ := load(t, "crowd"); !key.Equal(keys[7]) {
		t.Error("not the key that became free")
	}
}

// TestLoadKeyRemembers: this tab gets the key again that it had last.
func TestLoadKeyRemembers(t *testing.T) {
	_, release := load(t, "tab")
	second, release2 := load(t, "tab") // is remembered
	release()
	release2()
	if key, _ := load(t, "tab"); !key.Equal(second) {
		t.Error("not the key that this tab had last")
	}
}

func TestLoadKeyWithoutLocks(t *testing.T) {
	navigator := js.Global().Get("navigator")
	object := js.Global().Get("Object")
	object.Call("defineProperty", navigator, "locks", map[string]any{"value": js.Undefined(), "configurable": true})
	defer js.Global().Get("Reflect").Call("deleteProperty", navigator, "locks")
	one, _ := load(t, "insecure")
	two, _ := load(t, "insecure")
	if one.Equal(two) {
		t.Error("a key that is not locked was given twice")
	}
}

func TestLoadKeyEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	if _, _, err := browser.LoadKey(ctx, "app"); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

// TestNewKey: the browser makes it or, if that cannot, Go does.
func TestNewKey(t *testing.T) {
	fresh := func() ed25519.PrivateKey {
		t.Helper()
		key, err := browser.NewKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !key.Equal(ed25519.NewKeyFromSeed(key.Seed())) {
			t.Error("the public key is another one's")
		}
		return key
	}
	calls := js.Global().Call("eval", `(() => {
		const p = SubtleCrypto.prototype, native = p.generateKey, calls = {native: 0, refused: 0};
		p.generateKey = function (...args) { calls.native++; return native.apply(this, args); };
		calls.refuse = () => { p.generateKey = () => { calls.refused++; return Promise.reject(new DOMException("", "NotSupportedError")); }; };
		calls.end = () => { p.generateKey = native; };
		return calls;
	})()`)
	defer calls.Call("end")
	first, second := fresh(), fresh()
	if calls.Get("native").Int() != 2 {
		t.Error("the browser was not asked")
	}
	calls.Call("refuse")
	third := fresh()
	if calls.Get("refused").Int() != 1 {
		t.Error("the browser did not refuse")
	}
	if first.Equal(second) || second.Equal(third) {
		t.Error("the same key twice")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := browser.NewKey(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of its context: %v", err)
	}
}
