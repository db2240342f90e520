package overlaytest

import (
	"context"
	"iter"
	"net"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

// What a program waits in. Each goroutine goes on in a slot of its own.

// Do runs a call that may wait, and returns at an instant at which no other
// goroutine of this peer's programs goes on. So whatever they do next, they do in
// the same order each time, also if one event ended the calls of several. Peer's
// own methods see to that themselves; it is for what has none: another protocol,
// a stream. Call gets a context that ends within some microseconds after ctx.
func (p *Peer) Do(ctx context.Context, call func(ctx context.Context) error) error {
	w := p.waiter()
	defer w.end()
	ctx, release := w.delay(ctx)
	defer release()
	return call(ctx)
}

// Connect is overlay.Protocol's, by way of Do.
func (p *Peer) Connect(ctx context.Context, to transport.PeerID, via ...transport.PeerID) error {
	return p.Do(ctx, func(ctx context.Context) error { return p.Protocol.Connect(ctx, to, via...) })
}

// Introduce is overlay.Protocol's, by way of Do.
func (p *Peer) Introduce(ctx context.Context, from, to transport.PeerID) error {
	return p.Do(ctx, func(ctx context.Context) error { return p.Protocol.Introduce(ctx, from, to) })
}

// Invite is overlay.Protocol's, by way of Do.
func (p *Peer) Invite(ctx context.Context, from transport.PeerID) error {
	return p.Do(ctx, func(ctx context.Context) error { return p.Protocol.Invite(ctx, from) })
}

// Join is overlay.Protocol's, by way of Do.
func (p *Peer) Join(ctx context.Context, exchange func(ctx context.Context, offer []byte) ([]byte, error)) (id transport.PeerID, err error) {
	err = p.Do(ctx, func(ctx context.Context) error { id, err = p.Protocol.Join(ctx, exchange); return err })
	return id, err
}

// JoinThrough is overlay.Protocol's, by way of Do.
func (p *Peer) JoinThrough(ctx context.Context, s overlay.Signals) (id transport.PeerID, err error) {
	err = p.Do(ctx, func(ctx context.Context) error { id, err = p.Protocol.JoinThrough(ctx, s); return err })
	return id, err
}

// Send is overlay.Protocol's, by way of Do.
func (p *Peer) Send(ctx context.Context, to transport.PeerID, data []byte) error {
	return p.Do(ctx, func(ctx context.Context) error { return p.Protocol.Send(ctx, to, data) })
}

// Receive is overlay.Protocol's, by way of Do.
func (p *Peer) Receive(ctx context.Context) (m overlay.Message, err error) {
	err = p.Do(ctx, func(ctx context.Context) error { m, err = p.Protocol.Receive(ctx); return err })
	return m, err
}

// Dial is overlay.Protocol's, by way of Do.
func (p *Peer) Dial(ctx context.Context, to transport.PeerID) (c net.Conn, err error) {
	err = p.Do(ctx, func(ctx context.Context) error { c, err = p.Protocol.Dial(ctx, to); return err })
	return c, err
}

// Events is overlay.Protocol's, by way of Do.
func (p *Peer) Events(ctx context.Context) iter.Seq[overlay.Event] {
	events := p.Protocol.Events(ctx)
	return func(yield func(overlay.Event) bool) {
		w := p.waiter()
		defer w.end()
		for e := range events {
			w.proceed()
			if !yield(e) {
				return
			}
			w.since = time.Now()
		}
	}
}

// Sleep waits for d and up to Stagger more, so that no two peers act at the
// same instant; false: ctx has ended. It makes a loop:
//
//	for p.Sleep(ctx, time.Second) { … }
func (p *Peer) Sleep(ctx context.Context, d time.Duration) bool {
	return p.sleep(ctx, d+p.stagger())
}

func (p *Peer) stagger() time.Duration { return time.Duration(p.IntN(int(Stagger))) }

func (p *Peer) sleep(ctx context.Context, d time.Duration) bool {
	w := p.waiter()
	defer w.end()
	timer := time.NewTimer(d + until(w.slot, w.since.Add(d)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// Go runs f on a goroutine that the peer's end waits for. It is for a peer's
// programs, and for those only.
func (p *Peer) Go(f func()) {
	slot := p.slots.take()
	p.running.Go(func() {
		sleepPast(slot)
		p.slots.give(slot)
		f()
	})
}
