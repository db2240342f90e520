package entrance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
)

const (
	maxVisits  = 64          // newcomers at a time, whatever the server says
	visitLimit = time.Minute // of one newcomer, likewise
	visitQueue = 32          // signals that wait for the node
)

// Door admits newcomers from one room of one server, until it or its node is
// closed.
type Door struct {
	client *Client
	node   *overlay.Node
	url    string
	hello  frame
	log    *slog.Logger
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   chan struct{} // run has ended

	mu  sync.Mutex
	err error
}

// Open connects to the server and keeps the door open from then on: a lost
// connection is logged and made again, for ever. It returns when the server has
// welcomed the door. Until then, it retries what can be mended, with backoff,
// while ctx lives; ctx counts for Open only, not for the door. Errors: of the
// arguments, a *RefusedError if there is no room for the door or no common
// version, ErrRefused for an HTTP status that says so, or the context's.
func (c *Client) Open(ctx context.Context, n *overlay.Node, url, room string) (*Door, error) {
	if err := check(url, room); err != nil {
		return nil, err
	}
	c = c.filled()
	d := &Door{
		client: c, node: n, url: url, log: c.Logger.With("node", n.ID().Short()),
		hello: frame{kind: hello, role: keeper, peer: n.ID(), room: room}, done: make(chan struct{}),
	}
	rand.Read(d.hello.token[:])
	for wait := c.backoff(); ; {
		cn, err := c.dial(ctx, url, d.hello)
		if err == nil {
			d.ctx, d.cancel = context.WithCancel(context.Background())
			go d.run(cn)
			return d, nil
		}
		if hopeless(err) {
			return nil, err
		}
		d.log.Debug("entrance unreachable", "err", err)
		if pause(ctx, max(wait.next(), retryAfter(err))) != nil {
			return nil, interrupted(ctx, err)
		}
	}
}

// interrupted is the error when ctx ended the retries.
func interrupted(ctx context.Context, last error) error {
	return fmt.Errorf("entrance: %w; before that: %v", ctx.Err(), last)
}

// Close takes the door away, gives up the newcomers that are not connected yet,
// and waits for the door's goroutines. It may be repeated.
func (d *Door) Close() error {
	d.cancel()
	<-d.done
	return nil
}

// Err is nil while the server holds the door open, and says what is wrong while
// it does not: the last failure, or overlay.ErrClosed when the door or its node
// is closed.
func (d *Door) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

func (d *Door) setErr(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !errors.Is(d.err, overlay.ErrClosed) { // that is the last one
		d.err = err
	}
}

// run keeps the door open until it is closed.
func (d *Door) run(cn *conn) {
	defer close(d.done)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer d.cancel()
	watching.Go(func() {
		select {
		case <-d.node.Done(): // nobody is there to let newcomers in
			d.cancel()
		case <-d.ctx.Done():
		}
	})
	wait := d.client.backoff()
	for cn != nil {
		began := time.Now()
		after, err := d.serve(cn)
		cn.close()
		if d.ctx.Err() != nil {
			break
		}
		d.setErr(err)
		d.log.Info("entrance lost", "err", err)
		wait.lasted(time.Since(began))
		cn = d.reopen(wait, after)
	}
	d.setErr(overlay.ErrClosed)
}

// reopen connects again; nil: the door was closed.
func (d *Door) reopen(wait *backoff, after time.Duration) *conn {
	for {
		if pause(d.ctx, max(wait.next(), after)) != nil {
			return nil
		}
		cn, err := d.client.dial(d.ctx, d.url, d.hello)
		if err == nil {
			d.setErr(nil)
			d.log.Info("entrance found again")
			return cn
		}
		after = retryAfter(err)
		d.setErr(err)
		d.log.Debug("entrance unreachable", "err", err)
	}
}

// visits are the newcomers of one connection.
type visits struct {
	door *Door
	conn *conn

	mu      sync.Mutex
	open    map[uint32]*visit
	leaving bool // the server wants us to go when the last one has ended
}

// serve admits newcomers until the connection ends, and says how long the
// server wants us to stay away.
func (d *Door) serve(cn *conn) (after time.Duration, err error) {
	vs := &visits{door: d, conn: cn, open: map[uint32]*visit{}}
	ctx, cancel := context.WithCancel(d.ctx)
	var admitting sync.WaitGroup
	defer admitting.Wait()
	defer cancel()
	for {
		f, err := cn.read(ctx)
		if err != nil {
			return after, err
		}
		switch f.kind {
		case begin:
			if v := vs.begin(f.number); v != nil {
				admitting.Go(func() { vs.admit(ctx, v) })
			} else {
				cn.write(frame{kind: end, number: f.number}) // the server asks another member
			}
		case signal:
			vs.signal(f)
		case end:
			vs.ended(f.number)
		case goaway:
			after = min(f.after, longestRetryAfter)
			if vs.leave() {
				return after, &RefusedError{Closing, f.after}
			}
		case refused:
			err := f.refusal()
			return retryAfter(err), err
		}
	}
}

// begin makes a conversation; nil: not now.
func (vs *visits) begin(number uint32) *visit {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if vs.leaving || len(vs.open) >= maxVisits || vs.open[number] != nil {
		return nil
	}
	v := &visit{conn: vs.conn, number: number, in: make(chan []byte, visitQueue), gone: make(chan struct{})}
	vs.open[number] = v
	return v
}

// signal gives a signal to its conversation, if that is not over. It drops what
// the node is too slow for: signals may be lost, and the other conversations
// must not wait.
func (vs *visits) signal(f frame) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if v := vs.open[f.number]; v != nil {
		select {
		case v.in <- f.signal:
		default:
		}
	}
}

// ended: the newcomer has gone, or has no need of us any more.
func (vs *visits) ended(number uint32) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if v := vs.open[number]; v != nil {
		delete(vs.open, number)
		close(v.gone)
	}
}

// leave begins no conversation from now on; true: none is under way.
func (vs *visits) leave() bool {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	vs.leaving = true
	return len(vs.open) == 0
}

// admit lets one newcomer in.
func (vs *visits) admit(ctx context.Context, v *visit) {
	ctx, cancel := context.WithTimeout(ctx, visitLimit)
	defer cancel()
	d := vs.door
	peer, err := d.node.AdmitThrough(ctx, v)
	if err != nil {
		d.log.Debug("newcomer not admitted", "peer", peer.Short(), "err", err)
	}
	if errors.Is(err, overlay.ErrClosed) { // the node is: nobody can be admitted here
		d.setErr(overlay.ErrClosed)
		d.cancel()
	}
	vs.mu.Lock()
	_, open := vs.open[v.number]
	delete(vs.open, v.number)
	empty := vs.leaving && len(vs.open) == 0
	vs.mu.Unlock()
	if open {
		v.conn.write(frame{kind: end, number: v.number})
	}
	if empty {
		v.conn.ws.Close() // the server waits for that; it ends serve's read
	}
}

// visit is one conversation with a newcomer. It is an overlay.Signals.
type visit struct {
	conn   *conn
	number uint32
	in     chan []byte
	gone   chan struct{} // closed when the server has said end
}

func (v *visit) Send(_ context.Context, b []byte) error {
	return v.conn.write(frame{kind: signal, number: v.number, signal: b})
}

func (v *visit) Receive(ctx context.Context) ([]byte, error) {
	select {
	case b := <-v.in: // what came before the end
		return b, nil
	default:
	}
	select {
	case b := <-v.in:
		return b, nil
	case <-v.gone:
		return nil, errEnded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
