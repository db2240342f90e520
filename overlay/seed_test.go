package overlay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// Tests of this file do what the JavaScript seed gets wrong (spec/parity.md), and
// nothing else tests at this level.

// gossipy is an application's channel that delivers every signal three times, after
// 50 ms and up to 40 ms more, and so in any order; the last time a second later.
type gossipy struct {
	in, out chan []byte
	random  *rand.Rand
}

func newGossipy() (a, b *gossipy) {
	one, two := make(chan []byte, 1000), make(chan []byte, 1000)
	return &gossipy{one, two, rand.New(rand.NewPCG(1, 0))}, &gossipy{two, one, rand.New(rand.NewPCG(2, 0))}
}

func (g *gossipy) Send(_ context.Context, signal []byte) error {
	for _, late := range []time.Duration{0, 0, time.Second} {
		signal := bytes.Clone(signal)
		time.AfterFunc(late+50*time.Millisecond+time.Duration(g.random.Int64N(int64(40*time.Millisecond))), func() { g.out <- signal })
	}
	return nil
}

func (g *gossipy) Receive(ctx context.Context) ([]byte, error) {
	select {
	case b := <-g.in:
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestSeedLateSignals: signals that come late, twice and in another order make one
// arc, at both ends. The seed counts each late candidate as one more.
func TestSeedLateSignals(t *testing.T) {
	for i := range 20 {
		bubble(t, 2, func(k *kit) {
			k.net.Gather = 30 * time.Millisecond // so candidates trickle
			a, b := newGossipy()
			ctx, cancel := context.WithCancel(k.ctx)
			defer cancel()
			a.random, b.random = rand.New(rand.NewPCG(uint64(i), 1)), rand.New(rand.NewPCG(uint64(i), 2))
			door := make(chan error, 1)
			go func() {
				for { // the channel stays open: what is late still comes in
					if _, err := k.nodes[1].AdmitThrough(ctx, b); ctx.Err() != nil {
						door <- err
						return
					}
				}
			}()
			_, err := k.chat[0].JoinThrough(k.ctx, a)
			k.must(err)
			k.rest(10 * time.Second)
			if out, in := k.chat[0].Outview().Len(), k.chat[1].Inview().Len(); out != 1 || in != 1 {
				t.Errorf("run %d: %d arcs out, %d in", i, out, in)
			}
			s, at := k.nodes[0].Stats(), k.nodes[1].Stats()
			if s.Sessions != 1 || s.SessionsOpened != 1 {
				t.Errorf("run %d: %+v", i, s)
			}
			if s.SignalsStale+s.SignalsRefused+at.SignalsStale+at.SignalsRefused == 0 {
				t.Errorf("run %d: no signal came late: the test shows nothing", i)
			}
			cancel()
			<-door
		})
	}
}

// TestSeedManyArcsOneConnection: ten more arcs to a neighbor are ten at both ends,
// and take no connection and no signal. The seed makes and drops a connection for
// each, and counts wrong.
func TestSeedManyArcsOneConnection(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		k.rest(time.Second)
		before := k.nodes[0].Stats()
		for range 10 {
			k.must(k.chat[0].Connect(k.ctx, k.id(1)))
		}
		k.agree()
		after := k.nodes[0].Stats()
		if n := k.chat[1].Inview().Count(k.id(0)); n != 11 {
			t.Errorf("%d arcs, want 11", n)
		}
		if after.SessionsOpened != before.SessionsOpened || after.SignalsSent != before.SignalsSent {
			t.Errorf("%+v, before %+v", after, before)
		}
	})
}

// TestSeedSameArcTwiceAtOnce: the same arc, brokered several times at once. The seed
// ends with other counts at the two ends, or with none.
func TestSeedSameArcTwiceAtOnce(t *testing.T) {
	for _, n := range []int{2, 4} {
		bubble(t, 3, func(k *kit) {
			k.line()
			errs := make(chan error, n)
			for range n {
				go func() { errs <- k.chat[0].Connect(k.ctx, k.id(2), k.id(1)) }()
			}
			for range n {
				k.must(<-errs)
			}
			k.rest(time.Minute)
			k.agree()
			if out, sessions := k.chat[0].Outview().Count(k.id(2)), len(k.nodes[2].Neighbors()); out != n || sessions != 2 {
				t.Errorf("%d arcs on %d sessions, want %d on 2", out, sessions, n)
			}
		})
	}
}

// TestSeedDisconnectIsHeard: the other end of a disconnect knows at once, and so
// cannot go on sending; connecting anew counts anew.
func TestSeedDisconnectIsHeard(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		k.rest(time.Second)
		k.must(k.chat[0].Disconnect(k.ctx, k.id(1)))
		k.rest(11 * time.Millisecond) // one way takes 10 ms
		if n := k.chat[1].Inview().Len(); n != 0 {
			t.Errorf("the other end counts %d arcs", n)
		}
		if err := k.chat[1].Send(k.ctx, k.id(0), []byte("still here?")); !errors.Is(err, overlay.ErrNotNeighbor) {
			t.Errorf("send: %v", err)
		}
		for range 3 {
			k.must(k.chat[0].Connect(k.ctx, k.id(1)))
		}
		k.agree()
		if n := k.chat[1].Inview().Len(); n != 3 {
			t.Errorf("%d arcs, want 3", n)
		}
	})
}

