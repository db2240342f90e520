package overlay_test

import (
	"context"
	"fmt"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// Three nodes: i and a both know b. The example is the README's.
func Example() {
	ctx := context.Background()
	start := func() (*overlay.Node, *overlay.Protocol) {
		driver, _ := pion.New(pion.Config{ListenAddr: "127.0.0.1:0"}) // pion.Config{} on the internet
		node, _ := overlay.New(overlay.Config{Driver: driver})
		chat, _ := node.Protocol("chat", overlay.ProtocolConfig{})
		return node, chat
	}
	i, iChat := start()
	b, bChat := start()
	a, aChat := start()
	defer func() { i.Close(); b.Close(); a.Close() }()

	iChat.Join(ctx, b.Admit) // any channel that carries bytes: here, a function call
	bChat.Join(ctx, a.Admit)

	err := iChat.Connect(ctx, a.ID(), b.ID()) // to a, brokered by b
	fmt.Println("i – b – a gave i – a:", err == nil)

	iChat.Send(ctx, a.ID(), []byte("hello, a"))
	msg, _ := aChat.Receive(ctx)
	fmt.Printf("a got %q from i: %v\n", msg.Data, msg.From == i.ID())
	// Output:
	// i – b – a gave i – a: true
	// a got "hello, a" from i: true
}
