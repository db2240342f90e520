package wire

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"
)

// FuzzDecode: what decodes is what wire.cddl says, neither more nor less, and
// encodes to itself again.
func FuzzDecode(f *testing.F) {
	for _, v := range loadVectors(f) {
		if v.kind == "message" {
			f.Add(v.bytes)
		}
	}
	rules := loadCDDL(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Message
		var err error
		if n := taken(allowance(len(b)), func() { m, err = Decode(b) }); n > allowance(len(b)) {
			t.Errorf("%d bytes take %d", len(b), n)
		}
		if want := rules.frame(b); (err == nil) != (want == nil) {
			t.Fatalf("Decode says %v, wire.cddl %v", err, want)
		}
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Error(err)
			}
			return
		}
		if again, err := Encode(m); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x\nis again\n%x, %v", b, again, err)
		}
	})
}

// FuzzOpen: nobody opens what was not signed, and nothing panics. What opens
// nevertheless is one of the seeds.
func FuzzOpen(f *testing.F) {
	known := map[string]bool{}
	for _, v := range loadVectors(f) {
		if v.kind == "signal" {
			f.Add(v.bytes)
			known[string(v.bytes)] = v.expect == "ok"
		}
	}
	codec, rules := NewCodec(network), loadCDDL(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var err error
		if n := taken(allowance(len(b)), func() { _, err = codec.Open(b) }); n > allowance(len(b)) {
			t.Errorf("%d bytes take %d", len(b), n)
		}
		if err == nil && !known[string(b)] {
			t.Fatalf("forged: %x", b)
		}
		malformed := rules.signal(b)
		if errors.Is(err, ErrMalformed) != (malformed != nil) || errors.Is(err, ErrSignature) != (malformed == nil && !known[string(b)]) {
			t.Errorf("Open says %v, wire.cddl %v", err, malformed)
		}
	})
}

// FuzzOpenSigned: of what is signed, exactly that opens which wire.cddl says,
// and it seals to itself again.
func FuzzOpenSigned(f *testing.F) {
	for _, v := range loadVectors(f) {
		if i, err := readAll(v.bytes); v.kind == "signal" && err == nil && len(i.items) > 0 {
			f.Add(i.items[0].bytes)
		}
	}
	codec, rules := NewCodec(network), loadCDDL(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		key := alice
		if id := idOf(bob); bytes.Contains(payload[:min(len(payload), 16+len(id))], id[:]) {
			key = bob
		}
		b := enclose(payload, ed25519.Sign(key, codec.over(payload)))
		s, err := codec.Open(b)
		if want := rules.signal(b); errors.Is(err, ErrMalformed) != (want != nil) {
			t.Fatalf("Open says %v, wire.cddl %v", err, want)
		}
		if err != nil {
			if errors.Is(err, ErrSignature) && rules.from(b) == idOf(key) {
				t.Error(err)
			}
			return
		}
		if s.From != idOf(key) {
			t.Fatalf("signed by %s, from %s", idOf(key), s.From)
		}
		if again, err := codec.Seal(key, s); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x\nis again\n%x, %v", b, again, err)
		}
	})
}
