package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/transport/pion"
)

const joinHelp = `
Enters a room and chats with the neighbors there: each line goes to all of them.
It keeps a door open for the next newcomer, too. The entrance is needed to meet
the first peer only: stop it, and the room's peers still connect each other:

  /connect bob               a common neighbor is found and brokers it
  /connect bob via ann carl  ann is your neighbor, carl is ann's, bob is carl's
  /introduce ann bob         you broker: ann opens an arc to bob
  /peers                     who is a neighbor, and how it came to be
  /help                      the rest

The end of the input leaves, as /quit and Ctrl-C do.

With --paste there is no server at all: it shows a text, the offer. Give it to
the other one in any way, by chat, mail or phone; pasted into their n2n join, it
becomes a second text, the answer, which is pasted here. A newcomer's offer can
be pasted into any n2n join, at any time. Line breaks, quotes and what stands
around a text do not matter. Behind a NAT, be quick, and use --stun.

Examples (in three terminals):
  n2n entrance
  n2n join --entrance ws://127.0.0.1:8080 --room demo --name ann
  n2n join --entrance ws://127.0.0.1:8080 --room demo --name bob

Without a server (in two terminals):
  n2n join --paste --name ann
  n2n join --paste --name bob`

const (
	openTimeout  = 5 * time.Second
	meetTimeout  = 30 * time.Second // until a first peer has
	quitTimeout  = 3 * time.Second
	chatNetwork  = "n2n chat"
	chatProtocol = "chat"
)

type joinConfig struct {
	entrance, room, name, key, udp, stun string
	paste, qr                            bool
	patience                             time.Duration // until the entrance has answered
	log                                  *slog.Logger
}

func runJoin(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("join", "join [flags]", joinHelp)
	var cfg joinConfig
	f.StringVar(&cfg.entrance, "entrance", "ws://127.0.0.1:8080", "`URL` of the entrance")
	f.StringVar(&cfg.room, "room", "demo", "`ROOM` to enter")
	f.StringVar(&cfg.name, "name", "", "what others see; they may choose the same `NAME`")
	f.StringVar(&cfg.key, "key", "", "`FILE` that keeps who you are; none: somebody new each time")
	f.StringVar(&cfg.udp, "udp", "", "`ADDRESS` of the UDP socket; as a rule all, but 127.0.0.1:0 with an entrance there")
	f.StringVar(&cfg.stun, "stun", "", "`URL` of a STUN server, for peers behind a NAT: stun:host:port")
	f.BoolVar(&cfg.paste, "paste", false, "no entrance: texts to copy and paste take its place")
	f.BoolVar(&cfg.qr, "qr", false, "show these texts as QR codes, too")
	verbose := f.Bool("verbose", false, "log what the node does, on standard error")
	if _, code, ok := f.parse(args, 0, stdout, stderr); !ok {
		return code
	}
	if cfg.qr && !cfg.paste {
		return f.wrong(stderr, "--qr: goes with --paste only")
	}
	if err := checkName(cfg.name); err != nil {
		return f.wrong(stderr, "--name: %v", err)
	}
	cfg.patience, cfg.log = openTimeout, logger(stderr, *verbose)
	err := join(ctx, cfg, stdin, stdout)
	if err != nil && ctx.Err() == nil {
		return fault(stderr, "join", err)
	}
	return exitOK
}

// join runs a chat from entering to leaving.
func join(ctx context.Context, cfg joinConfig, stdin io.Reader, stdout io.Writer) (err error) {
	node, protocol, err := newChatNode(cfg)
	if err != nil {
		return err
	}
	defer func() {
		// ctx may have ended; a farewell may take its time all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), quitTimeout)
		defer cancel()
		if left := node.Leave(ctx); err == nil && !errors.Is(left, context.DeadlineExceeded) {
			err = left
		}
	}()

	s := newScreen(stdout, isTerminal(stdin) && isTerminal(stdout))
	if cfg.paste {
		return pasteIn(ctx, newChat(node, protocol, cfg.name, s), cfg.qr, stdin)
	}
	s.say("entering room %s by %s", clean(cfg.room, maxShown), cfg.entrance)
	client := &entrance.Client{Logger: cfg.log}
	open, cancel := context.WithTimeout(ctx, cfg.patience)
	defer cancel()
	door, err := client.Open(open, node, cfg.entrance, cfg.room)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no entrance answers at %s (n2n entrance starts one): %w", cfg.entrance, err)
	}
	if err != nil {
		return err
	}
	defer door.Close()

	c := newChat(node, protocol, cfg.name, s)
	stop := c.start(ctx)
	defer stop()
	s.say("you are %s", c.myself())
	c.meet(ctx, client, cfg)
	return c.interact(ctx, stdin, door)
}

// pasteIn runs a chat whose entrance is a person.
func pasteIn(ctx context.Context, c *chat, qr bool, stdin io.Reader) error {
	c.entered, c.clip.qr = "by paste", qr
	stop := c.start(ctx)
	defer stop()
	c.screen.say("you are %s", c.myself())
	ctx, cancel := context.WithCancel(ctx)
	var offering sync.WaitGroup
	defer offering.Wait()
	defer cancel()
	offering.Go(func() { c.offer(ctx) })
	return c.interact(ctx, stdin, nil)
}

func newChatNode(cfg joinConfig) (*overlay.Node, *overlay.Protocol, error) {
	node, err := newNode(cfg, chatNetwork)
	if err != nil {
		return nil, nil, err
	}
	protocol, err := node.Protocol(chatProtocol, overlay.ProtocolConfig{MaxMessage: maxNote})
	if err != nil {
		return nil, nil, errors.Join(err, node.Close())
	}
	return node, protocol, nil
}

// newNode makes a node of a network, as the flags have it.
func newNode(cfg joinConfig, network string) (*overlay.Node, error) {
	var key ed25519.PrivateKey
	var err error
	if cfg.key != "" {
		if key, err = overlay.LoadKey(cfg.key); err != nil {
			return nil, err
		}
	}
	udp := pion.Config{ListenAddr: cfg.udp}
	if cfg.udp == "" && !cfg.paste && onLoopback(cfg.entrance) {
		udp.ListenAddr = "127.0.0.1:0"
	}
	if cfg.stun != "" {
		udp.ICEServers = []pion.ICEServer{{URLs: []string{cfg.stun}}}
	}
	driver, err := pion.New(udp)
	if err != nil {
		return nil, err
	}
	node, err := overlay.New(overlay.Config{Driver: driver, Key: key, Network: network, AdmitTimeout: admitPatience, Logger: cfg.log})
	if err != nil {
		return nil, errors.Join(err, driver.Close())
	}
	return node, nil
}

// onLoopback reports whether a URL names this host, so that its peers are here,
// too.
func onLoopback(entrance string) bool {
	u, err := url.Parse(entrance)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && a.IsLoopback()
}

// meet finds a first peer. Without one, the door is open all the same.
func (c *chat) meet(ctx context.Context, client *entrance.Client, cfg joinConfig) {
	ctx, cancel := context.WithTimeout(ctx, meetTimeout)
	defer cancel()
	_, err := client.Join(ctx, c.protocol, cfg.entrance, cfg.room)
	switch {
	case err == nil:
	case errors.Is(err, entrance.ErrEmptyRoom):
		c.screen.say("nobody else is here yet; your door is open")
	default:
		c.screen.say("! met nobody: %v; your door is open", err)
	}
}
