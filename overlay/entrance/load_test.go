//go:build !js

package entrance

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// Over real sockets: everybody comes at once, to few doors that take few at a
// time, and everybody gets in. Nothing is left.
func TestManyNewcomers(t *testing.T) {
	t.Run("one door", func(t *testing.T) { manyNewcomers(t, 1, ServerConfig{MaxPerAddress: -1}) })
	t.Run("small doors", func(t *testing.T) { manyNewcomers(t, 4, ServerConfig{MaxPerAddress: -1, MaxVisits: 8}) })
}

func manyNewcomers(t *testing.T, doors int, cfg ServerConfig) {
	before := goleak.IgnoreCurrent()
	const newcomers = 200
	server := NewServer(cfg)
	listener := httptest.NewServer(server)
	network := mem.NewNetwork(1)
	members := map[transport.PeerID]bool{}
	var close []func()
	for range doors {
		n, _ := newNode(t, network)
		d, err := Open(t.Context(), n, listener.URL, "lobby")
		if err != nil {
			t.Fatal(err)
		}
		members[n.ID()] = true
		close = append(close, func() { d.Close(); n.Close() })
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var joining sync.WaitGroup
	for range newcomers {
		n, p := newNode(t, network)
		close = append(close, func() { n.Close() })
		joining.Go(func() {
			peer, err := Join(ctx, p, listener.URL, "lobby")
			if err != nil || !members[peer] {
				t.Errorf("Join: %v, %v", peer, err)
			}
		})
	}
	joining.Wait()
	s := server.Stats()
	t.Logf("%+v", s)
	if s.Doors != doors || s.Joins < newcomers || s.Answered < newcomers || len(s.Refused) != 0 {
		t.Errorf("the server's figures: %+v", s)
	}
	for _, f := range close {
		f()
	}
	server.Close()
	listener.Close()
	if s := server.Stats(); s.Connections != 0 || s.Rooms != 0 {
		t.Errorf("left over: %+v", s)
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
