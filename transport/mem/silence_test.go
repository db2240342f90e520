package mem_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

func TestHealedPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		n.SetPath(mem.Path{Latency: 10 * time.Millisecond})
		a, b := pair(t, n)
		b.channel(1, transport.ChannelConfig{})
		c := a.channel(1, transport.ChannelConfig{})
		n.Partition(a.driver, b.driver)
		send(t, c, numbers(10)...)
		time.Sleep(20 * time.Second)
		if got := b.messages(1); len(got) > 0 {
			t.Errorf("%d messages crossed the partition", len(got))
		}
		n.Heal(a.driver, b.driver)
		healed := time.Now()
		if got := b.waitMessages(1, 10); !slices.Equal(got, numbers(10)) {
			t.Errorf("got %q", got)
		}
		if took := time.Since(healed); took > 2*time.Second+10*time.Millisecond {
			t.Errorf("messages came %v after the partition, want at most the longest retransmission time", took)
		}
		time.Sleep(time.Hour) // the silence that began is forgotten
		if a.count(transporttest.Down)+b.count(transporttest.Down) > 0 {
			t.Error("down although the partition was healed in time")
		}
	})
}

// TestSilence shows when each end of an idle session goes Down.
func TestSilence(t *testing.T) {
	for _, test := range []struct {
		name    string
		silence time.Duration // Network.Silence
		fault   func(n *mem.Network, a, b *end)
		a, b    time.Duration // when Down comes; 0: never
	}{
		{"partition", 0, func(n *mem.Network, a, b *end) { n.Partition(a.driver, b.driver) }, 30 * time.Second, 30 * time.Second},
		{"partition, other bound", 5 * time.Second, func(n *mem.Network, a, b *end) { n.Partition(a.driver, b.driver) }, 5 * time.Second, 5 * time.Second},
		{"partition, no bound", -1, func(n *mem.Network, a, b *end) { n.Partition(a.driver, b.driver) }, 0, 0},
		{"two partitions, both too short", 0, func(n *mem.Network, a, b *end) {
			for range 2 {
				n.Partition(a.driver, b.driver)
				time.Sleep(20 * time.Second)
				n.HealAll()
			}
		}, 0, 0},
		{"cut twice without a heal", 0, func(n *mem.Network, a, b *end) {
			n.Partition(a.driver, b.driver)
			time.Sleep(20 * time.Second)
			n.Partition(b.driver, a.driver)
		}, 30 * time.Second, 30 * time.Second},
		{"groups", 0, func(n *mem.Network, a, b *end) {
			n.PartitionGroups([]*mem.Driver{a.driver}, nil, []*mem.Driver{b.driver})
		}, 30 * time.Second, 30 * time.Second},
		{"same group", 0, func(n *mem.Network, a, b *end) { n.PartitionGroups([]*mem.Driver{a.driver, b.driver}) }, 0, 0},
		{"crash", 0, func(_ *mem.Network, _, b *end) { b.driver.Crash() }, 30 * time.Second, 0},
		{"crash, no bound", -1, func(_ *mem.Network, _, b *end) { b.driver.Crash() }, 0, 0},
		{"close that is lost", 0, func(n *mem.Network, a, b *end) {
			n.Partition(a.driver, b.driver)
			_ = b.session.Close()
			n.Heal(a.driver, b.driver)
		}, 30 * time.Second, 0},
		{"driver close that is lost", 0, func(n *mem.Network, a, b *end) {
			n.Partition(a.driver, b.driver)
			_ = b.driver.Close()
		}, 30 * time.Second, 0},
		{"nothing to say on a path that loses all", 0, func(n *mem.Network, a, b *end) { n.SetPath(mem.Path{Loss: 1}) }, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := mem.NewNetwork(1)
				n.Silence = test.silence
				a, b := pair(t, n)
				begun := time.Now()
				test.fault(n, a, b)
				time.Sleep(time.Hour - time.Since(begun))
				for e, want := range map[*end]time.Duration{a: test.a, b: test.b} {
					if got := e.count(transporttest.Down); got != min(1, int(want)) {
						t.Errorf("Down %d times, want at %v", got, want)
					} else if got == 1 {
						if at := e.wait(transporttest.Down).At; at != want {
							t.Errorf("Down after %v, want %v", at, want)
						}
					}
				}
			})
		})
	}
}

func TestSilenceOnLossyPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		a, b := pair(t, n)
		n.SetPathBetween(a.driver, b.driver, mem.Path{Loss: 1})
		send(t, a.channel(1, transport.ChannelConfig{}), "anybody there?")
		if at := a.wait(transporttest.Down).At; at < mem.DefaultSilence || at > mem.DefaultSilence+2*time.Second {
			t.Errorf("Down after %v, want %v and at most one retransmission time more", at, mem.DefaultSilence)
		}
	})
}

// TestNoConnection shows that an attempt that comes to nothing ends.
func TestNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		da, db := newDriver(t, n), newDriver(t, n)
		n.Partition(da, db)
		a, b := begin(t, da, db, 1)
		for _, e := range []*end{a, b} {
			if at := e.wait(transporttest.Down).At; at != mem.DefaultSilence {
				t.Errorf("Down after %v, want %v", at, mem.DefaultSilence)
			}
			if e.count(transporttest.Up) > 0 {
				t.Error("Up in a partition")
			}
		}
		if s := n.Stats(); s.Sent < 20 || s.Sent > 60 || s.Lost != s.Sent {
			t.Errorf("%+v: want some 20 attempts at each end, all lost", s)
		}
	})
}

// TestOthersGoOn shows that faults stay between those whom they concern.
func TestOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.NewNetwork(1)
		da, db, dc, dd := newDriver(t, n), newDriver(t, n), newDriver(t, n), newDriver(t, n)
		ab, _ := connect(t, da, db, 1)
		ac, ca := connect(t, da, dc, 2)
		ad, _ := connect(t, da, dd, 3)
		n.Partition(da, db)
		dd.Crash()
		n.SetPathBetween(da, dc, mem.Path{Latency: time.Second})
		n.SetPath(mem.Path{Latency: time.Hour}) // for all but those set on their own
		ca.channel(1, transport.ChannelConfig{})
		begun := time.Now()
		send(t, ac.channel(1, transport.ChannelConfig{}), "hello")
		ca.waitMessages(1, 1)
		if took := time.Since(begun); took != time.Second {
			t.Errorf("a message took %v, want 1s", took)
		}
		ab.wait(transporttest.Down)
		ad.wait(transporttest.Down)
		time.Sleep(time.Hour)
		if ac.count(transporttest.Down)+ca.count(transporttest.Down) > 0 {
			t.Error("a session that had no fault is down")
		}
	})
}
