package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/transport"
)

const (
	sendTimeout = 5 * time.Second
	doorEvery   = 200 * time.Millisecond
	maxLine     = 64 << 10 // bytes of one line typed
	outboxSize  = 64       // answers and greetings that wait for slow neighbors
)

// chat is one peer of a room, and what it knows of the others.
type chat struct {
	node     *overlay.Node
	protocol *overlay.Protocol
	name     string
	screen   *screen
	outbox   chan letter
	entered  string // how a session came to be that nobody brokered
	clip     clipboard

	mu        sync.Mutex
	people    map[transport.PeerID]*person
	questions map[uint64]*question
	asked     uint64 // number of the last question
}

// letter is a note on its way to a peer.
type letter struct {
	to   transport.PeerID
	note note
}

func newChat(node *overlay.Node, protocol *overlay.Protocol, name string, s *screen) *chat {
	if name == "" {
		name = node.ID().Short()
	}
	return &chat{
		node: node, protocol: protocol, name: name, screen: s, outbox: make(chan letter, outboxSize),
		entered: "through the entrance", clip: clipboard{answers: make(chan []byte)},
		people: map[transport.PeerID]*person{}, questions: map[uint64]*question{},
	}
}

// start follows what happens until the returned function is called, which waits
// for the goroutines.
func (c *chat) start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	events := c.protocol.Events(ctx) // from here on: nothing is missed
	var following sync.WaitGroup
	following.Go(func() {
		for e := range events {
			c.happened(e)
		}
	})
	following.Go(func() {
		for {
			m, err := c.protocol.Receive(ctx)
			if err != nil {
				return
			}
			c.received(m)
		}
	})
	following.Go(func() {
		for {
			select {
			case l := <-c.outbox:
				c.deliver(ctx, l.to, l.note) // who is too slow for it goes without
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		following.Wait()
	}
}

// post leaves a note for a peer, and never waits: a neighbor that does not read
// must not hold up what others say.
func (c *chat) post(to transport.PeerID, n note) {
	select {
	case c.outbox <- letter{to, n}:
	default:
	}
}

func (c *chat) deliver(ctx context.Context, to transport.PeerID, n note) error {
	b, err := n.encode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return c.protocol.Send(ctx, to, b)
}

// happened shows what became of an arc. Failed ones are not shown: who asked for
// one, here or at the broker, is told anyway.
func (c *chat) happened(e overlay.Event) {
	switch e := e.(type) {
	case overlay.ArcOpened:
		c.screen.say("+ %s: arc %s you, %s", c.called(e.Peer), fromTo(e.Direction), c.cameToBe(e))
		c.post(e.Peer, note{Kind: kindHello, Text: c.name})
	case overlay.ArcClosed:
		c.screen.say("- %s: arc %s you ended (%s)", c.called(e.Peer), fromTo(e.Direction), causes[e.Cause])
	case overlay.Lagged:
		c.screen.say("! %d events were too fast to show", e.Missed)
	}
}

var causes = map[overlay.Cause]string{
	overlay.Here: "by you", overlay.There: "by the other end", overlay.Left: "it left", overlay.Crashed: "connection lost",
	overlay.Idle: "it fell silent", overlay.Turned: "it turned round",
}

func fromTo(d overlay.Direction) string {
	if d == overlay.Out {
		return "from"
	}
	return "to"
}

// cameToBe tells how an arc came to be, and notes how its session did.
func (c *chat) cameToBe(e overlay.ArcOpened) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	how := "on the connection there was"
	switch {
	case !e.NewSession:
	case len(e.Via) == 0:
		how = c.entered
	default:
		brokers := make([]string, len(e.Via))
		for i, b := range e.Via {
			brokers[i] = c.calledNow(b)
		}
		how = "brokered by " + strings.Join(brokers, ", ")
	}
	if p := c.person(e.Peer); e.NewSession || p.how == "" {
		p.how = how
	}
	return how
}

func (c *chat) received(m overlay.Message) {
	n, err := decodeNote(m.Data)
	if err != nil {
		return // another program's, or a newer one's
	}
	switch n.Kind {
	case kindSay:
		c.screen.say("%s: %s", c.called(m.From), clean(n.Text, maxShown))
	case kindHello:
		c.named(m.From, n.Text)
	case kindWho:
		c.post(m.From, note{Kind: kindKnown, Number: n.Number, Known: c.known(n.Text, m.From)})
	case kindKnown:
		c.answered(m.From, n)
	}
}

// interact does what is typed until that ends, and tells once when the entrance
// dies, if there is one. A line that is being carried out is finished before the next.
func (c *chat) interact(ctx context.Context, stdin io.Reader, door *entrance.Door) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := make(chan string)
	read := make(chan error, 1)
	go func() { read <- readLines(ctx, stdin, lines) }()
	// Only closing it ends a read that waits; on a terminal not even that, but
	// the program's end.
	context.AfterFunc(ctx, func() {
		if s, ok := stdin.(io.Closer); ok {
			s.Close()
		}
	})
	tick := time.NewTicker(doorEvery)
	defer tick.Stop()
	lost := false
	c.screen.ask()
	for {
		select {
		case line := <-lines:
			if quit := c.typed(ctx, line); quit {
				return nil
			}
			c.screen.ask()
		case err := <-read:
			return err
		case <-tick.C:
			if door != nil {
				lost = c.doorNews(door.Err(), lost)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// doorNews tells when the entrance was lost and when it has come back, and
// returns whether it is lost.
func (c *chat) doorNews(err error, lost bool) bool {
	switch {
	case err != nil && !lost:
		c.screen.say("! the entrance is gone: you stay connected, and neighbors broker new arcs (/connect)")
	case err == nil && lost:
		c.screen.say("the entrance is back")
	}
	return err != nil
}

// readLines gives lines until the input or ctx ends. The error is the input's.
func readLines(ctx context.Context, r io.Reader, lines chan<- string) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	for s.Scan() {
		select {
		case lines <- s.Text():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line of more than %d bytes", maxLine)
	}
	return s.Err()
}

// say sends a line to all neighbors at the same time.
func (c *chat) say(ctx context.Context, text string) {
	to := c.neighbors()
	if len(to) == 0 {
		c.screen.say("! nobody hears you yet")
		return
	}
	var sending sync.WaitGroup
	for _, peer := range to {
		sending.Go(func() {
			if err := c.deliver(ctx, peer, note{Kind: kindSay, Text: text}); err != nil {
				c.screen.say("! %s did not get that: %v", c.called(peer), err)
			}
		})
	}
	sending.Wait()
}

// neighbors lists the peers of both views.
func (c *chat) neighbors() (list []transport.PeerID) {
	out, in := c.protocol.Outview(), c.protocol.Inview()
	for peer := range out.All() {
		list = append(list, peer)
	}
	for peer := range in.All() {
		if out.Count(peer) == 0 {
			list = append(list, peer)
		}
	}
	return list
}
