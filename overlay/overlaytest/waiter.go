package overlaytest

import (
	"context"
	"time"
)

// waiter is one goroutine of a program that may wait: it goes on in its slot.
type waiter struct {
	slots *slots
	slot  int
	since time.Time
}

func (p *Peer) waiter() *waiter {
	return &waiter{p.slots, p.slots.take(), time.Now()}
}

// proceed waits for the slot. Who has not waited for anything since the last
// time need not: it still has the instant for itself.
func (w *waiter) proceed() {
	if !time.Now().Equal(w.since) {
		sleepUntil(w.slot)
	}
	w.since = time.Now()
}

func (w *waiter) end() {
	w.proceed()
	w.slots.give(w.slot)
}

// delayed is a context that ends when another one has, in the slot of who waits:
// of those who wait for one context, each stops waiting by itself.
type delayed struct {
	context.Context
	of context.Context
}

func (d delayed) Deadline() (time.Time, bool) { return d.of.Deadline() }

func (d delayed) Err() error {
	if d.Context.Err() == nil {
		return nil
	}
	return d.of.Err()
}

// delay gives the context for what the waiter calls; release ends what was
// started for it.
func (w *waiter) delay(ctx context.Context) (later context.Context, release func()) {
	if ctx.Err() != nil {
		return ctx, func() {}
	}
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		sleepUntil(w.slot)
		cancel(context.Cause(ctx))
	})
	return delayed{inner, ctx}, func() {
		if !stop() {
			<-ended
		}
		cancel(nil)
	}
}
