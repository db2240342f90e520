//go:build !js

package entrance

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
)

func TestOpenWaitsForTheServer(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		w.stop()
		n, _ := w.node()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := w.client.Open(ctx, n, testURL, "lobby"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Open: %v", err)
		}
		var opening sync.WaitGroup
		opening.Go(func() { w.open(n, "lobby") })
		time.Sleep(time.Minute)
		w.start(ServerConfig{})
		opening.Wait()
		if s := w.server.Stats(); s.Doors != 1 {
			t.Errorf("the server's figures: %+v", s)
		}
	})
}

func TestOpenRefused(t *testing.T) {
	inWorld(t, ServerConfig{MaxDoors: 1, MaxRooms: 1}, func(t *testing.T, w *world) {
		a, _ := w.node()
		b, _ := w.node()
		w.open(a, "lobby")
		for room, why := range map[string]Reason{"lobby": RoomFull, "other": TooManyRooms} {
			_, err := w.client.Open(t.Context(), b, testURL, room)
			var r *RefusedError
			if !errors.Is(err, ErrRefused) || !errors.As(err, &r) || r.Reason != why {
				t.Errorf("Open: %v, want %v", err, why)
			}
		}
	})
}

// The door outlives the context that opened it, and ends with Close.
func TestDoorClose(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		n, _ := w.node()
		ctx, cancel := context.WithCancel(t.Context())
		d, err := w.client.Open(ctx, n, testURL, "lobby")
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(10 * time.Minute)
		if s := w.server.Stats(); s.Doors != 1 || len(w.dialed()) != 1 || d.Err() != nil {
			t.Fatalf("the server's figures: %+v after %d dials; %v", s, len(w.dialed()), d.Err())
		}
		for range 2 {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
		if !errors.Is(d.Err(), overlay.ErrClosed) {
			t.Errorf("Err: %v", d.Err())
		}
		w.wantQuiet()
		if len(w.server.Stats().Refused) != 0 {
			t.Errorf("%+v", w.server.Stats())
		}
	})
}

// A door comes back after any loss, for ever, and its newcomers never notice.
func TestDoorReopens(t *testing.T) {
	for name, lose := range map[string]func(*world){
		"restart": func(w *world) {
			w.stop()
			w.start(ServerConfig{})
		},
		"hours": func(w *world) {
			w.stop()
			time.Sleep(5 * time.Hour)
			w.start(ServerConfig{})
		},
		"broken": func(w *world) { w.pipes[0].Close() },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
				n, _ := w.node()
				d := w.open(n, "lobby")
				time.Sleep(time.Minute)
				lose(w)
				synctest.Wait()
				if d.Err() == nil {
					t.Error("Err does not say that the door is not open")
				}
				time.Sleep(31 * time.Second) // RetryMax, RetryAfter
				if s := w.server.Stats(); s.Doors != 1 || d.Err() != nil {
					t.Fatalf("the server's figures: %+v; %v", s, d.Err())
				}
				_, p := w.node()
				if peer, err := w.client.Join(t.Context(), p, testURL, "lobby"); err != nil || peer != n.ID() {
					t.Errorf("Join: %v, %v", peer, err)
				}
			})
		})
	}
}

// Waits double from 500 ms to 30 s, each cut by chance by up to a half.
func TestDoorBackoff(t *testing.T) {
	inWorld(t, ServerConfig{RetryAfter: -1}, func(t *testing.T, w *world) {
		n, _ := w.node()
		w.open(n, "lobby")
		w.stop()
		last := time.Now()
		time.Sleep(5 * time.Minute)
		var waits []time.Duration
		want, same := 500*time.Millisecond, 0
		for i, at := range w.dialed()[1:] {
			d := at.Sub(last)
			last = at
			waits = append(waits, d)
			if d < want/2 || d > want {
				t.Errorf("wait %d was %v, want %v to %v", i, d, want/2, want)
			}
			if d == want {
				same++
			}
			want = min(2*want, 30*time.Second)
		}
		if len(waits) < 12 || same == len(waits) {
			t.Errorf("waits: %v", waits)
		}
	})
}

