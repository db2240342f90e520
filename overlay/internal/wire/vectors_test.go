package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write spec/vectors from the tables of these tests")

// TestVectors reads what stands in spec/vectors: good ones encode to exactly
// their bytes and decode back, bad ones are refused for the reason they name.
// wire.cddl has to agree each time.
func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	rules := loadCDDL(t)
	all := loadVectors(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		v := all[name]
		t.Run(name, func(t *testing.T) {
			switch v.kind + " " + v.expect {
			case "message ok":
				goodMessage(t, rules, v)
			case "signal ok":
				goodSignal(t, rules, v)
			case "message malformed":
				m, err := Decode(v.bytes)
				if !errors.Is(err, ErrMalformed) {
					t.Errorf("reads as %#v, %v", m, err)
				}
				if rules.frame(v.bytes) == nil {
					t.Error("wire.cddl takes it")
				}
			case "signal malformed", "signal signature":
				badSignal(t, rules, v)
			default:
				t.Fatalf("%s expects %s", v.kind, v.expect)
			}
		})
	}
}

func goodMessage(t *testing.T, rules cddl, v *vector) {
	m := v.message(t)
	b, err := Encode(m)
	if err != nil || !bytes.Equal(b, v.bytes) {
		t.Fatalf("encodes to %x, %v", b, err)
	}
	back, err := Decode(v.bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(messageFields(back), v.fields) {
		t.Errorf("reads as %v", messageFields(back))
	}
	if err := rules.matches(nameOf(m), v.bytes); err != nil {
		t.Error(err)
	}
}

func goodSignal(t *testing.T, rules cddl, v *vector) {
	codec, s := NewCodec(v.network), v.signal(t)
	b, err := codec.Seal(v.key(t), s)
	if err != nil || !bytes.Equal(b, v.bytes) {
		t.Fatalf("seals to %x, %v", b, err)
	}
	back, err := codec.Open(v.bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, s) {
		t.Errorf("reads as %+v", back)
	}
	if h := codec.Hash(s); v.hash != "" && v.hash != hex.EncodeToString(h[:]) {
		t.Errorf("hash %x", h)
	}
	if err := rules.signal(v.bytes); err != nil {
		t.Error(err)
	}
	envelope, err := readAll(v.bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := rules.matches(s.Kind.String(), envelope.items[0].bytes); err != nil {
		t.Error(err)
	}
}

func badSignal(t *testing.T, rules cddl, v *vector) {
	want, other := ErrMalformed, ErrSignature
	if v.expect == "signature" {
		want, other = other, want
	}
	s, err := NewCodec(v.network).Open(v.bytes)
	if !errors.Is(err, want) || errors.Is(err, other) {
		t.Errorf("reads as %+v, %v", s, err)
	}
	if err := rules.signal(v.bytes); (err == nil) != (v.expect == "signature") {
		t.Errorf("wire.cddl says: %v", err)
	}
}

// TestVectorFiles: the files are those that the tables of these tests make, so
// that none is left over; and there is a good one of each message and kind.
func TestVectorFiles(t *testing.T) {
	have := loadVectors(t)
	tags, kinds := map[string]bool{}, map[string]bool{}
	for _, v := range append(goodVectors(t), badVectors(t)...) {
		if have[v.name] == nil || have[v.name].String() != v.String() {
			t.Errorf("%s.txt differs; go test -run Vectors -update writes it", v.name)
		}
		delete(have, v.name)
		tags[v.tag] = true
		if v.kind == "signal" && v.expect == "ok" {
			kinds[v.fields[0][1]] = true
		}
	}
	for name := range have {
		t.Errorf("%s.txt: nobody makes it", name)
	}
	for _, m := range everyMessage() {
		if v := messageVector("", "", m); !tags[v.tag] {
			t.Errorf("no vector of %s", nameOf(m))
		}
	}
	if len(kinds) != 5 {
		t.Errorf("vectors of %v only", slices.Sorted(maps.Keys(kinds)))
	}
}

func writeVectors(t *testing.T) {
	t.Helper()
	old, err := filepath.Glob(filepath.Join(vectorsDir, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range append(goodVectors(t), badVectors(t)...) {
		if err := os.WriteFile(filepath.Join(vectorsDir, v.name+".txt"), []byte(v.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
