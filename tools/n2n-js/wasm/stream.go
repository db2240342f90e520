//go:build js && wasm

package main

import (
	"context"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport/browser"
)

// stream sends the tracks of args[1], an array of MediaStreamTracks, to a peer, as
// parts of the MediaStream args[2] if there is one: all of them, or none.
func (p *protocol) stream(ctx context.Context, args values) (any, error) {
	to, err := args.peer(0)
	if err != nil {
		return nil, err
	}
	tracks, stream := args.at(1), args.at(2)
	var senders []*overlay.Sender
	shut := func() {
		for _, s := range senders {
			_ = s.Close()
		}
	}
	for i := range tracks.Length() {
		s, err := p.AddTrack(ctx, to, browser.Track{Track: tracks.Index(i), Stream: stream})
		if err != nil {
			shut()
			return nil, err
		}
		senders = append(senders, s)
	}
	return map[string]any{
		"close": async(func(context.Context, values) (any, error) {
			shut()
			return nil, nil
		}),
		"ended": async(func(context.Context, values) (any, error) {
			for _, s := range senders {
				<-s.Done()
			}
			return nil, nil
		}),
	}, nil // not released: they may be called again
}

// trackTo is a track that a peer sends, for an event.
func trackTo(kind string, peer string, t *overlay.Track) any {
	return map[string]any{
		"kind": kind, "peer": peer, "track": browser.RemoteTrack(t), "id": t.ID, "stream": t.Stream,
	}
}
