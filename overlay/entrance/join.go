package entrance

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

// Join asks the server for a member of the room that keeps a door open, and
// opens an arc to it. What may go better the next time is tried again, with
// backoff, at most Attempts times while ctx lives: a server that cannot be
// reached or is overloaded, members that do not answer, are busy, or with which
// no connection comes to be. In their place comes another member, by chance. An
// empty room and lasting refusals are returned at once; a server that has just
// restarted finds rooms empty until their doors are back. A server that holds a
// newcomer up is left only when ctx ends; ours does not for longer than 30 s.
// Errors: of the arguments, ErrEmptyRoom when nobody else keeps a door open,
// ErrRefused (a *RefusedError if the server said why), a *overlay.ConnectError
// as of Protocol.JoinThrough, of the connection, or the context's.
func (c *Client) Join(ctx context.Context, p *overlay.Protocol, url, room string) (transport.PeerID, error) {
	if err := check(url, room); err != nil {
		return transport.PeerID{}, err
	}
	c = c.filled()
	hi := frame{kind: hello, role: newcomer, peer: p.Node().ID(), room: room}
	wait := c.backoff()
	for attempt := 1; ; attempt++ {
		peer, err := c.joinOnce(ctx, p, url, hi)
		if err == nil {
			return peer, nil
		}
		if ctx.Err() != nil {
			return transport.PeerID{}, interrupted(ctx, err)
		}
		if hopeless(err) {
			return transport.PeerID{}, err
		}
		if attempt == c.Attempts {
			return transport.PeerID{}, fmt.Errorf("entrance: %d attempts, the last: %w", attempt, err)
		}
		c.Logger.Debug("join failed", "node", p.Node().ID().Short(), "attempt", attempt, "err", err)
		if pause(ctx, max(wait.next(), retryAfter(err))) != nil {
			return transport.PeerID{}, interrupted(ctx, err)
		}
	}
}

func (c *Client) joinOnce(ctx context.Context, p *overlay.Protocol, url string, hi frame) (transport.PeerID, error) {
	cn, err := c.dial(ctx, url, hi)
	if err != nil {
		return transport.PeerID{}, err
	}
	defer cn.close()
	return p.JoinThrough(ctx, &knock{conn: cn})
}

// knock is a newcomer's conversation. It is an overlay.Signals.
type knock struct {
	conn *conn

	mu          sync.Mutex
	first, last []byte // signals sent: the offer, and the newest word on candidates, which repeats the older ones
}

func (k *knock) Send(_ context.Context, b []byte) error {
	k.mu.Lock()
	switch {
	case k.first == nil:
		k.first = b
	case !bytes.Equal(k.first, b):
		k.last = b
	}
	k.mu.Unlock()
	return k.conn.write(frame{kind: signal, signal: b})
}

func (k *knock) Receive(ctx context.Context) ([]byte, error) {
	for {
		f, err := k.conn.read(ctx)
		if err != nil {
			return nil, err
		}
		switch f.kind {
		case signal:
			return f.signal, nil
		case moved:
			if err := k.again(); err != nil {
				return nil, err
			}
		case end:
			return nil, errEnded
		case refused:
			return nil, f.refusal()
		}
	}
}

// again tells another member what the one before did not answer: the node would
// repeat its offer, but not for as long as the server tries members.
func (k *knock) again() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range [][]byte{k.first, k.last} {
		if b == nil {
			continue
		}
		if err := k.conn.write(frame{kind: signal, signal: b}); err != nil {
			return err
		}
	}
	return nil
}
