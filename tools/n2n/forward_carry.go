package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A forwarded connection is a stream that begins with the target and a line
// feed. The answer is a line, "ok" or what is wrong; after "ok" both directions
// are those of the TCP connections.
const (
	maxRequest     = 256              // bytes of a line
	requestTimeout = 10 * time.Second // until the request is there
	dialTimeout    = 10 * time.Second // until the target has answered
	answerTimeout  = requestTimeout + dialTimeout
	acceptPause    = 100 * time.Millisecond
	accepted       = "ok"
)

// parts are the goroutines of a forwarder.
type parts struct{ sync.WaitGroup }

func (p *parts) wait() { p.Wait() }

// listener gives each connection that comes to a goroutine that carries it, and
// closes both when ctx ends. A listener that fails ends everything.
func (p *parts) listener(ctx context.Context, l net.Listener, cancel context.CancelCauseFunc, carry func(context.Context, net.Conn)) {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	p.Go(func() {
		defer stop()
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				cancel(err) // nothing new, if ctx has ended
				return
			}
			if err != nil { // too many open files, above all: others will close
				select {
				case <-time.After(acceptPause):
				case <-ctx.Done():
				}
				continue
			}
			p.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { c.Close() })()
				carry(ctx, c)
			})
		}
	})
}

// serve carries a stream that a peer opened to its target.
func (f *forwarder) serve(ctx context.Context, stream net.Conn) {
	stream.SetDeadline(time.Now().Add(requestTimeout))
	target, err := readLine(stream)
	if err != nil {
		f.refused.Add(1)
		return
	}
	stream.SetDeadline(time.Time{})
	if !f.allowed(target) {
		f.refuse(stream, target, errors.New("not allowed"))
		return
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	c, err := dialer.DialContext(ctx, "tcp", target)
	if err != nil {
		f.refuse(stream, target, err)
		return
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if _, err := io.WriteString(stream, accepted+"\n"); err != nil {
		return
	}
	f.connections.Add(1)
	carry(stream, c, &f.up, &f.down)
}

// refuse tells the peer why, without what would tell more of this host than that.
func (f *forwarder) refuse(stream net.Conn, target string, err error) {
	f.refused.Add(1)
	f.screen.say("! %s asks for %s: %v", stream.RemoteAddr(), clean(target, maxShown), err)
	answer := "not allowed"
	if f.allowed(target) {
		answer = "the target does not answer"
	}
	stream.SetWriteDeadline(time.Now().Add(requestTimeout))
	io.WriteString(stream, answer+"\n")
}

// use carries a connection that came here to the peer.
func (f *forwarder) use(ctx context.Context, c net.Conn, target string) {
	stream, err := f.ask(ctx, target)
	if err != nil {
		f.refused.Add(1)
		if ctx.Err() == nil {
			f.screen.say("! %s: %v", target, err)
		}
		return
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, func() { stream.Close() })()
	f.connections.Add(1)
	carry(c, stream, &f.up, &f.down)
}

// ask gives a stream that the peer has connected to the target.
func (f *forwarder) ask(ctx context.Context, target string) (net.Conn, error) {
	peer, err := f.reach(ctx)
	if err != nil {
		return nil, err
	}
	stream, err := f.protocol.Dial(ctx, peer)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { stream.Close() })
	defer stop()
	stream.SetDeadline(time.Now().Add(answerTimeout))
	_, err = io.WriteString(stream, target+"\n")
	var answer string
	if err == nil {
		answer, err = readLine(stream)
	}
	if err == nil && answer != accepted {
		err = fmt.Errorf("refused by %s: %s", peer, clean(answer, maxShown))
	}
	if err != nil {
		stream.Close()
		return nil, err
	}
	stream.SetDeadline(time.Time{})
	return stream, nil
}

// readLine reads a line and not a byte more.
func readLine(r io.Reader) (string, error) {
	var line strings.Builder
	b := make([]byte, 1)
	for line.Len() < maxRequest {
		if _, err := io.ReadFull(r, b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return line.String(), nil
		}
		line.Write(b)
	}
	return "", fmt.Errorf("a line of more than %d bytes", maxRequest)
}

// halfCloser is what TCP connections and streams are.
type halfCloser interface{ CloseWrite() error }

// carry copies both ways until both directions have ended. One that ends in order
// ends the other side's direction; one that fails ends everything.
func carry(from, to net.Conn, up, down *atomic.Int64) {
	var both sync.WaitGroup
	copyTo := func(dst, src net.Conn, count *atomic.Int64) {
		n, err := io.Copy(dst, src)
		count.Add(n)
		if c, ok := dst.(halfCloser); err == nil && ok {
			err = c.CloseWrite()
		}
		if err != nil {
			dst.Close()
			src.Close()
		}
	}
	both.Go(func() { copyTo(to, from, up) })
	copyTo(from, to, down)
	both.Wait()
}
