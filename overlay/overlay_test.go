package overlay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

func TestJoinAndTalk(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		if n := k.chat[0].Outview().Count(k.id(1)); n != 1 {
			t.Errorf("outview counts %d arcs, want 1", n)
		}
		k.agree()
		for i, j := range map[int]int{0: 1, 1: 0} { // both views
			want := fmt.Appendf(nil, "hello from %d", i)
			k.must(k.chat[i].Send(k.ctx, k.id(j), want))
			m, err := k.chat[j].Receive(k.ctx)
			k.must(err)
			if m.From != k.id(i) || !bytes.Equal(m.Data, want) {
				t.Errorf("received %q from %s", m.Data, m.From.Short())
			}
		}
	})
}

func TestOneBroker(t *testing.T) {
	bubble(t, 3, func(k *kit) {
		k.line()
		events := collect(k.ctx, k.chat[2])
		k.must(k.chat[0].Connect(k.ctx, k.id(2), k.id(1)))
		k.agree()
		e := (<-events).(overlay.ArcOpened)
		if e.Peer != k.id(0) || e.Direction != overlay.In || !e.NewSession || len(e.Via) != 1 || e.Via[0] != k.id(1) {
			t.Errorf("event %+v", e)
		}
		if r := k.nodes[1].Stats().Relayed; r < 2 {
			t.Errorf("broker relayed %d signals, want at least 2", r)
		}
		// The next arc needs no broker and no session.
		sent := k.nodes[0].Stats().SignalsSent
		k.must(k.chat[2].Connect(k.ctx, k.id(0)))
		if now := k.nodes[0].Stats().SignalsSent; now != sent {
			t.Errorf("a second arc took %d signals", now-sent)
		}
		k.agree()
	})
}

func TestPathOfBrokers(t *testing.T) {
	bubble(t, 6, func(k *kit) {
		k.line()
		k.must(k.chat[0].Connect(k.ctx, k.id(5), k.id(1), k.id(2), k.id(3), k.id(4)))
		k.agree()
		if k.chat[5].Inview().Count(k.id(0)) != 1 {
			t.Error("no arc")
		}
	})
}

func TestIntroduceAndInvite(t *testing.T) {
	bubble(t, 3, func(k *kit) {
		k.line()
		k.must(k.chat[1].Introduce(k.ctx, k.id(2), k.id(0)))
		if k.chat[2].Outview().Count(k.id(0)) != 1 {
			t.Error("introduced, but no arc")
		}
		k.must(k.chat[1].Invite(k.ctx, k.id(0)))
		if n := k.chat[0].Outview().Count(k.id(1)); n != 2 {
			t.Errorf("invited: %d arcs, want 2", n)
		}
		k.agree()
		k.must(k.chat[2].Close())
		if err := k.chat[1].Introduce(k.ctx, k.id(0), k.id(2)); !errors.Is(err, overlay.ErrRefused) {
			t.Errorf("introduction to a peer without the protocol: %v", err)
		}
	})
}

func TestGlare(t *testing.T) {
	bubble(t, 3, func(k *kit) {
		k.line()
		errs := make(chan error, 2)
		go func() { errs <- k.chat[0].Connect(k.ctx, k.id(2), k.id(1)) }()
		go func() { errs <- k.chat[2].Connect(k.ctx, k.id(0), k.id(1)) }()
		start := time.Now()
		k.must(<-errs)
		k.must(<-errs)
		if d := time.Since(start); d > 500*time.Millisecond {
			t.Errorf("crossing connects took %v: somebody waited for a timer", d)
		}
		k.agree()
		if n := len(k.nodes[0].Neighbors()); n != 2 {
			t.Errorf("%d sessions, want 2", n)
		}
		if g := k.nodes[0].Stats().Glares + k.nodes[2].Stats().Glares; g == 0 {
			t.Error("the offers did not cross: the test shows nothing")
		}
	})
}

