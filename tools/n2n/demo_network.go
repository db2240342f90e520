package main

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/tools/live"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

const (
	demoNetwork  = "n2n demo"
	demoProtocol = "demo"
	demoRoom     = "demo"
	enterTimeout = 30 * time.Second // a node's way through the entrance
	agreeTimeout = 10 * time.Second // the last arcs' other ends
	leaveTimeout = 10 * time.Second
)

// network is the demo's nodes and what became of them.
type network struct {
	demoConfig
	show     *progress
	rng      *rand.Rand
	entrance *server
	page     *demoPage // nil: there is none
	nodes    []*demoNode
	number   map[transport.PeerID]int

	mu     sync.Mutex
	report *report
}

type demoNode struct {
	*overlay.Node
	protocol *overlay.Protocol
	door     io.Closer     // nil: shut
	watched  *live.Watched // nil: there is no page
}

func newNetwork(cfg demoConfig, show *progress) *network {
	return &network{
		demoConfig: cfg, show: show, rng: rand.New(rand.NewPCG(cfg.seed, 0)),
		nodes: make([]*demoNode, cfg.peers), number: map[transport.PeerID]int{},
		report: newReport(cfg),
	}
}

// fail notes where the demo failed.
func (n *network) fail(where string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.report.fail(fmt.Sprintf("%s: %v", where, err))
}

// each runs f for some numbers, a few at a time: a handshake costs processor
// time, and one that waits too long for it fails.
func each(ctx context.Context, numbers []int, f func(i int)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	turn := make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	for _, i := range numbers {
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			return
		}
		wg.Go(func() {
			defer func() { <-turn }()
			f(i)
		})
	}
}

// span lists the numbers from first to before end.
func span(first, end int) (list []int) {
	for i := first; i < end; i++ {
		list = append(list, i)
	}
	return list
}

// start opens the entrance and makes the nodes.
func (n *network) start(ctx context.Context) (err error) {
	n.show.begin("starting nodes", n.peers)
	if n.entrance, err = serve("127.0.0.1:0", n.log, nil); err != nil {
		return err
	}
	if n.serve != "" {
		if n.page, err = n.newPage(); err != nil {
			return err
		}
	}
	keys := make([]ed25519.PrivateKey, n.peers)
	for i := range keys {
		keys[i] = key(n.rng)
	}
	each(ctx, span(0, n.peers), func(i int) {
		node, err := n.newNode(i, keys[i])
		if err != nil {
			n.fail(fmt.Sprintf("starting node %d", i), err)
			return
		}
		n.nodes[i] = node
		n.show.step()
	})
	for i, node := range n.nodes {
		if node != nil {
			n.number[node.ID()] = i
		}
	}
	n.show.end("each with its own UDP socket")
	return ctx.Err()
}

// key makes a key that the seed determines: good for a demo, and for nothing
// else.
func key(rng *rand.Rand) ed25519.PrivateKey {
	var seed [ed25519.SeedSize]byte
	for i := 0; i < len(seed); i += 8 {
		binary.LittleEndian.PutUint64(seed[i:], rng.Uint64())
	}
	return ed25519.NewKeyFromSeed(seed[:])
}

func (n *network) newNode(i int, key ed25519.PrivateKey) (*demoNode, error) {
	listen := "127.0.0.1:0"
	if n.serve != "" {
		listen = ":0" // for Firefox, which talks to nobody on loopback
	}
	driver, err := pion.New(pion.Config{ListenAddr: listen})
	if err != nil {
		return nil, err
	}
	cfg := overlay.Config{Driver: driver, Key: key, Network: demoNetwork, Audit: true, Logger: n.log}
	watched := n.page.watch(i, &cfg)
	node, err := overlay.New(cfg)
	if err != nil {
		return nil, errors.Join(err, driver.Close())
	}
	protocol, err := node.Protocol(demoProtocol, overlay.ProtocolConfig{})
	if err != nil {
		return nil, errors.Join(err, node.Close())
	}
	if watched != nil {
		watched.Show(node, protocol)
	}
	return &demoNode{Node: node, protocol: protocol, watched: watched}, nil
}

