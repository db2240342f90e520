package tcp_test

import (
	"testing"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/tcp"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

func TestConformance(t *testing.T) {
	transporttest.Run(t, transporttest.Config{
		New: func(t testing.TB) transport.Driver {
			d, err := tcp.New()
			if err != nil {
				t.Fatal(err)
			}
			return d
		},
		Crash: func(d transport.Driver) { d.(*tcp.Driver).Crash() },
	})
}

// TestNodes: three nodes over this driver, of which two are connected by the third,
// and the referee agrees with every step.
func TestNodes(t *testing.T) {
	var nodes []*overlay.Node
	var chats []*overlay.Protocol
	for range 3 {
		driver, err := tcp.New()
		if err != nil {
			t.Fatal(err)
		}
		node, err := overlay.New(overlay.Config{Driver: driver, Audit: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := node.Close(); err != nil {
				t.Error(err)
			}
			if s := node.Stats(); s.Bugs+s.Divergences+s.Violations > 0 || s.Edges == 0 {
				t.Errorf("%+v", s)
			}
		})
		chat, err := node.Protocol("chat", overlay.ProtocolConfig{})
		if err != nil {
			t.Fatal(err)
		}
		nodes, chats = append(nodes, node), append(chats, chat)
	}
	ctx := t.Context()
	for i := range 2 {
		if _, err := chats[i].Join(ctx, nodes[i+1].Admit); err != nil {
			t.Fatal(err)
		}
	}
	if err := chats[0].Connect(ctx, nodes[2].ID(), nodes[1].ID()); err != nil {
		t.Fatal(err)
	}
	large := make([]byte, 5<<20)
	large[len(large)-1] = 1
	sent := make(chan error, 1)
	go func() { sent <- chats[0].Send(ctx, nodes[2].ID(), large) }()
	m, err := chats[2].Receive(ctx)
	if err != nil || m.From != nodes[0].ID() || len(m.Data) != len(large) || m.Data[len(large)-1] != 1 {
		t.Errorf("%d bytes from %v: %v", len(m.Data), m.From, err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}
