//go:build !js

package entrance

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
)

// What a server says decides whether Join tries again, and when.
func TestJoinServerSays(t *testing.T) {
	refuse := func(why Reason, after time.Duration) func(*scripted) {
		return func(s *scripted) { s.say(frame{kind: refused, reason: why, after: after}); s.hear() }
	}
	for name, c := range map[string]struct {
		script   func(*scripted)
		dials    int
		min, max time.Duration
		is       error
		text     string
	}{
		"room full":        {refuse(RoomFull, 0), 1, 0, 0, ErrRefused, "room full"},
		"empty":            {refuse(EmptyRoom, 0), 1, 0, 0, ErrEmptyRoom, "nobody"},
		"closing":          {refuse(Closing, 20*time.Second), 8, 140 * time.Second, 150 * time.Second, ErrRefused, "closing"},
		"closing for ever": {refuse(Closing, 24*time.Hour), 8, 7 * time.Minute, 7 * time.Minute, ErrRefused, "closing"},
		"reason to come":   {refuse(99, 0), 8, 30 * time.Second, 62 * time.Second, ErrRefused, "Reason(99)"},
		"no welcome":       {func(s *scripted) { s.say(frame{kind: pong}); s.hear() }, 8, 30 * time.Second, 62 * time.Second, errFrame, "welcome"},
		"no frame":         {func(s *scripted) { s.write([]byte{byte(end)}); s.hear() }, 8, 30 * time.Second, 62 * time.Second, errFrame, ""},
		"hangs up":         {func(s *scripted) {}, 8, 30 * time.Second, 62 * time.Second, nil, "hello"},
		"silent":           {func(s *scripted) { s.hear() }, 8, 110 * time.Second, 142 * time.Second, nil, "deadline exceeded"},
		"hangs up later":   {func(s *scripted) { s.say(frame{kind: welcome}); s.hear() }, 8, 30 * time.Second, 62 * time.Second, nil, "exchange"},
		"breaks then":      {func(s *scripted) { s.say(frame{kind: welcome}); s.write([]byte{byte(end)}); s.hear() }, 8, 30 * time.Second, 62 * time.Second, errFrame, ""},
		"moves in vain": {func(s *scripted) {
			s.say(frame{kind: welcome})
			s.hear()
			s.say(frame{kind: moved})
		}, 8, 30 * time.Second, 62 * time.Second, nil, "exchange"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
				s := w.hostile(c.script)
				defer s.close()
				_, p := w.node()
				began := time.Now()
				peer, err := w.client.Join(t.Context(), p, testURL, "lobby")
				if err == nil || !peer.IsZero() || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) {
					t.Errorf("Join: %v, %v", peer, err)
				}
				if d := time.Since(began); len(w.dialed()) != c.dials || d < c.min || d > c.max {
					t.Errorf("%d dials in %v; want %d in %v to %v", len(w.dialed()), d, c.dials, c.min, c.max)
				}
			})
		})
	}
}

// A server of another version is not asked twice.
func TestAnotherVersion(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		w.speaks = nil
		s := w.hostile(func(*scripted) {})
		defer s.close()
		n, p := w.node()
		var r *RefusedError
		if _, err := w.client.Join(t.Context(), p, testURL, "lobby"); !errors.As(err, &r) || r.Reason != Version {
			t.Errorf("Join: %v", err)
		}
		if _, err := w.client.Open(t.Context(), n, testURL, "lobby"); !errors.As(err, &r) || r.Reason != Version {
			t.Errorf("Open: %v", err)
		}
	})
}

func TestJoinClosedNode(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		member, _ := w.node()
		w.open(member, "lobby")
		n, p := w.node()
		n.Close()
		if _, err := w.client.Join(t.Context(), p, testURL, "lobby"); !errors.Is(err, overlay.ErrClosed) || len(w.dialed()) != 2 {
			t.Errorf("Join: %v after %d dials", err, len(w.dialed()))
		}
	})
}

// A door that is told to go comes back when it may, not before.
func TestDoorComesBackLater(t *testing.T) {
	for name, f := range map[string]frame{
		"refused": {kind: refused, reason: Replaced, after: 10 * time.Second},
		"goaway":  {kind: goaway, after: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
				s := w.hostile(func(s *scripted) { s.say(frame{kind: welcome}); s.say(f); s.hear() })
				defer s.close()
				n, _ := w.node()
				w.open(n, "lobby")
				time.Sleep(35 * time.Second)
				if len(w.dialed()) != 4 || w.dialed()[1].Sub(w.dialed()[0]) != 10*time.Second {
					t.Errorf("dials: %v", w.dialed())
				}
			})
		})
	}
}

// A door that is told to go ends its conversations first, and takes no new one.
func TestDoorGoesLast(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		var heard []frame
		gone := make(chan time.Time, 1)
		s := w.hostile(func(s *scripted) {
			var reading sync.WaitGroup
			defer reading.Wait()
			reading.Go(func() {
				for {
					f, err := s.hear()
					if err != nil {
						gone <- time.Now()
						return
					}
					heard = append(heard, f)
				}
			})
			s.say(frame{kind: welcome})
			s.say(frame{kind: begin, number: 1})
			s.say(frame{kind: goaway, after: time.Hour})
			s.say(frame{kind: begin, number: 2})
			time.Sleep(5 * time.Second)
			s.say(frame{kind: end, number: 1})
		})
		defer s.close()
		n, _ := w.node()
		w.open(n, "lobby")
		began := time.Now()
		if d := (<-gone).Sub(began); d != 5*time.Second {
			t.Errorf("the door went after %v", d)
		}
		if len(heard) != 1 || heard[0].kind != end || heard[0].number != 2 {
			t.Errorf("heard %+v", heard)
		}
	})
}

// With limits switched off, what remains works.
func TestNoLimits(t *testing.T) {
	none := ServerConfig{
		MaxConnections: -1, MaxPerAddress: -1, MaxRooms: -1, MaxDoors: -1, MaxVisits: -1, MaxTries: -1, MaxQueue: -1,
		MessageRate: -1, MessageBurst: -1, HelloTimeout: -1, AnswerTimeout: -1, NewcomerTimeout: -1,
		PingInterval: -1, DeadAfter: -1, WriteTimeout: -1, RetryAfter: -1,
	}
	inWorld(t, none, func(t *testing.T, w *world) {
		mute := w.raw()
		member, _ := w.node()
		w.open(member, "lobby")
		time.Sleep(time.Hour)
		_, p := w.node()
		if peer, err := w.client.Join(t.Context(), p, testURL, "lobby"); err != nil || peer != member.ID() {
			t.Errorf("Join: %v, %v", peer, err)
		}
		synctest.Wait()
		if s := w.server.Stats(); s.Connections != 2 || len(s.Refused) != 0 {
			t.Errorf("%+v", s)
		}
		go w.server.Close()
		if f := mute.want(goaway); f.after != 0 {
			t.Errorf("%+v", f)
		}
	})
}
