//go:build !js

package entrance

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Shutdown lets conversations end, and tells everybody when to come back.
func TestShutdown(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		k := w.greeted(keeper, 1, "lobby")
		idle := w.raw()
		n := w.greeted(newcomer, 2, "lobby")
		n.signal(0, "offer")
		v := k.want(begin).number
		k.wantSignal(v, "offer")
		unasked := w.greeted(newcomer, 3, "lobby")
		var ending sync.WaitGroup
		ending.Go(func() {
			if err := w.server.Shutdown(t.Context()); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
		})
		for _, r := range []*raw{idle, unasked} {
			if f := r.want(refused); f.reason != Closing || f.after <= 0 || f.after > 30*time.Second {
				t.Errorf("%+v", f)
			}
			r.ws.CloseNow()
		}
		if f := k.want(goaway); f.after <= 0 || f.after > 30*time.Second {
			t.Errorf("%+v", f)
		}
		n.want(goaway)
		if _, response, err := w.rawDial(nil); err == nil || response.StatusCode != 503 {
			t.Errorf("a new connection: %v", err)
		}
		k.signal(v, "answer")
		n.wantSignal(0, "answer")
		n.ws.CloseNow()
		k.want(end)
		k.ws.CloseNow()
		ending.Wait()
		w.wantQuiet()
	})
}

func TestShutdownCutOff(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		k := w.greeted(keeper, 1, "lobby")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		var ending sync.WaitGroup
		ending.Go(func() {
			if err := w.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Shutdown: %v", err)
			}
		})
		k.want(goaway)
		k.want(goaway) // of Close
		k.wantClose(websocket.StatusServiceRestart)
		ending.Wait()
	})
}

// Close takes a second at most, even when nobody reads, and nothing is left.
func TestClose(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		for i := range byte(10) {
			w.greeted(keeper, i, "lobby")
			w.greeted(newcomer, 100+i, "lobby").signal(0, "offer")
		}
		began := time.Now()
		for range 2 {
			if err := w.server.Close(); err != nil {
				t.Error(err)
			}
		}
		if d := time.Since(began); d > goodbyeTimeout {
			t.Errorf("Close took %v", d)
		}
		w.wantQuiet()
	})
}

// Doors go by themselves when the server shuts down, after their newcomers have
// come in, and come back to the next one.
func TestShutdownWithDoors(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		for range 10 {
			n, _ := w.node()
			w.open(n, "lobby")
		}
		var joining sync.WaitGroup
		for range 10 {
			_, p := w.node()
			joining.Go(func() {
				if _, err := w.client.Join(t.Context(), p, testURL, "lobby"); err != nil && !errors.Is(err, ErrEmptyRoom) {
					t.Errorf("Join: %v", err)
				}
			})
		}
		began := time.Now()
		if err := w.server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if d := time.Since(began); d > 10*time.Second {
			t.Errorf("Shutdown took %v", d)
		}
		w.wantQuiet()
		w.stop()
		w.start(ServerConfig{})
		time.Sleep(time.Minute)
		if s := w.server.Stats(); s.Doors != 10 {
			t.Errorf("%+v", s)
		}
		joining.Wait()
	})
}

// A newcomer that nobody has answered is told when the server shuts down.
func TestShutdownUnanswered(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		k := w.greeted(keeper, 1, "lobby")
		w.greeted(keeper, 2, "lobby")
		n := w.greeted(newcomer, 3, "lobby")
		n.signal(0, "offer")
		go k.hear()
		var ending sync.WaitGroup
		ending.Go(func() { w.server.Shutdown(t.Context()) })
		n.want(goaway)
		n.wantRefused(Closing)
		ending.Wait()
	})
}
