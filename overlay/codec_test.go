package overlay_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// typed is a protocol whose messages are values of one type, as JSON: what the
// encoding and decoding hooks of other libraries are for. Any other format takes
// these two lines as well.
type typed[T any] struct{ *overlay.Protocol }

func (p typed[T]) Send(ctx context.Context, to transport.PeerID, v T) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return p.Protocol.Send(ctx, to, data)
}

func (p typed[T]) Receive(ctx context.Context) (from transport.PeerID, v T, err error) {
	m, err := p.Protocol.Receive(ctx)
	if err == nil {
		err = json.Unmarshal(m.Data, &v)
	}
	return m.From, v, err
}

// Messages are bytes: a codec of one's own is a type around Protocol.
func ExampleProtocol_codec() {
	type move struct{ From, To string }

	ctx := context.Background()
	network := mem.NewNetwork(1)
	start := func() (*overlay.Node, typed[move]) {
		node, _ := overlay.New(overlay.Config{Driver: network.NewDriver()})
		chess, _ := node.Protocol("chess", overlay.ProtocolConfig{MaxMessage: 4096})
		return node, typed[move]{chess}
	}
	white, hers := start()
	black, his := start()
	defer func() { white.Close(); black.Close() }()
	hers.Join(ctx, black.Admit)

	hers.Send(ctx, black.ID(), move{"e2", "e4"})
	from, m, err := his.Receive(ctx)
	fmt.Println(from == white.ID(), m, err)
	// Output: true {e2 e4} <nil>
}
