package overlay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// Delivery is how messages travel; its zero value is reliable and ordered.
//
//	                                      arrives   in order  Send waits  at most
//	{}                                    once      yes       yes         MaxMessage
//	{Unordered: true}                     once      no        yes         16 KiB
//	{MaxRetransmits: &n}                  or never  yes       no          16 KiB
//	{MaxLifetime: d}                      or never  yes       no          16 KiB
//	{MaxRetransmits: &n, Unordered: true} or never  no        no          16 KiB
//	{MaxLifetime: d, Unordered: true}     or never  no        no          16 KiB
//
// No message arrives twice, changed or in part. The messages that are sent in one
// of the upper two kinds arrive as long as an arc lasts. Those of the others are
// lost when their packets are, and n retransmissions (RFC 3758, RFC 7496) or a
// lifetime of d do not help; and when they are sent or taken too slowly: a Send
// that finds the driver's buffer full loses its own message, and of more than
// 1 MiB that waits here for Receive the oldest are lost. Stats.MessagesDropped
// counts both. In order means that nothing older comes after something newer.
//
// Each end's Delivery is about what it sends. Both must agree on whether messages
// may be lost: a peer that does not loses its session, as for every message that
// breaks the rules. What a driver cannot do it does better: see package pion for
// peers that are browsers.
type Delivery = transport.ChannelConfig

// maxDatagram is the size in bytes of the largest message that is not cut.
const maxDatagram = fragment

// otherChannel is what the channel of a protocol whose Delivery is not reliable
// and ordered is above the number in its Bind: the lower channels are, above all
// the first, which exists before anybody knows what for.
const otherChannel = 512

// frameLoose is a message that may be lost: nobody grants room for it.
const frameLoose = 8

func plain(d Delivery) bool { return !d.Unordered && !loose(d) }

func loose(d Delivery) bool { return d.MaxRetransmits != nil || d.MaxLifetime != 0 }

func checkDelivery(cfg *ProtocolConfig) error {
	d := cfg.Delivery
	switch {
	case d.MaxRetransmits != nil && d.MaxLifetime != 0:
		return errors.New("overlay: ProtocolConfig.Delivery has both MaxRetransmits and MaxLifetime")
	case d.MaxLifetime < 0 || d.MaxLifetime > 65535*time.Millisecond:
		return fmt.Errorf("overlay: ProtocolConfig.Delivery.MaxLifetime of %v: want 1 to 65535 ms", d.MaxLifetime)
	case plain(d):
		return nil
	case cfg.MaxMessage == 0:
		cfg.MaxMessage = maxDatagram
	case cfg.MaxMessage > maxDatagram:
		return fmt.Errorf("overlay: ProtocolConfig.MaxMessage is %d: a Delivery that is not reliable and ordered has at most %d", cfg.MaxMessage, maxDatagram)
	}
	return nil
}

// channelOf is the number of a protocol's channel.
func (p *Protocol) channelOf(bound uint16) uint16 {
	if p.plain {
		return bound
	}
	return bound + otherChannel
}

// ready waits until the other end has the channel open.
func (pp *pipe) ready(ctx context.Context) error {
	for {
		pp.mu.Lock()
		usable, wake := pp.usable, pp.wake
		pp.mu.Unlock()
		if usable {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		case <-pp.session.gone:
			return ErrNotNeighbor
		case <-pp.owner().closed:
			return ErrClosed
		}
	}
}

// sendLoose sends a message that may be lost. It waits only for the other end to
// have the channel open.
func (pp *pipe) sendLoose(ctx context.Context, data []byte) error {
	if err := pp.ready(ctx); err != nil {
		return err
	}
	err := pp.channel.Send(append([]byte{frameLoose}, data...))
	switch {
	case errors.Is(err, transport.ErrBufferFull):
		pp.session.node.counts.MessagesDropped.Add(1)
	case err != nil:
		return ErrNotNeighbor
	}
	return nil
}

// receiveLoose takes a message that might have been lost.
func (pp *pipe) receiveLoose(data []byte) (violation string) {
	p := pp.owner()
	switch {
	case !p.loose:
		return "message that may be lost, in a protocol that loses none"
	case len(data) > p.maxMessage:
		return "message above the limit"
	}
	message := append([]byte(nil), data...)
	pp.mu.Lock() // so that adopt finds it in one queue or the other
	defer pp.mu.Unlock()
	dropped := pp.owner().queue.putLoose(pp, message)
	pp.session.node.counts.MessagesDropped.Add(uint64(dropped))
	return ""
}

// looseQueue holds the messages of one pipe that may be lost, and wait for the
// application: at most a window of them. The queue's mutex guards it. For each,
// the queue has an item without a message, which stands for the oldest one.
type looseQueue struct {
	messages [][]byte
	bytes    int // with overhead
	items    int
}

// putLoose adds a message, and drops the oldest if there are too many.
func (q *queue) putLoose(pp *pipe, message []byte) (dropped int) {
	q.mu.Lock()
	l := &pp.waiting
	l.messages = append(l.messages, message)
	l.bytes += len(message) + overhead
	for l.bytes > window {
		l.pop()
		dropped++
	}
	if l.items < len(l.messages) {
		l.items++
		q.items = append(q.items, item{pipe: pp, loose: true})
	}
	q.mu.Unlock()
	q.signal()
	return dropped
}

func (l *looseQueue) pop() []byte {
	message := l.messages[0]
	l.messages[0] = nil
	l.messages = l.messages[1:]
	l.bytes -= len(message) + overhead
	return message
}

// fill gives a loose item its message; false: it was dropped.
func (q *queue) fill(it *item) bool {
	l := &it.pipe.waiting
	l.items--
	if len(l.messages) == 0 {
		return false
	}
	it.message = Message{it.pipe.peer, l.pop()}
	return true
}
