package overlay_test

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// TestPion has three nodes on loopback, with the native driver: two joins, a
// connection brokered by the one in the middle, a second arc on it, and traffic.
func TestPion(t *testing.T) {
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var nodes []*overlay.Node
	var chat []*overlay.Protocol
	for range 3 {
		d, err := pion.New(pion.Config{ListenAddr: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		n, err := overlay.New(overlay.Config{Driver: d, Audit: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = n.Close() }()
		p, err := n.Protocol("chat", overlay.ProtocolConfig{})
		if err != nil {
			t.Fatal(err)
		}
		nodes, chat = append(nodes, n), append(chat, p)
	}
	timed := func(what string, do func() error) {
		t.Helper()
		start := time.Now()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%s: %v", what, time.Since(start))
	}
	for i := range 2 {
		timed("join", func() error {
			_, err := chat[i].Join(ctx, nodes[i+1].Admit)
			return err
		})
	}
	first, broker, last := nodes[0].ID(), nodes[1].ID(), nodes[2].ID()
	timed("brokered connect", func() error { return chat[0].Connect(ctx, last, broker) })
	timed("second arc", func() error { return chat[0].Connect(ctx, last, broker) })
	if out := chat[0].Outview(); out.Count(last) != 2 || out.Count(broker) != 1 {
		t.Errorf("outview: %d arcs to the last node and %d to the broker, want 2 and 1", out.Count(last), out.Count(broker))
	}

	const messages, size = 2000, 16 << 10
	sent := make(chan error, 1)
	go func() {
		defer close(sent)
		p := make([]byte, size)
		for i := range messages {
			binary.BigEndian.PutUint32(p, uint32(i))
			if err := chat[0].Send(ctx, last, p); err != nil {
				sent <- err
				return
			}
		}
	}()
	start := time.Now()
	for i := range messages {
		m, err := chat[2].Receive(ctx)
		if err != nil {
			t.Fatalf("after %d messages: %v; %v", i, err, <-sent)
		}
		if m.From != first || len(m.Data) != size || binary.BigEndian.Uint32(m.Data) != uint32(i) {
			t.Fatalf("message %d: %d bytes from %v", i, len(m.Data), m.From.Short())
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	t.Logf("%.1f MB/s", messages*size/1e6/time.Since(start).Seconds())

	for i, n := range nodes {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		s := n.Stats()
		if s.Bugs+s.Divergences+s.Violations+s.Malformed+s.BadSignatures > 0 || s.Edges == 0 {
			t.Errorf("node %d: %+v", i, s)
		}
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
