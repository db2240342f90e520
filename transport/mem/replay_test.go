package mem_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

var (
	firstSeed = flag.Uint64("mem.seed", 1, "first seed of TestRandomFaults")
	seeds     = flag.Uint64("mem.seeds", 30, "how many seeds TestRandomFaults tries")
)

// TestSameSeedSameFate runs a session under every fault: the events and their
// times depend on the seed and on nothing else.
func TestSameSeedSameFate(t *testing.T) {
	run := func(seed uint64) (events string, stats mem.Stats) {
		synctest.Test(t, func(t *testing.T) {
			n := mem.NewNetwork(seed)
			n.SetPath(mem.Path{Latency: 7 * time.Millisecond, Jitter: 20 * time.Millisecond, Loss: 0.2, Duplicate: 0.1, Reorder: 0.1})
			a, b := pair(t, n)
			b.channel(2, transport.ChannelConfig{Unordered: true})
			send(t, a.channel(2, transport.ChannelConfig{Unordered: true}), numbers(200)...)
			b.waitMessages(2, 200)
			for _, e := range append(a.Events(), b.Events()...) {
				events += fmt.Sprintln(e)
			}
			stats = n.Stats()
		})
		return events, stats
	}
	events, stats := run(1)
	for range 5 {
		again, stats2 := run(1)
		if again != events || stats2 != stats {
			t.Fatalf("seed 1 gave %+v\n%s\nand then %+v\n%s", stats, events, stats2, again)
		}
	}
	if other, _ := run(2); other == events {
		t.Error("seeds 1 and 2 gave the same events")
	}
}

// TestRandomFaults sends random messages both ways on reliable channels, while
// paths change, partitions come and heal: everything arrives once, in order.
func TestRandomFaults(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				t.Logf("repeat with -mem.seed %d -mem.seeds 1", seed)
				randomFaults(t, seed)
			})
		})
	}
}

func randomFaults(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	n := mem.NewNetwork(seed)
	n.Silence = -1 // partitions only cost time here
	a, b := pair(t, n)
	const channels = 4
	type flow struct {
		from, to *end
		number   uint16
		cfg      transport.ChannelConfig
		sent     []string
	}
	var flows []*flow
	for number := range uint16(channels) {
		cfg := transport.ChannelConfig{Unordered: number == channels-1}
		flows = append(flows, &flow{a, b, number, cfg, nil}, &flow{b, a, number, cfg, nil})
		a.channel(number, cfg)
		b.channel(number, cfg)
	}
	for range 300 {
		switch rng.IntN(10) {
		case 0:
			n.SetPath(mem.Path{
				Latency:   time.Duration(rng.IntN(100)) * time.Millisecond,
				Jitter:    time.Duration(rng.IntN(100)) * time.Millisecond,
				Loss:      0.8 * rng.Float64(),
				Duplicate: rng.Float64(),
				Reorder:   rng.Float64(),
			})
		case 1:
			n.Partition(a.driver, b.driver)
		case 2:
			n.Heal(a.driver, b.driver)
		case 3:
			time.Sleep(time.Duration(rng.IntN(1000)) * time.Millisecond)
		default:
			f := flows[rng.IntN(len(flows))]
			m := fmt.Sprintf("%06d %s", len(f.sent), make([]byte, rng.IntN(2000)))
			f.sent = append(f.sent, m)
			send(t, f.from.channel(f.number, f.cfg), m)
		}
	}
	n.HealAll()
	for _, f := range flows {
		got := f.to.waitMessages(f.number, len(f.sent))
		if f.cfg.Unordered {
			slices.Sort(got)
		}
		if !slices.Equal(got, f.sent) {
			t.Errorf("channel %d to %p: %d messages, sent %d, or out of order", f.number, f.to, len(got), len(f.sent))
		}
	}
	time.Sleep(time.Minute) // nothing comes late
	for _, f := range flows {
		if got := len(f.to.messages(f.number)); got != len(f.sent) {
			t.Errorf("channel %d: %d messages, sent %d", f.number, got, len(f.sent))
		}
	}
	if downs := a.count(transporttest.Down) + b.count(transporttest.Down); downs > 0 {
		t.Errorf("Down %d times", downs)
	}
}

// TestRealTime runs the same faults outside of a bubble, with short times.
func TestRealTime(t *testing.T) {
	n := mem.NewNetwork(1)
	n.SetPath(mem.Path{Latency: time.Millisecond, Jitter: time.Millisecond, Loss: 0.02, Duplicate: 0.1, Reorder: 0.1})
	n.Silence = 100 * time.Millisecond
	a, b := pair(t, n)
	b.channel(1, transport.ChannelConfig{})
	send(t, a.channel(1, transport.ChannelConfig{}), numbers(500)...)
	if got := b.waitMessages(1, 500); !slices.Equal(got, numbers(500)) {
		t.Error("messages are missing or out of order")
	}
	b.driver.Crash()
	if down := a.wait(transporttest.Down); down.Reason == nil {
		t.Error("Down without a reason")
	}
}