// enter lets every node in through the entrance. They come in waves, each twice
// as large as the one before and admitted by it alone, so that the network gets
// deep, as one that grows by itself would, and brokering has something to do.
func (n *network) enter(ctx context.Context) error {
	n.show.begin("entering", n.peers)
	members := span(0, 1)
	n.open(ctx, members)
	for size := 2; len(members) > 0; size *= 2 {
		first := members[len(members)-1] + 1
		wave := span(first, min(first+size, n.peers))
		each(ctx, wave, func(i int) { n.join(ctx, i) })
		if n.entered() == 0 {
			return errors.New("nobody could enter")
		}
		n.open(ctx, wave)
		n.shut(members)
		if first == 1 {
			n.join(ctx, 0) // the first node met an empty room; now somebody is there
		}
		members = wave
	}
	n.show.end("through the entrance, with one arc each")
	return ctx.Err()
}

// entered counts the nodes that are in.
func (n *network) entered() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.report.took[throughEntrance])
}

// open has nodes admit newcomers at the demo's entrance.
func (n *network) open(ctx context.Context, members []int) {
	n.openAt(ctx, members, n.entrance.url)
}

func (n *network) openAt(ctx context.Context, members []int, url string) {
	each(ctx, members, func(i int) {
		if n.nodes[i] == nil {
			return
		}
		door, err := entrance.Open(ctx, n.nodes[i].Node, url, demoRoom)
		if err != nil {
			n.fail(fmt.Sprintf("opening the door of node %d", i), err)
			return
		}
		n.nodes[i].door = door
	})
}

func (n *network) shut(members []int) {
	for _, i := range members {
		node := n.nodes[i]
		if node == nil || node.door == nil {
			continue
		}
		if err := node.door.Close(); err != nil {
			n.fail(fmt.Sprintf("shutting the door of node %d", i), err)
		}
		node.door = nil
	}
}

func (n *network) join(ctx context.Context, i int) {
	if n.nodes[i] == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, enterTimeout)
	defer cancel()
	begun := time.Now()
	if _, err := entrance.Join(ctx, n.nodes[i].protocol, n.entrance.url, demoRoom); err != nil {
		n.fail(fmt.Sprintf("node %d, entering", i), err)
		return
	}
	n.opened(throughEntrance, time.Since(begun))
}

// opened notes an arc.
func (n *network) opened(how way, took time.Duration) {
	n.mu.Lock()
	n.report.took[how] = append(n.report.took[how], took)
	n.mu.Unlock()
	n.show.step()
}

// stopEntrance shuts the one server there was, and makes sure that it is gone.
// Doors that are still open find it gone and are shut after it.
func (n *network) stopEntrance(ctx context.Context) error {
	n.show.begin("the entrance", 0)
	if err := n.entrance.stop(ctx); err != nil {
		n.fail("stopping the entrance", err)
	}
	if conn, err := net.Dial("tcp", n.entrance.addr); err == nil {
		conn.Close()
		n.fail("stopping the entrance", errors.New("it still listens"))
	}
	n.shut(span(0, n.peers))
	n.entrance = nil
	n.show.end("is stopped: nobody can enter any more")
	return ctx.Err()
}

// close has every node say farewell. A node that is interrupted does not wait.
func (n *network) close(ctx context.Context) {
	if n.entrance != nil {
		n.shut(span(0, n.peers))
		n.entrance.stop(context.WithoutCancel(ctx)) // of a demo that has failed: one more error tells nothing
	}
	if n.page != nil {
		n.shut(span(0, n.peers))
		if err := n.page.close(ctx); err != nil {
			n.fail("stopping the page", err)
		}
	}
	n.show.begin("leaving", n.peers)
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for i, node := range n.nodes {
		if node == nil {
			continue
		}
		wg.Go(func() {
			if err := node.Leave(ctx); err != nil {
				n.fail(fmt.Sprintf("node %d, leaving", i), err)
			}
			n.show.step()
		})
	}
	wg.Wait()
	n.show.end("")
}
