package overlay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/wire"
	"github.com/n2n-overlay/n2n/transport"
)

// Errors that callers branch on, by errors.Is.
var (
	ErrClosed         = core.ErrClosed      // the node or the protocol was closed, here
	ErrNotNeighbor    = core.ErrNotNeighbor // there is no session, or no arc, with that peer
	ErrRefused        = core.ErrRefused     // the peer does not want it: it has no such protocol, or too much to do
	ErrBrokerLost     = core.ErrBrokerLost  // a broker on the path cannot reach the next one
	ErrFailed         = core.ErrFailed      // no connection came to be, or it was lost at once
	ErrTimeout        = core.ErrTimeout     // ConnectTimeout has passed
	ErrVersion        = core.ErrVersion     // the peer speaks another version of the protocol
	ErrSelf           = core.ErrSelf        // the peer named is this node
	ErrNoMedia        = core.ErrNoMedia     // this node, or the peer, has no audio and video
	ErrMalformed      = wire.ErrMalformed   // bytes that are no signal, or not a whole one
	ErrSignature      = wire.ErrSignature   // a signal that its sender has not signed, or for another network
	ErrHeld           = core.ErrHeld        // no more arcs than are held: see Protocol.Hold
	ErrProtocolExists = errors.New("protocol exists already on this node")
	ErrTooLarge       = errors.New("message is larger than MaxMessage")
)

// ConnectError says which connection, or call that concerns an arc, failed, and
// where. Err is one of the errors above, or the context's.
type ConnectError struct {
	Peer  transport.PeerID   // whom it was to reach; zero: not known yet
	Via   []transport.PeerID // through these brokers
	State string             // of the link machine when it failed
	Err   error

	what string // failed; empty: connect
}

func (e *ConnectError) Error() string {
	var b strings.Builder
	b.WriteString(cmp.Or(e.what, "connect"))
	if !e.Peer.IsZero() {
		fmt.Fprintf(&b, " to %s", e.Peer.Short())
	}
	for i, v := range e.Via {
		if i == 0 {
			b.WriteString(" via ")
		} else {
			b.WriteString(", ")
		}
		b.WriteString(v.Short())
	}
	if e.State != "" {
		fmt.Fprintf(&b, " (%s)", strings.ToLower(e.State))
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return b.String()
}

func (e *ConnectError) Unwrap() error { return e.Err }

// connectError is the public form of how a call failed. A call that was
// cancelled failed because of its context.
func connectError(ctx context.Context, f *core.Failed) error {
	err := f.Err
	switch {
	case errors.Is(err, core.ErrCancelled) && ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, core.ErrBusy):
		err = fmt.Errorf("%w: too many attempts under way", ErrRefused)
	}
	return &ConnectError{Peer: f.Peer, Via: f.Via, State: f.State, Err: err}
}
