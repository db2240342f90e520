//go:build !js

package entrance

import (
	"log/slog"
	"math"
	"net/http"
	"time"
)

// ServerConfig sets a server's limits: zero means the default, negative none.
// The defaults suit one process in front of some ten thousand clients, at about
// 20 KiB for each that is quiet.
type ServerConfig struct {
	// Origins are the web origins ("https://example.org") whose pages may
	// connect, besides those of the server's own host; "*" is every one. It
	// keeps strange pages from using visitors' browsers (RFC 6455 section 10.2)
	// and is no protection from anything that is not a browser.
	Origins []string

	// ClientAddr names whom MaxPerAddress counts by; nil: the IP address of the
	// connection, of IPv6 its /64. Behind a proxy, give what that says of the
	// client (X-Forwarded-For, if it overwrites that), for to the server all
	// connections come from the proxy.
	ClientAddr func(*http.Request) string

	Logger *slog.Logger // nil: nothing is logged; no addresses and no names of rooms are

	MaxConnections int // default 20 000
	MaxPerAddress  int // connections; default 64, for whole offices share an address
	MaxRooms       int // that have an open door; default 10 000
	MaxDoors       int // of one room; default 10 000
	MaxVisits      int // newcomers at one door at a time; others wait; default 32
	MaxTries       int // members that one newcomer is given to; default 5
	MaxQueue       int // frames that wait for a slow client, which is then dropped; default 128, also when negative
	MessageRate    int // messages per second of one connection, see MessageBurst; default 10
	MessageBurst   int // messages at once, and of a keeper for each newcomer; default 40

	HelloTimeout    time.Duration // from the connection to hello; default 5 s
	AnswerTimeout   time.Duration // of a member, before another one is asked; default 2 s
	NewcomerTimeout time.Duration // from a newcomer's hello to its end; default 30 s
	PingInterval    time.Duration // default 20 s
	DeadAfter       time.Duration // without any sign of life; default 45 s
	WriteTimeout    time.Duration // for one frame; default 5 s
	RetryAfter      time.Duration // clients come back within it after Close and Shutdown, each at its own time; default 30 s
}

func (c *ServerConfig) fill() {
	for _, l := range []struct {
		v   *int
		def int
	}{
		{&c.MaxConnections, 20_000}, {&c.MaxPerAddress, 64}, {&c.MaxRooms, 10_000}, {&c.MaxDoors, 10_000},
		{&c.MaxVisits, 32}, {&c.MaxTries, 5}, {&c.MessageRate, 10}, {&c.MessageBurst, 40},
	} {
		switch {
		case *l.v == 0:
			*l.v = l.def
		case *l.v < 0:
			*l.v = math.MaxInt32
		}
	}
	if c.MaxQueue <= 0 {
		c.MaxQueue = 128 // memory is taken for it
	}
	for _, l := range []struct {
		v   *time.Duration
		def time.Duration
	}{
		{&c.HelloTimeout, 5 * time.Second}, {&c.AnswerTimeout, 2 * time.Second}, {&c.NewcomerTimeout, 30 * time.Second},
		{&c.PingInterval, 20 * time.Second}, {&c.DeadAfter, 45 * time.Second}, {&c.WriteTimeout, 5 * time.Second},
		{&c.RetryAfter, 30 * time.Second},
	} {
		if *l.v == 0 {
			*l.v = l.def
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// deadline is when something that begins now is late; zero: never.
func deadline(limit time.Duration) time.Time {
	if limit < 0 {
		return time.Time{}
	}
	return time.Now().Add(limit)
}

// after calls f when the limit has passed; nil: never.
func after(limit time.Duration, f func()) *time.Timer {
	if limit < 0 {
		return nil
	}
	return time.AfterFunc(limit, f)
}

func stop(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}
