package pion_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// opener makes one connection between two peers that it keeps, and says how to
// close it.
type opener func(b *testing.B) (closeBoth func())

// BenchmarkOpen measures the time from nothing to a channel that is open at
// both ends, descriptions handed over directly: this driver, and
// webrtc.PeerConnection as it comes and with the best settings that it has.
// The three take turns, so that their ratios hold on a busy machine.
func BenchmarkOpen(b *testing.B) {
	kinds := []string{"driver", "raw-default", "raw-best"}
	open := []opener{openDriver(b), openRaw(b, rawDefault(b)), openRaw(b, rawBest(b))}
	times := make([][]time.Duration, len(open))
	for b.Loop() {
		for i, o := range open {
			start := time.Now()
			closeBoth := o(b)
			times[i] = append(times[i], time.Since(start))
			closeBoth()
		}
	}
	median := func(i int) float64 {
		slices.Sort(times[i])
		return times[i][len(times[i])/2].Seconds() * 1000
	}
	for i, kind := range kinds {
		b.ReportMetric(median(i), kind+"-ms")
		b.ReportMetric(times[i][len(times[i])*9/10].Seconds()*1000, kind+"-p90-ms")
	}
	b.ReportMetric(median(0)/median(1), "driver/default")
	b.ReportMetric(median(0)/median(2), "driver/best")
}

func openDriver(b *testing.B) opener {
	da, db := newDriver(b, nil), newDriver(b, nil)
	var number uint64
	return func(b *testing.B) func() {
		number++
		id := transport.SessionID{Number: number}
		a, c := newPeer(), newPeer()
		sa, err := da.Offer(id, a)
		must(b, err)
		sb, err := db.Answer(id, <-a.described, c)
		must(b, err)
		must(b, sa.Finish(<-c.described))
		<-a.up
		<-c.up
		return func() {
			must(b, sa.Close())
			<-c.down
			must(b, sb.Close())
		}
	}
}

// BenchmarkThroughput sends messages of 16 KiB one way, on one channel.
func BenchmarkThroughput(b *testing.B) {
	b.Run("driver", benchmarkDriver)
	b.Run("raw-default", func(b *testing.B) { benchmarkRaw(b, rawDefault(b)) })
	b.Run("raw-best", func(b *testing.B) { benchmarkRaw(b, rawBest(b)) })
}

const benchMessage = 16 << 10

func benchmarkDriver(b *testing.B) {
	a, c := newPeer(), newPeer()
	sa, sb := connect(b, newDriver(b, nil), newDriver(b, nil), a, c, 1)
	ca, err := sa.Channel(transport.FirstChannel, transport.ChannelConfig{})
	must(b, err)
	received := make(chan struct{}, 1<<16)
	c.message = func(uint16, []byte) { received <- struct{}{} }
	_, err = sb.Channel(transport.FirstChannel, transport.ChannelConfig{})
	must(b, err)
	b.SetBytes(benchMessage)
	p := make([]byte, benchMessage)
	outstanding := 0
	for b.Loop() {
		for outstanding >= 64 { // 1 MiB under way
			<-received
			outstanding--
		}
		must(b, ca.Send(p))
		outstanding++
	}
	for ; outstanding > 0; outstanding-- {
		<-received
	}
}

// BenchmarkRoundTrip sends 64 bytes there and back.
func BenchmarkRoundTrip(b *testing.B) {
	a, c := newPeer(), newPeer()
	back := make(chan struct{}, 1)
	var echo atomic.Value // transport.Channel
	a.message = func(uint16, []byte) { back <- struct{}{} }
	c.message = func(_ uint16, data []byte) { _ = echo.Load().(transport.Channel).Send(data) }
	sa, sb := connect(b, newDriver(b, nil), newDriver(b, nil), a, c, 1)
	cb, err := sb.Channel(transport.FirstChannel, transport.ChannelConfig{})
	must(b, err)
	echo.Store(cb)
	ca, err := sa.Channel(transport.FirstChannel, transport.ChannelConfig{})
	must(b, err)
	p := make([]byte, 64)
	for b.Loop() {
		must(b, ca.Send(p))
		<-back
	}
}

var _ transport.Driver = (*pion.Driver)(nil)
