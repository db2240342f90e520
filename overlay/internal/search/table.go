package search

import (
	"encoding/binary"

	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// table is a set of fingerprints with open addressing. It may be read by many
// goroutines while nobody adds to it.
type table struct {
	slots []sim.Fingerprint // zero: empty
	n     int
}

func newTable() *table { return &table{slots: make([]sim.Fingerprint, 1<<12)} }

// find gives the slot of s, or the empty one that it belongs into.
func (t *table) find(s sim.Fingerprint) *sim.Fingerprint {
	mask := uint64(len(t.slots) - 1)
	for i := binary.LittleEndian.Uint64(s[:]) & mask; ; i = (i + 1) & mask {
		if slot := &t.slots[i]; *slot == s || *slot == (sim.Fingerprint{}) {
			return slot
		}
	}
}

func (t *table) has(s sim.Fingerprint) bool { return *t.find(s) == s }

// add reports whether s is new.
func (t *table) add(s sim.Fingerprint) bool {
	slot := t.find(s)
	if *slot == s {
		return false
	}
	*slot = s
	if t.n++; t.n > len(t.slots)/10*7 {
		old := t.slots
		t.slots = make([]sim.Fingerprint, 2*len(old))
		for _, s := range old {
			if s != (sim.Fingerprint{}) {
				*t.find(s) = s
			}
		}
	}
	return true
}
