package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// askTimeout is how long neighbors may take to say whom they know.
const askTimeout = 2 * time.Second

// question waits for the answers of some neighbors.
type question struct {
	of      map[transport.PeerID]bool // who has not answered yet
	answers chan answer
}

type answer struct {
	by    transport.PeerID
	known []acquaintance
}

// ask has neighbors say whom they know by a name or an id, and gives the answers
// in the order in which they come, until all have answered, or for askTimeout.
func (c *chat) ask(ctx context.Context, query string, of []transport.PeerID) (answers []answer) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	q := &question{of: map[transport.PeerID]bool{}, answers: make(chan answer, len(of))}
	for _, peer := range of {
		q.of[peer] = true
	}
	c.mu.Lock()
	c.asked++
	number := c.asked
	c.questions[number] = q
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.questions, number)
	}()
	for _, peer := range of {
		c.post(peer, note{Kind: kindWho, Number: number, Text: query})
	}
	for range of {
		select {
		case a := <-q.answers:
			answers = append(answers, a)
		case <-ctx.Done():
			return answers
		}
	}
	return answers
}

// answered takes an answer, once from each of those that were asked.
func (c *chat) answered(by transport.PeerID, n note) {
	c.mu.Lock()
	q := c.questions[n.Number]
	wanted := q != nil && q.of[by]
	if wanted {
		delete(q.of, by)
	}
	c.mu.Unlock()
	if wanted {
		c.heard(n.Known)
		q.answers <- answer{by, n.Known} // has room for one of each
	}
}

// find gives somebody who is no neighbor, and a neighbor that can broker it.
func (c *chat) find(ctx context.Context, query string) (who, broker transport.PeerID, err error) {
	neighbors := c.neighbors()
	if len(neighbors) == 0 {
		return who, broker, errors.New("you have no neighbor that could broker it")
	}
	text := query
	if id, err := c.choose(query, c.book()); err == nil {
		text = id.String() // others may know it by another name
	} else if _, nobody := errors.AsType[*errNobody](err); !nobody {
		return who, broker, err
	}
	var found []transport.PeerID
	for _, a := range c.ask(ctx, text, neighbors) {
		for _, k := range a.known {
			if k.ID == c.node.ID() || slices.Contains(found, k.ID) || !fits(text, k.ID, k.Name) {
				continue
			}
			if len(found) == 0 {
				broker = a.by
			}
			found = append(found, k.ID)
		}
	}
	switch len(found) {
	case 0:
		return who, broker, fmt.Errorf("no neighbor of yours knows %q: /peers NEIGHBOR shows whom one knows, and /connect PEER via NEIGHBOR ITS-NEIGHBOR goes over several", clean(query, maxName))
	case 1:
		return found[0], broker, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return who, broker, c.ambiguous(query, found)
}
