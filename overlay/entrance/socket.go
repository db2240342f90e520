//go:build !js

package entrance

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/gorilla/websocket"

	"github.com/n2n-overlay/n2n/transport"
)

// socket is a connection at the server's end. One goroutine reads what the
// client sends and handles it, another one writes what waits in out.
type socket struct {
	ws       *websocket.Conn
	addr     string        // that the connection counts for
	out      chan []byte   // frames for the client; sent to under Server.mu, never waiting
	farewell chan farewell // has room for one
	left     chan struct{} // closed when the reader has ended
	written  chan struct{} // closed when the writer has ended

	// Guarded by Server.mu.
	leaving bool // a farewell was said, or the client has gone
	bucket  bucket
	role    role // zero: not welcomed
	room    string
	peer    transport.PeerID // a hint

	// Of a keeper.
	token    token
	position int // in room.keepers
	visits   map[uint32]*visitAt
	last     uint32 // number of a visit

	// Of a newcomer.
	visit   *visitAt
	done    bool // the conversation has ended
	waiting bool // for a place at a door
	tried   map[*socket]struct{}
	limit   *time.Timer
}

// farewell is how a connection ends.
type farewell struct {
	code  int
	text  string
	flush bool          // send what waits first
	wait  time.Duration // for the client to go by itself
}

func newSocket(ws *websocket.Conn, addr string, queue int) *socket {
	return &socket{
		ws: ws, addr: addr, out: make(chan []byte, queue),
		farewell: make(chan farewell, 1), left: make(chan struct{}), written: make(chan struct{}),
	}
}

// write sends what waits, and pings, until the connection is to end.
func (c *socket) write(cfg *ServerConfig) {
	defer close(c.written)
	defer c.ws.Close() // which ends the reader
	var pings <-chan time.Time
	if cfg.PingInterval > 0 {
		t := time.NewTicker(cfg.PingInterval)
		defer t.Stop()
		pings = t.C
	}
	for {
		var err error
		select {
		case b := <-c.out:
			err = c.put(b, cfg.WriteTimeout)
		case <-pings:
			err = c.ws.WriteControl(websocket.PingMessage, nil, deadline(cfg.WriteTimeout))
		case f := <-c.farewell:
			c.end(f, cfg.WriteTimeout)
			return
		case <-c.left:
			return
		}
		if err != nil {
			return
		}
	}
}

func (c *socket) put(b []byte, timeout time.Duration) error {
	c.ws.SetWriteDeadline(deadline(timeout))
	return c.ws.WriteMessage(websocket.BinaryMessage, b)
}

// linger is how long a client that was told to go may take to do so. In
// browsers, what was sent last may be lost if the connection ends right after it.
const linger = time.Second

func (c *socket) end(f farewell, timeout time.Duration) {
	if f.flush {
		for len(c.out) > 0 {
			if c.put(<-c.out, timeout) != nil {
				return
			}
		}
	}
	if f.wait > 0 && c.await(f.wait) {
		return
	}
	if c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(f.code, f.text), deadline(timeout)) != nil {
		return
	}
	// The client answers with a close frame (RFC 6455 section 7.1.1). To close
	// before it has read ours may reset the connection, and lose it.
	c.await(linger)
}

// await reports whether the client has gone within the time.
func (c *socket) await(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c.left:
		return true
	case <-t.C:
		return false
	}
}

// read takes what the client sends, until the connection ends.
func (s *Server) read(c *socket) {
	defer s.gone(c)
	c.ws.SetReadLimit(maxFrame)
	c.ws.SetReadDeadline(deadline(s.cfg.HelloTimeout))
	greeted := false
	// Control frames count as messages, so that they cannot be sent for ever,
	// and as a sign of life, but not instead of a hello.
	alive := func() error {
		if !s.allow(c) {
			return errTooFast
		}
		if greeted {
			c.ws.SetReadDeadline(deadline(s.cfg.DeadAfter))
		}
		return nil
	}
	pong := c.ws.PingHandler()
	c.ws.SetPingHandler(func(data string) error {
		if err := alive(); err != nil {
			return err
		}
		return pong(data)
	})
	c.ws.SetPongHandler(func(string) error { return alive() })
	for {
		kind, b, err := c.ws.ReadMessage()
		if err == nil {
			greeted = true
			err = alive()
		}
		if err != nil {
			s.blame(c, err)
			return
		}
		s.handle(c, kind, b)
	}
}

var errTooFast = errors.New("too many messages")

func (s *Server) allow(c *socket) bool {
	s.mu.Lock()
	defer s.unlock()
	if c.bucket.take(time.Now(), s.cfg.MessageRate, s.cfg.MessageBurst) {
		return true
	}
	s.drop(c, TooFast)
	return false
}

// blame counts why a connection ended, if that was somebody's fault.
func (s *Server) blame(c *socket, err error) {
	var closed *websocket.CloseError
	var network net.Error
	var why Reason
	switch {
	case errors.Is(err, errTooFast):
		c.drain() // while the writer says so
		return
	case errors.Is(err, websocket.ErrReadLimit): // gorilla has sent code 1009
		why = TooLarge
		c.drain()
	case errors.As(err, &network) && network.Timeout():
		why = Silent
	case errors.As(err, &closed), network != nil, errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
		return
	default: // no WebSocket; gorilla has sent code 1002
		why = Malformed
		c.drain()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.leaving {
		return
	}
	s.stats.Refused[why]++
	s.log.Debug("connection ended", "reason", why)
}

// drain takes what the client had sent on, so that closing does not reset the
// connection before the client has read why.
func (c *socket) drain() {
	nc := c.ws.NetConn()
	nc.SetReadDeadline(deadline(linger))
	io.CopyN(io.Discard, nc, 64<<10)
}
