package mem_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

const latency = 10 * time.Millisecond

// bubble runs a test with an open session on a path with latency.
func bubble(t *testing.T, test func(t *testing.T, n *mem.Network, a, b *end)) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		n.SetPath(mem.Path{Latency: latency})
		a, b := pair(t, n)
		test(t, n, a, b)
	})
}

func TestMemoryIsBounded(t *testing.T) {
	for _, size := range []int{0, 1000, transport.MaxFrame} {
		bubble(t, func(t *testing.T, _ *mem.Network, a, b *end) {
			c := a.channel(1, transport.ChannelConfig{})
			count := 0
			for ; ; count++ {
				if err := c.Send(make([]byte, size)); err != nil {
					if !errors.Is(err, transport.ErrBufferFull) {
						t.Fatal(err)
					}
					break
				}
			}
			each := size + 64
			if want := 1<<20/each + 4<<20/each; count != want {
				t.Errorf("%d messages of %d bytes were taken, want %d", count, size, want)
			}
			if size == 0 {
				return // counting was all: 80,000 messages take a while
			}
			b.channel(1, transport.ChannelConfig{})
			b.waitMessages(1, count)
		})
	}
}

func TestUnopenedChannelEndsSession(t *testing.T) {
	bubble(t, func(t *testing.T, _ *mem.Network, a, b *end) {
		send(t, a.channel(7, transport.ChannelConfig{}), "nobody has opened 7")
		b.wait(transporttest.Down)
		a.wait(transporttest.Down)
	})
}

func TestOtherConfigIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, _ *mem.Network, a, _ *end) {
		zero := uint16(0)
		for _, cfg := range []transport.ChannelConfig{{Unordered: true}, {MaxRetransmits: &zero}, {MaxLifetime: time.Second}} {
			if _, err := a.session.Channel(1, cfg); err == nil {
				t.Errorf("channel 1 with %+v: no error", cfg)
			}
		}
	})
}

// TestChannelClose follows a close: what was sent before arrives, then the
// other end is closed too, and the number may be used again.
func TestChannelClose(t *testing.T) {
	for _, cfg := range []transport.ChannelConfig{{}, {Unordered: true}} {
		bubble(t, func(t *testing.T, n *mem.Network, a, b *end) {
			n.SetPath(mem.Path{Latency: latency, Loss: 0.3, Jitter: latency})
			for range 3 {
				cb := b.channel(2, cfg)
				ca := a.channel(2, cfg)
				before := len(b.messages(2))
				send(t, ca, numbers(100)...)
				if err := ca.Close(); err != nil {
					t.Fatal(err)
				}
				got := b.waitMessages(2, before+100)[before:]
				slices.Sort(got)
				if !slices.Equal(got, numbers(100)) {
					t.Errorf("got %q", got)
				}
				time.Sleep(20 * time.Second)
				if err := cb.Send([]byte("late")); !errors.Is(err, transport.ErrClosed) {
					t.Errorf("Send at the other end: %v, want ErrClosed", err)
				}
			}
		})
	}
}

func TestCloseWhileReaderIsSlow(t *testing.T) {
	bubble(t, func(t *testing.T, _ *mem.Network, a, b *end) {
		gate := make(chan struct{})
		b.OnMessage = func(_ transport.SessionID, number uint16, data []byte) {
			if string(data) == "slow" {
				<-gate
			}
		}
		b.channel(2, transport.ChannelConfig{})
		c := a.channel(2, transport.ChannelConfig{})
		send(t, c, "slow", "last")
		_ = c.Close()
		time.Sleep(time.Second)

		// The next channel of that number is another one, but its messages
		// wait until those of the last have been handled.
		b.channel(2, transport.ChannelConfig{})
		send(t, a.channel(2, transport.ChannelConfig{}), "next")
		time.Sleep(time.Second)
		if got := b.messages(2); !slices.Equal(got, []string{"slow"}) {
			t.Errorf("got %q while the first is being handled", got)
		}
		close(gate)
		if got := b.waitMessages(2, 3); !slices.Equal(got, []string{"slow", "last", "next"}) {
			t.Errorf("got %q", got)
		}
	})
}

// TestCrossingCloses closes both ends at once, and then one that the other end
// has never opened: the numbers still agree.
func TestCrossingCloses(t *testing.T) {
	bubble(t, func(t *testing.T, _ *mem.Network, a, b *end) {
		closeBoth := func() {
			_ = a.channel(2, transport.ChannelConfig{}).Close()
			_ = b.channel(2, transport.ChannelConfig{}).Close()
			time.Sleep(time.Second)
		}
		closeBoth()
		_ = a.channel(2, transport.ChannelConfig{}).Close()
		time.Sleep(time.Second)
		_ = b.channel(2, transport.ChannelConfig{}).Close()
		time.Sleep(time.Second)
		closeBoth()
		b.channel(2, transport.ChannelConfig{})
		send(t, a.channel(2, transport.ChannelConfig{}), "hello")
		if got := b.waitMessages(2, 1); !slices.Equal(got, []string{"hello"}) {
			t.Errorf("got %q", got)
		}
	})
}

