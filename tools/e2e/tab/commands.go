//go:build js && wasm

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/browser"
)

// tab is the node of this page.
type tab struct {
	node     *overlay.Node
	protocol *overlay.Protocol
	release  func()
}

type command func(ctx context.Context, t *tab, args []json.RawMessage) (any, error)

// read reads arguments; those that are missing keep their values.
func read(args []json.RawMessage, into ...any) error {
	for i := range min(len(args), len(into)) {
		if err := json.Unmarshal(args[i], into[i]); err != nil {
			return fmt.Errorf("argument %d: %w", i+1, err)
		}
	}
	return nil
}

var commands = map[string]command{
	"create":  create,
	"join":    join,
	"admit":   admit,
	"connect": connect,
	"introduce": func(ctx context.Context, t *tab, args []json.RawMessage) (any, error) {
		var from, to transport.PeerID
		if err := read(args, &from, &to); err != nil {
			return nil, err
		}
		return nil, t.protocol.Introduce(ctx, from, to)
	},
	"views": func(_ context.Context, t *tab, _ []json.RawMessage) (any, error) {
		return map[string]any{"out": view(t.protocol.Outview()), "in": view(t.protocol.Inview()), "sessions": len(t.node.Neighbors())}, nil
	},
	"disconnect": func(ctx context.Context, t *tab, args []json.RawMessage) (any, error) {
		var to transport.PeerID
		if err := read(args, &to); err != nil {
			return nil, err
		}
		return nil, t.protocol.Disconnect(ctx, to)
	},
	"parted":  parted,
	"send":    send,
	"receive": receive,
	"lost":    lost,
	"close": func(_ context.Context, t *tab, _ []json.RawMessage) (any, error) {
		defer t.release()
		return nil, t.node.Close()
	},
}

func view(v overlay.View) map[string]int {
	m := map[string]int{}
	for id, n := range v.All() {
		m[id.String()] = n
	}
	return m
}

// create makes the node and gives its id. With a name its key is kept. The second
// argument is whether sessions without arcs end at once.
func create(ctx context.Context, t *tab, args []json.RawMessage) (any, error) {
	var name string
	var brief bool
	if err := read(args, &name, &brief); err != nil {
		return nil, err
	}
	cfg := overlay.Config{Heartbeat: time.Second}
	if brief {
		cfg.Linger = -1
	}
	t.release = func() {}
	if name != "" {
		key, release, err := browser.LoadKey(ctx, name)
		if err != nil {
			return nil, err
		}
		cfg.Key, t.release = key, release
	}
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})) // the console
	d, err := browser.New(browser.Config{Logger: cfg.Logger})
	if err != nil {
		return nil, err
	}
	cfg.Driver = d
	if t.node, err = overlay.New(cfg); err != nil {
		return nil, err
	}
	if t.protocol, err = t.node.Protocol("chat", overlay.ProtocolConfig{}); err != nil {
		return nil, err
	}
	return t.node.ID().String(), nil
}

// join has the server of the page carry an offer to one of its nodes.
func join(ctx context.Context, t *tab, args []json.RawMessage) (any, error) {
	var url string
	if err := read(args, &url); err != nil {
		return nil, err
	}
	id, err := t.protocol.Join(ctx, func(_ context.Context, offer []byte) ([]byte, error) { return post(url, offer) })
	return id.String(), err
}

// admit answers an offer; both are base64.
func admit(ctx context.Context, t *tab, args []json.RawMessage) (any, error) {
	var offer []byte
	if err := read(args, &offer); err != nil {
		return nil, err
	}
	return t.node.Admit(ctx, offer)
}

// connect opens an arc and gives the milliseconds that it took.
func connect(ctx context.Context, t *tab, args []json.RawMessage) (any, error) {
	ids := make([]transport.PeerID, len(args))
	for i := range args {
		if err := read(args[i:], &ids[i]); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	err := t.protocol.Connect(ctx, ids[0], ids[1:]...)
	return float64(time.Since(start).Microseconds()) / 1000, err
}

// traffic is what came of sending or receiving.
type traffic struct {
	Hash   string  // SHA-256 of all
	Millis float64 // from the first message on
}

// send sends so many bytes in messages of one size, none of which is like another;
// or all alike and without a hash, which costs more than the sending.
func send(ctx context.Context, t *tab, args []json.RawMessage) (any, error) {
	var to transport.PeerID
	var total, size int
	var plain bool
	if err := read(args, &to, &total, &size, &plain); err != nil {
		return nil, err
	}
	all := sha256.New()
	start := time.Now()
	p := make([]byte, size)
	for sent := 0; sent < total; sent += size {
		if !plain {
			p = message(sent, min(size, total-sent))
			all.Write(p)
		}
		if err := t.protocol.Send(ctx, to, p); err != nil {
			return nil, err
		}
	}
	return result(all.Sum(nil), start), nil
}

// message is cheap to make, for both ends.
func message(seed, size int) []byte {
	p := make([]byte, size)
	x := uint32(seed)*2654435761 + 1
	for i := 0; i+4 <= size; i += 4 {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		p[i], p[i+1], p[i+2], p[i+3] = byte(x), byte(x>>8), byte(x>>16), byte(x>>24)
	}
	return p
}

func result(hash []byte, start time.Time) traffic {
	return traffic{hex.EncodeToString(hash), float64(time.Since(start).Microseconds()) / 1000}
}

// receive takes so many bytes.
func receive(ctx context.Context, t *tab, args []json.RawMessage) (any, error) {
	var total int
	var plain bool
	if err := read(args, &total, &plain); err != nil {
		return nil, err
	}
	all := sha256.New()
	var start time.Time
	for got := 0; got < total; {
		m, err := t.protocol.Receive(ctx)
		if err != nil {
			return nil, err
		}
		if start.IsZero() {
			start = time.Now()
		}
		if got += len(m.Data); !plain {
			all.Write(m.Data)
		}
	}
	return result(all.Sum(nil), start), nil
}

// lost waits until there is no arc with a peer any more.
func lost(ctx context.Context, t *tab, args []json.RawMessage) (any, error) {
	var id transport.PeerID
	if err := read(args, &id); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := func() bool { return t.protocol.Outview().Count(id)+t.protocol.Inview().Count(id) == 0 }
	events := t.protocol.Events(ctx)
	if gone() {
		return nil, nil
	}
	for range events {
		if gone() {
			return nil, nil
		}
	}
	return nil, overlay.ErrClosed
}

// parted waits until there is no session with a peer any more.
func parted(ctx context.Context, t *tab, args []json.RawMessage) (any, error) {
	var id transport.PeerID
	if err := read(args, &id); err != nil {
		return nil, err
	}
	tick := time.NewTicker(5 * time.Millisecond) // sessions have no events
	defer tick.Stop()
	for slices.ContainsFunc(t.node.Neighbors(), func(n overlay.Neighbor) bool { return n.Peer == id }) {
		<-tick.C
	}
	return nil, nil
}
