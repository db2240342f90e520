package entrance

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff says how long to wait before the next try: twice as long each time,
// and by chance between half of that and all of it, so that clients that lost a
// server at the same moment do not come back at the same moment.
type backoff struct {
	min, max time.Duration
	last     time.Duration // without the chance; zero: the next is the first
}

func (b *backoff) next() time.Duration {
	b.last = min(max(b.min, 2*b.last), b.max)
	return b.last/2 + rand.N(b.last/2+1)
}

// lasted forgets the failures before a connection that lived longer than they
// made us wait: one that always breaks at once does not count as a success.
func (b *backoff) lasted(d time.Duration) {
	if d > b.last {
		b.last = 0
	}
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
