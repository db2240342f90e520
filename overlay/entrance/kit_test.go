//go:build !js

package entrance

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testURL = "ws://entrance.test/"

var seedFlag = flag.Uint64("entrance.seed", 0, "seed of random tests; 0: a new one")

// testSeed gives the seed of a random test, and prints it if the test fails.
func testSeed(t *testing.T) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again: go test -run '%s' -entrance.seed %d", t.Name(), seed)
		}
	})
	return seed
}

// world is an entrance, its clients and a network of peers, all in one synctest
// bubble: connections are pipes, so that its clock is exact.
type world struct {
	t      *testing.T
	peers  *mem.Network
	client *Client // to fill in before use

	mu     sync.Mutex
	accept chan net.Conn // nil: nobody listens
	dials  []time.Time   // when somebody tried to connect
	pipes  []net.Conn    // client ends
	tokens uint64        // given out
	from   string        // address of the next connection
	speaks []string      // subprotocols of hostile servers
	server *Server
	http   *http.Server
	served chan struct{}
}

// inWorld runs a test in a bubble, with a server of that configuration.
func inWorld(t *testing.T, cfg ServerConfig, test func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, peers: mem.NewNetwork(1), from: "192.0.2.1:1000", speaks: []string{subprotocol}}
		transport := &http.Transport{DialContext: w.dial}
		w.client = &Client{HTTPClient: &http.Client{Transport: transport}}
		w.start(cfg)
		t.Cleanup(func() {
			w.stop()
			transport.CloseIdleConnections()
		})
		test(t, w)
	})
}

func (w *world) dial(context.Context, string, string) (net.Conn, error) {
	w.mu.Lock()
	w.dials = append(w.dials, time.Now())
	accept, from := w.accept, w.from
	w.mu.Unlock()
	if accept == nil {
		return nil, errors.New("connection refused")
	}
	client, server := net.Pipe()
	w.mu.Lock()
	w.pipes = append(w.pipes, client)
	w.mu.Unlock()
	accept <- pipeConn{server, from}
	return client, nil
}

// start lets the server listen.
func (w *world) start(cfg ServerConfig) {
	w.t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	accept := make(chan net.Conn, 1000)
	w.server, w.served = NewServer(cfg), make(chan struct{})
	w.http = &http.Server{Handler: w.server}
	go func() {
		defer close(w.served)
		w.http.Serve(&pipeListener{accept: accept, closed: make(chan struct{})})
	}()
	w.mu.Lock()
	w.accept = accept
	w.mu.Unlock()
}

// stop ends the server, as a restart of its machine does.
func (w *world) stop() {
	w.mu.Lock()
	w.accept = nil
	w.mu.Unlock()
	w.http.Close()
	<-w.served
	w.server.Close()
}

// as sets the address that the next connections come from.
func (w *world) as(addr string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.from = addr
}

// dialed lists when somebody tried to connect.
func (w *world) dialed() []time.Time {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.dials)
}

// node makes a peer with one protocol.
func (w *world) node() (*overlay.Node, *overlay.Protocol) {
	w.t.Helper()
	n, p := newNode(w.t, w.peers)
	return n, p
}

