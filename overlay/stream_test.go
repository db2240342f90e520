package overlay_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// dial opens a stream from node i to node j, and takes it there.
func (k *kit) dial(i, j int) (here, there *overlay.Stream) {
	k.t.Helper()
	l := k.chat[j].Listen()
	c, err := k.chat[i].Dial(k.ctx, k.id(j))
	k.must(err)
	for {
		d, err := l.Accept()
		k.must(err)
		if d.RemoteAddr().String() == k.id(i).String() {
			return c.(*overlay.Stream), d.(*overlay.Stream)
		}
	}
}

// noStreams checks that nothing is left of any.
func (k *kit) noStreams() {
	k.t.Helper()
	synctest.Wait()
	for i, n := range k.nodes {
		if s := n.Stats(); s.Streams != 0 {
			k.t.Errorf("node %d has %d streams left", i, s.Streams)
		}
	}
}

// ended checks that an error is a net.Error, no timeout, and that its cause is
// what it should be.
func (k *kit) ended(what string, err, want error) {
	k.t.Helper()
	var e net.Error
	if !errors.As(err, &e) || e.Timeout() || !errors.Is(err, want) {
		k.t.Errorf("%s: %v, want a net.Error that is %q", what, err, want)
	}
}

func (k *kit) read(s net.Conn, want string) {
	k.t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(s, b); err != nil || string(b) != want {
		k.t.Errorf("read %q, %v, want %q", b, err, want)
	}
}

func (k *kit) write(s net.Conn, text string) {
	k.t.Helper()
	if n, err := s.Write([]byte(text)); n != len(text) || err != nil {
		k.t.Errorf("write of %q: %d, %v", text, n, err)
	}
}

func (k *kit) eof(s net.Conn) {
	k.t.Helper()
	if n, err := s.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		k.t.Errorf("read %d, %v, want the end", n, err)
	}
}

func TestStreamAddresses(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		a, b := k.dial(0, 1)
		for _, c := range []struct {
			addr net.Addr
			want string
		}{
			{a.LocalAddr(), k.id(0).String()}, {a.RemoteAddr(), k.id(1).String()},
			{b.LocalAddr(), k.id(1).String()}, {b.RemoteAddr(), k.id(0).String()},
			{k.chat[1].Listen().Addr(), k.id(1).String()},
		} {
			if c.addr.String() != c.want || c.addr.Network() != "n2n" || c.addr.(overlay.Addr).Protocol != "chat" {
				t.Errorf("address %v of %v, want %v", c.addr, c.addr.Network(), c.want)
			}
		}
	})
}

func TestStreamCloseWriteEndsOneDirection(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		a, b := k.dial(0, 1)
		k.write(a, "question")
		k.must(a.CloseWrite())
		k.must(a.CloseWrite())
		_, err := a.Write([]byte("more"))
		k.ended("write after CloseWrite", err, net.ErrClosed)
		k.read(b, "question")
		k.eof(b)
		k.write(b, "answer")
		k.read(a, "answer")
		k.must(b.CloseWrite())
		k.eof(a)
		k.noStreams() // both directions have ended
		k.must(a.Close())
		k.must(b.Close())
		k.ended("CloseWrite after Close", a.CloseWrite(), net.ErrClosed)
	})
}

func TestStreamCloseLosesNothingThatWasWritten(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		a, b := k.dial(0, 1)
		k.write(a, "last words")
		k.write(b, "nobody reads this")
		k.rest(time.Second)
		k.must(a.Close())
		k.must(a.Close())
		k.rest(time.Second)
		k.noStreams()
		k.read(b, "last words")
		k.eof(b)
		_, err := b.Write([]byte("anybody?"))
		k.ended("write to a closed stream", err, io.ErrClosedPipe)
		_, err = a.Read(make([]byte, 1))
		k.ended("read of a closed stream", err, net.ErrClosed)
		_, err = a.Write([]byte{1})
		k.ended("write of a closed stream", err, net.ErrClosed)
		k.ended("deadline of a closed stream", a.SetDeadline(time.Now()), net.ErrClosed)
		k.must(b.Close())
	})
}

// Writers that wait for room hear at once that nobody will read.
func TestStreamCloseWakesTheWriters(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		a, b := k.dial(0, 1)
		failed := make(chan error, 2)
		for range 2 { // the second waits for its turn
			go func() {
				_, err := a.Write(make([]byte, 1<<20))
				failed <- err
			}()
		}
		k.rest(time.Second)
		select {
		case err := <-failed:
			t.Fatalf("write of 1 MiB that nobody reads: %v", err)
		default:
		}
		k.must(b.Close())
		for range 2 {
			k.ended("write", <-failed, io.ErrClosedPipe)
		}
	})
}

