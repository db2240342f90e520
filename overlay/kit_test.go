package overlay_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// kit is some nodes on one simulated network, in a bubble.
type kit struct {
	t     *testing.T
	ctx   context.Context
	net   *mem.Network
	nodes []*overlay.Node
	chat  []*overlay.Protocol
	mem   []*mem.Driver

	honest bool                                    // no peer breaks the rules
	wrap   func(transport.Driver) transport.Driver // of the nodes to come; nil: mem's own
}

// bubble runs a test in virtual time, over n nodes with a protocol each. When
// it ends, the nodes are closed, and nothing odd may have been counted.
func bubble(t *testing.T, n int, test func(k *kit)) {
	t.Helper()
	bubbleWith(t, n, test, true)
}

// bubbleWith leaves it to the test what may have been counted.
func bubbleWith(t *testing.T, n int, test func(k *kit), honest bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		k := &kit{t: t, ctx: ctx, net: mem.NewNetwork(1), honest: honest}
		k.net.SetPath(mem.Path{Latency: 10 * time.Millisecond})
		for range n {
			k.add(overlay.Config{})
		}
		defer k.close()
		test(k)
	})
}

// close ends the nodes, also of a test that failed.
func (k *kit) close() {
	for i, node := range k.nodes {
		node.Close()
		s := node.Stats()
		if s.Bugs+s.Divergences > 0 || k.honest && s.Violations+s.Malformed+s.BadSignatures > 0 {
			k.t.Errorf("node %d: %+v", i, s)
		}
		if s.SessionsOpened > 0 && s.Edges == 0 {
			k.t.Errorf("node %d: the referee saw no edge", i)
		}
	}
}

// add makes one more node.
func (k *kit) add(cfg overlay.Config) int {
	k.t.Helper()
	d := k.net.NewDriver()
	cfg.Driver, cfg.Audit = d, true
	if k.wrap != nil {
		cfg.Driver = k.wrap(d)
	}
	cfg.Logger = slog.New(slog.NewTextHandler(k.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	node, err := overlay.New(cfg)
	if err != nil {
		k.t.Fatal(err)
	}
	k.nodes, k.mem = append(k.nodes, node), append(k.mem, d)
	k.chat = append(k.chat, k.protocol(len(k.nodes)-1, "chat"))
	return len(k.nodes) - 1
}

func (k *kit) protocol(i int, name string) *overlay.Protocol {
	k.t.Helper()
	p, err := k.nodes[i].Protocol(name, overlay.ProtocolConfig{})
	if err != nil {
		k.t.Fatal(err)
	}
	return p
}

func (k *kit) id(i int) transport.PeerID { return k.nodes[i].ID() }

// join makes an arc from i to j, over a channel that carries bytes.
func (k *kit) join(i, j int) {
	k.t.Helper()
	got, err := k.chat[i].Join(k.ctx, k.nodes[j].Admit)
	if err != nil {
		k.t.Fatalf("join %d to %d: %v", i, j, err)
	}
	if got != k.id(j) {
		k.t.Fatalf("join reached %v, want %v", got, k.id(j))
	}
}

// line makes arcs 0 to 1, 1 to 2 and so on.
func (k *kit) line() {
	k.t.Helper()
	for i := range len(k.nodes) - 1 {
		k.join(i, i+1)
	}
}

// must fails the test on an error.
func (k *kit) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// agree checks that both ends of every pair count the same arcs.
func (k *kit) agree() {
	k.t.Helper()
	synctest.Wait()
	for i, p := range k.chat {
		for j, q := range k.chat {
			if a, b := p.Outview().Count(k.id(j)), q.Inview().Count(k.id(i)); a != b {
				k.t.Errorf("%d counts %d arcs to %d, which counts %d", i, a, j, b)
			}
		}
	}
}

// rest lets virtual time pass.
func (k *kit) rest(d time.Duration) {
	time.Sleep(d) // virtual: every test of this file runs in a bubble
	synctest.Wait()
}
