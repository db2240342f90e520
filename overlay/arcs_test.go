package overlay_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// next gives the event that has come.
func next(t *testing.T, events <-chan overlay.Event) overlay.Event {
	t.Helper()
	synctest.Wait()
	select {
	case e := <-events:
		return e
	default:
		t.Fatal("no event")
		return nil
	}
}

// nothing sees that no further event has come.
func nothing(t *testing.T, events <-chan overlay.Event) {
	t.Helper()
	synctest.Wait()
	select {
	case e := <-events:
		t.Errorf("event %+v", e)
	default:
	}
}

// TestReverse: an arc turns round on the session that there is, at once here and
// as soon as it hears of it there, and both ends' events keep views right.
func TestReverse(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		k.rest(time.Second)
		a, b := k.chat[0], k.chat[1]
		atA, atB := collect(k.ctx, a), collect(k.ctx, b)
		before := k.nodes[0].Stats()

		k.must(a.Reverse(k.ctx, k.id(1)))
		if out, in := a.Outview().Len(), a.Inview().Count(k.id(1)); out != 0 || in != 1 {
			t.Errorf("here: %d arcs out, %d in: it waited", out, in)
		}
		for _, end := range []*overlay.Protocol{a, b} { // under way: nobody holds it
			other := k.id(1)
			if end == b {
				other = k.id(0)
			}
			for _, err := range []error{end.Reverse(k.ctx, other), end.Disconnect(k.ctx, other)} {
				if !errors.Is(err, overlay.ErrNotNeighbor) {
					t.Errorf("while it is under way: %v", err)
				}
			}
		}
		k.rest(20 * time.Millisecond)
		k.agree()
		for name, c := range map[string]struct {
			got, want overlay.Event
		}{
			"a closed": {next(t, atA), overlay.ArcClosed{Peer: k.id(1), Direction: overlay.Out, Cause: overlay.Turned, Arcs: 1}},
			"b closed": {next(t, atB), overlay.ArcClosed{Peer: k.id(0), Direction: overlay.In, Cause: overlay.Turned, Arcs: 1}},
		} {
			if c.got != c.want {
				t.Errorf("%s: %+v, want %+v", name, c.got, c.want)
			}
		}
		if e := next(t, atA).(overlay.ArcOpened); e.Direction != overlay.In || e.Peer != k.id(1) || e.NewSession || e.Via != nil {
			t.Errorf("a opened: %+v", e)
		}
		if e := next(t, atB).(overlay.ArcOpened); e.Direction != overlay.Out || e.Peer != k.id(0) || e.NewSession || e.Via != nil {
			t.Errorf("b opened: %+v", e)
		}
		nothing(t, atA)
		nothing(t, atB)
		after := k.nodes[0].Stats()
		if after.SignalsSent != before.SignalsSent || after.SessionsOpened != before.SessionsOpened {
			t.Errorf("it took a handshake: %+v, before %+v", after, before)
		}

		k.must(b.Reverse(k.ctx, k.id(0))) // and back
		k.rest(20 * time.Millisecond)
		k.agree()
		if a.Outview().Count(k.id(1)) != 1 {
			t.Error("it did not come back")
		}
		k.must(a.Disconnect(k.ctx, k.id(1)))
		k.rest(20 * time.Millisecond)
		k.agree()
		if n := b.Inview().Len(); n != 0 {
			t.Errorf("%d arcs are left", n)
		}
	})
}

// TestSendWhileArcsTurn: however fast the one arc of a pair turns, a Send finds
// it in one of the views.
func TestSendWhileArcsTurn(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		k.rest(time.Second)
		stop, turned := make(chan struct{}), make(chan int)
		go func() {
			n := 0
			for {
				select {
				case <-stop:
					turned <- n
					return
				default:
				}
				for i := range 2 {
					if k.chat[i].Reverse(k.ctx, k.id(1-i)) == nil {
						n++
					}
				}
				time.Sleep(time.Millisecond)
			}
		}()
		for range 500 {
			k.must(k.chat[0].Send(k.ctx, k.id(1), []byte("x")))
			_, err := k.chat[1].Receive(k.ctx)
			k.must(err)
		}
		close(stop)
		if n := <-turned; n < 100 {
			t.Errorf("it turned %d times: the test shows little", n)
		}
		k.rest(time.Second)
		k.agree()
	})
}

// TestHold: of n arcs under h holds, n - h can be ended or reversed.
func TestHold(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		k.rest(time.Second)
		a, to := k.chat[0], k.id(1)
		if _, err := k.chat[1].Hold(k.id(0)); !errors.Is(err, overlay.ErrNotNeighbor) {
			t.Errorf("hold of an arc of the inview: %v", err)
		}
		for range 2 {
			k.must(a.Connect(k.ctx, to))
		}
		first, err := a.Hold(to)
		k.must(err)
		second, err := a.Hold(to)
		k.must(err)
		k.must(a.Disconnect(k.ctx, to)) // three arcs, two holds
		for _, err := range []error{a.Disconnect(k.ctx, to), a.Reverse(k.ctx, to)} {
			if !errors.Is(err, overlay.ErrHeld) {
				t.Errorf("two arcs, two holds: %v", err)
			}
		}
		first()
		first()
		k.must(a.Reverse(k.ctx, to))
		if err := a.Disconnect(k.ctx, to); !errors.Is(err, overlay.ErrHeld) {
			t.Errorf("one arc, one hold: %v", err)
		}
		second()
		k.must(a.Disconnect(k.ctx, to))
		k.rest(time.Second)
		k.agree()
	})
}

