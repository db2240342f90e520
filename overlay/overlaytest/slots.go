package overlaytest

import (
	"sync"
	"time"
)

// period is how often a slot comes, in nanoseconds. It is prime: what happens
// whole milliseconds after something in one slot falls into no other slot more
// often than chance has it. Of two nanoseconds, the second is for what a driver
// does when its node is done: see pacedHandler.say.
const (
	period = 10_007
	room   = period / 2 // slots in a period
)

// slots give everybody who acts at a peer an instant of their own in each
// period: each session and channel of its driver, and each call of a program
// that waits. One event may wake several of them, and then all are ready at one
// instant, which is where the scheduler would choose. But each goes on in its own
// slot only, and virtual time comes to that when everybody has done what there
// was to do before. So they act one after the other, in the same order each time.
//
// That holds as long as they take their slots in the same order, which they do
// since they act one after the other.
type slots struct {
	mu    sync.Mutex
	last  int
	taken map[int]bool
}

// newSlots begins elsewhere for each peer: some act at others' nodes.
func newSlots(peer int) *slots {
	return &slots{last: peer * 1009 % room, taken: map[int]bool{}}
}

// take gives a slot that nobody has, unless all are taken, and not soon one that
// was given back: whoever had it may have to act in it once more.
func (s *slots) take() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range room {
		s.last = (s.last + 1) % room
		if !s.taken[s.last] {
			break
		}
	}
	s.taken[s.last] = true
	return s.last
}

func (s *slots) give(slot int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.taken, slot)
}

// until says how long after t a slot comes, which is less than a period.
func until(slot int, t time.Time) time.Duration {
	return time.Duration((2*int64(slot) + period - t.UnixNano()%period) % period)
}

// sleepUntil waits until a slot comes; not at all if it is now.
func sleepUntil(slot int) {
	time.Sleep(until(slot, time.Now())) // virtual: a world is in a bubble
}

// sleepPast waits until a slot comes that is not now.
func sleepPast(slot int) {
	time.Sleep(1 + until(slot, time.Now().Add(1))) // virtual, too
}