// TestSeedSendToNobody: a message to who is no neighbor fails at once, and once.
func TestSeedSendToNobody(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		begun := time.Now()
		for _, to := range []transport.PeerID{{}, {1}, k.id(0), k.id(1)} {
			if err := k.chat[0].Send(k.ctx, to, []byte("x")); !errors.Is(err, overlay.ErrNotNeighbor) {
				t.Errorf("to %v: %v", to, err)
			}
		}
		if d := time.Since(begun); d != 0 {
			t.Errorf("it took %v", d)
		}
	})
}

// TestSeedAnyBytes: a message is bytes, whatever they look like, and nothing in it
// means anything to the library: no reserved type, no null that ends the receiver,
// no text that was expected.
func TestSeedAnyBytes(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		k.agree()
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		for _, want := range [][]byte{
			nil, {}, {0}, []byte("null"), all, []byte("{"),
			[]byte(`{"type":"MDirect","from":"x"}`), []byte(`{"type":"MConnectTo","from":"x","to":"y"}`), []byte(`{"type":"MRequest"}`),
			{0x82, 6, 0x82, 1, 0xf5}, // what ends arc 1, on the control channel
		} {
			k.must(k.chat[0].Send(k.ctx, k.id(1), want))
			m, err := k.chat[1].Receive(k.ctx)
			k.must(err)
			if !bytes.Equal(m.Data, want) || m.From != k.id(0) {
				t.Errorf("%q came as %q", want, m.Data)
			}
		}
		k.rest(time.Minute)
		k.agree()
		if out, in := k.chat[1].Outview().Len(), k.chat[1].Inview().Len(); out != 0 || in != 1 {
			t.Errorf("messages opened or ended arcs: %d out, %d in", out, in)
		}
	})
}

// TestSeedConfigIsNotShared: a config may be used for several nodes, and what one
// of them does (offer, answer) changes nothing for another.
func TestSeedConfigIsNotShared(t *testing.T) {
	bubble(t, 0, func(k *kit) {
		cfg := overlay.Config{Network: "shared", Linger: time.Second}
		for range 3 {
			k.add(cfg)
		}
		k.join(0, 1)
		k.join(1, 2)
		k.join(2, 0)
		k.must(k.chat[0].Connect(k.ctx, k.id(2)))
		k.agree()
		if cfg.Driver != nil || cfg.Key != nil || cfg.Logger != nil {
			t.Errorf("the config was filled: %+v", cfg)
		}
	})
}

// TestSeedChurn: peers that come and go leave no session, if the config says that
// none is to linger; the seed keeps each for 60 s, and a browser has 500.
func TestSeedChurn(t *testing.T) {
	bubble(t, 0, func(k *kit) {
		cfg := overlay.Config{Linger: -1}
		hub := k.add(cfg)
		for i := range 20 {
			n := k.add(cfg)
			k.join(n, hub)
			k.must(k.chat[n].Disconnect(k.ctx, k.id(hub)))
			k.rest(100 * time.Millisecond)
			if s := k.nodes[hub].Stats(); s.Sessions != 0 || s.SessionsOpened != uint64(i+1) {
				t.Fatalf("after %d: %d sessions of %d", i+1, s.Sessions, s.SessionsOpened)
			}
		}
	})
}

// TestSeedBrokerGoes: a broker that leaves, or ends without a word, while it brokers:
// the call ends soon after it is known, with a reason, and nothing is left. The seed
// says fail(null) after 10 s.
func TestSeedBrokerGoes(t *testing.T) {
	for _, after := range []time.Duration{0, 5 * time.Millisecond, 15 * time.Millisecond, 25 * time.Millisecond, 35 * time.Millisecond, time.Second} {
		for name, end := range map[string]func(k *kit){
			"leaves": func(k *kit) { k.must(k.nodes[1].Leave(k.ctx)) },
			"closes": func(k *kit) { k.must(k.nodes[1].Close()) },
		} {
			t.Run(fmt.Sprintf("%s after %v", name, after), func(t *testing.T) {
				bubble(t, 3, func(k *kit) {
					k.net.SetPath(mem.Path{Latency: 10 * time.Millisecond})
					k.line()
					k.rest(time.Second)
					begun := time.Now()
					ended := make(chan error, 1)
					go func() { ended <- k.chat[0].Connect(k.ctx, k.id(2), k.id(1)) }()
					k.rest(after)
					end(k)
					err := <-ended
					if took := time.Since(begun); err != nil && (took > after+5*time.Second || !errors.Is(err, overlay.ErrBrokerLost) && !errors.Is(err, overlay.ErrTimeout)) {
						t.Errorf("%v after %v", err, took)
					}
					if after >= time.Second && err != nil {
						t.Errorf("it was open before: %v", err)
					}
					k.rest(2 * time.Minute)
					a, b := k.chat[0].Outview().Count(k.id(2)), k.chat[2].Inview().Count(k.id(0))
					if a != b || a == 1 != (err == nil) {
						t.Errorf("%v, but %d and %d arcs", err, a, b)
					}
				})
			})
		}
	}
}
