package core

import (
	"testing"
	"time"
)

func TestTwoAttemptsFitInOneConnect(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Second, 10 * time.Second, time.Hour, -1} {
		c := Config{ConnectTimeout: timeout}
		c.fill()
		if s := c.setup(); s < c.ConnectTimeout*2/5 || 2*s > c.ConnectTimeout {
			t.Errorf("connect timeout %v: an attempt may take %v", c.ConnectTimeout, s)
		}
	}
}

// A number that a peer takes today must be one that the others take, too.
func TestNumbersOfTheCentury(t *testing.T) {
	for _, year := range []int{2000, 2026, 2100, 2247} {
		at := time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC)
		if n := FirstNumber(at); n >= tooFar || boot(n+1000) != uint64(at.UnixMilli()) {
			t.Errorf("in %d: first number %d", year, n)
		}
	}
}

// Timers that are started again and again do not pile up, and those that are due
// at once fire in the order in which they were started.
func TestTimers(t *testing.T) {
	timers := newTimers()
	for n := range 10_000 {
		timers.start(timer{kind: timerRetry}, time.Duration(n))
	}
	if n := len(timers.queue); n > 200 {
		t.Errorf("%d entries for one timer", n)
	}
	timers.stop(timer{kind: timerRetry})
	for n := range uint64(100) {
		timers.start(timer{timerRequest, [32]byte{}, n * 7 % 100}, time.Second)
	}
	for n := range uint64(100) {
		if got, ok := timers.pop(time.Second); !ok || got.key != n*7%100 {
			t.Fatalf("timer %d: %v, %v", n, got, ok)
		}
	}
}
