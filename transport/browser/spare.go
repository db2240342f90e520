//go:build js && wasm

package browser

import (
	"context"
	"errors"
	"time"
)

const (
	// spareDelay is how long after the driver was made, or a session has begun,
	// the next ones are prepared, and settleDelay how long after a session is up: what
	// is under way comes first. With a settleDelay of 10 ms an open right after
	// another one began in the midst of that, and took half as long again.
	spareDelay  = 100 * time.Millisecond
	settleDelay = 4 * time.Millisecond

	// spareAge is how old a prepared session becomes. The older it is, the less
	// its addresses can be relied on; a NAT keeps one without traffic for two
	// minutes, or should (RFC 4787 section 4.3). Whoever rests for longer holds
	// no sockets and asks no server.
	spareAge = time.Minute
)

var errUnused = errors.New("prepared and not used")

// spares are sessions that nobody has asked for yet: one to offer, whose connection,
// description and candidates are made, and one to answer with, whose connection is.
// The next Offer or Answer takes it, ready or not. That spares it 5 of the 18 ms that
// an open between two tabs takes without.
type spares struct {
	age   time.Duration // spareAge, but in tests
	timer *time.Timer   // calls Driver.prepare

	// Nil: there is none.
	offer  *session
	answer *session
}

// of is the place of the spare for a role.
func (x *spares) of(initiator bool) **session {
	if initiator {
		return &x.offer
	}
	return &x.answer
}

// prepare makes the spares that are missing.
func (d *Driver) prepare() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, initiator := range []bool{true, false} {
		if place := d.spares.of(initiator); *place == nil && !d.closed {
			*place = d.launch(initiator)
		}
	}
}

// prepareSoon has the spares made after a while, in which nothing more happens.
func (d *Driver) prepareSoon(after time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.spares.timer.Reset(after)
	}
}

// take gives the spare for a role, or a fresh session. The caller holds d.mu.
func (d *Driver) take(initiator bool) *session {
	place := d.spares.of(initiator)
	s := *place
	*place = nil
	if s == nil || s.ctx.Err() != nil { // none, or its connection has failed
		s = d.launch(initiator)
	}
	return s
}

// discard takes a spare away from who might ask for it; false: somebody has.
func (d *Driver) discard(s *session) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	place := d.spares.of(s.initiator)
	if *place != s {
		return false
	}
	*place = nil
	return true
}

// renew ends the spares: what they know of the network may be wrong by now.
func (d *Driver) renew() {
	for _, s := range d.all() {
		if d.discard(s) {
			s.fail(errUnused)
		}
	}
}

// awaited waits until somebody has asked for the session, but not for ever.
func (s *session) awaited() error {
	select {
	case <-s.asked:
		return nil
	default:
	}
	timer := time.NewTimer(s.driver.spares.age)
	defer timer.Stop()
	for {
		select {
		case <-s.asked:
			return nil
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case <-timer.C:
			if s.driver.discard(s) {
				return errUnused
			}
		}
	}
}
