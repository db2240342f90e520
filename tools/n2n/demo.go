package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Bounds of the demo: each peer has a socket, and everything runs here.
const (
	maxPeers = 256
	maxArcs  = 64
)

const demoHelp = `
Starts an entrance and --peers nodes in this process, each with its own WebRTC
stack and its own UDP socket on 127.0.0.1. Each node enters through the entrance
with one arc. Then the entrance is stopped, and every node gets the rest of its
--arcs arcs by the brokering of its neighbors alone: over one broker, over
several, or on a session that there is. At last every node sends a message over
every arc, and checks what has come.

The exit code is 0 only if every arc opened, both ends' views of all arcs agree,
every message has arrived, and the referee saw no machine leave its spec.

With --serve the nodes stay until Ctrl-C, and a page shows them as they are from
the beginning: peers, arcs, who brokered them, and the machines of each node. There,
nodes are introduced by clicking, and a browser's tab can become a peer, too; for
that the nodes keep doors open at a second entrance, at the page's own address, and
have their sockets on all addresses of this machine: Firefox talks to none on
127.0.0.1.

Examples:
  n2n demo
  n2n demo --peers 40 --arcs 3
  n2n demo --serve 127.0.0.1:8080
  n2n demo --json | jq .open_ms_p95

With --json: "brokered" are the arcs whose session one broker or several made,
"multihop" those of them with several; the other arcs came through the entrance
or use a session that there was. "open_ms_…" is from asking to the open arc.`

// demoConfig is what the demo is to do.
type demoConfig struct {
	peers, arcs int
	seed        uint64
	serve       string // the page's address; empty: there is none
	js          string // a folder that n2n-js has made; empty: it is made when a tab asks
	log         *slog.Logger
}

func runDemo(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("demo", "demo [flags]", demoHelp)
	var cfg demoConfig
	f.IntVar(&cfg.peers, "peers", 12, "`N` nodes")
	f.IntVar(&cfg.arcs, "arcs", 4, "`N` arcs that each node opens")
	f.Uint64Var(&cfg.seed, "seed", 0, "`N` chooses ids and targets; 0: one by chance")
	f.StringVar(&cfg.serve, "serve", "", "TCP `ADDRESS` of a page that shows the network, until Ctrl-C")
	f.StringVar(&cfg.js, "js", "", "`FOLDER` that n2n-js has made, for tabs; none: made here, with Go")
	asJSON := f.Bool("json", false, "print one JSON object instead of a table")
	verbose := f.Bool("verbose", false, "log what the nodes do, on standard error")
	_, code, ok := f.parse(args, 0, stdout, stderr)
	switch {
	case !ok:
		return code
	case cfg.peers < 2 || cfg.peers > maxPeers:
		return f.wrong(stderr, "--peers %d: want 2 to %d", cfg.peers, maxPeers)
	case cfg.arcs < 1 || cfg.arcs > maxArcs:
		return f.wrong(stderr, "--arcs %d: want 1 to %d", cfg.arcs, maxArcs)
	}
	if cfg.seed == 0 {
		cfg.seed = 1 + rand.Uint64N(1_000_000)
	}
	cfg.log = logger(stderr, *verbose)

	r := demo(ctx, cfg, newProgress(stderr), func(r *report) error { return r.write(stdout, *asJSON) })
	if ctx.Err() != nil && !r.told {
		fmt.Fprintln(stderr, "n2n demo: interrupted")
		return exitInterrupted
	}
	if !r.ok() {
		fmt.Fprintf(stderr, "n2n demo: failed: %s (again: n2n demo --peers %d --arcs %d --seed %d --verbose)\n", r.verdict(), cfg.peers, cfg.arcs, cfg.seed)
		return exitFault
	}
	return exitOK
}

// demo runs the whole demonstration, tells what came of it, and leaves nothing
// behind. With a page, it goes on after that, until ctx ends.
func demo(ctx context.Context, cfg demoConfig, show *progress, tell func(*report) error) *report {
	begun := time.Now()
	n := newNetwork(cfg, show)
	for _, phase := range []func(context.Context) error{n.start, n.enter, n.stopEntrance, n.broker, n.agree, n.talk} {
		if err := phase(ctx); err != nil {
			n.fail("the rest was not tried", err)
			break
		}
	}
	n.measure()
	if n.page == nil {
		n.close(ctx)
	}
	n.report.Seconds = time.Since(begun).Seconds()
	if ctx.Err() == nil {
		n.report.told = true
		if err := tell(n.report); err != nil {
			n.fail("telling it", err)
		}
	}
	if n.page != nil {
		n.stay(ctx)
		n.close(context.WithoutCancel(ctx))
	}
	return n.report
}
