//go:build !js

package entrance

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	// Of the libraries for servers that were measured with 4 000 connections,
	// gorilla/websocket carries most messages with about 11 KiB for each
	// connection, where coder/websocket, which the client uses because it runs
	// in browsers, takes about 58 KiB; gws is as small and has far fewer users.
	"github.com/gorilla/websocket"
)

// Server is an entrance: an http.Handler, at any path, that takes WebSocket
// connections. It answers a plain GET with 200 and a short line of text, or 503
// when it is closing: a health check. Its HTTP server is the caller's, and so
// are TLS and the timeouts of its handshakes; as http.Server.Shutdown knows
// nothing of WebSocket connections, call Server.Shutdown, too.
type Server struct {
	cfg      ServerConfig
	log      *slog.Logger
	upgrader websocket.Upgrader
	running  sync.WaitGroup // connections, from the reservation to the end of their goroutines

	mu          sync.Mutex
	closing     bool // takes no connection and begins no conversation
	closed      bool
	empty       chan struct{}  // closed when the last connection has ended; nil until somebody waits
	connections int            // with those in the handshake
	addresses   map[string]int // connections by client address
	sockets     map[*socket]struct{}
	rooms       map[string]*room
	parted      []*socket // to be taken out of their rooms before the lock is released
	stats       Stats
}

// NewServer makes a server. It has no goroutine until somebody connects. The
// caller ends it with Close.
func NewServer(cfg ServerConfig) *Server {
	cfg.fill()
	s := &Server{
		cfg: cfg, log: cfg.Logger,
		addresses: map[string]int{}, sockets: map[*socket]struct{}{}, rooms: map[string]*room{},
		stats: Stats{Refused: map[Reason]uint64{}},
	}
	s.upgrader = websocket.Upgrader{
		HandshakeTimeout: max(0, cfg.WriteTimeout),
		ReadBufferSize:   1024, WriteBufferSize: 1024, WriteBufferPool: new(sync.Pool),
		Subprotocols: []string{subprotocol},
		CheckOrigin:  func(*http.Request) bool { return true }, // ServeHTTP has
		// No compression: it costs memory, and signals are keys and noise.
	}
	return s
}

// unlock first settles what became of the connections that parted: whoever
// finds out that a client must go is in the middle of something else.
func (s *Server) unlock() {
	for len(s.parted) > 0 {
		c := s.parted[0]
		s.parted = s.parted[1:]
		s.leave(c)
	}
	s.parted = nil
	s.mu.Unlock()
}

// ServeHTTP takes a connection, or says why not. It returns at once; the
// connection lives on.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		s.health(w, r)
		return
	}
	if !s.originAllowed(r) {
		s.turnAway(w, Origin, http.StatusForbidden)
		return
	}
	if !offers(r, subprotocol) {
		s.turnAway(w, Version, http.StatusBadRequest)
		return
	}
	addr := s.clientAddr(r)
	if why := s.reserve(addr); why != 0 {
		status := http.StatusServiceUnavailable
		if why == AddressFull {
			status = http.StatusTooManyRequests
		}
		s.turnAway(w, why, status)
		return
	}
	ws, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil { // it has answered
		s.count(Malformed)
		s.release(addr)
		return
	}
	c := newSocket(ws, addr, s.cfg.MaxQueue)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		ws.Close()
		s.release(addr)
		return
	}
	s.sockets[c] = struct{}{}
	if s.closing { // Shutdown did not know of it
		s.refuse(c, Closing)
	}
	s.unlock()
	// Goroutines of our own rather than this one, whose stack holds on to the
	// buffers of the HTTP server.
	go c.write(&s.cfg)
	go func() {
		s.read(c)
		<-c.written
		s.release(addr)
	}()
}

// turnAway refuses before there is a connection.
func (s *Server) turnAway(w http.ResponseWriter, why Reason, status int) {
	s.count(why)
	s.log.Debug("connection refused", "reason", why)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", fmt.Sprint(max(1, int(s.comeBack().Seconds()))))
	}
	http.Error(w, "n2n entrance: "+why.String(), status)
}

func (s *Server) count(why Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Refused[why]++
}

func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "n2n entrance: want GET", http.StatusMethodNotAllowed)
		return
	}
	s.mu.Lock()
	closing := s.closing
	s.mu.Unlock()
	if closing {
		http.Error(w, "n2n entrance: closing", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "n2n entrance: ok")
}

// comeBack is when a client that must go may come again: by chance, so that
// they do not all come at once.
func (s *Server) comeBack() time.Duration {
	if s.cfg.RetryAfter < 0 {
		return 0
	}
	return rand.N(s.cfg.RetryAfter + 1)
}

// Shutdown ends the server without breaking conversations: it takes no new
// connections, tells the clients when to come back, waits until the
// conversations that are under way have ended or ctx has, and closes. Error: the
// context's, if some were cut off.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	for c := range s.sockets {
		switch {
		case c.role == keeper, c.role == newcomer && c.visit != nil:
			s.send(c, frame{kind: goaway, after: s.comeBack()}.encode())
		default:
			s.refuse(c, Closing)
		}
	}
	empty := s.whenEmpty()
	s.unlock()
	var err error
	select {
	case <-empty:
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.Close()
	return err
}

// goodbyeTimeout is how long Close lets clients take the close frame.
const goodbyeTimeout = time.Second

// Close ends every connection, telling the clients when to come back, and waits
// for the server's goroutines: about a second, if clients do not read. It may be
// repeated.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closing, s.closed = true, true
	for c := range s.sockets {
		if c.leaving {
			continue
		}
		s.send(c, frame{kind: goaway, after: s.comeBack()}.encode())
		s.part(c, farewell{code: websocket.CloseServiceRestart, text: Closing.String(), flush: true})
	}
	empty := s.whenEmpty()
	s.unlock()
	patience := time.NewTimer(goodbyeTimeout)
	defer patience.Stop()
	select {
	case <-empty:
	case <-patience.C:
		s.mu.Lock()
		for c := range s.sockets {
			c.ws.Close()
		}
		s.mu.Unlock()
	}
	s.running.Wait()
	return nil
}

// whenEmpty gives a channel that is closed when no connection is left.
func (s *Server) whenEmpty() <-chan struct{} {
	if s.empty == nil {
		s.empty = make(chan struct{})
		if s.connections == 0 {
			close(s.empty)
		}
	}
	return s.empty
}