// TestSendToClosedChannel shows that what crosses a close is lost, and no more.
func TestSendToClosedChannel(t *testing.T) {
	bubble(t, func(t *testing.T, _ *mem.Network, a, b *end) {
		cb := b.channel(2, transport.ChannelConfig{})
		ca := a.channel(2, transport.ChannelConfig{})
		_ = cb.Close()
		send(t, ca, numbers(10)...)
		time.Sleep(time.Second)
		if got := b.messages(2); len(got) > 0 {
			t.Errorf("the closed end got %q", got)
		}
		if a.count(transporttest.Down)+b.count(transporttest.Down) > 0 {
			t.Error("the session is down")
		}
	})
}

func TestMessageIsClearedAfterwards(t *testing.T) {
	bubble(t, func(t *testing.T, _ *mem.Network, a, b *end) {
		var kept [][]byte
		b.OnMessage = func(_ transport.SessionID, _ uint16, data []byte) { kept = append(kept, data) }
		b.channel(1, transport.ChannelConfig{})
		send(t, a.channel(1, transport.ChannelConfig{}), "kept against the contract", "last")
		b.waitMessages(1, 2)
		synctest.Wait()
		if want := make([]byte, len("kept against the contract")); !slices.Equal(kept[0], want) {
			t.Errorf("the message still reads %q", kept[0])
		}
	})
}

func TestMessagesWaitForUp(t *testing.T) {
	bubble(t, func(t *testing.T, n *mem.Network, a0, b0 *end) {
		a, b := newEnd(t, "a", a0.driver), newEnd(t, "b", b0.driver)
		gate := make(chan struct{})
		a.OnUp = func(transport.SessionID) { <-gate } // the Recorder takes a message before it returns as a fault
		a.session, _ = a.driver.Offer(sessionID(2), a.Recorder)
		b.session, _ = b.driver.Answer(sessionID(2), a.description(), b.Recorder)
		a.channel(0, transport.ChannelConfig{})
		send(t, b.channel(0, transport.ChannelConfig{}), "queued before Up")
		_ = a.session.Finish(b.description())
		time.Sleep(time.Second)
		if got := a.messages(0); len(got) > 0 {
			t.Errorf("got %q before Up had returned", got)
		}
		close(gate)
		a.waitMessages(0, 1)
	})
}

// TestDownComesAfterMessages shows that what arrived before the end is handled
// before Down, unless the handler takes too long.
func TestDownComesAfterMessages(t *testing.T) {
	for _, slow := range []bool{false, true} {
		bubble(t, func(t *testing.T, _ *mem.Network, a, b *end) {
			gate := make(chan struct{})
			if slow {
				b.OnMessage = func(transport.SessionID, uint16, []byte) { <-gate }
			}
			b.channel(1, transport.ChannelConfig{})
			send(t, a.channel(1, transport.ChannelConfig{}), numbers(500)...)
			sent := time.Now()
			_ = a.session.Close()
			b.wait(transporttest.Down)
			took, got := time.Since(sent), len(b.messages(1))
			close(gate)
			time.Sleep(time.Minute)
			if !slow && (took != latency || got != 500) {
				t.Errorf("Down after %v and %d messages, want %v and 500", took, got, latency)
			}
			if slow && (took != latency+time.Second || got != 1) {
				t.Errorf("slow handler: Down after %v and %d messages, want %v and 1", took, got, latency+time.Second)
			}
			if later := len(b.messages(1)) - got; later > 0 {
				t.Errorf("%d messages after Down", later)
			}
		})
	}
}

// TestCloseBeforeDown closes an end whose Down waits for a slow handler.
func TestCloseBeforeDown(t *testing.T) {
	for _, close1 := range []func(e *end) error{
		func(e *end) error { return e.session.Close() },
		func(e *end) error { e.driver.Crash(); return nil },
	} {
		bubble(t, func(t *testing.T, _ *mem.Network, a, b *end) {
			gate := make(chan struct{})
			b.OnMessage = func(transport.SessionID, uint16, []byte) { <-gate }
			b.channel(1, transport.ChannelConfig{})
			send(t, a.channel(1, transport.ChannelConfig{}), "one", "two")
			_ = a.session.Close()
			time.Sleep(latency + time.Millisecond)
			if err := close1(b); err != nil {
				t.Fatal(err)
			}
			close(gate)
			time.Sleep(time.Minute)
			if b.count(transporttest.Down) > 0 || len(b.messages(1)) != 1 {
				t.Errorf("Down %d times and %q after Close", b.count(transporttest.Down), b.messages(1))
			}
		})
	}
}

func TestAnswerMustChooseSetup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		for _, setup := range []transport.Setup{transport.SetupActPass, transport.SetupActive, transport.SetupPassive} {
			da, db := newDriver(t, n), newDriver(t, n)
			a, b := newEnd(t, "a", da), newEnd(t, "b", db)
			a.session, _ = da.Offer(sessionID(1), a.Recorder)
			offer := a.description()
			offer.Setup = setup
			b.session, _ = db.Answer(sessionID(1), offer, b.Recorder)
			answer := b.description()
			if answer.Setup == setup || answer.Setup == transport.SetupActPass {
				t.Errorf("setup %v was answered with %v", setup, answer.Setup)
			}
			if c := answer.Candidates; len(c) != 1 || c[0].Addr != db.Addr() {
				t.Errorf("candidates %v, want the driver's address %v", c, db.Addr())
			}
			answer.Setup = transport.SetupActPass
			_ = a.session.Finish(answer)
			a.wait(transporttest.Down)
		}
	})
}