func TestStreamDeadlines(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		a, b := k.dial(0, 1)
		start := time.Now()
		k.must(a.SetReadDeadline(start.Add(time.Second)))
		k.must(a.SetReadDeadline(start.Add(2 * time.Second))) // the last one counts
		_, err := a.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 2*time.Second {
			t.Errorf("read: %v after %v", err, time.Since(start))
		}
		k.write(b, "late")
		k.must(a.SetReadDeadline(time.Time{}))
		k.read(a, "late")
		k.must(a.SetWriteDeadline(time.Now().Add(time.Second)))
		n, err := a.Write(make([]byte, 1<<20))
		if !errors.Is(err, os.ErrDeadlineExceeded) || n != 256<<10 {
			t.Errorf("write of 1 MiB that nobody reads: %d, %v, want a window", n, err)
		}
		got := make([]byte, n)
		_, err = io.ReadFull(b, got) // what was written is what arrives
		k.must(err)
	})
}

// A write is not cut to use up what little is left of a window.
func TestStreamCutsNoCrumbs(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		a, _ := k.dial(0, 1)
		k.must(a.SetWriteDeadline(time.Now().Add(time.Second)))
		piece := make([]byte, 1000)
		sent, last := 0, len(piece)
		var err error
		for ; err == nil; sent += last {
			last, err = a.Write(piece)
		}
		if want := 256 << 10 / len(piece) * len(piece); last != 0 || sent != want || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d bytes are on their way, %d of the write that fails, %v; want %d and none", sent, last, err, want)
		}
	})
}

// A stream that nobody reads holds up neither another one nor messages nor the
// control channel.
func TestSlowStreamStopsItsWriterOnly(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		slow, _ := k.dial(0, 1)
		a, b := k.dial(0, 1)
		go slow.Write(make([]byte, 10<<20))
		go k.chat[0].Send(k.ctx, k.id(1), make([]byte, 5<<20)) // nor does a message that nobody takes
		k.rest(time.Second)
		start := time.Now()
		const size = 3 << 20
		go a.Write(make([]byte, size))
		_, err := io.ReadFull(b, make([]byte, size))
		k.must(err)
		if d := time.Since(start); d > 2*time.Second { // 12 windows, each a round trip of 20 ms
			t.Errorf("the other stream took %v", d)
		}
		start = time.Now()
		k.must(k.chat[1].Send(k.ctx, k.id(0), []byte("quick")))
		_, err = k.chat[0].Receive(k.ctx)
		k.must(err)
		k.must(k.chat[1].Connect(k.ctx, k.id(0)))
		if d := time.Since(start); d > 100*time.Millisecond {
			t.Errorf("message and connect took %v", d)
		}
	})
}

func TestStreamsAreRefused(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		refused := func(what string, c net.Conn) {
			t.Helper()
			_, err := c.Read(make([]byte, 1))
			k.ended(what, err, overlay.ErrRefused)
			_, err = c.Write([]byte{1})
			k.ended(what, err, overlay.ErrRefused)
		}
		open := func() net.Conn {
			t.Helper()
			c, err := k.chat[0].Dial(k.ctx, k.id(1))
			k.must(err)
			return c
		}
		refused("nobody listens", open())

		l := k.chat[1].Listen()
		if k.chat[1].Listen() != l {
			t.Error("a second listener")
		}
		waiting := make([]net.Conn, 128)
		for i := range waiting {
			waiting[i] = open()
		}
		refused("too many wait", open())
		c, err := l.Accept()
		k.must(err)
		k.write(c, "welcome")
		k.read(waiting[0], "welcome")
		another := open() // for which there is room again
		k.rest(time.Second)

		k.must(l.Close())
		k.must(l.Close())
		for _, c := range append(waiting[1:], another) {
			refused("the listener was closed", c)
		}
		_, err = l.Accept()
		k.ended("accept", err, net.ErrClosed)
		k.write(waiting[0], "still here")
		k.read(c, "still here")
		refused("the listener was closed before", open())

		l = k.chat[1].Listen()
		a := open()
		b, err := l.Accept()
		k.must(err)
		k.write(a, "again")
		k.read(b, "again")
		if s := k.nodes[1].Stats(); s.StreamsRefused != 3 {
			t.Errorf("%d refused, want 3: who was told by the listener was let in before", s.StreamsRefused)
		}
	})
}

