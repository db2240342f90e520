package overlay

import (
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// turn sees to it that one goroutine at a time works on the core, and in which order.
// There is none of its own: who posts an input while nobody is at work does that
// work, and what others post meanwhile. A goroutine that would have to be woken for
// each input is what a session takes longest to open for.
type turn struct {
	mu      sync.Mutex
	changed sync.Cond // there is room, nobody is at work, or it is over
	inputs  []any     // core.Input or func()
	busy    bool      // somebody is at work
	over    bool      // the node is closed

	// Of whoever has the turn.
	spare []any // room for the next inputs
	timer *time.Timer
	armed bool          // the timer
	due   time.Duration // when it is, since the node's start
}

const (
	maxInputs = 64  // that wait
	maxTurn   = 128 // inputs that one goroutine sees to before another one does
)

func (t *turn) init(ring func()) {
	t.changed.L = &t.mu
	t.timer = time.AfterFunc(time.Hour, ring)
	t.timer.Stop()
}

// post gives the core an input; false: the node is closed. Perhaps it does what the
// input brings, and others with it, before it returns. It waits while too much does
// already, and so slows down who speaks to this node too fast. The caller holds no
// lock, and does not have the turn.
func (n *Node) post(in any) bool {
	t := &n.turn
	t.mu.Lock()
	for t.busy && len(t.inputs) >= maxInputs && !t.over {
		t.changed.Wait()
	}
	if t.over {
		t.mu.Unlock()
		return false
	}
	t.inputs = append(t.inputs, in)
	mine := !t.busy
	t.busy = true
	t.mu.Unlock()
	if mine {
		n.work()
	}
	return true
}

// work sees to the inputs until there are none.
func (n *Node) work() {
	t := &n.turn
	for done := 0; ; {
		t.mu.Lock()
		if len(t.inputs) == 0 && !t.over {
			n.arm()
		}
		if len(t.inputs) == 0 || t.over {
			t.busy = false
			t.changed.Broadcast()
			t.mu.Unlock()
			return
		}
		if done >= maxTurn {
			t.mu.Unlock()
			go n.work() // Close waits for it
			return
		}
		inputs := t.inputs
		t.inputs, t.spare = t.spare[:0], nil
		t.changed.Broadcast()
		t.mu.Unlock()
		for i, in := range inputs {
			n.take(in)
			inputs[i] = nil
		}
		done += len(inputs)
		t.spare = inputs
	}
}

// take sees to one input.
func (n *Node) take(in any) {
	if at, due := n.core.Deadline(); due && at <= n.now() { // what was due before it: the order is not left to chance
		n.step(core.Tick{})
	}
	switch in := in.(type) {
	case func():
		in()
	case core.Tick:
		n.disarm() // it has rung; if it was set again meanwhile, work does so once more
		n.step(in)
	case core.Input:
		n.step(in)
	}
}

// arm sets the timer to the core's next deadline.
func (n *Node) arm() {
	t := &n.turn
	at, due := n.core.Deadline()
	if t.armed && due && at == t.due {
		return
	}
	n.disarm()
	if due {
		t.armed, t.due = true, at
		n.helpers.Add(1)
		t.timer.Reset(max(0, at-n.now()))
	}
}

func (n *Node) disarm() {
	if n.turn.armed && n.turn.timer.Stop() {
		n.helpers.Done()
	}
	n.turn.armed = false
}

// ring is called by the timer, on a goroutine of its own.
func (n *Node) ring() {
	defer n.helpers.Done()
	n.post(core.Tick{})
}

// endTurns returns when nobody is at work, and nobody will be.
func (n *Node) endTurns() {
	t := &n.turn
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	t.changed.Broadcast()
	for t.busy {
		t.changed.Wait()
	}
	n.disarm()
}
