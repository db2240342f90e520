package overlay

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/n2n-overlay/n2n/transport/mem"
)

func alone(t *testing.T) *Node {
	t.Helper()
	n, err := New(Config{Driver: mem.NewNetwork(1).NewDriver()})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTurns has many goroutines post: what they post is done one at a time, once,
// and for each of them in order.
func TestTurns(t *testing.T) {
	n := alone(t)
	const posters, each = 8, 500
	var done [posters]int // guarded by the turn
	all := 0
	var wg sync.WaitGroup
	for i := range posters {
		wg.Go(func() {
			for j := range each {
				n.post(func() {
					if done[i] != j {
						t.Errorf("poster %d: %d after %d", i, j, done[i])
					}
					done[i]++
					all++
				})
			}
		})
	}
	wg.Wait()
	n.ask(func() {
		if all != posters*each {
			t.Errorf("%d done of %d", all, posters*each)
		}
	})
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestTurnWaits: while somebody is at work, so many may leave their inputs and go;
// further ones wait until there is room, and then find everything done.
func TestTurnWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := alone(t)
		hold := make(chan struct{})
		go n.post(func() { <-hold })
		synctest.Wait()
		var left, done int
		var mu sync.Mutex
		for range maxInputs + 10 {
			go func() {
				n.post(func() { done++ })
				mu.Lock()
				defer mu.Unlock()
				left++
			}()
		}
		synctest.Wait()
		if mu.Lock(); left != maxInputs {
			t.Errorf("%d did not wait, want %d", left, maxInputs)
		}
		mu.Unlock()
		close(hold)
		synctest.Wait()
		n.ask(func() {
			if done != maxInputs+10 || left != maxInputs+10 {
				t.Errorf("%d done, %d posted", done, left)
			}
		})
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTurnPasses: who works for others goes on with its own business after a while,
// and another goroutine takes over, even if there is always more to do.
func TestTurnPasses(t *testing.T) {
	n := alone(t)
	var did int
	var more func()
	more = func() {
		did++
		n.post(more) // never so much that it would wait
	}
	n.post(more)
	n.ask(func() {
		if did < maxTurn {
			t.Errorf("another goroutine took over after %d inputs", did)
		}
	})
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestTurnEnds: Close waits for who is at work; what was left and what comes later
// is not done.
func TestTurnEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := alone(t)
		hold, worked := make(chan struct{}), false
		go n.post(func() {
			<-hold
			worked = true
		})
		synctest.Wait()
		go n.post(func() { t.Error("done after Close") })
		synctest.Wait()
		closed := false
		go func() {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
			closed = true
		}()
		synctest.Wait()
		if closed {
			t.Error("Close did not wait")
		}
		close(hold)
		synctest.Wait()
		if !closed || !worked {
			t.Errorf("closed %v, worked %v", closed, worked)
		}
		if n.post(func() { t.Error("done after Close") }) || n.ask(func() {}) {
			t.Error("a closed node takes inputs")
		}
	})
}
