package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/tools/live"
)

const entranceHelp = `
Serves newcomers: who keeps a door open in a room here is found by who comes
next. The server carries the first handshake, which it can drop but neither read
nor forge; after it, the two need the server no more.

At the same address it serves a page: how many come and go, and, in a tab that
joins a room as a peer, all that this peer sees of its network.

It prints the URL to join, logs on standard error how many rooms, doors and
newcomers there are whenever that changes, and stops on Ctrl-C. What it speaks is
WebSocket without TLS: on the internet put it behind a proxy that ends TLS, and
join with wss://.

Examples:
  n2n entrance
  n2n entrance --listen 192.168.1.10:8080`

func runEntrance(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("entrance", "entrance [flags]", entranceHelp)
	listen := f.String("listen", "127.0.0.1:8080", "TCP `ADDRESS` to serve at; port 0: any that is free")
	js := f.String("js", "", "`FOLDER` that n2n-js has made, for tabs; none: made here, with Go")
	verbose := f.Bool("verbose", false, "log every connection that ends or is refused")
	if _, code, ok := f.parse(args, 0, stdout, stderr); !ok {
		return code
	}
	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	peer := newTabPeer(*js)
	s, err := serve(*listen, log, func(e *entrance.Server) *live.Page {
		return live.New(live.Config{
			Title: "entrance", Network: chatNetwork, Protocol: chatProtocol, Room: demoRoom,
			Entrance: e, Peer: peer.files, Logger: log,
		})
	})
	if err != nil {
		return fault(stderr, "entrance", errors.Join(err, peer.close()))
	}
	fmt.Fprintf(stdout, "%s\njoin with: n2n join --entrance %[1]s --room demo\nor in a browser: http://%s\n", s.url, s.addr)
	if err = s.watch(ctx, log); err == nil {
		log.Info("stopping; peers that are connected stay connected")
	}
	// ctx has ended, but stopping may take its time.
	if err = errors.Join(err, s.stop(context.WithoutCancel(ctx)), peer.close()); err != nil {
		return fault(stderr, "entrance", err)
	}
	return exitOK
}

const (
	watchEvery    = 250 * time.Millisecond
	stopTimeout   = 5 * time.Second
	headerTimeout = 5 * time.Second // a client that is slower is none
	idleTimeout   = time.Minute
)

// server is an entrance that listens.
type server struct {
	url, addr string
	entrance  *entrance.Server
	page      *live.Page // nil: there is none
	http      *http.Server
	done      chan error // why it listens no more
}

// serve starts an entrance, and the page that is made for it, if any. The caller
// ends both with stop.
func serve(listen string, log *slog.Logger, page func(*entrance.Server) *live.Page) (*server, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("%w (--listen takes another address)", err)
	}
	cfg := entrance.ServerConfig{Logger: log}
	if a, ok := l.Addr().(*net.TCPAddr); ok && a.IP.IsLoopback() {
		cfg.MaxPerAddress = -1 // all come from this host or from a proxy on it
	}
	s := &server{addr: l.Addr().String(), entrance: entrance.NewServer(cfg), done: make(chan error, 1)}
	s.url = "ws://" + s.addr
	handler := http.Handler(s.entrance)
	if page != nil {
		s.page = page(s.entrance)
		handler = s.page
	}
	s.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() { s.done <- s.http.Serve(l) }() // until stop
	return s, nil
}

// watch logs what changes until ctx ends, or says why the server has ended.
func (s *server) watch(ctx context.Context, log *slog.Logger) error {
	type counts struct {
		rooms, doors        int
		newcomers, answered uint64
	}
	var last counts
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case err := <-s.done:
			s.done <- err // stop takes it
			return fmt.Errorf("it stopped by itself: %w", err)
		case <-ctx.Done():
			return nil
		}
		st := s.entrance.Stats()
		if now := (counts{st.Rooms, st.Doors, st.Joins, st.Answered}); now != last {
			log.Info("entrance", "rooms", st.Rooms, "doors", st.Doors, "newcomers", st.Joins, "answered", st.Answered)
			last = now
		}
	}
}

// stop listens no more, lets the newcomers that are under way come through, and
// cuts off who takes too long.
func (s *server) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if s.page != nil {
		s.page.Close()
	}
	err := s.http.Shutdown(ctx)
	if shutdown := s.entrance.Shutdown(ctx); err == nil {
		err = shutdown
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.done
	return err
}
