//go:build !js

package entrance

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"

	"github.com/n2n-overlay/n2n/overlay"
)

// scripted is a server that does to each client what a test wants.
type scripted struct {
	ws    *websocket.Conn
	close func()
}

// hostile puts a server into the place of the real one until close is called.
func (w *world) hostile(script func(*scripted)) *scripted {
	w.t.Helper()
	up := websocket.Upgrader{Subprotocols: w.speaks}
	var running sync.WaitGroup
	var mu sync.Mutex
	var open []*websocket.Conn
	closed := false
	s := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ws, err := up.Upgrade(rw, r, nil)
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if closed {
			ws.Close()
			return
		}
		open = append(open, ws)
		running.Go(func() {
			defer ws.Close()
			if _, _, err := ws.ReadMessage(); err == nil { // hello
				script(&scripted{ws: ws})
			}
		})
	})}
	accept := make(chan net.Conn, 100)
	w.mu.Lock()
	before := w.accept
	w.accept = accept
	w.mu.Unlock()
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.Serve(&pipeListener{accept: accept, closed: make(chan struct{})})
	}()
	return &scripted{close: func() {
		w.mu.Lock()
		w.accept = before
		w.mu.Unlock()
		s.Close()
		<-served
		mu.Lock()
		closed = true
		for _, ws := range open {
			ws.Close()
		}
		mu.Unlock()
		running.Wait()
	}}
}

// The scripts' errors are ends of connections.

func (s *scripted) say(f frame) { s.write(f.encode()) }

// ping gives a sign of life; false: the client has gone.
func (s *scripted) ping() bool {
	return s.ws.WriteMessage(websocket.BinaryMessage, frame{kind: pong}.encode()) == nil
}

func (s *scripted) write(b []byte) { s.ws.WriteMessage(websocket.BinaryMessage, b) }

func (s *scripted) hear() (frame, error) {
	_, b, err := s.ws.ReadMessage()
	if err != nil {
		return frame{}, err
	}
	return decode(b)
}

// openMute opens a door at a server that says welcome and then nothing, but takes
// everything.
func (w *world) openMute(n *overlay.Node) (*Door, func()) {
	w.t.Helper()
	s := w.hostile(func(s *scripted) {
		s.say(frame{kind: welcome})
		for {
			if _, err := s.hear(); err != nil {
				return
			}
		}
	})
	d, err := w.client.Open(context.Background(), n, testURL, "lobby")
	if err != nil {
		w.t.Fatal(err)
	}
	return d, func() { d.Close(); s.close() }
}
