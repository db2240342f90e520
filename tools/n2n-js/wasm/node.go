//go:build js && wasm

package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall/js"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/transport/browser"
)

// node is an overlay.Node, and what belongs to it in the page.
type node struct {
	*overlay.Node
	release func() // the key's
	funcs   []js.Func
	log     *slog.Logger
}

// create makes a node from n2n.js's options.
func create(ctx context.Context, args values) (any, error) {
	o := args.at(0)
	n := &node{release: func() {}, log: slog.New(slog.DiscardHandler)}
	if o.Get("verbose").Truthy() {
		n.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})) // the console
	}
	cfg := overlay.Config{
		Network: textOf(o.Get("network")), Logger: n.log, MaxPending: numberOf(o.Get("maxPending")),
		ConnectTimeout: millisOf(o.Get("connectTimeout")), Linger: millisOf(o.Get("linger")), Heartbeat: millisOf(o.Get("heartbeat")),
	}
	if trace := o.Get("trace"); trace.Type() == js.TypeFunction {
		cfg.Trace = func(s overlay.Step) { trace.Invoke(stepTo(s)) }
	}
	var err error
	switch key := o.Get("key"); key.Type() {
	case js.TypeUndefined, js.TypeNull:
		if cfg.Key, err = browser.NewKey(ctx); err != nil {
			return nil, err
		}
	case js.TypeString:
		if cfg.Key, n.release, err = browser.LoadKey(ctx, key.String()); err != nil {
			return nil, err
		}
	case js.TypeObject:
		seed, err := bytesOf(key)
		if err != nil {
			return nil, err
		}
		if len(seed) != ed25519.SeedSize {
			return nil, wrong("a key of %d bytes: want %d", len(seed), ed25519.SeedSize)
		}
		cfg.Key = ed25519.NewKeyFromSeed(seed)
	}
	driver, err := browser.New(browser.Config{ICEServers: serversOf(o.Get("iceServers")), RelayOnly: o.Get("relayOnly").Truthy(), Media: o.Get("media").Truthy(), Logger: n.log})
	if err != nil {
		n.release()
		return nil, err
	}
	cfg.Driver = driver
	if n.Node, err = overlay.New(cfg); err != nil {
		n.release()
		return nil, errors.Join(err, driver.Close())
	}
	return n.face(), nil
}

// face is what n2n.js sees of a node.
func (n *node) face() any {
	face := map[string]any{"id": n.ID().String()}
	add := func(name string, f js.Func) {
		n.funcs = append(n.funcs, f)
		face[name] = f
	}
	add("protocol", sync(n.protocol))
	add("neighbors", sync(func(values) (any, error) { return n.neighbors(), nil }))
	add("machines", sync(func(values) (any, error) { return n.machines(), nil }))
	add("stats", sync(func(values) (any, error) { return n.stats(), nil }))
	add("admit", async(n.admit))
	add("open", async(n.open))
	add("leave", async(func(ctx context.Context, _ values) (any, error) { return nil, n.end(n.Leave(ctx)) }))
	add("close", async(func(context.Context, values) (any, error) { return nil, n.end(n.Close()) }))
	return face
}

// end gives the key back. The functions are not released: they may be called
// again, and say that the node is closed.
func (n *node) end(err error) error {
	n.release()
	return err
}

func (n *node) admit(ctx context.Context, args values) (any, error) {
	offer, err := bytesOf(args.at(0))
	if err != nil {
		return nil, err
	}
	answer, err := n.Admit(ctx, offer)
	if err != nil {
		return nil, err
	}
	return bytesTo(answer), nil
}

// open keeps a door open at an entrance.
func (n *node) open(ctx context.Context, args values) (any, error) {
	client := &entrance.Client{Logger: n.log}
	door, err := client.Open(ctx, n.Node, textOf(args.at(0)), textOf(args.at(1)))
	if err != nil {
		return nil, err
	}
	shut := async(func(context.Context, values) (any, error) { return nil, door.Close() })
	state := sync(func(values) (any, error) {
		if err := door.Err(); err != nil {
			return failure(err), nil
		}
		return nil, nil
	})
	n.funcs = append(n.funcs, shut, state)
	return map[string]any{"close": shut, "state": state}, nil
}

func (n *node) neighbors() any {
	list := []any{}
	for _, x := range n.Neighbors() {
		protocols := []any{}
		for _, p := range x.Protocols {
			protocols = append(protocols, p)
		}
		list = append(list, map[string]any{"peer": x.Peer.String(), "age": millis(x.Age), "rtt": millis(x.RTT), "protocols": protocols})
	}
	return list
}

func (n *node) machines() any {
	list := []any{}
	for _, m := range n.Machines() {
		list = append(list, map[string]any{"name": m.Name, "peer": m.Peer.String(), "state": m.State, "protocol": m.Protocol, "out": m.Out})
	}
	return list
}

func (n *node) stats() any {
	s := n.Stats()
	return map[string]any{
		"sessions": s.Sessions, "sessionsOpened": s.SessionsOpened, "sessionsLost": s.SessionsLost,
		"signalsSent": s.SignalsSent, "signalsReceived": s.SignalsReceived, "signalsStale": s.SignalsStale, "signalsRefused": s.SignalsRefused,
		"signalsDropped": s.SignalsDropped, "badSignatures": s.BadSignatures, "malformed": s.Malformed, "violations": s.Violations,
		"relayed": s.Relayed, "bounced": s.Bounced, "forged": s.Forged, "glares": s.Glares,
		"messagesSent": s.MessagesSent, "bytesSent": s.BytesSent, "framesReceived": s.FramesReceived, "bytesReceived": s.BytesReceived, "bugs": s.Bugs,
	}
}

func stepTo(s overlay.Step) any {
	return map[string]any{
		"at": millis(s.At), "machine": s.Machine, "peer": s.Peer.String(), "from": s.From, "event": s.Event, "label": s.Label, "to": s.To, "line": s.Line,
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func textOf(v js.Value) string {
	if v.Type() != js.TypeString {
		return ""
	}
	return v.String()
}

func numberOf(v js.Value) int {
	if v.Type() != js.TypeNumber {
		return 0
	}
	return v.Int()
}

// millisOf reads a duration; what is missing is zero.
func millisOf(v js.Value) time.Duration {
	if v.Type() != js.TypeNumber {
		return 0
	}
	return time.Duration(v.Float() * float64(time.Millisecond))
}

// serversOf reads what RTCPeerConnection calls iceServers.
func serversOf(v js.Value) (list []browser.ICEServer) {
	if !v.Truthy() {
		return nil
	}
	for i := range v.Length() {
		x := v.Index(i)
		s := browser.ICEServer{Username: textOf(x.Get("username")), Password: textOf(x.Get("credential"))}
		switch urls := x.Get("urls"); urls.Type() {
		case js.TypeString:
			s.URLs = []string{urls.String()}
		case js.TypeObject:
			for j := range urls.Length() {
				s.URLs = append(s.URLs, fmt.Sprint(textOf(urls.Index(j))))
			}
		}
		list = append(list, s)
	}
	return list
}
