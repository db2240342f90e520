package live

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

// Watched is one node of this process that a page shows.
type Watched struct {
	page  *Page
	name  string
	stale atomic.Bool // its description may have changed

	node     *overlay.Node // both set by Show, before it is in page.nodes
	protocol *overlay.Protocol

	json    []byte // its newest description; page.mu
	version uint64 // page.mu

	mu    sync.Mutex
	steps *ring[overlay.Step]
	moved chan struct{} // closed and replaced by each step
	arcs  []arcInfo
}

// Watch makes what watches a node under a name; Step may be called at once, and
// Show begins to show it.
func (p *Page) Watch(name string) *Watched {
	return &Watched{page: p, name: name, steps: newRing[overlay.Step](stepsKept), moved: make(chan struct{})}
}

// Step notes a step of the node's machines: it is made for overlay.Config.Trace.
func (w *Watched) Step(s overlay.Step) {
	w.mu.Lock()
	w.steps.add(s)
	close(w.moved)
	w.moved = make(chan struct{})
	w.mu.Unlock()
}

// Show shows a node and its protocol on the page until either is closed. Call it
// before the node has arcs, or how they came to be is not known. At most 512
// nodes are shown; more are ignored.
func (w *Watched) Show(n *overlay.Node, protocol *overlay.Protocol) {
	p := w.page
	w.node, w.protocol = n, protocol
	events := protocol.Events(p.ctx)
	p.mu.Lock()
	full := len(p.nodes) >= maxNodes
	if !full {
		p.nodes = append(p.nodes[:len(p.nodes):len(p.nodes)], w)
	}
	p.mu.Unlock()
	if full {
		return
	}
	w.stale.Store(true)
	p.start(func() {
		for e := range events {
			w.happened(e)
		}
		p.drop(w)
	})
}

// Listen takes the messages that come for the protocol, and shows them, until the
// page or the protocol is closed. Nobody else may receive any more.
func (w *Watched) Listen() {
	w.page.start(func() {
		for {
			m, err := w.protocol.Receive(w.page.ctx)
			if err != nil {
				return
			}
			w.page.tell(event{Kind: "message", Node: w.node.ID(), Peer: m.From, Text: clean(m.Data)})
		}
	})
}

// drop takes a node off the page.
func (p *Page) drop(w *Watched) {
	p.mu.Lock()
	defer p.mu.Unlock()
	nodes := make([]*Watched, 0, len(p.nodes))
	for _, o := range p.nodes {
		if o != w {
			nodes = append(nodes, o)
		}
	}
	p.nodes = nodes
	p.version++
	p.wake()
}

// find gives the node of an id; nil: it is not shown.
func (p *Page) find(id transport.PeerID) *Watched {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.nodes {
		if w.node.ID() == id {
			return w
		}
	}
	return nil
}

func (w *Watched) happened(e overlay.Event) {
	id := w.node.ID()
	switch e := e.(type) {
	case overlay.ArcOpened:
		w.mu.Lock()
		w.arcs = append(w.arcs, arcInfo{Peer: e.Peer, Out: e.Direction == overlay.Out, Via: e.Via, New: e.NewSession})
		w.mu.Unlock()
		w.page.tell(event{Kind: "opened", Node: id, Peer: e.Peer, Out: e.Direction == overlay.Out, Via: e.Via, New: e.NewSession})
	case overlay.ArcClosed:
		w.mu.Lock()
		for i := len(w.arcs) - 1; i >= 0; i-- { // the youngest goes first
			if a := w.arcs[i]; a.Peer == e.Peer && a.Out == (e.Direction == overlay.Out) {
				w.arcs = append(w.arcs[:i:i], w.arcs[i+1:]...)
				break
			}
		}
		w.mu.Unlock()
		w.page.tell(event{Kind: "closed", Node: id, Peer: e.Peer, Out: e.Direction == overlay.Out, Text: e.Cause.String()})
	case overlay.ArcFailed:
		w.page.tell(event{Kind: "failed", Node: id, Peer: e.Peer, Out: true, Via: e.Via, Text: e.Err.Error()})
	case overlay.Lagged:
		w.page.tell(event{Kind: "lagged", Node: id, Missed: uint64(e.Missed)})
	}
	w.stale.Store(true)
}

// describe asks the node how it is now.
func (w *Watched) describe() description {
	d := description{ID: w.node.ID(), Name: w.name, Neighbors: []neighbor{}, Arcs: []arcInfo{}}
	for _, n := range w.node.Neighbors() {
		d.Neighbors = append(d.Neighbors, neighbor{n.Peer, float64(n.RTT.Microseconds()) / 1000})
	}
	s := w.node.Stats()
	d.Stats = stats{
		Opened: s.SessionsOpened, Lost: s.SessionsLost, Signals: s.SignalsSent, Relayed: s.Relayed, Glares: s.Glares,
		Sent: s.MessagesSent, Edges: s.Edges, Divergences: s.Divergences, Bugs: s.Bugs,
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	d.Arcs = append(d.Arcs, w.arcs...)
	return d
}

// machines gives the node's machines, and its steps from a number on.
func (w *Watched) machines(from uint64) (list []overlay.Machine, steps []overlay.Step, next, missed uint64) {
	list = w.node.Machines()
	w.mu.Lock()
	defer w.mu.Unlock()
	steps, next, missed = w.steps.from(from, stepsKept)
	return list, steps, next, missed
}

// wait gives a channel that is closed by the node's next step.
func (w *Watched) wait() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.moved
}

// do carries out a command on the node.
func (w *Watched) do(ctx context.Context, c command) error {
	switch c.Do {
	case "connect":
		return w.protocol.Connect(ctx, c.To, c.Via...)
	case "introduce":
		return w.protocol.Introduce(ctx, c.From, c.To)
	case "invite":
		return w.protocol.Invite(ctx, c.From)
	case "reverse":
		return w.protocol.Reverse(ctx, c.To)
	case "disconnect":
		return w.protocol.Disconnect(ctx, c.To)
	case "send":
		return w.protocol.Send(ctx, c.To, []byte(c.Text))
	}
	return errUnknownCommand
}
