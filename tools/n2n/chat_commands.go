package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

const chatHelp = `what you type goes to all neighbors; PEER is a name, an id, or the beginning of one
  /connect PEER                  an arc from you; a common neighbor is found and brokers it
  /connect PEER via PEER…        through these brokers: your neighbor, its neighbor, …
  /introduce PEER PEER           the first opens an arc to the second, brokered by you
  /disconnect PEER               one arc from you less
  /peers                         your neighbors, and how they came to be
  /peers PEER                    the neighbors of that neighbor
  /id [PEER]                     the whole id, yours or a peer's
  /help                          this
  /quit                          leave, as the end of the input does`

// typed does what a line says, and reports whether that was to quit.
func (c *chat) typed(ctx context.Context, line string) (quit bool) {
	line = strings.TrimSpace(line)
	words := strings.Fields(line)
	if c.pasted(ctx, line) || len(words) == 0 {
		return false
	}
	if !strings.HasPrefix(line, "/") {
		c.say(ctx, line)
		return false
	}
	err := c.command(ctx, words[0], words[1:])
	if errors.Is(err, errQuit) {
		return true
	}
	if err != nil && ctx.Err() == nil {
		c.screen.say("! %v", err)
	}
	return false
}

var errQuit = errors.New("quit")

func (c *chat) command(ctx context.Context, name string, args []string) error {
	switch {
	case name == "/connect" && len(args) == 1:
		return c.connect(ctx, args[0])
	case name == "/connect" && len(args) > 2 && args[1] == "via":
		return c.connectVia(ctx, args[0], args[2:])
	case name == "/connect":
		return errors.New("usage: /connect PEER [via PEER…]")
	case name == "/introduce" && len(args) == 2:
		return c.introduce(ctx, args[0], args[1])
	case name == "/introduce":
		return errors.New("usage: /introduce PEER PEER")
	case name == "/disconnect" && len(args) == 1:
		return c.disconnect(ctx, args[0])
	case name == "/disconnect":
		return errors.New("usage: /disconnect PEER")
	case name == "/peers" && len(args) == 0:
		c.peers()
		return nil
	case name == "/peers" && len(args) == 1:
		return c.peersOf(ctx, args[0])
	case name == "/id" && len(args) == 0:
		c.screen.say("%s", c.node.ID())
		return nil
	case name == "/id" && len(args) == 1:
		id, err := c.choose(args[0], c.book())
		if err == nil {
			c.screen.say("%s", id)
		}
		return err
	case name == "/help":
		c.screen.say("%s", chatHelp)
		return nil
	case name == "/quit":
		return errQuit
	}
	return fmt.Errorf("no such command: %s; /help lists them", clean(name, maxName))
}

// connect opens an arc to a neighbor, or to whom a neighbor knows. That it is
// open shows as an event.
func (c *chat) connect(ctx context.Context, query string) error {
	neighbors := c.neighbors()
	to, err := c.choose(query, neighbors)
	if err == nil && slices.Contains(neighbors, to) {
		return c.protocol.Connect(ctx, to)
	}
	if _, nobody := errors.AsType[*errNobody](err); err != nil && !nobody {
		return err
	}
	to, broker, err := c.find(ctx, query)
	if err != nil {
		return err
	}
	return c.protocol.Connect(ctx, to, broker)
}

// connectVia opens an arc through brokers, each of whom is asked for the next
// one as long as it is a neighbor.
func (c *chat) connectVia(ctx context.Context, query string, brokers []string) error {
	first, err := c.choose(brokers[0], c.neighbors())
	if err != nil {
		return fmt.Errorf("the first broker must be a neighbor: %w", err)
	}
	path := []transport.PeerID{first}
	for _, next := range append(brokers[1:len(brokers):len(brokers)], query) {
		id, err := c.choose(next, c.book())
		if _, nobody := errors.AsType[*errNobody](err); nobody && len(path) == 1 {
			c.ask(ctx, next, path)
			id, err = c.choose(next, c.book())
		}
		if err != nil {
			return fmt.Errorf("%w: give the whole id (/id shows it to its owner)", err)
		}
		path = append(path, id)
	}
	return c.protocol.Connect(ctx, path[len(path)-1], path[:len(path)-1]...)
}

func (c *chat) introduce(ctx context.Context, from, to string) error {
	neighbors := c.neighbors()
	a, err := c.choose(from, neighbors)
	if err != nil {
		return err
	}
	b, err := c.choose(to, neighbors)
	if err != nil {
		return err
	}
	if err := c.protocol.Introduce(ctx, a, b); err != nil {
		return err
	}
	c.screen.say("%s has an arc to %s now", c.called(a), c.called(b))
	return nil
}

func (c *chat) disconnect(ctx context.Context, query string) error {
	to, err := c.choose(query, c.neighbors())
	if err != nil {
		return err
	}
	err = c.protocol.Disconnect(ctx, to)
	if errors.Is(err, overlay.ErrNotNeighbor) {
		return fmt.Errorf("no arc leads from you to %s; those to you are ended by it", c.called(to))
	}
	return err
}

// peers shows the neighbors, those without arcs too: their sessions linger.
func (c *chat) peers() {
	out, in := c.protocol.Outview(), c.protocol.Inview()
	c.screen.say("you are %s, with %d arcs from you and %d to you", c.myself(), out.Len(), in.Len())
	for _, n := range c.node.Neighbors() {
		c.mu.Lock()
		name, how := c.calledNow(n.Peer), c.person(n.Peer).how
		c.mu.Unlock()
		if out.Count(n.Peer)+in.Count(n.Peer) == 0 {
			how = "without arcs now"
		}
		rtt := "not measured"
		if n.RTT > 0 {
			rtt = millis(n.RTT)
		}
		c.screen.say("  %-24s %d from you, %d to you, %s, for %s, round trip %s",
			name, out.Count(n.Peer), in.Count(n.Peer), how, n.Age.Round(time.Second), rtt)
	}
}

// peersOf shows the neighbors of a neighbor, as that tells.
func (c *chat) peersOf(ctx context.Context, query string) error {
	id, err := c.choose(query, c.neighbors())
	if err != nil {
		return err
	}
	answers := c.ask(ctx, "", []transport.PeerID{id})
	if len(answers) == 0 {
		return fmt.Errorf("%s does not answer", c.called(id))
	}
	if len(answers[0].known) == 0 {
		c.screen.say("%s knows nobody else", c.called(id))
		return nil
	}
	c.screen.say("%s knows", c.called(id))
	for _, k := range answers[0].known {
		c.screen.say("  %s", c.called(k.ID))
	}
	return nil
}
