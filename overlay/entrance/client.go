package entrance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	neturl "net/url"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

// Client says how to reach a server. The zero value works, and is what Open
// and Join use. For limits, zero means the default.
type Client struct {
	HTTPClient *httpClient   // an http.Client for the handshake; nil: http.DefaultClient; a browser has its own
	Logger     *slog.Logger  // nil: nothing is logged
	RetryMin   time.Duration // before the first retry, at most; it doubles each time; default 500 ms
	RetryMax   time.Duration // before a retry, at most; default 30 s
	Attempts   int           // of Join; default 8
	Keepalive  time.Duration // between pings; a server that leaves two without an answer is dead; default 20 s
}

// Open keeps a door open at a server: newcomers to the room (1 to 64 bytes of
// UTF-8) are admitted to the node until the Closer is closed, which waits for
// those that are being admitted. Close it before the node. See Client.Open.
func Open(ctx context.Context, n *overlay.Node, url, room string) (io.Closer, error) {
	d, err := new(Client).Open(ctx, n, url, room)
	if err != nil {
		return nil, err // not a nil *Door
	}
	return d, nil
}

// Join opens an arc to a member of the room whose door is open, and returns
// that member. See Client.Join.
func Join(ctx context.Context, p *overlay.Protocol, url, room string) (transport.PeerID, error) {
	return new(Client).Join(ctx, p, url, room)
}

func (c *Client) filled() *Client {
	f := *c
	if f.RetryMin <= 0 {
		f.RetryMin = 500 * time.Millisecond
	}
	if f.RetryMax <= 0 {
		f.RetryMax = 30 * time.Second
	}
	if f.Attempts <= 0 {
		f.Attempts = 8
	}
	if f.Keepalive <= 0 {
		f.Keepalive = 20 * time.Second
	}
	if f.Logger == nil {
		f.Logger = slog.New(slog.DiscardHandler)
	}
	return &f
}

func (c *Client) backoff() *backoff { return &backoff{min: c.RetryMin, max: c.RetryMax} }

// check refuses what no retry can mend.
func check(url, room string) error {
	if !validRoom(room) {
		return fmt.Errorf("entrance: room %.80q: want 1 to %d bytes of UTF-8", room, maxRoom)
	}
	u, err := neturl.Parse(url)
	if err != nil {
		return fmt.Errorf("entrance: %w", err)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return fmt.Errorf("entrance: url %q: want ws:// or wss://", url)
	}
	if u.Host == "" || u.Fragment != "" {
		return fmt.Errorf("entrance: url %q: want a host and no fragment", url)
	}
	return nil
}

// hopeless reports whether trying again would fail in the same way.
func hopeless(err error) bool {
	if r, ok := errors.AsType[*RefusedError](err); ok {
		return r.Reason.lasting()
	}
	if errors.Is(err, ErrRefused) {
		return true // by HTTP status
	}
	for _, e := range []error{overlay.ErrClosed, overlay.ErrVersion, overlay.ErrSelf, overlay.ErrTooLarge} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// longestRetryAfter is how much of a server's wish we grant.
const longestRetryAfter = time.Minute

// retryAfter is how long the server wants us to stay away.
func retryAfter(err error) time.Duration {
	if r, ok := errors.AsType[*RefusedError](err); ok {
		return min(r.RetryAfter, longestRetryAfter)
	}
	return 0
}
