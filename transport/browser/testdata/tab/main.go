//go:build js && wasm

// Tab is a peer in a page that sends its camera and its microphone to the peer
// that serves the page, and plays what that sends.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"syscall/js"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/browser"
)

// page is what the test reads.
var page = js.Global().Get("tab")

func main() {
	if err := run(context.Background()); err != nil {
		page.Set("failed", err.Error())
	}
}

func run(ctx context.Context) error {
	driver, err := browser.New(browser.Config{Media: true})
	if err != nil {
		return err
	}
	node, err := overlay.New(overlay.Config{Driver: driver, Audit: true})
	if err != nil {
		return err
	}
	chat, err := node.Protocol("chat", overlay.ProtocolConfig{})
	if err != nil {
		return err
	}
	go play(chat.Events(ctx))
	peer, err := enter(ctx, node, chat)
	if err != nil {
		return err
	}
	stream, err := await(js.Global().Get("navigator").Get("mediaDevices").Call("getUserMedia", map[string]any{"audio": true, "video": true}))
	if err != nil {
		return err
	}
	var senders []*overlay.Sender
	tracks := stream.Call("getTracks")
	for i := range tracks.Length() {
		s, err := chat.AddTrack(ctx, peer, browser.Track{Track: tracks.Index(i), Stream: stream})
		if err != nil {
			return err
		}
		senders = append(senders, s)
	}
	page.Set("sends", len(senders))
	hush := make(chan struct{})
	page.Set("hush", js.FuncOf(func(js.Value, []js.Value) any { close(hush); return nil }))
	<-hush
	for _, s := range senders {
		if err := s.Close(); err != nil {
			return err
		}
	}
	stats := node.Stats()
	page.Set("odd", int(stats.Bugs+stats.Divergences+stats.Violations+stats.Malformed))
	select {} // until the page is left
}

// enter makes an arc with the peer that serves the page: as the one that joins, or
// as the one that lets in.
func enter(ctx context.Context, node *overlay.Node, chat *overlay.Protocol) (transport.PeerID, error) {
	if page.Get("joins").Bool() {
		return chat.Join(ctx, func(_ context.Context, offer []byte) ([]byte, error) { return post("admit", offer) })
	}
	events := chat.Events(ctx)
	offer, err := post("offer", nil)
	if err != nil {
		return transport.PeerID{}, err
	}
	answer, err := node.Admit(ctx, offer)
	if err != nil {
		return transport.PeerID{}, err
	}
	if _, err := post("answer", answer); err != nil {
		return transport.PeerID{}, err
	}
	for e := range events {
		if e, ok := e.(overlay.ArcOpened); ok {
			return e.Peer, nil
		}
	}
	return transport.PeerID{}, io.EOF
}

func post(path string, body []byte) ([]byte, error) {
	r, err := http.Post(path, "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, b)
	}
	return b, err
}

// play puts each track that comes into an element of the page.
func play(events func(func(overlay.Event) bool)) {
	document := js.Global().Get("document")
	for e := range events {
		switch e := e.(type) {
		case overlay.TrackAdded:
			element := document.Call("createElement", e.Track.Kind.String())
			element.Set("srcObject", js.Global().Get("MediaStream").New([]any{browser.RemoteTrack(e.Track)}))
			element.Set("autoplay", true)
			document.Get("body").Call("append", element)
			page.Set("added", page.Get("added").Int()+1)
		case overlay.TrackEnded:
			page.Set("ended", page.Get("ended").Int()+1)
		}
	}
}

func await(promise js.Value) (js.Value, error) {
	settled := make(chan js.Value, 1)
	failed := make(chan error, 1)
	good := js.FuncOf(func(_ js.Value, args []js.Value) any { settled <- args[0]; return nil })
	bad := js.FuncOf(func(_ js.Value, args []js.Value) any { failed <- js.Error{Value: args[0]}; return nil })
	defer good.Release()
	defer bad.Release()
	promise.Call("then", good, bad)
	select {
	case v := <-settled:
		return v, nil
	case err := <-failed:
		return js.Undefined(), err
	case <-time.After(20 * time.Second):
		return js.Undefined(), context.DeadlineExceeded
	}
}
