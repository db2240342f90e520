package entrance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	dialTimeout  = 10 * time.Second // handshakes of TCP, TLS and WebSocket, and welcome
	writeTimeout = 5 * time.Second
)

var errEnded = errors.New("the conversation has ended")

// webSocket is a client's WebSocket: of a library natively, the browser's own in
// a tab. Read and Write carry whole binary messages; Read is called by one
// goroutine. When a context ends, so does the connection.
type webSocket interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, b []byte) error
	Close() // does not wait for the server, and may be repeated
}

// conn is a client's connection that the server has welcomed. One goroutine
// reads, any may write.
type conn struct {
	ws    webSocket
	heard atomic.Bool // something, since the last ping
	stop  chan struct{}
	once  sync.Once
	done  chan struct{} // keepAlive has ended
}

// dial connects and says hello. ctx bounds only that.
func (c *Client) dial(ctx context.Context, url string, hi frame) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	ws, status, err := c.open(ctx, url)
	if err != nil {
		if lastingStatus(status) {
			return nil, fmt.Errorf("entrance: %w: HTTP status %d", ErrRefused, status)
		}
		return nil, fmt.Errorf("entrance: dial: %w", err)
	}
	cn := &conn{ws: ws, stop: make(chan struct{}), done: make(chan struct{})}
	if err := cn.greet(ctx, hi); err != nil {
		ws.Close()
		return nil, fmt.Errorf("entrance: hello: %w", err)
	}
	go cn.keepAlive(c.Keepalive)
	return cn, nil
}

// lastingStatus reports whether the answer will be the same next time. A proxy
// whose server is down says 502 or 503. A browser does not tell: 0.
func lastingStatus(code int) bool {
	return code >= 300 && code < 500 && code != 429 && code != 408
}

func (cn *conn) greet(ctx context.Context, hi frame) error {
	if err := cn.ws.Write(ctx, hi.encode()); err != nil {
		return err
	}
	f, err := cn.read(ctx)
	switch {
	case err != nil:
		return err
	case f.kind == refused:
		return f.refusal()
	case f.kind != welcome:
		return fmt.Errorf("%w: kind %d instead of a welcome", errFrame, f.kind)
	}
	return nil
}

// read gives the next frame, waiting for it until ctx ends, which ends the
// connection, too.
func (cn *conn) read(ctx context.Context) (frame, error) {
	for {
		b, err := cn.ws.Read(ctx)
		if err != nil {
			return frame{}, err
		}
		cn.heard.Store(true)
		f, err := decode(b)
		if errors.Is(err, errUnknown) {
			continue
		}
		return f, err
	}
}

// write does not take the caller's context: a write that is cut off ends the
// connection, which other conversations share.
func (cn *conn) write(f frame) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	return cn.ws.Write(ctx, f.encode())
}

// close ends the connection and waits for its goroutine. It may be repeated.
func (cn *conn) close() {
	cn.once.Do(func() {
		close(cn.stop)
		cn.ws.Close()
	})
	<-cn.done
}

// keepAlive ends the connection when the server leaves two pings in a row
// unanswered. It counts pings, not time: a tab in the background or a laptop
// that slept has not missed an answer just because it was late to ask.
func (cn *conn) keepAlive(every time.Duration) {
	defer close(cn.done)
	t := time.NewTicker(every)
	defer t.Stop()
	cn.heard.Store(true) // the welcome
	for missed := 0; missed < 2; {
		select {
		case <-t.C:
		case <-cn.stop:
			return
		}
		if missed++; cn.heard.Swap(false) {
			missed = 0
		}
		if missed < 2 && cn.write(frame{kind: ping}) != nil {
			break
		}
	}
	cn.ws.Close() // which ends read
}

// refusal is the error for a frame that refuses.
func (f frame) refusal() error { return &RefusedError{f.reason, f.after} }
