//go:build js && wasm

package main

import (
	"context"
	"syscall/js"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/transport"
)

// protocol is an overlay.Protocol in the page.
type protocol struct {
	*overlay.Protocol
	node *node
}

// protocol registers one: name, most bytes of a message, and what is called with
// each event.
func (n *node) protocol(args values) (any, error) {
	p, err := n.Protocol(textOf(args.at(0)), overlay.ProtocolConfig{MaxMessage: numberOf(args.at(1))})
	if err != nil {
		return nil, err
	}
	events := p.Events(context.Background()) // end with the protocol
	happened := args.at(2)
	go func() {
		for e := range events {
			happened.Invoke(eventTo(e))
		}
		happened.Invoke(map[string]any{"kind": "closed"})
	}()
	return (&protocol{p, n}).face(), nil
}

func (p *protocol) face() any {
	face := map[string]any{}
	add := func(name string, f js.Func) {
		p.node.funcs = append(p.node.funcs, f)
		face[name] = f
	}
	add("outview", sync(func(values) (any, error) { return viewTo(p.Outview()), nil }))
	add("inview", sync(func(values) (any, error) { return viewTo(p.Inview()), nil }))
	add("join", async(p.join))
	add("enter", async(p.enter))
	add("connect", async(p.connect))
	add("introduce", async(p.introduce))
	add("invite", async(p.with(func(ctx context.Context, from transport.PeerID) error { return p.Invite(ctx, from) })))
	add("disconnect", async(p.with(func(ctx context.Context, to transport.PeerID) error { return p.Disconnect(ctx, to) })))
	add("reverse", async(p.with(func(ctx context.Context, to transport.PeerID) error { return p.Reverse(ctx, to) })))
	add("hold", async(p.hold))
	add("send", async(p.send))
	add("receive", async(p.receive))
	add("stream", async(p.stream))
	add("close", async(func(context.Context, values) (any, error) { return nil, p.Close() }))
	return face
}

// join enters over a function of the page's, from an offer to an answer.
func (p *protocol) join(ctx context.Context, args values) (any, error) {
	peer, err := p.Join(ctx, func(ctx context.Context, offer []byte) ([]byte, error) {
		answer, err := await(ctx, args.at(0).Invoke(bytesTo(offer)))
		if err != nil {
			return nil, err
		}
		return bytesOf(answer)
	})
	return peer.String(), err
}

// enter enters at an entrance.
func (p *protocol) enter(ctx context.Context, args values) (any, error) {
	client := &entrance.Client{Logger: p.node.log}
	peer, err := client.Join(ctx, p.Protocol, textOf(args.at(0)), textOf(args.at(1)))
	return peer.String(), err
}

func (p *protocol) connect(ctx context.Context, args values) (any, error) {
	to, err := args.peer(0)
	if err != nil {
		return nil, err
	}
	via, err := peersOf(args.at(1))
	if err != nil {
		return nil, err
	}
	return nil, p.Connect(ctx, to, via...)
}

func (p *protocol) introduce(ctx context.Context, args values) (any, error) {
	from, err := args.peer(0)
	if err != nil {
		return nil, err
	}
	to, err := args.peer(1)
	if err != nil {
		return nil, err
	}
	return nil, p.Introduce(ctx, from, to)
}

// with is a call with one peer.
func (p *protocol) with(f func(context.Context, transport.PeerID) error) func(context.Context, values) (any, error) {
	return func(ctx context.Context, args values) (any, error) {
		peer, err := args.peer(0)
		if err != nil {
			return nil, err
		}
		return nil, f(ctx, peer)
	}
}

// hold gives what releases it.
func (p *protocol) hold(_ context.Context, args values) (any, error) {
	to, err := args.peer(0)
	if err != nil {
		return nil, err
	}
	release, err := p.Hold(to)
	if err != nil {
		return nil, err
	}
	return js.FuncOf(func(js.Value, []js.Value) any {
		release()
		return nil
	}), nil // not released: it may be called again
}

func (p *protocol) send(ctx context.Context, args values) (any, error) {
	to, err := args.peer(0)
	if err != nil {
		return nil, err
	}
	data, err := bytesOf(args.at(1))
	if err != nil {
		return nil, err
	}
	return nil, p.Send(ctx, to, data)
}

func (p *protocol) receive(ctx context.Context, _ values) (any, error) {
	m, err := p.Receive(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]any{"from": m.From.String(), "data": bytesTo(m.Data)}, nil
}

func viewTo(v overlay.View) any {
	list := []any{}
	for peer, n := range v.All() {
		list = append(list, []any{peer.String(), n})
	}
	return list
}

func eventTo(e overlay.Event) any {
	switch e := e.(type) {
	case overlay.ArcOpened:
		return map[string]any{"kind": "arcopened", "peer": e.Peer.String(), "direction": e.Direction.String(), "newSession": e.NewSession, "via": peersTo(e.Via)}
	case overlay.ArcClosed:
		return map[string]any{"kind": "arcclosed", "peer": e.Peer.String(), "direction": e.Direction.String(), "cause": e.Cause.String(), "arcs": e.Arcs}
	case overlay.ArcFailed:
		return map[string]any{"kind": "arcfailed", "peer": e.Peer.String(), "via": peersTo(e.Via), "error": failure(e.Err)}
	case overlay.TrackAdded:
		return trackTo("trackadded", e.Peer.String(), e.Track)
	case overlay.TrackEnded:
		return trackTo("trackended", e.Peer.String(), e.Track)
	case overlay.Lagged:
		return map[string]any{"kind": "lagged", "missed": e.Missed}
	}
	return nil
}