func newNode(t *testing.T, network *mem.Network) (*overlay.Node, *overlay.Protocol) {
	t.Helper()
	n, err := overlay.New(overlay.Config{Driver: network.NewDriver()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	p, err := n.Protocol("test", overlay.ProtocolConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return n, p
}

// open opens a door and fails the test if it cannot.
func (w *world) open(n *overlay.Node, room string) *Door {
	w.t.Helper()
	d, err := w.client.Open(w.t.Context(), n, testURL, room)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { d.Close() })
	return d
}

// raw is a client that says what a test wants.
type raw struct {
	w  *world
	ws *websocket.Conn
}

func (w *world) raw() *raw {
	w.t.Helper()
	r, _, err := w.rawDial(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) rawDial(header http.Header) (*raw, *http.Response, error) {
	ws, response, err := websocket.Dial(w.t.Context(), testURL, &websocket.DialOptions{
		HTTPClient: w.client.HTTPClient, HTTPHeader: header, Subprotocols: []string{subprotocol},
	})
	if err != nil {
		return nil, response, err
	}
	r := &raw{w, ws}
	w.t.Cleanup(func() { ws.CloseNow() })
	return r, response, nil
}

// greeted is a raw client that was welcomed.
func (w *world) greeted(as role, peer byte, room string) *raw {
	w.t.Helper()
	r := w.raw()
	r.hello(as, peer, room)
	r.want(welcome)
	return r
}

func (r *raw) hello(as role, peer byte, room string) {
	r.w.t.Helper()
	f := frame{kind: hello, role: as, peer: transport.PeerID{peer}, room: room}
	if as == keeper {
		f.token = r.w.newToken()
	}
	r.say(f)
}

func (w *world) newToken() (t token) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens++
	binary.BigEndian.PutUint64(t[:], w.tokens)
	return t
}

func (r *raw) say(f frame) { r.w.t.Helper(); r.write(f.encode()) }

func (r *raw) signal(number uint32, text string) {
	r.w.t.Helper()
	r.say(frame{kind: signal, number: number, signal: []byte(text)})
}

func (r *raw) write(b []byte) {
	r.w.t.Helper()
	if err := r.ws.Write(r.w.t.Context(), websocket.MessageBinary, b); err != nil {
		r.w.t.Fatal(err)
	}
}

// hear gives the next frame.
func (r *raw) hear() (frame, error) {
	_, b, err := r.ws.Read(r.w.t.Context())
	if err != nil {
		return frame{}, err
	}
	f, err := decode(b)
	if err != nil {
		r.w.t.Errorf("the server sent %x: %v", b, err)
	}
	return f, err
}

func (r *raw) want(k kind) frame {
	r.w.t.Helper()
	f, err := r.hear()
	if err != nil || f.kind != k {
		r.w.t.Fatalf("got %+v, %v; want a frame of kind %d", f, err, k)
	}
	return f
}

func (r *raw) wantSignal(number uint32, text string) {
	r.w.t.Helper()
	if f := r.want(signal); f.number != number || string(f.signal) != text {
		r.w.t.Fatalf("got signal %q of conversation %d, want %q of %d", f.signal, f.number, text, number)
	}
}

func (r *raw) wantRefused(why Reason) {
	r.w.t.Helper()
	if f := r.want(refused); f.reason != why {
		r.w.t.Fatalf("refused: %v, want %v", f.reason, why)
	}
}

// wantClose reads until the connection ends, and holds if that was the code.
func (r *raw) wantClose(code websocket.StatusCode) {
	r.w.t.Helper()
	for {
		_, err := r.hear()
		if err == nil {
			continue
		}
		if got := websocket.CloseStatus(err); got != code {
			r.w.t.Fatalf("closed with %v (%v), want %v", got, err, code)
		}
		return
	}
}

// wantCount holds if so many were refused for that reason, and nobody for others.
func (w *world) wantCount(why Reason, n uint64) {
	w.t.Helper()
	synctest.Wait()
	if got := w.server.Stats().Refused; got[why] != n || len(got) != 1 {
		w.t.Fatalf("refused %v, want %d because of: %v", got, n, why)
	}
}

// wantQuiet holds if the server carries nothing any more.
func (w *world) wantQuiet() {
	w.t.Helper()
	synctest.Wait()
	if s := w.server.Stats(); s.Connections+s.Rooms+s.Doors+s.Visits+s.Waiting != 0 {
		w.t.Fatalf("left over: %+v", s)
	}
	if len(w.server.addresses)+len(w.server.sockets) != 0 {
		w.t.Fatalf("left over: %d addresses, %d sockets", len(w.server.addresses), len(w.server.sockets))
	}
}

// neighbors lists whom a node has a session with.
func neighbors(n *overlay.Node) []transport.PeerID {
	var ids []transport.PeerID
	for _, p := range n.Neighbors() {
		ids = append(ids, p.Peer)
	}
	return ids
}

func connected(a, b *overlay.Node) bool {
	return slices.Contains(neighbors(a), b.ID()) && slices.Contains(neighbors(b), a.ID())
}

type pipeListener struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr("entrance") }

// pipeConn is a pipe that claims to come from somewhere.
type pipeConn struct {
	net.Conn
	from string
}

func (c pipeConn) RemoteAddr() net.Addr { return pipeAddr(c.from) }

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }
