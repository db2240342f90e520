package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/transport"
)

const forwardHelp = `
Carries TCP connections over an encrypted WebRTC connection to a peer, through
NATs and without a server in between: each connection is a stream.

Who serves names what may be reached through it, and nothing else can be:

  n2n forward --allow 127.0.0.1:8000

Who uses it names a TCP address here, and the one that it stands for there, as the
peer has allowed it. Any number of them, and of connections at once:

  n2n forward 127.0.0.1:9000=127.0.0.1:8000

The two meet in a room of an entrance, which carries the first handshake and no
more. Anybody who knows the room can use what is allowed in it, and pretend to
serve there: choose a ROOM that cannot be guessed, and name the one to talk to by
--peer; its id, kept by --key, is a key that nobody else can have.

A node may serve and use at once. Ctrl-C ends it, and tells what went through.

Examples (in four terminals):
  n2n entrance
  python3 -m http.server --bind 127.0.0.1 8000
  n2n forward --allow 127.0.0.1:8000
  n2n forward 127.0.0.1:9000=127.0.0.1:8000     then: curl http://127.0.0.1:9000`

const (
	forwardNetwork  = "n2n forward"
	forwardProtocol = "forward"
	forwardStreams  = 1024 // open at once with one peer
)

type forwardConfig struct {
	joinConfig
	peer  transport.PeerID // zero: whoever serves
	allow []string
	local [][2]string // addresses here, and what they stand for there
}

func runForward(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("forward", "forward [flags] [LOCAL=TARGET ...]", forwardHelp)
	var cfg forwardConfig
	f.StringVar(&cfg.entrance, "entrance", "ws://127.0.0.1:8080", "`URL` of the entrance")
	f.StringVar(&cfg.room, "room", "forward", "`ROOM` to meet in")
	f.StringVar(&cfg.key, "key", "", "`FILE` that keeps who you are; none: somebody new each time")
	f.StringVar(&cfg.udp, "udp", "", "`ADDRESS` of the UDP socket; as a rule all, but 127.0.0.1:0 with an entrance there")
	f.StringVar(&cfg.stun, "stun", "", "`URL` of a STUN server, for peers behind a NAT: stun:host:port")
	f.Func("allow", "TCP `TARGET` that others may reach through this node, host:port; may be repeated; none: nothing", func(s string) error {
		cfg.allow = append(cfg.allow, s)
		return checkTarget(s)
	})
	f.Func("peer", "`ID` of the one who serves, its 52 characters; none: whoever serves in the room", func(s string) (err error) {
		cfg.peer, err = transport.ParsePeerID(s)
		return err
	})
	asJSON := f.Bool("json", false, "print what went through as JSON, at the end; the rest goes to standard error")
	verbose := f.Bool("verbose", false, "log what the node does, on standard error")
	rest, code, ok := f.parse(args, 1<<10, stdout, stderr)
	if !ok {
		return code
	}
	for _, arg := range rest {
		local, target, ok := strings.Cut(arg, "=")
		if !ok {
			return f.wrong(stderr, "%q: want LOCAL=TARGET", arg)
		}
		for _, s := range []string{local, target} {
			if err := checkTarget(s); err != nil {
				return f.wrong(stderr, "%q: %v", arg, err)
			}
		}
		cfg.local = append(cfg.local, [2]string{local, target})
	}
	if len(cfg.allow)+len(cfg.local) == 0 {
		return f.wrong(stderr, "neither --allow nor LOCAL=TARGET: there is nothing to forward")
	}
	cfg.patience, cfg.log = openTimeout, logger(stderr, *verbose)
	out := newScreen(stdout, false)
	if *asJSON {
		out = newScreen(stderr, false)
	}
	figures, err := forward(ctx, cfg, out)
	if err != nil && ctx.Err() == nil {
		return fault(stderr, "forward", err)
	}
	if *asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		err = e.Encode(figures)
	} else {
		_, err = fmt.Fprintln(stdout, figures)
	}
	if err != nil {
		return fault(stderr, "forward", err)
	}
	return exitOK
}

// checkTarget reports what is wrong with a TCP address.
func checkTarget(s string) error {
	if _, _, err := net.SplitHostPort(s); err != nil {
		return errors.New("want host:port")
	}
	if len(s) > maxRequest-1 || strings.ContainsAny(s, "\n ") {
		return errors.New("no such address")
	}
	return nil
}

// figures are what went through.
type figures struct {
	ID          string  `json:"id"`
	Connections int64   `json:"connections"` // that were carried
	Refused     int64   `json:"refused"`     // that were not: not allowed, or nobody there
	BytesUp     int64   `json:"bytes_up"`    // from who connects to the target
	BytesDown   int64   `json:"bytes_down"`
	Seconds     float64 `json:"seconds"`
}

