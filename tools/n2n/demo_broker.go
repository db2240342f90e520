package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

// broker gives every node the rest of its arcs, with nothing but the sessions
// there are: round by round, one arc for each node in each.
func (n *network) broker(ctx context.Context) error {
	if n.arcs == 1 {
		return nil
	}
	n.show.begin("brokering", n.peers*(n.arcs-1))
	p := newPlanner(n.rng, n.peers, n.peers*n.arcs)
	for range n.arcs - 1 {
		p.round(n.sessions(), n.views(overlay.Out))
		var plans []plan
		for _, from := range n.rng.Perm(n.peers) {
			if pl, ok := p.next(from); ok {
				plans = append(plans, pl)
			} else {
				n.fail(fmt.Sprintf("node %d, brokering", from), errors.New("it knows nobody"))
			}
		}
		each(ctx, span(0, len(plans)), func(i int) { n.connect(ctx, plans[i]) })
	}
	n.show.end("with the entrance gone")
	return ctx.Err()
}

// connect carries out a plan, and notes what came of it.
func (n *network) connect(ctx context.Context, pl plan) {
	from, to := n.nodes[pl.from], n.nodes[pl.to].ID()
	via := make([]transport.PeerID, len(pl.via))
	for i, b := range pl.via {
		via[i] = n.nodes[b].ID()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := from.protocol.Events(ctx) // from here on
	begun := time.Now()
	if err := from.protocol.Connect(ctx, to, via...); err != nil {
		n.fail(fmt.Sprintf("node %d to node %d over %s", pl.from, pl.to, named(pl.via)), err)
		return
	}
	took := time.Since(begun)
	for e := range events {
		// A node has one Connect at a time, and the event comes before it returns.
		if o, ok := e.(overlay.ArcOpened); ok && o.Direction == overlay.Out && o.Peer == to {
			n.opened(wayOf(o), took)
			return
		}
	}
}

func named(brokers []int) string {
	if len(brokers) == 0 {
		return "the session there is"
	}
	return "node " + strings.Trim(strings.ReplaceAll(fmt.Sprint(brokers), " ", ", "), "[]")
}

// sessions tells which nodes have a session, as seen from both ends.
func (n *network) sessions() [][]bool {
	near := matrix[bool](n.peers)
	for i, node := range n.nodes {
		if node == nil {
			continue
		}
		for _, neighbor := range node.Neighbors() {
			if j, ok := n.number[neighbor.Peer]; ok {
				near[i][j] = true
			}
		}
	}
	for i := range near {
		for j := range i { // one end may know a moment earlier
			near[i][j] = near[i][j] && near[j][i]
			near[j][i] = near[i][j]
		}
	}
	return near
}

// views counts the arcs from the first node to the second, as the first tells
// (Out) or as the second does (In).
func (n *network) views(d overlay.Direction) [][]int {
	count := matrix[int](n.peers)
	for i, node := range n.nodes {
		if node == nil {
			continue
		}
		view := node.protocol.Outview()
		if d == overlay.In {
			view = node.protocol.Inview()
		}
		for peer, c := range view.All() {
			j, known := n.number[peer]
			switch {
			case !known:
				n.fail(fmt.Sprintf("node %d", i), fmt.Errorf("an arc with a stranger, %s", peer.Short()))
			case d == overlay.Out:
				count[i][j] = c
			default:
				count[j][i] = c
			}
		}
	}
	return count
}

// agree waits until both ends of all arcs agree: the end that is asked opens an
// arc before its answer is under way, so that takes moments, or for ever.
func (n *network) agree(ctx context.Context) error {
	n.show.begin("comparing views", 0)
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, agreeTimeout)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		wrong := n.disagreements()
		if len(wrong) == 0 {
			n.show.end("both ends agree")
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			for _, w := range wrong {
				n.fail("views", w)
			}
			n.mu.Lock()
			n.report.Disagreements = len(wrong)
			n.mu.Unlock()
			n.show.end(fmt.Sprintf("%d disagreements", len(wrong)))
			return outer.Err()
		}
	}
}

// disagreements compares each node's outview with the others' inviews.
func (n *network) disagreements() (wrong []error) {
	out, in := n.views(overlay.Out), n.views(overlay.In)
	for i := range out {
		for j := range out[i] {
			if out[i][j] != in[i][j] {
				wrong = append(wrong, fmt.Errorf("node %d counts %d arcs to node %d, which counts %d", i, out[i][j], j, in[i][j]))
			}
		}
	}
	return wrong
}

// measure reads what the nodes counted.
func (n *network) measure() {
	sessions := n.sessions()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, row := range sessions {
		for _, open := range row {
			if open {
				n.report.Sessions++ // from each end
			}
		}
	}
	n.report.Sessions /= 2
	for _, node := range n.nodes {
		if node == nil {
			continue
		}
		s := node.Stats()
		n.report.Edges += s.Edges
		n.report.Divergences += s.Divergences
		n.report.Bugs += s.Bugs
	}
	n.report.sum()
}