func TestDialWaitsForRoom(t *testing.T) {
	bubble(t, 0, func(k *kit) {
		for range 2 {
			i := k.add(overlay.Config{})
			k.must(k.chat[i].Close())
			p, err := k.nodes[i].Protocol("chat", overlay.ProtocolConfig{MaxStreams: 3})
			k.must(err)
			k.chat[i] = p
		}
		k.join(0, 1)
		var first *overlay.Stream
		for range 3 {
			first, _ = k.dial(0, 1)
		}
		ctx, cancel := context.WithTimeout(k.ctx, time.Second)
		defer cancel()
		if _, err := k.chat[0].Dial(ctx, k.id(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a fourth stream: %v", err)
		}
		time.AfterFunc(time.Second, func() { first.Close() })
		k.dial(0, 1)
		k.dial(1, 0) // the other end has its own three
	})
}

func TestDialFails(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		dial := func(what string, ctx context.Context, want error) {
			t.Helper()
			_, err := k.chat[0].Dial(ctx, k.id(1))
			var e *net.OpError
			if !errors.As(err, &e) || e.Op != "dial" || !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		}
		dial("no arc", k.ctx, overlay.ErrNotNeighbor)
		k.join(0, 1)
		over, cancel := context.WithCancel(k.ctx)
		cancel()
		dial("ctx is over", over, context.Canceled)
		k.must(k.chat[0].Disconnect(k.ctx, k.id(1)))
		dial("no arc any more", k.ctx, overlay.ErrNotNeighbor)
		k.must(k.chat[0].Close())
		dial("closed", k.ctx, overlay.ErrClosed)
		if _, err := k.chat[0].Listen().Accept(); !errors.Is(err, overlay.ErrClosed) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("accept: %v", err)
		}
	})
}

// However a session or a protocol ends, its streams do, at both ends, and what
// has arrived can be read.
func TestStreamsEndWithWhatCarriesThem(t *testing.T) {
	for name, c := range map[string]struct {
		end         func(k *kit)
		here, there error
	}{
		"last arc":       {func(k *kit) { k.must(k.chat[0].Disconnect(k.ctx, k.id(1))) }, overlay.ErrNotNeighbor, overlay.ErrNotNeighbor},
		"protocol":       {func(k *kit) { k.must(k.chat[0].Close()) }, net.ErrClosed, overlay.ErrNotNeighbor},
		"other protocol": {func(k *kit) { k.must(k.chat[1].Close()) }, overlay.ErrNotNeighbor, net.ErrClosed},
		"node":           {func(k *kit) { k.must(k.nodes[0].Close()) }, overlay.ErrClosed, overlay.ErrNotNeighbor},
		"leave":          {func(k *kit) { k.must(k.nodes[0].Leave(k.ctx)) }, nil, overlay.ErrNotNeighbor},
		"other node":     {func(k *kit) { k.must(k.nodes[1].Close()) }, overlay.ErrNotNeighbor, overlay.ErrClosed},
		"crash":          {func(k *kit) { k.mem[1].Crash() }, overlay.ErrNotNeighbor, nil},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 2, func(k *kit) {
				k.join(0, 1)
				a, b := k.dial(0, 1)
				k.write(a, "in time")
				k.rest(time.Second)
				failed := make(chan error, 3)
				go func() { _, err := a.Read(make([]byte, 1)); failed <- err }()
				go func() { _, err := a.Write(make([]byte, 1<<20)); failed <- err }()
				go func() { _, err := k.chat[0].Listen().Accept(); failed <- err }()
				k.rest(time.Second)
				c.end(k)
				k.rest(time.Minute)
				if c.here != nil {
					k.ended("read", <-failed, c.here)
					k.ended("write", <-failed, c.here)
				}
				k.read(b, "in time")
				if c.there != nil {
					_, err := io.Copy(io.Discard, b)
					k.ended("read there", err, c.there)
					_, err = b.Write([]byte{1})
					k.ended("write there", err, c.there)
				}
				k.noStreams()
				k.must(a.Close())
				k.must(b.Close())
			})
		})
	}
}

// Many streams, both ways at once, over a path that loses, repeats and reorders:
// what comes is what was sent, in writes and reads of all sizes.
func TestStreamsOverLossyPath(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		k.net.SetPath(mem.Path{Latency: 5 * time.Millisecond, Loss: 0.02, Reorder: 0.02, Duplicate: 0.02})
		var done sync.WaitGroup
		for seed := range uint64(20) {
			a, b := k.dial(int(seed%2), 1-int(seed%2))
			for i, dir := range [][2]*overlay.Stream{{a, b}, {b, a}} {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				want := make([]byte, r.IntN(1<<20))
				for i := range want {
					want[i] = byte(r.Uint32())
				}
				done.Go(func() {
					for rest := want; len(rest) > 0; {
						n := min(len(rest), 1+r.IntN(1<<r.IntN(18)))
						if _, err := dir[0].Write(rest[:n]); err != nil {
							t.Error(err)
							return
						}
						rest = rest[n:]
					}
					if err := dir[0].CloseWrite(); err != nil {
						t.Error(err)
					}
				})
				done.Go(func() {
					got, err := io.ReadAll(dir[1])
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("stream %d, direction %d: %d bytes, %v, want %d", seed, i, len(got), err, len(want))
					}
				})
			}
		}
		done.Wait()
		k.noStreams()
	})
}
