package overlaytest

import (
	"testing"
	"time"
)

// TestSlots: nobody gets what another one has, nor soon what one has given back.
func TestSlots(t *testing.T) {
	s := newSlots(3)
	owner := map[int]int{}
	for i := range room {
		slot := s.take()
		if other, taken := owner[slot]; taken || slot < 0 || slot >= room {
			t.Fatalf("%d gets slot %d, which %d has", i, slot, other)
		}
		owner[slot] = i
	}
	s.take() // none is left, but it ends
	s = newSlots(3)
	kept, given := s.take(), s.take()
	s.give(given)
	before := given
	for i := range 2 * room {
		slot := s.take()
		if slot == kept || slot == before || slot == given && i < room-2 {
			t.Fatalf("%d gets slot %d; %d is kept, %d and %d were given back", i, slot, kept, given, before)
		}
		before = slot
		s.give(slot)
	}
}

func TestUntil(t *testing.T) {
	at := time.Unix(1, 0) // which is not the beginning of a period
	for _, slot := range []int{0, 1, 1234, room - 1} {
		d := until(slot, at)
		if d < 0 || d >= period || at.Add(d).UnixNano()%period != 2*int64(slot) || until(slot, at.Add(d)) != 0 {
			t.Errorf("slot %d comes in %v", slot, d)
		}
	}
}
