package overlay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Join enters a network over any channel that carries bytes: exchange gets an
// offer (at most 2 KiB, to whoever it reaches), has somebody's Node.Admit answer
// it, and returns the answer. Join returns the peer that answered, when an arc
// to it is open. Exchange runs on the caller's goroutine and may take as long
// as ctx lets it; after it, ConnectTimeout counts. If the peer is a neighbor
// already, the arc uses that session. Errors: a *ConnectError as of Connect, or
// with ErrMalformed or ErrSignature, or what exchange returned.
func (p *Protocol) Join(ctx context.Context, exchange func(ctx context.Context, offer []byte) (answer []byte, err error)) (transport.PeerID, error) {
	j, err := p.newJoin(false)
	if err != nil {
		return transport.PeerID{}, err
	}
	defer j.end()
	select {
	case offer := <-j.conduit.out:
		answer, err := exchange(ctx, offer)
		if err == nil {
			err = j.conduit.take(answer)
		}
		if err != nil {
			return transport.PeerID{}, &ConnectError{State: "exchange", Err: err}
		}
	case d := <-j.result:
		j.result <- d // wait takes it
	case <-ctx.Done():
	case <-p.node.stop:
	}
	d, err := p.node.wait(ctx, j.call, j.result)
	return d.Peer, err
}

// Signals is a channel that carries signals both ways between a newcomer and a
// member, whole, at most 2 KiB each; it may lose or repeat them. Send and
// Receive are called from one goroutine each.
type Signals interface {
	Send(ctx context.Context, signal []byte) error
	Receive(ctx context.Context) ([]byte, error)
}

// JoinThrough enters a network as Join does, over a channel that stays open
// meanwhile: candidates are sent as they are found, and lost signals again.
func (p *Protocol) JoinThrough(ctx context.Context, s Signals) (transport.PeerID, error) {
	j, err := p.newJoin(true)
	if err != nil {
		return transport.PeerID{}, err
	}
	defer j.end()
	ctx, cancel := context.WithCancel(ctx)
	var carrying sync.WaitGroup
	defer carrying.Wait()
	defer cancel()
	var broken error // why the channel ended; read after carrying has
	carrying.Go(func() {
		if broken = j.conduit.run(ctx, s); broken != nil {
			// An offer without an answer fails; an answered one needs no channel.
			p.node.post(core.CloseDoor{Conn: j.conduit.number})
		}
	})
	d, err := p.node.wait(ctx, j.call, j.result)
	cancel()
	carrying.Wait()
	if errors.Is(err, ErrFailed) && broken != nil && !errors.Is(broken, context.Canceled) {
		err = &ConnectError{State: "exchange", Err: broken}
	}
	return d.Peer, err
}

// join is one offer that names nobody, and the call that waits for it.
type join struct {
	conduit *conduit
	call    uint64
	result  chan core.Done
}

func (p *Protocol) newJoin(trickle bool) (*join, error) {
	n := p.node
	j := &join{conduit: n.newConduit()}
	j.call, j.result = n.newCall()
	if !n.post(core.Join{Call: j.call, Protocol: p.name, Conn: j.conduit.number, Trickle: trickle}) {
		j.end()
		return nil, ErrClosed
	}
	return j, nil
}

// end gives the attempt up, if it has not ended.
func (j *join) end() {
	n := j.conduit.node
	n.post(core.Cancel{Call: j.call})
	n.endCall(j.call)
	n.endConduit(j.conduit)
}