// What breaks as soon as it is made is not tried at full speed, and what held
// for long is tried again at once.
func TestBackoffLasted(t *testing.T) {
	b := &backoff{min: time.Second, max: time.Minute}
	for range 4 {
		b.next()
	}
	b.lasted(7 * time.Second)
	if d := b.next(); d < 8*time.Second {
		t.Errorf("after a short connection: %v", d)
	}
	b.lasted(17 * time.Second)
	if d := b.next(); d > time.Second {
		t.Errorf("after a long connection: %v", d)
	}
}

// The server's machine vanishes without a word: pings find out.
func TestDoorDeadServer(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		n, _ := w.node()
		d, end := w.openMute(n)
		defer end()
		began := time.Now()
		for d.Err() == nil {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(began); took < 40*time.Second || took > 62*time.Second {
			t.Errorf("noticed after %v", took)
		}
	})
}

// A newcomer of a closed node's door is given to somebody else, and the door
// goes.
func TestDoorOfClosedNode(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		dead, _ := w.node()
		d := w.open(dead, "lobby")
		dead.Close()
		member, _ := w.node()
		w.open(member, "lobby")
		for range 20 {
			_, p := w.node()
			if peer, err := w.client.Join(t.Context(), p, testURL, "lobby"); err != nil || peer != member.ID() {
				t.Fatalf("Join: %v, %v; want %v", peer, err, member.ID())
			}
		}
		synctest.Wait()
		if s := w.server.Stats(); s.Doors != 1 || !errors.Is(d.Err(), overlay.ErrClosed) {
			t.Errorf("the server's figures: %+v; %v", s, d.Err())
		}
	})
}

// A hostile server cannot make a door hold more than so many conversations, nor
// for longer than so long, and kinds of frames to come do no harm.
func TestDoorHostileServer(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		n, _ := w.node()
		ended := make(chan uint32, 1000)
		s := w.hostile(func(s *scripted) {
			var reading sync.WaitGroup
			defer reading.Wait()
			reading.Go(func() {
				for {
					f, err := s.hear()
					if err != nil {
						return
					}
					if f.kind == end {
						ended <- f.number
					}
				}
			})
			s.say(frame{kind: welcome})
			s.write([]byte{200, 1, 2, 3})
			for i := range uint32(maxVisits + 10) {
				s.say(frame{kind: begin, number: i})
				for range visitQueue + 10 {
					s.say(frame{kind: signal, number: i, signal: []byte("nonsense")})
				}
			}
			s.say(frame{kind: begin, number: 3}) // again
			s.say(frame{kind: moved})
			for s.ping() { // the door must not think that we are dead
				time.Sleep(10 * time.Second)
			}
		})
		defer s.close()
		d := w.open(n, "lobby")
		time.Sleep(time.Second)
		if len(ended) != 11 {
			t.Errorf("%d conversations were turned away, want 11", len(ended))
		}
		time.Sleep(time.Minute)
		if len(ended) != maxVisits+11 {
			t.Errorf("%d conversations have ended, want %d", len(ended), maxVisits+11)
		}
		if d.Err() != nil {
			t.Error(d.Err())
		}
		if n.Stats().Malformed == 0 {
			t.Error("the signals have not reached the node")
		}
	})
}

// A door ends with its node, newcomer or not.
func TestDoorEndsWithItsNode(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		n, _ := w.node()
		d := w.open(n, "lobby")
		n.Close()
		synctest.Wait()
		if !errors.Is(d.Err(), overlay.ErrClosed) {
			t.Errorf("Err: %v", d.Err())
		}
		if s := w.server.Stats(); s.Doors != 0 {
			t.Errorf("the server's figures: %+v", s)
		}
	})
}
