package build

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// moduleOf is a module with other sections around its data.
func moduleOf(list []segment) []byte {
	m := []byte("\x00asm\x01\x00\x00\x00\x05\x03\x01\x00\x46")
	content := writeSegments(list)
	m = append(m, 11)
	m = binary.AppendUvarint(m, uint64(len(content)))
	m = append(m, content...)
	return append(m, "\x00\x05\x04name"...)
}

// segmentsOf reads the data of a module, and gives what else it has.
func segmentsOf(t *testing.T, module []byte) (list []segment, other []byte) {
	t.Helper()
	other = module[:8]
	for rest := module[8:]; len(rest) > 0; {
		content, after, err := sized(rest[1:])
		if err != nil {
			t.Fatal(err)
		}
		if rest[0] == 11 {
			if list, err = readSegments(content); err != nil {
				t.Fatal(err)
			}
		} else {
			other = append(other[:len(other):len(other)], rest[:len(rest)-len(after)]...)
		}
		rest = after
	}
	return list, other
}

func memoryOf(list []segment) []byte {
	var memory []byte
	for _, s := range list {
		if need := int(s.at) + len(s.data); need > len(memory) {
			memory = append(memory, make([]byte, need-len(memory))...)
		}
		copy(memory[s.at:], s.data)
	}
	return memory
}

// TestJoinData: the memory is the same, in fewer pieces, and nothing else changes.
func TestJoinData(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 0))
		var list []segment
		at := uint64(r.IntN(100000))
		far := 0 // pieces that must stay apart
		for i := range 1 + r.IntN(200) {
			gap := uint64(r.IntN(2 * joinGap))
			if gap > joinGap && i > 0 {
				far++
			}
			at += gap
			data := make([]byte, 1+r.IntN(300))
			for j := range data {
				data[j] = byte(1 + r.IntN(255))
			}
			list = append(list, segment{at, data})
			at += uint64(len(data))
		}
		module := moduleOf(list)
		before := bytes.Clone(module)
		joined, err := joinData(module)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got, other := segmentsOf(t, joined)
		_, same := segmentsOf(t, module)
		switch {
		case !bytes.Equal(memoryOf(got), memoryOf(list)):
			t.Fatalf("seed %d: another memory", seed)
		case len(got) != far+1:
			t.Fatalf("seed %d: %d pieces, want %d", seed, len(got), far+1)
		case !bytes.Equal(other, same):
			t.Fatalf("seed %d: another section has changed", seed)
		case !bytes.Equal(module, before):
			t.Fatalf("seed %d: the argument was changed", seed)
		}
	}
}

func TestJoinDataRefuses(t *testing.T) {
	good := moduleOf([]segment{{100, []byte("a")}, {0x1234567, []byte("b")}})
	if _, err := joinData(good); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"empty":          {},
		"a data count":   append(good[:8:8], "\x0c\x01\x02"...),
		"a passive one":  append(good[:8:8], "\x0b\x04\x01\x01\x01a"...),
		"a global":       append(good[:8:8], "\x0b\x07\x01\x00\x23\x00\x0b\x01a"...),
		"negative":       append(good[:8:8], "\x0b\x07\x01\x00\x41\x7f\x0b\x01a"...),
		"many":           append(good[:8:8], "\x0b\x06\xff\xff\xff\xff\xff\x01"...),
		"bytes too many": append(good[:8:8], "\x0b\x02\x00\x00"...),
		"cut off":        good[:len(good)-1],
	} {
		if _, err := joinData(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
