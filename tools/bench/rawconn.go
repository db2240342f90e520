package bench

import (
	"context"
	"errors"
	"io"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v4"
)

// Back-pressure of a raw connection: sending stops above, and goes on below.
// These bounds measured best (see PERFORMANCE of the README).
const (
	highWater = 4 << 20 // bytes
	lowWater  = 1 << 20
)

// rawConn is one end of a raw connection with one channel. With the default
// settings the offerer opens it and the answerer hears of it (RFC 8832), with
// the best ones both open it under the same number.
type rawConn struct {
	pc     *webrtc.PeerConnection
	dc     *webrtc.DataChannel
	stream datachannel.ReadWriteCloser // nil: called back
	opened chan struct{}
	err    error         // of detaching; read after opened
	low    chan struct{} // buffered: 1
}

func newRawConn(pc *webrtc.PeerConnection, detach, offers bool) (*rawConn, error) {
	c := &rawConn{pc: pc, opened: make(chan struct{}), low: make(chan struct{}, 1)}
	if !detach && !offers {
		pc.OnDataChannel(func(dc *webrtc.DataChannel) { c.use(dc, false) })
		return c, nil
	}
	var init *webrtc.DataChannelInit
	if detach {
		negotiated, id := true, uint16(0)
		init = &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id}
	}
	dc, err := pc.CreateDataChannel("", init)
	if err != nil {
		return nil, err
	}
	c.use(dc, detach)
	return c, nil
}

func (c *rawConn) use(dc *webrtc.DataChannel, detach bool) {
	c.dc = dc
	dc.SetBufferedAmountLowThreshold(lowWater)
	dc.OnBufferedAmountLow(func() {
		select {
		case c.low <- struct{}{}:
		default:
		}
	})
	dc.OnOpen(func() {
		if detach {
			c.stream, c.err = dc.Detach()
		}
		close(c.opened)
	})
}

// send sends what is larger than pion's messages in pieces.
func (c *rawConn) send(ctx context.Context, p []byte) error {
	if len(p) <= largest {
		return c.write(ctx, p)
	}
	for ; len(p) > 0; p = p[min(len(p), piece):] {
		if err := c.write(ctx, p[:min(len(p), piece)]); err != nil {
			return err
		}
	}
	return nil
}

func (c *rawConn) write(ctx context.Context, p []byte) error {
	for c.dc.BufferedAmount() > highWater {
		select {
		case <-c.low:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if c.stream == nil {
		return c.dc.Send(p)
	}
	_, err := c.stream.Write(p)
	return err
}

func (c *rawConn) serve(f func([]byte)) {
	if c.stream == nil {
		c.dc.OnMessage(func(m webrtc.DataChannelMessage) { f(m.Data) })
		return
	}
	go func() { // ends with the connection
		buf := make([]byte, 2<<10)
		for {
			n, err := c.stream.Read(buf)
			if errors.Is(err, io.ErrShortBuffer) && len(buf) < largest {
				buf = make([]byte, largest) // the message is still there
				continue
			}
			if err != nil {
				return
			}
			f(buf[:n])
		}
	}()
}

const (
	largest = 1<<16 - 1 // bytes of a message that pion takes whole
	piece   = 1 << 15   // bytes of one that it does not
)
