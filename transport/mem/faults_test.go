package mem_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

func numbers(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%06d", i)
	}
	return all
}

// within fails the test unless got is what a share of n draws gives, by at
// most five standard deviations: one run in 1.7 million is further off.
func within(t *testing.T, what string, got, n int, share float64) {
	t.Helper()
	mean, deviation := float64(n)*share, math.Sqrt(float64(n)*share*(1-share))
	if math.Abs(float64(got)-mean) > 5*deviation {
		t.Errorf("%s: %d of %d, want %.0f ± %.0f", what, got, n, mean, 5*deviation)
	}
}

func TestSetupTakesRoundTrips(t *testing.T) {
	const latency = 20 * time.Millisecond
	for trips, want := range map[int]time.Duration{0: 2, 1: 2, 2: 2, 5: 5} {
		synctest.Test(t, func(t *testing.T) {
			n := mem.NewNetwork(1)
			n.RoundTrips = trips
			n.SetPath(mem.Path{Latency: latency})
			a, b := pair(t, n)
			roundTrips := want * 2 * latency
			if at := a.wait(transporttest.Up).At; at != roundTrips {
				t.Errorf("RoundTrips %d: initiator up after %v, want %v", trips, at, roundTrips)
			}
			if at := b.wait(transporttest.Up).At; at != roundTrips-latency {
				t.Errorf("RoundTrips %d: answerer up after %v, want %v", trips, at, roundTrips-latency)
			}
		})
	}
}

func TestSetupSurvivesLoss(t *testing.T) {
	const sessions, latency = 200, 20 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		n.SetPath(mem.Path{Latency: latency, Loss: 0.2})
		da, db := newDriver(t, n), newDriver(t, n)
		prompt := 0
		for i := range uint64(sessions) {
			a, _ := connect(t, da, db, i)
			switch took := a.wait(transporttest.Up).At; {
			case took == 4*latency:
				prompt++
			case took < 5*latency: // the answerer's check triggers the first step again
				t.Errorf("session %d: up after %v: a lost step costs at least %v", i, took, latency)
			}
		}
		// Four datagrams in a row must not be lost.
		within(t, "sessions without a loss", prompt, sessions, math.Pow(0.8, 4))
	})
}

func TestGatheredLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		n.Gather = 300 * time.Millisecond
		a, b := begin(t, newDriver(t, n), newDriver(t, n), 1)
		if c := a.description().Candidates; len(c) > 0 {
			t.Errorf("the description has the candidates %v already", c)
		}
		got := a.wait(transporttest.Gathered)
		if got.At != n.Gather || !got.Last || len(got.Candidates) != 1 {
			t.Errorf("gathered %v", got)
		}
		a.Never(t, time.Second, "up without candidates", func([]transporttest.Event) bool { return a.session == nil })
		if a.count(transporttest.Up) > 0 {
			t.Error("up without candidates")
		}
		if err := b.session.AddCandidates(got.Candidates); err != nil {
			t.Fatal(err)
		}
		a.wait(transporttest.Up)
	})
}

func TestLossCostsTimeNotMessages(t *testing.T) {
	const latency, count = 10 * time.Millisecond, 5000
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		n.SetPath(mem.Path{Latency: latency})
		a, b := pair(t, n)
		b.channel(1, transport.ChannelConfig{})
		c := a.channel(1, transport.ChannelConfig{})

		begun := time.Now()
		send(t, c, numbers(count)...)
		b.waitMessages(1, count)
		if took := time.Since(begun); took != latency {
			t.Errorf("without loss %d messages took %v, want %v", count, took, latency)
		}

		n.SetPath(mem.Path{Latency: latency, Loss: 0.1})
		before := n.Stats()
		begun = time.Now()
		send(t, c, numbers(count)...)
		got := b.waitMessages(1, 2*count)[count:]
		if !slices.Equal(got, numbers(count)) {
			t.Error("messages are missing, twice there or out of order")
		}
		// The unluckiest of 5000 is lost three times or more, at 50, 100 and 200 ms.
		if took := time.Since(begun); took < latency+350*time.Millisecond || took > 10*time.Second {
			t.Errorf("with loss %d messages took %v", count, took)
		}
		after := n.Stats()
		within(t, "lost", int(after.Lost-before.Lost), int(after.Sent-before.Sent), 0.1)
		if lost, again := after.Lost-before.Lost, after.Retransmitted-before.Retransmitted; lost != again {
			t.Errorf("%d datagrams were lost and %d sent again", lost, again)
		}
	})
}

