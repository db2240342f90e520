package overlay_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// A web server on one node and its client on another. The example is the README's.
func ExampleProtocol_Dial() {
	start := func() *overlay.Protocol {
		driver, _ := pion.New(pion.Config{ListenAddr: "127.0.0.1:0"})
		node, _ := overlay.New(overlay.Config{Driver: driver})
		web, _ := node.Protocol("web", overlay.ProtocolConfig{})
		return web
	}
	server, client := start(), start()
	defer func() { server.Node().Close(); client.Node().Close() }()
	peer, _ := client.Join(context.Background(), server.Node().Admit)

	go http.Serve(server.Listen(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello, %.8s", r.RemoteAddr) // the client's PeerID, proven
	}))
	browser := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return client.Dial(ctx, peer) },
	}}
	answer, err := browser.Get("http://peer/")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := io.ReadAll(answer.Body)
	fmt.Println(string(text) == "hello, "+client.Node().ID().Short())
	// Output: true
}
