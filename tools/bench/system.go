package bench

import (
	"context"
	"time"
)

// system is one way to have connections. Systems are compared with each other.
type system struct {
	name string
	// grid makes peers on the left and on the right. Each on the left can be
	// connected once with each on the right.
	grid func(ctx context.Context, left, right int, way way) (grid, error)
}

// way is what lies between two peers that are to be connected.
type way struct {
	packets time.Duration // one way, from end to end
	signals time.Duration // one way, from end to end
}

// grid is peers that wait to be connected.
type grid interface {
	// open connects a peer on the left with one on the right, and returns when
	// both can send.
	open(ctx context.Context, left, right int) (a, b end, err error)
	close()
}

// end is one end of a connection.
type end interface {
	// send sends a message; it waits while the receiver is slow.
	send(ctx context.Context, p []byte) error
	// serve calls f for each message that comes, one after the other, from now
	// on and once. p is valid during the call.
	serve(f func(p []byte))
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
