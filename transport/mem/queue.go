package mem

import (
	"container/heap"
	"sync"
	"time"
)

// queue is what a driver has to do, and when: the earliest first, and what is
// due at the same time in the order in which it was pushed.
type queue struct {
	mu     sync.Mutex // a leaf
	tasks  taskHeap
	pushed uint64
	closed bool
	wake   chan struct{} // has a value when the first task has changed
}

type task struct {
	due   time.Time
	order uint64
	do    func()
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// push adds a task; a closed queue forgets it.
func (q *queue) push(due time.Time, do func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.pushed++
	t := &task{due, q.pushed, do}
	heap.Push(&q.tasks, t)
	if q.tasks[0] != t {
		return
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// pop gives the first task if it is due, and otherwise how long until it is;
// that is negative if there is none.
func (q *queue) pop(now time.Time) (do func(), wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.tasks) == 0 {
		return nil, -1
	}
	if wait := q.tasks[0].due.Sub(now); wait > 0 {
		return nil, wait
	}
	return heap.Pop(&q.tasks).(*task).do, 0
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.tasks = nil
}

type taskHeap []*task

func (h taskHeap) Len() int      { return len(h) }
func (h taskHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *taskHeap) Push(x any)   { *h = append(*h, x.(*task)) }

func (h taskHeap) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].order < h[j].order
	}
	return h[i].due.Before(h[j].due)
}

func (h *taskHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}