func (f figures) String() string {
	return fmt.Sprintf("%d connections, %d refused, %d bytes there and %d back, in %.1f s", f.Connections, f.Refused, f.BytesUp, f.BytesDown, f.Seconds)
}

// forwarder is a node that forwards.
type forwarder struct {
	cfg      forwardConfig
	protocol *overlay.Protocol
	client   *entrance.Client
	screen   *screen
	meeting  chan transport.PeerID // holds one token: whom it knows to serve

	connections, refused, up, down atomic.Int64
}

// forward runs until ctx ends, or nothing can be forwarded.
func forward(ctx context.Context, cfg forwardConfig, s *screen) (total figures, err error) {
	start := time.Now()
	node, err := newNode(cfg.joinConfig, forwardNetwork)
	if err != nil {
		return total, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), quitTimeout)
		defer cancel()
		if left := node.Leave(ctx); err == nil && !errors.Is(left, context.DeadlineExceeded) {
			err = left
		}
	}()
	protocol, err := node.Protocol(forwardProtocol, overlay.ProtocolConfig{MaxStreams: forwardStreams})
	if err != nil {
		return total, err
	}
	f := &forwarder{
		cfg: cfg, protocol: protocol, client: &entrance.Client{Logger: cfg.log}, screen: s,
		meeting: make(chan transport.PeerID, 1),
	}
	f.meeting <- transport.PeerID{}
	s.say("you are %s", node.ID())
	err = f.run(ctx)
	return figures{
		ID: node.ID().String(), Connections: f.connections.Load(), Refused: f.refused.Load(),
		BytesUp: f.up.Load(), BytesDown: f.down.Load(), Seconds: time.Since(start).Seconds(),
	}, err
}

// run serves and listens until ctx ends or one of the listeners fails.
func (f *forwarder) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts parts
	defer parts.wait()
	defer cancel(nil)
	if len(f.cfg.allow) > 0 {
		door, err := f.openDoor(ctx)
		if err != nil {
			return err
		}
		defer door.Close()
		parts.listener(ctx, f.protocol.Listen(), cancel, f.serve)
		f.screen.say("serving %s in room %s of %s", strings.Join(f.cfg.allow, ", "), clean(f.cfg.room, maxShown), f.cfg.entrance)
		f.meetOthers(ctx)
	}
	if len(f.cfg.local) > 0 {
		peer, err := f.reach(ctx)
		if err != nil {
			return err
		}
		f.screen.say("connected to %s", peer)
	}
	for _, l := range f.cfg.local {
		listener, err := net.Listen("tcp", l[0])
		if err != nil {
			return err
		}
		parts.listener(ctx, listener, cancel, func(ctx context.Context, c net.Conn) { f.use(ctx, c, l[1]) })
		f.screen.say("listening at %s for %s", listener.Addr(), l[1])
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

func (f *forwarder) openDoor(ctx context.Context) (io.Closer, error) {
	open, cancel := context.WithTimeout(ctx, f.cfg.patience)
	defer cancel()
	door, err := f.client.Open(open, f.protocol.Node(), f.cfg.entrance, f.cfg.room)
	return door, f.explain(err)
}

// meetOthers makes those who serve in one room neighbors, so that each can broker
// for the others. It does not matter if there are none.
func (f *forwarder) meetOthers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, meetTimeout)
	defer cancel()
	if _, err := f.client.Join(ctx, f.protocol, f.cfg.entrance, f.cfg.room); err != nil {
		f.cfg.log.Debug("nobody else serves", "err", err)
	}
}

// reach gives the peer to use, and meets it if need be: for the first time, or
// because its connection was lost.
func (f *forwarder) reach(ctx context.Context) (peer transport.PeerID, err error) {
	select {
	case peer = <-f.meeting:
	case <-ctx.Done():
		return peer, ctx.Err()
	}
	defer func() { f.meeting <- peer }()
	if !peer.IsZero() && f.protocol.Outview().Count(peer) > 0 {
		return peer, nil
	}
	ctx, cancel := context.WithTimeout(ctx, f.cfg.patience)
	defer cancel()
	first, err := f.client.Join(ctx, f.protocol, f.cfg.entrance, f.cfg.room)
	if errors.Is(err, entrance.ErrEmptyRoom) {
		return transport.PeerID{}, fmt.Errorf("nobody serves in room %s of %s", clean(f.cfg.room, maxShown), f.cfg.entrance)
	}
	if err != nil {
		return transport.PeerID{}, f.explain(err)
	}
	want := f.cfg.peer
	if want.IsZero() || want == first {
		return first, nil
	}
	if err := f.protocol.Connect(ctx, want, first); err != nil {
		return transport.PeerID{}, err
	}
	return want, nil
}

func (f *forwarder) explain(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no entrance answers at %s (n2n entrance starts one): %w", f.cfg.entrance, err)
	}
	return err
}

func (f *forwarder) allowed(target string) bool { return slices.Contains(f.cfg.allow, target) }
