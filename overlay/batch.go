package overlay

import (
	"context"
	"encoding/binary"

	"github.com/n2n-overlay/n2n/transport"
)

// Small messages go together in one frame where that delays none of them: while
// the channel has much under way already, they would wait in the driver, each by
// itself. A frame costs the layers below about as much with one message in it as
// with a hundred. On a channel that has little under way, for a driver that does
// not tell, and where messages need no order, so that one that is lost delays no
// other, each message has its own frame.
//
// What is put aside goes out as soon as its frame is full, something larger is
// sent, or the goroutine comes to run that is started for it.
const (
	small = 1 << 10  // bytes of a message that may be put aside
	much  = 16 << 10 // bytes under way
)

// batch is the messages of one pipe that were put aside.
type batch struct {
	frame   []byte // without its kind
	flusher bool   // a goroutine will flush
}

// batches reports whether a message of n bytes is put aside. The caller has the
// turn.
func (pp *pipe) batches(n int) bool {
	q, ok := pp.channel.(transport.Queue)
	return ok && n <= small && pp.owner().plain && q.Queued() >= much
}

// add puts a message aside. The caller has the turn.
func (pp *pipe) add(ctx context.Context, data []byte) error {
	if err := pp.acquire(ctx, cost(len(data), true)); err != nil {
		return err
	}
	b := &pp.batch
	b.frame = append(binary.AppendUvarint(b.frame, uint64(len(data))), data...)
	if len(b.frame) > fragment-small-binary.MaxVarintLen16 {
		return pp.flush()
	}
	if !b.flusher {
		b.flusher = pp.session.node.help(pp.flushSoon)
	}
	return nil
}

// flush sends what was put aside. The caller has the turn.
func (pp *pipe) flush() error {
	if len(pp.batch.frame) == 0 {
		return nil
	}
	err := pp.frame(frameBatch, pp.batch.frame)
	pp.batch.frame = pp.batch.frame[:0]
	return err
}

// flushSoon sends what was put aside when nobody sends any more.
func (pp *pipe) flushSoon() {
	select {
	case <-pp.turn:
	case <-pp.session.gone:
		return
	}
	pp.batch.flusher = false
	_ = pp.flush() // fails only when the session is over
	pp.turn <- struct{}{}
}

// drained reports whether all that was sent has arrived, as far as the driver
// tells.
func (n *Node) drained() bool {
	for _, s := range n.sessions {
		for _, pp := range s.pipes.all() {
			if !pp.drained() {
				return false
			}
		}
	}
	return true
}

func (pp *pipe) drained() bool {
	select {
	case <-pp.turn:
	default:
		return false // a message is being sent
	}
	defer func() { pp.turn <- struct{}{} }()
	_ = pp.flush() // fails only when the session is over
	q, ok := pp.channel.(transport.Queue)
	return !ok || q.Queued() == 0
}

// unpack takes a frame of messages.
func (pp *pipe) unpack(frame []byte) (violation string) {
	if len(frame) == 0 || pp.partial.size > 0 {
		return "batch that is empty, or within a message"
	}
	for len(frame) > 0 {
		n, size := binary.Uvarint(frame)
		if size <= 0 || n > uint64(len(frame)-size) {
			return "batch that is cut"
		}
		end := size + int(n)
		if v := pp.data(frame[size:end], true); v != "" {
			return v
		}
		frame = frame[end:]
	}
	return ""
}
