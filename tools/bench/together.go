package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
)

// together sends messages of 16 KiB by some protocols at once on one session,
// beside others that send until their receivers, who take nothing, stop them.
func together(ctx context.Context, protocols, idle int, d time.Duration) (flow, error) {
	made, err := newNodeGrid(ctx, 1, 1, 0, way{})
	if err != nil {
		return flow{}, err
	}
	g := made.(*nodeGrid)
	defer g.close()
	if _, _, err := g.open(ctx, 0, 0); err != nil {
		return flow{}, err
	}
	x, y := g.left[0], g.right[0]
	sending, stop := context.WithCancel(ctx)
	var senders sync.WaitGroup
	defer senders.Wait()
	defer stop()
	var messages, bytes atomic.Int64
	failed := make(chan error, protocols+idle)
	for i := range protocols + idle {
		name := fmt.Sprintf("p%d", i)
		from, err := x.Protocol(name, overlay.ProtocolConfig{})
		if err != nil {
			return flow{}, err
		}
		to, err := y.Protocol(name, overlay.ProtocolConfig{})
		if err != nil {
			return flow{}, err
		}
		if err := from.Connect(ctx, y.ID()); err != nil {
			return flow{}, err
		}
		if i < protocols {
			(&nodeEnd{p: to}).serve(func(p []byte) {
				messages.Add(1)
				bytes.Add(int64(len(p)))
			})
		}
		senders.Go(func() {
			p := make([]byte, 16<<10)
			for sending.Err() == nil {
				if err := from.Send(sending, y.ID(), p); err != nil && sending.Err() == nil {
					failed <- err
					return
				}
			}
		})
	}
	return count(ctx, d, &messages, &bytes, failed)
}

func mallocs() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.Mallocs
}
