package bench

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// flow is what one way of a connection carried.
type flow struct {
	messages, bytes float64 // per second
	cpu             float64 // nanoseconds of processor time for each byte, both ends together
}

// throughput sends messages of one size for some time, as fast as the receiver
// takes them.
func throughput(ctx context.Context, from, to end, size int, d time.Duration) (flow, error) {
	sending, stop := context.WithCancel(ctx)
	var sender sync.WaitGroup
	defer sender.Wait()
	defer stop()
	var messages, bytes atomic.Int64
	to.serve(func(p []byte) {
		messages.Add(1)
		bytes.Add(int64(len(p)))
	})
	failed := make(chan error, 1)
	sender.Go(func() {
		p := make([]byte, size)
		for sending.Err() == nil {
			if err := from.send(sending, p); err != nil && sending.Err() == nil {
				failed <- err
				return
			}
		}
	})
	return count(ctx, d, &messages, &bytes, failed)
}

// count watches the counters of receivers for some time, after a start that
// does not count, in which buffers and the congestion window grow.
func count(ctx context.Context, d time.Duration, messages, bytes *atomic.Int64, failed <-chan error) (flow, error) {
	if err := wait(ctx, d/4, failed); err != nil {
		return flow{}, err
	}
	m, b, cpu, begun := messages.Load(), bytes.Load(), cpuTime(), time.Now()
	for arrived := m; arrived == m; arrived = messages.Load() { // longer, when what was lost at first is awaited
		if err := wait(ctx, d, failed); err != nil {
			return flow{}, err
		}
	}
	took := time.Since(begun).Seconds()
	m, b, cpu = messages.Load()-m, bytes.Load()-b, cpuTime()-cpu
	return flow{float64(m) / took, float64(b) / took, float64(cpu) / max(1, float64(b))}, nil
}

func wait(ctx context.Context, d time.Duration, failed <-chan error) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case err := <-failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pingPong sends messages of 64 bytes there and back, one at a time, and gives
// the times that they took, in order.
func pingPong(ctx context.Context, a, b end, n int) ([]time.Duration, error) {
	back := make(chan struct{}, 1)
	a.serve(func([]byte) { back <- struct{}{} })
	b.serve(func(p []byte) { _ = b.send(ctx, p) }) // what fails is not answered
	times := make([]time.Duration, 0, n)
	p := make([]byte, 64)
	for i := range n + n/10 { // the first tenth does not count
		binary.BigEndian.PutUint32(p, uint32(i))
		begun := time.Now()
		if err := a.send(ctx, p); err != nil {
			return nil, err
		}
		select {
		case <-back:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if i >= n/10 {
			times = append(times, time.Since(begun))
		}
	}
	slices.Sort(times)
	return times, nil
}
