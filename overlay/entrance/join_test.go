//go:build !js

package entrance

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

func TestJoin(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		member, _ := w.node()
		w.open(member, "lobby")
		guest, p := w.node()
		peer, err := w.client.Join(t.Context(), p, testURL, "lobby")
		if err != nil || peer != member.ID() {
			t.Fatalf("Join: %v, %v; want %v", peer, err, member.ID())
		}
		if p.Outview().Count(member.ID()) != 1 {
			t.Error("no arc to the member")
		}
		time.Sleep(time.Second)
		if !connected(guest, member) {
			t.Errorf("not neighbors: %v, %v", neighbors(guest), neighbors(member))
		}
		s := w.server.Stats()
		if s.Connections != 1 || s.Doors != 1 || s.Visits != 0 || s.Joins != 1 || s.Answered != 1 {
			t.Errorf("the server's figures: %+v", s)
		}
	})
}

func TestJoinEmptyRoom(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		guest, p := w.node()
		began := time.Now()
		if _, err := w.client.Join(t.Context(), p, testURL, "lobby"); !errors.Is(err, ErrEmptyRoom) {
			t.Fatalf("Join: %v, want ErrEmptyRoom", err)
		}
		w.open(guest, "lobby") // nobody meets itself
		if _, err := w.client.Join(t.Context(), p, testURL, "lobby"); !errors.Is(err, ErrEmptyRoom) {
			t.Fatalf("Join with an open door: %v, want ErrEmptyRoom", err)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("it took %v to say that a room is empty", d)
		}
	})
}

func TestJoinRoomsApart(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		red, _ := w.node()
		blue, _ := w.node()
		w.open(red, "red")
		w.open(blue, "blue")
		for range 8 {
			_, p := w.node()
			if peer, err := w.client.Join(t.Context(), p, testURL, "blue"); err != nil || peer != blue.ID() {
				t.Fatalf("Join: %v, %v; want %v", peer, err, blue.ID())
			}
		}
		if n := len(neighbors(red)); n != 0 {
			t.Errorf("a member of the other room has %d neighbors", n)
		}
	})
}

// Peers that open first and join then find each other, whoever is first.
func TestJoinTogether(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		const count = 12
		var joining sync.WaitGroup
		alone := make(chan transport.PeerID, count)
		for range count {
			n, p := w.node()
			joining.Go(func() {
				w.open(n, "lobby")
				_, err := w.client.Join(t.Context(), p, testURL, "lobby")
				if errors.Is(err, ErrEmptyRoom) {
					alone <- n.ID()
				} else if err != nil {
					t.Errorf("Join: %v", err)
				}
			})
		}
		joining.Wait()
		if len(alone) > 1 {
			t.Errorf("%d peers found the room empty", len(alone))
		}
	})
}

// A server that comes up late is found; one that does not is given up.
func TestJoinLateServer(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		w.stop()
		member, _ := w.node()
		_, p := w.node()
		var joining sync.WaitGroup
		joining.Go(func() {
			if peer, err := w.client.Join(t.Context(), p, testURL, "lobby"); err != nil || peer != member.ID() {
				t.Errorf("Join: %v, %v; want %v", peer, err, member.ID())
			}
		})
		time.Sleep(5 * time.Second)
		w.start(ServerConfig{})
		w.open(member, "lobby")
		joining.Wait()

		w.stop()
		_, q := w.node()
		began := time.Now()
		_, err := w.client.Join(t.Context(), q, testURL, "lobby")
		if err == nil || !strings.Contains(err.Error(), "8 attempts") {
			t.Errorf("Join without a server: %v", err)
		}
		// 500 ms, 1, 2, 4, 8, 16, 30 s between eight attempts, half of it at least
		if d := time.Since(began); d < 30*time.Second || d > 62*time.Second {
			t.Errorf("given up after %v", d)
		}
		w.start(ServerConfig{})
	})
}

func TestJoinContext(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		_, p := w.node()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		w.stop()
		began := time.Now()
		_, err := w.client.Join(ctx, p, testURL, "lobby")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("Join: %v after %v", err, time.Since(began))
		}
		w.start(ServerConfig{})
		k := w.greeted(keeper, 1, "lobby") // says nothing
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		_, err = w.client.Join(ctx, p, testURL, "lobby")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("Join: %v after %v", err, time.Since(began))
		}
		k.ws.CloseNow()
		w.wantQuiet()
	})
}

func TestJoinArguments(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		n, p := w.node()
		for _, bad := range []struct{ url, room string }{
			{testURL, ""}, {testURL, strings.Repeat("x", 65)}, {testURL, "\xff"},
			{"entrance.test", "lobby"}, {"ftp://entrance.test", "lobby"}, {"ws://", "lobby"}, {"ws://e/#f", "lobby"}, {"ws://[", "lobby"},
		} {
			if _, err := w.client.Join(t.Context(), p, bad.url, bad.room); err == nil {
				t.Errorf("Join took %q", bad)
			}
			if _, err := w.client.Open(t.Context(), n, bad.url, bad.room); err == nil {
				t.Errorf("Open took %q", bad)
			}
			if c, err := Open(t.Context(), n, bad.url, bad.room); err == nil || c != nil {
				t.Errorf("Open gives %v, %v", c, err)
			}
		}
		if len(w.dialed()) != 0 {
			t.Error("somebody dialed")
		}
	})
}

// A member that is gone is no obstacle: the next one is asked, in whichever way
// the first one went.
func TestJoinAnotherMember(t *testing.T) {
	for name, goes := range map[string]func(w *world, k *raw, number uint32){
		"silent": func(w *world, k *raw, number uint32) {},
		"closed": func(w *world, k *raw, number uint32) { k.ws.CloseNow() },
		"end":    func(w *world, k *raw, number uint32) { k.say(frame{kind: end, number: number}) },
		"answered and gone": func(w *world, k *raw, number uint32) {
			k.signal(number, "nonsense")
			k.ws.CloseNow()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
				k := w.greeted(keeper, 1, "lobby")
				member, _ := w.node()
				_, p := w.node()
				var joining sync.WaitGroup
				joining.Go(func() {
					if peer, err := w.client.Join(t.Context(), p, testURL, "lobby"); err != nil || peer != member.ID() {
						t.Errorf("Join: %v, %v; want %v", peer, err, member.ID())
					}
				})
				number := k.want(begin).number
				k.want(signal)
				w.open(member, "lobby") // there was no choice until now
				began := time.Now()
				goes(w, k, number)
				if name == "silent" { // but it reads
					for {
						if f, err := k.hear(); err != nil || f.kind == end {
							break
						}
					}
				}
				joining.Wait()
				if d := time.Since(began); d > 5*time.Second {
					t.Errorf("it took %v", d)
				}
				synctest.Wait()
			})
		})
	}
}

// The member's node goes while the newcomer connects: Join begins anew.
func TestJoinMemberCrashes(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		w.peers.SetPath(mem.Path{Latency: 100 * time.Millisecond})
		dying, _ := w.node()
		door := w.open(dying, "lobby")
		member, _ := w.node()
		_, p := w.node()
		var joining sync.WaitGroup
		joining.Go(func() {
			if peer, err := w.client.Join(t.Context(), p, testURL, "lobby"); err != nil || peer != member.ID() {
				t.Errorf("Join: %v, %v; want %v", peer, err, member.ID())
			}
		})
		for w.server.Stats().Answered == 0 {
			time.Sleep(time.Millisecond)
		}
		w.open(member, "lobby")
		dying.Close()
		door.Close()
		joining.Wait()
	})
}
