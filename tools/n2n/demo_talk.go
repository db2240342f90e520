package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
)

// talkTimeout is how long all messages may take; on one host they take moments.
const talkTimeout = 15 * time.Second

// talk sends a message over every arc, and checks that each arrives, once, and
// nothing else. The arcs between two nodes share one channel; what tells their
// messages apart is a number.
func (n *network) talk(ctx context.Context) error {
	arcs := n.views(overlay.Out)
	total := 0
	for _, row := range arcs {
		for _, c := range row {
			total += c
		}
	}
	n.show.begin("messages", total)
	talk, cancel := context.WithTimeout(ctx, talkTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for i, node := range n.nodes {
		if node == nil {
			continue
		}
		wg.Go(func() { n.say(talk, i, arcs[i]) })
		wg.Go(func() { n.hear(talk, i, arcs) })
	}
	wg.Wait()
	n.show.end("arrived")
	return ctx.Err()
}

func (n *network) say(ctx context.Context, from int, arcs []int) {
	for to, count := range arcs {
		for arc := range count {
			message := binary.AppendUvarint(nil, uint64(arc))
			err := n.nodes[from].protocol.Send(ctx, n.nodes[to].ID(), message)
			if err != nil {
				n.fail(fmt.Sprintf("message of node %d to node %d", from, to), err)
				continue
			}
			n.mu.Lock()
			n.report.Sent++
			n.mu.Unlock()
		}
	}
}

// hear takes as many messages as arcs lead to a node, and crosses each off.
func (n *network) hear(ctx context.Context, to int, arcs [][]int) {
	missing := map[[2]int]bool{} // from, number of the arc
	for from := range arcs {
		for arc := range arcs[from][to] {
			missing[[2]int{from, arc}] = true
		}
	}
	for range len(missing) {
		m, err := n.nodes[to].protocol.Receive(ctx)
		if err != nil {
			n.fail(fmt.Sprintf("node %d waits for %d more messages", to, len(missing)), err)
			return
		}
		from, known := n.number[m.From]
		arc, size := binary.Uvarint(m.Data)
		name := [2]int{from, int(arc)}
		if !known || size != len(m.Data) || !missing[name] {
			n.fail(fmt.Sprintf("node %d", to), fmt.Errorf("a message of %s that nobody sent, or that came twice: %x", m.From.Short(), m.Data))
			continue
		}
		delete(missing, name)
		n.mu.Lock()
		n.report.Received++
		n.mu.Unlock()
		n.show.step()
	}
}
