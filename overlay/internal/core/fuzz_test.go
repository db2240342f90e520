package core_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// The same properties, led by coverage:
//
//	go test -fuzz=FuzzCalm$ -fuzztime=10m -fuzzminimizetime=10x
//
// (with the default, Go spends its time on making inputs smaller).

func FuzzAnything(f *testing.F) { fuzz(f, walk) }
func FuzzCalm(f *testing.F)     { fuzz(f, calm) }
func FuzzClosing(f *testing.F)  { fuzz(f, closing) }

func fuzz(f *testing.F, walk walker) {
	for seed := range uint64(16) {
		f.Add(noise(seed, 4096))
	}
	f.Fuzz(rapid.MakeFuzz(holds(f, walk)))
}

// noise gives random bytes: an empty corpus would never get beyond the first draws.
func noise(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	var b []byte
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b
}