// Admit lets a newcomer in: it takes the offer that a Join made, and returns
// the answer to be brought back. It returns as soon as that is known; whether
// the newcomer comes shows in the protocol's events. Whatever is carried back
// must reach the newcomer within Config.AdmitTimeout. Errors: ErrMalformed, ErrSignature,
// ErrRefused for an offer whose session has begun, or come to nothing, ErrClosed
// or the context's. An offer that is given once more while its answer is under way
// gets the same answer.
func (n *Node) Admit(ctx context.Context, offer []byte) (answer []byte, err error) {
	c := n.newConduit()
	defer n.endConduit(c)
	if !n.post(core.OpenDoor{Conn: c.number}) {
		return nil, ErrClosed
	}
	if err := c.take(offer); err != nil {
		return nil, err
	}
	select {
	case answer = <-c.out:
	case <-c.finished:
		select {
		case answer = <-c.out: // a reject, say
		default:
			if c.err == nil {
				return nil, fmt.Errorf("admit %s: %w: the offer was answered before", c.peer.Short(), ErrRefused)
			}
			return nil, fmt.Errorf("admit %s: %w", c.peer.Short(), c.err)
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-n.stop:
		return nil, ErrClosed
	}
	if transport.SignalKind(c.first.Load()) == transport.Reset {
		return nil, fmt.Errorf("admit: %w: the offer was answered before", ErrRefused)
	}
	return answer, nil
}

// AdmitThrough lets the newcomer at the other end of a channel in. It returns
// who it was when it has a session (a new one, or one from before); else why it
// was turned away, or how the channel or ctx ended: a newcomer whose attempt
// failed may try again on the same channel.
func (n *Node) AdmitThrough(ctx context.Context, s Signals) (transport.PeerID, error) {
	c := n.newConduit()
	defer n.endConduit(c)
	if !n.post(core.OpenDoor{Conn: c.number, Trickle: true}) {
		return transport.PeerID{}, ErrClosed
	}
	if err := c.run(ctx, s); err != nil {
		return transport.PeerID{}, err
	}
	select {
	case <-c.finished:
		return c.peer, c.err
	default:
		return transport.PeerID{}, ErrClosed
	}
}

// conduit is one channel of the application's that carries signals.
type conduit struct {
	node     *Node
	number   uint64
	out      chan []byte
	first    atomic.Uint32 // the kind of the first of them; zero: none yet
	once     sync.Once
	finished chan struct{}
	peer     transport.PeerID
	err      error
}

func (n *Node) newConduit() *conduit {
	c := &conduit{node: n, number: n.last.Add(1), out: make(chan []byte, 32), finished: make(chan struct{})}
	n.mu.Lock()
	n.conduits[c.number] = c
	n.mu.Unlock()
	return c
}

func (n *Node) endConduit(c *conduit) {
	n.mu.Lock()
	delete(n.conduits, c.number)
	n.mu.Unlock()
	n.post(core.CloseDoor{Conn: c.number})
}

func (n *Node) conduit(number uint64) *conduit {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.conduits[number]
}

// put gives a signal to whoever carries them; false: the carrier is too slow.
func (c *conduit) put(kind transport.SignalKind, b []byte) bool {
	c.first.CompareAndSwap(0, uint32(kind))
	select {
	case c.out <- b:
		return true
	default:
		return false
	}
}

func (c *conduit) finish(peer transport.PeerID, err error) {
	c.once.Do(func() {
		c.peer, c.err = peer, err
		close(c.finished)
	})
}

// take gives a signal that was carried here to the core.
func (c *conduit) take(b []byte) error {
	s, err := c.node.codec.Open(b)
	if err != nil {
		return err
	}
	if !c.node.post(core.Signaled{Conn: c.number, Signal: s}) {
		return ErrClosed
	}
	return nil
}

// run carries signals until the attempt is over, the channel fails or ctx ends.
// A signal that is none is skipped: the channel's other users may be to blame.
func (c *conduit) run(ctx context.Context, s Signals) error {
	ctx, cancel := context.WithCancel(ctx)
	var receiving sync.WaitGroup
	defer receiving.Wait()
	defer cancel()
	failed := make(chan error, 1)
	receiving.Go(func() {
		for {
			b, err := s.Receive(ctx)
			if err != nil {
				failed <- err
				return
			}
			if err := c.take(b); errors.Is(err, ErrClosed) {
				failed <- err
				return
			} else if err != nil {
				c.node.counts.Malformed.Add(1)
			}
		}
	})
	for {
		select {
		case b := <-c.out:
			if err := s.Send(ctx, b); err != nil {
				return err
			}
		case err := <-failed:
			return err
		case <-c.finished:
			return c.flush(ctx, s)
		case <-c.node.stop:
			return ErrClosed
		}
	}
}

// flush sends what was said last: a reject, say.
func (c *conduit) flush(ctx context.Context, s Signals) error {
	for {
		select {
		case b := <-c.out:
			if err := s.Send(ctx, b); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}
