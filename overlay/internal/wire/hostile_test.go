package wire

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"testing"
)

// TestHostile: whatever the bytes, they are refused before memory is taken in
// proportion to what they claim. Bytes above the limit cost the error alone.
func TestHostile(t *testing.T) {
	const overhead = 1024 // an error, and what says where it came from
	emptyMaps := append(head(majorArray, 130_000), bytes.Repeat([]byte{0xa0}, 130_000)...)
	var pairs bytes.Buffer
	pairs.Write(head(5, 130_000))
	for i := range 130_000 {
		pairs.Write(head(majorUint, uint64(1<<16+i)))
		pairs.WriteByte(0)
	}
	for _, x := range []struct {
		name string
		b    []byte
		most uint64
	}{
		{"780 KB map of 130 000 pairs", pairs.Bytes(), overhead},
		{"130 KB array of empty maps", emptyMaps, overhead},
		{"1 MB of a body's text", join(array(2), 3, array(4), 5, string(make([]byte, 1<<20)), 1, []byte{0xf5}), overhead},
		{"nested 5000 times", bytes.Repeat(array(1), 5000), overhead},
		{"nested 4000 times", bytes.Repeat(array(1), 4000), overhead},
		{"nested 4000 times in indefinite arrays", bytes.Repeat([]byte{0x9f}, 4000), overhead},
		{"tags in tags", append(bytes.Repeat([]byte{0xc6}, 4000), 0), overhead},
		{"4000 empty maps", emptyMaps[:4000], overhead},
		{"bytes that claim 2^62", head(majorBytes, 1<<62), overhead},
		{"bytes that claim 2^64-1", head(majorBytes, 1<<64-1), overhead},
		{"text that claims 2^62", head(majorText, 1<<62), overhead},
		{"array that claims 2^62", head(majorArray, 1<<62), overhead},
		{"array that claims 2^31", append(head(majorArray, 1<<31), make([]byte, 4000)...), overhead},
		{"map that claims 2^62", head(5, 1<<62), overhead},
		{"map that claims 2^31", append(head(5, 1<<31), make([]byte, 4000)...), overhead},
		{"message with a body that claims 2^62", join(array(2), 3, array(4), 5, head(majorText, 1<<62)), overhead},
		{"message with a path that claims 2^31", join(array(2), 17, array(4), bstr(fill32(1)), 9, head(majorArray, 1<<31)), overhead},
		{"message with a path of 3900 zeros", join(array(2), 17, array(4), bstr(fill32(1)), 9, array(3900), make([]byte, 3900), 0), overhead},
		{"envelope of 1 MB", enclose(make([]byte, 1<<20), make([]byte, 64)), overhead},
		{"envelope with a payload that claims 2^62", join(array(2), head(majorBytes, 1<<62)), overhead},
		{"indefinite bytes", append(append([]byte{0x5f}, bytes.Repeat([]byte{0x41, 0}, 1000)...), 0xff), overhead},
		{"bignum of 4000 bytes", append([]byte{0xc2}, bstr(make([]byte, 4000))...), overhead},
		{"NaN", []byte{0xf9, 0x7e, 0}, overhead},
	} {
		for name, read := range map[string]func([]byte) error{
			"Decode": func(b []byte) error { _, err := Decode(b); return err },
			"Open":   func(b []byte) error { _, err := NewCodec(network).Open(b); return err },
			"Open, inside a signature": func(b []byte) error {
				if len(b) > MaxSignal-100 {
					b = b[:MaxSignal-100]
				}
				_, err := NewCodec(network).Open(enclose(b, make([]byte, 64)))
				return err
			},
		} {
			var err error
			most := x.most
			if name != "Decode" {
				most += 512 // the codec
			}
			if name == "Open, inside a signature" {
				most += 3 * MaxSignal // the envelope is made here, and its payload copied
			}
			n := taken(most, func() { err = read(x.b) })
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %s: %v", name, x.name, err)
			}
			if n > most {
				t.Errorf("%s: %s: takes %d bytes, at most %d", name, x.name, n, most)
			}
		}
	}
}

// TestVectorsMemory: reading any vector takes memory in proportion to its
// length, not to what it claims; a bad one takes no more than a good one.
func TestVectorsMemory(t *testing.T) {
	codec := NewCodec(network)
	all := loadVectors(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		v := all[name]
		n := taken(allowance(len(v.bytes)), func() {
			if v.kind == "signal" {
				codec.Open(v.bytes)
				return
			}
			Decode(v.bytes)
		})
		if n > allowance(len(v.bytes)) {
			t.Errorf("%s: %d bytes take %d, at most %d", name, len(v.bytes), n, allowance(len(v.bytes)))
		}
	}
}

// TestDecodeKeepsNothing: a driver takes its buffer back as soon as it is read.
func TestDecodeKeepsNothing(t *testing.T) {
	for name, v := range loadVectors(t) {
		if v.expect != "ok" {
			continue
		}
		b := bytes.Clone(v.bytes)
		if v.kind == "message" {
			m, err := Decode(b)
			clear(b)
			if again, err2 := Encode(m); err != nil || err2 != nil || !bytes.Equal(again, v.bytes) {
				t.Errorf("%s changes with its buffer: %v, %v", name, err, err2)
			}
			continue
		}
		s, err := NewCodec(v.network).Open(b)
		clear(b)
		if again, err2 := NewCodec(v.network).Seal(v.key(t), s); err != nil || err2 != nil || !bytes.Equal(again, v.bytes) {
			t.Errorf("%s changes with its buffer: %v, %v", name, err, err2)
		}
	}
}

// TestEveryBit: a signal with any one bit changed, at any place, is refused,
// and so is each of its beginnings.
func TestEveryBit(t *testing.T) {
	codec := NewCodec(network)
	for _, name := range []string{"signal-offer", "signal-candidates-none", "signal-reset"} {
		good := loadVectors(t)[name].bytes
		for i := range good {
			if _, err := codec.Open(good[:i]); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: the first %d bytes: %v", name, i, err)
			}
			for bit := range 8 {
				b := bytes.Clone(good)
				b[i] ^= 1 << bit
				if s, err := codec.Open(b); !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) {
					t.Errorf("%s: bit %d of byte %d: %+v, %v", name, bit, i, s, err)
				}
			}
		}
	}
}
