package overlay

import (
	"bytes"
	"math/rand/v2"
	"runtime/debug"
	"testing"
)

// However a message is cut, it comes whole, twice in a row from the same value.
func TestParts(t *testing.T) {
	message := make([]byte, 5*fragment+7)
	rand.NewChaCha8([32]byte{1}).Read(message)
	for _, cut := range []int{1, 3, fragment - 1, fragment, 2*fragment + 5, len(message)} {
		var p parts
		for range 2 {
			left := message
			for ; len(left) > cut; left = left[cut:] {
				p.add(left[:cut])
			}
			if most := len(message)/fragment + 1; len(p.list) > most {
				t.Errorf("parts of %d bytes take %d chunks, more than %d", cut, len(p.list), most)
			}
			if !bytes.Equal(p.join(left), message) {
				t.Errorf("parts of %d bytes are joined to something else", cut)
			}
		}
	}
	var p parts
	p.add(message)
	p.drop()
	if got := p.join(message[:1]); !bytes.Equal(got, message[:1]) || cap(got) > 64 {
		t.Errorf("%d bytes follow what was dropped", len(got))
	}
}

// A message has its own memory and the list of its chunks, and no buffer that is
// thrown away.
func TestPartsAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which empties pools, too
	data := make([]byte, fragment)
	for n, want := range map[int]float64{1: 1, 4: 4, 64: 8} { // the list grows by doubling
		var p parts
		got := testing.AllocsPerRun(100, func() {
			for range n - 1 {
				p.add(data)
			}
			p.join(data)
		})
		if got != want {
			t.Errorf("message of %d parts: %v allocations, want %v", n, got, want)
		}
	}
}