func TestConnectErrors(t *testing.T) {
	bubble(t, 3, func(k *kit) {
		k.line()
		stranger := k.add(overlay.Config{})
		p := k.chat[0]
		for name, c := range map[string]struct {
			err  error
			want error
		}{
			"not a neighbor":     {p.Connect(k.ctx, k.id(2)), overlay.ErrNotNeighbor},
			"unknown broker":     {p.Connect(k.ctx, k.id(2), k.id(stranger)), overlay.ErrBrokerLost},
			"broker knows not":   {p.Connect(k.ctx, k.id(stranger), k.id(1)), overlay.ErrBrokerLost},
			"second broker lost": {p.Connect(k.ctx, k.id(stranger), k.id(1), k.id(2)), overlay.ErrBrokerLost},
			"self":               {p.Connect(k.ctx, k.id(0), k.id(1)), overlay.ErrSelf},
			"self as broker":     {p.Connect(k.ctx, k.id(2), k.id(0)), overlay.ErrSelf},
			"send":               {p.Send(k.ctx, k.id(2), nil), overlay.ErrNotNeighbor},
			"too large":          {p.Send(k.ctx, k.id(1), make([]byte, overlay.DefaultMaxMessage+1)), overlay.ErrTooLarge},
			"disconnect":         {p.Disconnect(k.ctx, k.id(2)), overlay.ErrNotNeighbor},
			"introduce":          {p.Introduce(k.ctx, k.id(1), k.id(2)), overlay.ErrNotNeighbor},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		if err := p.Connect(k.ctx, k.id(2), make([]transport.PeerID, 5)...); err == nil {
			t.Error("five brokers: no error")
		}
		var ce *overlay.ConnectError
		if err := p.Connect(k.ctx, k.id(stranger), k.id(1)); !errors.As(err, &ce) || ce.Peer != k.id(stranger) || len(ce.Via) != 1 || ce.State != "Offering" {
			t.Errorf("%#v", ce)
		}
		if _, err := k.nodes[0].Protocol("chat", overlay.ProtocolConfig{}); !errors.Is(err, overlay.ErrProtocolExists) {
			t.Errorf("second registration: %v", err)
		}
	})
}

func TestTimeoutAndCancel(t *testing.T) {
	bubble(t, 3, func(k *kit) {
		k.line()
		k.net.Partition(k.mem[1], k.mem[2])
		start := time.Now()
		err := k.chat[0].Connect(k.ctx, k.id(2), k.id(1))
		if d := time.Since(start); !errors.Is(err, overlay.ErrTimeout) && !errors.Is(err, overlay.ErrBrokerLost) || d > 10*time.Second {
			t.Errorf("after %v: %v", d, err)
		}
		k.net.Heal(k.mem[1], k.mem[2])
		ctx, cancel := context.WithTimeout(k.ctx, 5*time.Millisecond)
		defer cancel()
		if err := k.chat[0].Connect(ctx, k.id(2), k.id(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled: %v", err)
		}
		k.rest(20 * time.Second)
		k.agree()
	})
}

func TestDisconnectLingerRevive(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		k.must(k.chat[0].Disconnect(k.ctx, k.id(1)))
		k.rest(time.Second)
		k.agree()
		if k.chat[1].Inview().Len() != 0 {
			t.Error("the other end did not hear of it")
		}
		k.rest(50 * time.Second)
		k.must(k.chat[1].Connect(k.ctx, k.id(0))) // rises from the dead
		k.must(k.chat[1].Disconnect(k.ctx, k.id(0)))
		k.rest(70 * time.Second)
		for i := range 2 {
			if n := len(k.nodes[i].Neighbors()); n != 0 {
				t.Errorf("node %d has %d sessions after lingering", i, n)
			}
		}
		if err := k.chat[1].Connect(k.ctx, k.id(0)); !errors.Is(err, overlay.ErrNotNeighbor) {
			t.Errorf("after the session's end: %v", err)
		}
	})
}

func TestCrashIsNoticed(t *testing.T) {
	bubble(t, 3, func(k *kit) {
		k.line()
		events := collect(k.ctx, k.chat[0])
		k.mem[1].Crash()
		k.rest(25 * time.Second)
		if e := (<-events).(overlay.ArcClosed); e.Cause != overlay.Idle || e.Peer != k.id(1) {
			t.Errorf("event %+v", e)
		}
		if len(k.nodes[0].Neighbors())+len(k.nodes[2].Neighbors()) != 0 {
			t.Error("sessions with the crashed peer are still there")
		}
	})
}

func TestCrashedPeerReturns(t *testing.T) {
	bubble(t, 3, func(k *kit) {
		_, key, _ := newKey()
		k.join(0, 1)
		k.join(2, 1)
		i := k.add(overlay.Config{Key: key})
		k.join(i, 1)
		k.mem[i].Crash()
		events := collect(k.ctx, k.chat[1])
		k.rest(10 * time.Millisecond)
		again := k.add(overlay.Config{Key: key})
		k.join(again, 0)
		k.must(k.chat[again].Connect(k.ctx, k.id(1), k.id(0))) // 1 still believes in the old session
		if e := (<-events).(overlay.ArcClosed); e.Cause != overlay.Crashed {
			t.Errorf("event %+v", e)
		}
		if e := (<-events).(overlay.ArcOpened); e.Peer != k.id(i) || !e.NewSession {
			t.Errorf("event %+v", e)
		}
		k.must(k.chat[again].Send(k.ctx, k.id(1), []byte("back")))
		m, err := k.chat[1].Receive(k.ctx)
		k.must(err)
		if string(m.Data) != "back" {
			t.Errorf("received %q", m.Data)
		}
	})
}