func TestUnreliableLosesItsShare(t *testing.T) {
	const count, loss = 5000, 0.2
	for _, retransmits := range []uint16{0, 1, 2} {
		for _, unordered := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				n := mem.NewNetwork(7)
				n.SetPath(mem.Path{Latency: 5 * time.Millisecond})
				a, b := pair(t, n)
				cfg := transport.ChannelConfig{MaxRetransmits: &retransmits, Unordered: unordered}
				b.channel(2, cfg)
				c := a.channel(2, cfg)
				n.SetPath(mem.Path{Latency: 5 * time.Millisecond, Loss: loss, Duplicate: 0.1})
				send(t, c, numbers(count)...)
				time.Sleep(10 * time.Second)

				got := b.messages(2)
				if !unordered && !slices.IsSorted(got) {
					t.Error("an ordered channel delivered out of order")
				}
				slices.Sort(got)
				if len(slices.Compact(slices.Clone(got))) != len(got) {
					t.Error("an unreliable channel delivered twice")
				}
				share := math.Pow(loss, float64(retransmits+1))
				within(t, fmt.Sprintf("given up after %d retransmissions", retransmits), count-len(got), count, share)
				if abandoned := n.Stats().Abandoned; int(abandoned) != count-len(got) {
					t.Errorf("%d messages are missing, %d were abandoned", count-len(got), abandoned)
				}
			})
		}
	}
}

func TestLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		n.SetPath(mem.Path{Latency: 10 * time.Millisecond})
		a, b := pair(t, n)
		cfg := transport.ChannelConfig{MaxLifetime: 200 * time.Millisecond}
		b.channel(2, cfg)
		c := a.channel(2, cfg)
		n.Partition(a.driver, b.driver)
		send(t, c, "lives too short")
		time.Sleep(2 * time.Second)
		send(t, c, "lives long enough")
		n.Heal(a.driver, b.driver)
		b.waitMessages(2, 1)
		if got := b.messages(2); !slices.Equal(got, []string{"lives long enough"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestLifetimeInBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		a, b := pair(t, n)
		gate := make(chan struct{})
		b.OnMessage = func(transport.SessionID, uint16, []byte) { <-gate }
		cfg := transport.ChannelConfig{MaxLifetime: 200 * time.Millisecond}
		b.channel(2, cfg)
		c := a.channel(2, cfg)
		const count = 100 // 64 fill the window, the others wait in the buffer
		for range count {
			send(t, c, string(make([]byte, 16<<10)))
		}
		time.Sleep(time.Second)
		close(gate)
		time.Sleep(time.Second)
		if got := len(b.messages(2)); got != 63 {
			t.Errorf("%d messages arrived, want the 63 of the window", got)
		}
		send(t, c, "fresh")
		if got := b.waitMessages(2, 64); got[63] != "fresh" {
			t.Errorf("last message is %.20q", got[63])
		}
	})
}

func TestDuplicatesArriveOnce(t *testing.T) {
	const count = 2000
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		n.SetPath(mem.Path{Latency: time.Millisecond, Jitter: 5 * time.Millisecond, Duplicate: 1})
		a, b := pair(t, n)
		for number, cfg := range map[uint16]transport.ChannelConfig{1: {}, 2: {Unordered: true}} {
			b.channel(number, cfg)
			send(t, a.channel(number, cfg), numbers(count)...)
			b.waitMessages(number, count)
			time.Sleep(time.Second)
			got := b.messages(number)
			if slices.IsSorted(got) == cfg.Unordered {
				t.Errorf("channel %d, unordered %v: sorted %v", number, cfg.Unordered, slices.IsSorted(got))
			}
			slices.Sort(got)
			if !slices.Equal(got, numbers(count)) {
				t.Errorf("channel %d: %d messages, want %d", number, len(got), count)
			}
		}
		if s := n.Stats(); s.Duplicated != s.Sent {
			t.Errorf("%d of %d datagrams were duplicated", s.Duplicated, s.Sent)
		}
	})
}

func TestReorder(t *testing.T) {
	const count = 2000
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		n.SetPath(mem.Path{Latency: 10 * time.Millisecond, Reorder: 0.25})
		a, b := pair(t, n)
		before := n.Stats()
		b.channel(1, transport.ChannelConfig{})
		b.channel(2, transport.ChannelConfig{Unordered: true})
		send(t, a.channel(1, transport.ChannelConfig{}), numbers(count)...)
		send(t, a.channel(2, transport.ChannelConfig{Unordered: true}), numbers(count)...)
		if got := b.waitMessages(1, count); !slices.Equal(got, numbers(count)) {
			t.Error("the ordered channel is out of order")
		}
		got := b.waitMessages(2, count)
		late := 0 // held up: they come after the last prompt one, in order
		for i := len(got) - 1; i > 0 && got[i] > got[i-1]; i-- {
			late++
		}
		late++
		within(t, "held up", late, count, 0.25)
		within(t, "counted", int(n.Stats().Reordered-before.Reordered), 2*count, 0.25)
	})
}
