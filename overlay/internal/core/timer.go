package core

import (
	"container/heap"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

type timerKind uint8

const (
	timerSetup timerKind = iota
	timerRetry
	timerLinger
	timerParting
	timerRequest // key: the arc's number
	timerMeeting // key: the meeting
	timerGuest   // key: the offer's number
	timerPing
	timerMedia
	timerForget
)

// timer names one timer of the core.
type timer struct {
	kind timerKind
	peer transport.PeerID
	key  uint64
}

type entry struct {
	at    time.Duration
	order uint64 // of two that are due at once, the one that was started first
	timer timer
}

// timers holds the running timers. due is the truth; the heap may hold entries
// that were stopped or started again since, which pop and next skip.
type timers struct {
	due   map[timer]entry
	queue entries
	order uint64
}

func newTimers() timers { return timers{due: map[timer]entry{}} }

func (t *timers) start(id timer, at time.Duration) {
	t.order++
	e := entry{at, t.order, id}
	t.due[id] = e
	heap.Push(&t.queue, e)
	if len(t.queue) > 64+2*len(t.due) {
		t.rebuild()
	}
}

func (t *timers) stop(id timer) { delete(t.due, id) }

// next gives the earliest moment at which a timer is due.
func (t *timers) next() (time.Duration, bool) {
	for len(t.queue) > 0 {
		if e := t.queue[0]; t.due[e.timer] == e {
			return e.at, true
		}
		heap.Pop(&t.queue)
	}
	return 0, false
}

// pop takes the earliest timer that is due at now.
func (t *timers) pop(now time.Duration) (timer, bool) {
	at, ok := t.next()
	if !ok || at > now {
		return timer{}, false
	}
	e := heap.Pop(&t.queue).(entry)
	delete(t.due, e.timer)
	return e.timer, true
}

func (t *timers) rebuild() {
	t.queue = t.queue[:0]
	for _, e := range t.due {
		t.queue = append(t.queue, e)
	}
	heap.Init(&t.queue)
}

type entries []entry

func (h entries) Len() int { return len(h) }
func (h entries) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].order < h[j].order
}
func (h entries) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *entries) Push(x any)   { *h = append(*h, x.(entry)) }
func (h *entries) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}