func TestLeave(t *testing.T) {
	bubble(t, 3, func(k *kit) {
		k.line()
		events := collect(k.ctx, k.chat[0])
		k.must(k.nodes[1].Leave(k.ctx))
		k.rest(100 * time.Millisecond)
		if e := (<-events).(overlay.ArcClosed); e.Cause != overlay.Left {
			t.Errorf("event %+v", e)
		}
		if err := k.chat[1].Connect(k.ctx, k.id(0)); !errors.Is(err, overlay.ErrClosed) {
			t.Errorf("after leaving: %v", err)
		}
	})
}

func TestTwoProtocolsShareASession(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		a, b := k.protocol(0, "files"), k.protocol(1, "files")
		k.must(a.Connect(k.ctx, k.id(1)))
		k.must(b.Connect(k.ctx, k.id(0)))
		if n := len(k.nodes[0].Neighbors()); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
		if c, f := k.chat[1].Inview().Len(), b.Inview().Len(); c != 1 || f != 1 {
			t.Errorf("counts %d and %d, want 1 and 1", c, f)
		}
		k.must(b.Send(k.ctx, k.id(0), []byte("f")))
		k.must(k.chat[1].Send(k.ctx, k.id(0), []byte("c")))
		for p, want := range map[*overlay.Protocol]string{a: "f", k.chat[0]: "c"} {
			m, err := p.Receive(k.ctx)
			k.must(err)
			if string(m.Data) != want {
				t.Errorf("%s received %q", p.Name(), m.Data)
			}
		}
		k.must(a.Close())
		k.rest(time.Second)
		if b.Inview().Len()+b.Outview().Len() != 0 || k.chat[1].Inview().Len() != 1 {
			t.Error("closing one protocol changed the other's arcs, or not its own")
		}
		k.agree()
	})
}

func TestClosedNode(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		done := make(chan error, 1)
		go func() { _, err := k.chat[0].Receive(k.ctx); done <- err }()
		k.rest(time.Second)
		k.must(k.nodes[0].Close())
		if err := <-done; !errors.Is(err, overlay.ErrClosed) {
			t.Errorf("Receive: %v", err)
		}
		for name, err := range map[string]error{
			"Connect": k.chat[0].Connect(k.ctx, k.id(1)),
			"Send":    k.chat[0].Send(k.ctx, k.id(1), nil),
			"Close":   k.chat[0].Close(),
		} {
			if name != "Close" && !errors.Is(err, overlay.ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := k.nodes[0].Admit(k.ctx, nil); err == nil {
			t.Error("Admit: no error")
		}
		if _, err := k.nodes[0].Protocol("x", overlay.ProtocolConfig{}); !errors.Is(err, overlay.ErrClosed) {
			t.Errorf("Protocol: %v", err)
		}
		k.must(k.nodes[0].Close())
		k.rest(time.Second)
		if k.chat[1].Inview().Len() != 0 {
			t.Error("the other end still counts the arc")
		}
	})
}

func TestLossyNetwork(t *testing.T) {
	bubble(t, 4, func(k *kit) {
		k.net.SetPath(mem.Path{Latency: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.2, Duplicate: 0.1, Reorder: 0.1})
		k.line()
		k.must(k.chat[0].Connect(k.ctx, k.id(3), k.id(1), k.id(2)))
		k.must(k.chat[3].Connect(k.ctx, k.id(1), k.id(2)))
		k.rest(time.Minute)
		k.agree()
	})
}

// collect reads a protocol's events into a channel that never fills in a test.
func collect(ctx context.Context, p *overlay.Protocol) <-chan overlay.Event {
	c := make(chan overlay.Event, 1000)
	events := p.Events(ctx)
	go func() {
		for e := range events {
			c <- e
		}
	}()
	return c
}

// TestAdmitTwice: the same offer gets the same answer while that is under way, and
// is refused at once when its sender is in.
func TestAdmitTwice(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		var offer []byte
		_, err := k.chat[0].Join(k.ctx, func(ctx context.Context, o []byte) ([]byte, error) {
			offer = o
			first, err := k.nodes[1].Admit(ctx, o)
			k.must(err)
			again, err := k.nodes[1].Admit(ctx, o)
			k.must(err)
			if !bytes.Equal(first, again) {
				t.Error("two answers to one offer")
			}
			return again, nil
		})
		k.must(err)
		k.rest(time.Second)
		if _, err := k.nodes[1].Admit(k.ctx, offer); !errors.Is(err, overlay.ErrRefused) {
			t.Errorf("the offer of who is in: %v", err)
		}
		k.agree()
	})
}
