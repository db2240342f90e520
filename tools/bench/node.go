package bench

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/tools/far"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

const protocol = "bench"

// direct are n2n nodes whose signals are carried by the program, as at an entrance.
var direct = system{name: "n2n direct", grid: func(ctx context.Context, left, right int, way way) (grid, error) {
	return newNodeGrid(ctx, left, right, 0, way)
}}

// brokered are n2n nodes that have so many brokers between them.
func brokered(name string, brokers int) system {
	return system{name: name, grid: func(ctx context.Context, left, right int, way way) (grid, error) {
		return newNodeGrid(ctx, left, right, brokers, way)
	}}
}

var (
	oneBroker    = brokered("n2n 1 broker", 1)
	threeBrokers = brokered("n2n 3 brokers", 3)
)

// node is one n2n node with one protocol.
type node struct {
	*overlay.Node
	p *overlay.Protocol
}

// nodeGrid is nodes of which those on the left have a session with the first
// broker and those on the right with the last.
type nodeGrid struct {
	way                  way
	left, right, brokers []node
	path                 []transport.PeerID
	network              *far.Network // nil: packets are not delayed
}

// Labels of the network's sockets.
const (
	atEnd    = "end"
	atBroker = "broker"
)

func newNodeGrid(ctx context.Context, left, right, brokers int, way way) (_ grid, err error) {
	g := &nodeGrid{way: way}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	if way.packets > 0 {
		hop := way.signals / time.Duration(brokers+1)
		g.network = far.New(func(from, to string) time.Duration {
			if from == atEnd && to == atEnd {
				return way.packets
			}
			return hop
		})
	}
	for list, n := range map[*[]node]int{&g.left: left, &g.right: right, &g.brokers: brokers} {
		label := atEnd
		if list == &g.brokers {
			label = atBroker
		}
		for range n {
			x, err := newNode(g.network, label)
			if err != nil {
				return nil, err
			}
			*list = append(*list, x)
		}
	}
	for i, b := range g.brokers {
		g.path = append(g.path, b.ID())
		if i > 0 {
			if err := meet(ctx, g.brokers[i-1], b, 0); err != nil {
				return nil, err
			}
		}
	}
	if brokers == 0 {
		return g, nil
	}
	for _, x := range g.left {
		if err := meet(ctx, x, g.brokers[0], 0); err != nil {
			return nil, err
		}
	}
	for _, x := range g.right {
		if err := meet(ctx, x, g.brokers[brokers-1], 0); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func newNode(n *far.Network, label string) (node, error) {
	driver, err := pion.New(pion.Config{ListenAddr: "127.0.0.1:0"})
	if err != nil {
		return node{}, err
	}
	var d transport.Driver = driver
	if n != nil {
		d = &far.Driver{Driver: driver, Network: n, Label: label}
	}
	x, err := overlay.New(overlay.Config{Driver: d, Network: "n2n bench"})
	if err != nil {
		return node{}, errors.Join(err, driver.Close())
	}
	p, err := x.Protocol(protocol, overlay.ProtocolConfig{})
	if err != nil {
		return node{}, errors.Join(err, x.Close())
	}
	return node{x, p}, nil
}

// meet connects two nodes that know nobody else; a signal takes some time.
func meet(ctx context.Context, from, to node, signals time.Duration) error {
	_, err := from.p.Join(ctx, func(ctx context.Context, offer []byte) (answer []byte, err error) {
		if err := pause(ctx, signals); err != nil {
			return nil, err
		}
		if answer, err = to.Admit(ctx, offer); err != nil {
			return nil, err
		}
		return answer, pause(ctx, signals)
	})
	return err
}

// open returns when the arc is open: Connect does so once both ends have it.
func (g *nodeGrid) open(ctx context.Context, left, right int) (a, b end, err error) {
	x, y := g.left[left], g.right[right]
	if len(g.brokers) == 0 {
		err = meet(ctx, x, y, g.way.signals)
	} else {
		err = x.p.Connect(ctx, y.ID(), g.path...)
	}
	return &nodeEnd{x.p, y.ID()}, &nodeEnd{y.p, x.ID()}, err
}

func (g *nodeGrid) close() {
	var wg sync.WaitGroup
	for _, list := range [][]node{g.left, g.right, g.brokers} {
		for _, x := range list {
			wg.Go(func() { _ = x.Close() })
		}
	}
	wg.Wait()
	if g.network != nil {
		g.network.Close()
	}
}

// nodeEnd is one end of an arc. A node that is served has one arc only.
type nodeEnd struct {
	p    *overlay.Protocol
	peer transport.PeerID
}

func (e *nodeEnd) send(ctx context.Context, p []byte) error { return e.p.Send(ctx, e.peer, p) }

func (e *nodeEnd) serve(f func([]byte)) {
	go func() { // ends with the node
		for {
			m, err := e.p.Receive(context.Background())
			if err != nil {
				return
			}
			f(m.Data)
		}
	}()
}
