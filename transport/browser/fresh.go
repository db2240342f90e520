//go:build js && wasm

package browser

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"syscall/js"
	"time"
)

const (
	// warmDelay is how long after a driver was made the tables for signatures are. It
	// is before the first spares: both at once would hold the page up for too long.
	warmDelay = spareDelay / 2

	// collectDelay is when Go's memory is collected for the first time. A browser
	// compiles what that takes only then: 14 to 20 ms of processor time, a later
	// collection is 1 or 2. By itself it would come in the midst of the first data,
	// when there is no processor to spare, and hold the page up for 50 ms and more.
	collectDelay = 5 * time.Second
)

// NewKey gives a fresh key that is not kept. The browser makes it, where it can
// (W3C Web Cryptography: Chromium from version 137 on, on pages that come by HTTPS
// or from this machine): the first key that Go itself makes in a page takes 14 ms,
// for tables that signatures need, too. A Driver has those made 50 ms after its own
// start.
//
// It waits for the browser, some milliseconds, at most until ctx ends. Its error is
// that of ctx.
func NewKey(ctx context.Context) (ed25519.PrivateKey, error) {
	p := newPromises()
	defer p.close()
	key, err := p.freshKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("browser: key: %w", err)
	}
	return key, nil
}

func (p *promises) freshKey(ctx context.Context) (ed25519.PrivateKey, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	key, err := p.browserKey(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	return key, err
}

// browserKey has the browser make a key. It fails where that cannot.
func (p *promises) browserKey(ctx context.Context) (ed25519.PrivateKey, error) {
	subtle := js.Global().Get("crypto").Get("subtle")
	if !subtle.Truthy() {
		return nil, errors.New("no crypto.subtle")
	}
	pair, err := p.try(ctx, subtle, "generateKey", "Ed25519", true, []any{"sign", "verify"})
	if err != nil {
		return nil, err
	}
	jwk, err := p.try(ctx, subtle, "exportKey", "jwk", pair.Get("privateKey"))
	if err != nil {
		return nil, err
	}
	seed, err := base64.RawURLEncoding.DecodeString(jwk.Get("d").String()) // RFC 8037 section 2
	if err != nil {
		return nil, err
	}
	public, err := base64.RawURLEncoding.DecodeString(jwk.Get("x").String())
	if err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize || len(public) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("a key of %d and %d bytes", len(seed), len(public))
	}
	return slices.Concat(seed, public), nil // as Go has it
}

// warm signs and verifies once, for the tables that Go makes with the first one:
// that takes 17 and 3 ms, and a half each afterwards.
func warm() {
	key := make(ed25519.PrivateKey, ed25519.PrivateKeySize)
	ed25519.Verify(ed25519.PublicKey(key[ed25519.SeedSize:]), nil, ed25519.Sign(key, nil))
}