// TestHoldDoesNotOutliveItsArcs: what ends an arc without asking this end ends its
// holds, and a release of one changes nothing later.
func TestHoldDoesNotOutliveItsArcs(t *testing.T) {
	ends := map[string]func(k *kit){
		"the other end closes the protocol": func(k *kit) { k.must(k.chat[1].Close()) },
		"this end closes the protocol":      func(k *kit) { k.must(k.chat[0].Close()) },
		"the other end leaves":              func(k *kit) { k.must(k.nodes[1].Leave(k.ctx)) },
		"the other end's node closes":       func(k *kit) { k.must(k.nodes[1].Close()) },
		"the other end falls silent":        func(k *kit) { k.mem[1].Crash() },
		"this node closes":                  func(k *kit) { k.must(k.nodes[0].Close()) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(k *kit) {
				k.join(0, 1)
				k.join(0, 2)
				release, err := k.chat[0].Hold(k.id(1))
				k.must(err)
				kept, err := k.chat[0].Hold(k.id(2))
				k.must(err)
				end(k)
				k.rest(time.Minute)
				if n := k.chat[0].Outview().Count(k.id(1)); n != 0 && name != "this node closes" {
					t.Errorf("%d arcs are left", n)
				}
				release()
				release()
				if _, err := k.chat[0].Hold(k.id(1)); err == nil {
					t.Error("there is nothing to hold")
				}
				if k.chat[0].Outview().Count(k.id(2)) > 0 && name != "this node closes" {
					if err := k.chat[0].Disconnect(k.ctx, k.id(2)); !errors.Is(err, overlay.ErrHeld) {
						t.Errorf("the arc to another peer: %v", err)
					}
				}
				kept()
			})
		})
	}
	t.Run("the next arc is not held", func(t *testing.T) {
		bubble(t, 2, func(k *kit) {
			k.join(0, 1)
			release, err := k.chat[0].Hold(k.id(1))
			k.must(err)
			k.must(k.chat[1].Close())
			k.rest(time.Second)
			k.chat[1] = k.protocol(1, "chat")
			k.must(k.chat[0].Connect(k.ctx, k.id(1)))
			k.must(k.chat[0].Connect(k.ctx, k.id(1)))
			k.must(k.chat[0].Disconnect(k.ctx, k.id(1)))
			_, err = k.chat[0].Hold(k.id(1))
			k.must(err)
			release() // of the hold that is over, not of this one
			if err := k.chat[0].Disconnect(k.ctx, k.id(1)); !errors.Is(err, overlay.ErrHeld) {
				t.Errorf("an old release has ended a new hold: %v", err)
			}
		})
	})
}

// TestWhyArcsClose: each cause, and how many arcs went at once.
func TestWhyArcsClose(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(k *kit)
		want overlay.Cause // at node 0, of its two arcs to node 1 and the one from it
		each int
		n    int
	}{
		{"disconnect here", func(k *kit) { k.must(k.chat[0].Disconnect(k.ctx, k.id(1))) }, overlay.Here, 1, 1},
		{"close here", func(k *kit) { k.must(k.chat[0].Close()) }, overlay.Here, 3, 3},
		{"disconnect there", func(k *kit) { k.must(k.chat[1].Disconnect(k.ctx, k.id(0))) }, overlay.There, 1, 1},
		{"close there", func(k *kit) { k.must(k.chat[1].Close()) }, overlay.There, 1, 3},
		{"leave there", func(k *kit) { k.must(k.nodes[1].Leave(k.ctx)) }, overlay.Left, 3, 3},
		{"the node there ends without a word", func(k *kit) { k.must(k.nodes[1].Close()) }, overlay.Crashed, 3, 3},
		{"silence there", func(k *kit) { k.mem[1].Crash() }, overlay.Idle, 3, 3},
		{"silence between", func(k *kit) { k.net.Partition(k.mem[0], k.mem[1]) }, overlay.Idle, 3, 3},
		{"reverse there", func(k *kit) { k.must(k.chat[1].Reverse(k.ctx, k.id(0))) }, overlay.Turned, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, 2, func(k *kit) {
				k.join(0, 1)
				k.must(k.chat[0].Connect(k.ctx, k.id(1)))
				k.must(k.chat[1].Connect(k.ctx, k.id(0)))
				files := k.protocol(0, "files") // another protocol's arcs are not counted with these
				k.protocol(1, "files")
				k.must(files.Connect(k.ctx, k.id(1)))
				k.rest(time.Second)
				events := collect(k.ctx, k.chat[0])
				c.end(k)
				k.rest(time.Minute)
				for range c.n {
					e, ok := next(t, events).(overlay.ArcClosed)
					if !ok || e.Cause != c.want || e.Arcs != c.each || e.Peer != k.id(1) {
						t.Errorf("event %+v, want %v of %d", e, c.want, c.each)
					}
				}
				if c.want == overlay.Turned {
					next(t, events)
				}
				nothing(t, events)
			})
		})
	}
}

// TestRTT: a neighbor's round trip is measured a second after its session opened,
// and anew with each heartbeat.
func TestRTT(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		k.join(0, 1)
		k.rest(900 * time.Millisecond)
		want := func(min, max time.Duration) {
			t.Helper()
			if got := k.nodes[0].Neighbors()[0].RTT; got < min || got > max {
				t.Errorf("RTT %v, want %v to %v", got, min, max)
			}
		}
		want(0, 0)
		k.rest(200 * time.Millisecond)
		want(20*time.Millisecond, 21*time.Millisecond)
		k.net.SetPath(mem.Path{Latency: 50 * time.Millisecond})
		k.rest(6 * time.Second)
		want(100*time.Millisecond, 101*time.Millisecond)
	})
}
