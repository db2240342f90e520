package overlaytest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// Program is what a user's protocol does at one peer. It returns when ctx ends,
// or earlier. A peer may have several.
type Program func(ctx context.Context, p *Peer)

// Peer is one peer of a world, from its start to its crash: the protocol under
// test, and what a simple program needs beside it. Node gives its node.
type Peer struct {
	*overlay.Protocol
	Index int // its number in the world

	world   *World
	boot    int // how often it was restarted
	driver  *mem.Driver
	slots   *slots
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	down    atomic.Bool

	mu     sync.Mutex
	rng    *rand.Rand
	others []*overlay.Protocol
}

// ID gives the peer's name.
func (p *Peer) ID() transport.PeerID { return p.Node().ID() }

// Alive reports whether the peer is up.
func (p *Peer) Alive() bool { return !p.down.Load() }

// start runs a program. The moment is drawn here, since of two programs that
// start neither is the first to draw.
func (p *Peer) start(program Program) {
	stagger := p.stagger()
	p.Go(func() {
		if p.sleep(p.ctx, stagger) {
			program(p.ctx, p)
		}
	})
}

// patience is how long a program may take to end, in virtual time.
const patience = time.Minute

// wait waits for the programs, whose context has ended.
func (p *Peer) wait() {
	ended := make(chan struct{})
	go func() { p.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(patience):
		// Nothing else ends a bubble in which somebody goes on for ever.
		panic(fmt.Sprintf("overlaytest: peer %d: a program has not ended, %v after its context did", p.Index, patience))
	}
}

// IntN draws a number from 0 to n-1. It panics if n is not positive.
func (p *Peer) IntN(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rng.IntN(n)
}

// Pick draws one of the peers in a view, each with the same chance, but none of
// except. There may be none: then it gives the zero PeerID, which is nobody's
// neighbor.
func (p *Peer) Pick(view overlay.View, except ...transport.PeerID) transport.PeerID {
	var ids []transport.PeerID
	for id := range view.All() {
		if !slices.Contains(except, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return transport.PeerID{}
	}
	return ids[p.IntN(len(ids))]
}

// Enter opens an arc to a peer that is drawn from all that are up, as an
// entrance server would: this is how a newcomer, or who has lost all neighbors,
// comes in. The way there and back takes Config.Path's latency each and loses nothing.
// A partition does not cut it, but it cuts the session. It does nothing if
// nobody else is up. Errors as of overlay.Protocol.Join.
func (p *Peer) Enter(ctx context.Context) error {
	up := slices.DeleteFunc(p.world.Up(), func(i int) bool { return i == p.Index })
	if len(up) == 0 {
		return nil
	}
	_, err := p.Join(ctx, p.admittedBy(p.world.Peer(up[p.IntN(len(up))])))
	return err
}

// admittedBy carries an offer to a peer and its answer back.
func (p *Peer) admittedBy(to *Peer) func(ctx context.Context, offer []byte) ([]byte, error) {
	return func(ctx context.Context, offer []byte) ([]byte, error) {
		latency := p.world.cfg.Path.Latency
		if !p.Sleep(ctx, latency) {
			return nil, ctx.Err()
		}
		var answer []byte
		err := p.Do(ctx, func(ctx context.Context) (err error) {
			answer, err = to.Node().Admit(ctx, offer)
			return err
		})
		if err == nil && !p.Sleep(ctx, latency) {
			err = ctx.Err()
		}
		return answer, err
	}
}

// Open registers one more protocol at this peer, or gives the one that Open
// registered before under that name. It fails the test if the node refuses.
func (p *Peer) Open(name string) *overlay.Protocol {
	if q := p.named(name); q != nil {
		return q
	}
	q, err := p.Node().Protocol(name, overlay.ProtocolConfig{})
	if err != nil {
		p.Errorf("protocol %q: %v", name, err)
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others = append(p.others, q)
	return q
}

// named gives the protocol of that name; nil: there is none.
func (p *Peer) named(name string) *overlay.Protocol {
	for _, q := range p.protocols() {
		if q.Name() == name {
			return q
		}
	}
	return nil
}

// protocols lists the protocol under test and what Open has registered.
func (p *Peer) protocols() []*overlay.Protocol {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*overlay.Protocol{p.Protocol}, p.others...)
}

// Logf logs to the test, with the virtual time and the peer.
func (p *Peer) Logf(format string, args ...any) {
	p.world.t.Helper()
	p.world.Logf("peer %d: %s", p.Index, fmt.Sprintf(format, args...))
}

// Errorf fails the test, which goes on.
func (p *Peer) Errorf(format string, args ...any) {
	p.world.t.Helper()
	p.world.Errorf("peer %d: %s", p.Index, fmt.Sprintf(format, args...))
}
