package overlaytest

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// World is some peers on one simulated network.
type World struct {
	t      *testing.T
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	net    *mem.Network
	rng    *rand.Rand
	start  time.Time

	programs [][]Program         // by peer: what runs there, and again after a restart
	groups   [][]int             // of the partition
	paths    map[[2]int]mem.Path // of pairs with one of their own
	former   []*Peer             // before their restarts

	mu    sync.Mutex // guards peers, which programs read
	peers []*Peer
}

// Run makes a world and gives it to test, in a bubble of testing/synctest. When
// test returns, the world is checked and everything in it ends: see the package
// comment. It must not be called from within a bubble.
func Run(t *testing.T, cfg Config, test func(w *World)) {
	t.Helper()
	cfg, err := cfg.fill()
	if err != nil {
		t.Fatal(err)
	}
	if *seedsFlag <= 1 {
		synctest.Test(t, func(t *testing.T) { run(t, t.Name(), cfg, test) })
		return
	}
	name := t.Name()
	for seed := cfg.Seed; seed < cfg.Seed+*seedsFlag; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			cfg := cfg
			cfg.Seed = seed
			synctest.Test(t, func(t *testing.T) { run(t, name, cfg, test) })
		})
	}
}

func run(t *testing.T, name string, cfg Config, test func(w *World)) {
	// Shown if the test fails, however it does.
	t.Logf("to repeat this: go test . -run '^%s$' -overlaytest.seed %d", strings.ReplaceAll(name, "/", "$/^"), cfg.Seed)
	w := newWorld(t, cfg)
	finished := false
	defer func() {
		w.stopPrograms()
		if finished && !t.Failed() {
			w.checkViews()
		}
		w.close()
		w.checkStats()
	}()
	for i := range cfg.Peers {
		w.boot(i, 0)
	}
	test(w)
	finished = true
}

func newWorld(t *testing.T, cfg Config) *World {
	w := &World{
		t: t, cfg: cfg, net: mem.NewNetwork(cfg.Seed), rng: source(cfg.Seed, "world", 0, 0), start: time.Now(),
		paths: map[[2]int]mem.Path{},
	}
	w.ctx, w.cancel = context.WithCancel(t.Context())
	if cfg.Network != nil {
		cfg.Network(w.net)
	}
	w.net.SetPath(cfg.Path)
	return w
}

// boot makes a peer, or makes it anew.
func (w *World) boot(i, boot int) {
	w.t.Helper()
	// At different moments, since their heartbeats count from these. Session
	// numbers of a boot are greater only if its millisecond is another one.
	time.Sleep(time.Millisecond + time.Duration(w.rng.Int64N(int64(Stagger)))) // virtual: a world is in a bubble
	cfg := w.cfg.Node
	p := &Peer{Index: i, world: w, boot: boot, rng: source(w.cfg.Seed, "peer", i, boot), driver: w.net.NewDriver(), slots: newSlots(i)}
	cfg.Driver, cfg.Key, cfg.Audit = paced{p.driver, p.slots}, key(w.cfg.Seed, i), !w.cfg.NoAudit
	if *logFlag {
		h := slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})
		cfg.Logger = slog.New(h).With("peer", i)
	}
	node, err := overlay.New(cfg)
	if err != nil {
		p.driver.Close()
		w.t.Fatalf("peer %d: %v", i, err)
	}
	p.Protocol, err = node.Protocol(w.cfg.Protocol, w.cfg.Options)
	if err != nil {
		node.Close()
		w.t.Fatalf("peer %d: %v", i, err)
	}
	p.ctx, p.cancel = context.WithCancel(w.ctx)
	w.mu.Lock()
	if boot == 0 {
		w.peers, w.programs = append(w.peers, p), append(w.programs, nil)
	} else {
		w.peers[i] = p
	}
	w.mu.Unlock()
	w.applyFaults(p)
	for _, program := range w.programs[i] {
		p.start(program)
	}
}

// stopPrograms ends what the user runs in the world.
func (w *World) stopPrograms() {
	w.cancel()
	for _, p := range w.peers {
		p.wait()
	}
}

// close ends all nodes.
func (w *World) close() {
	for _, p := range w.peers {
		p.Node().Close()
	}
}

// Peer gives a peer, as it was when it is down: its calls then fail with
// overlay.ErrClosed. After a Restart it is another Peer.
func (w *World) Peer(i int) *Peer {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.peers[i]
}

// Node gives a peer's node.
func (w *World) Node(i int) *overlay.Node { return w.Peer(i).Node() }

// Index gives the number of a peer; -1: it is none of this world's.
func (w *World) Index(id transport.PeerID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, p := range w.peers {
		if p.Node().ID() == id {
			return i
		}
	}
	return -1
}

// Up lists the peers that are up, in order.
func (w *World) Up() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var up []int
	for i, p := range w.peers {
		if p.Alive() {
			up = append(up, i)
		}
	}
	return up
}

// Sample draws n of the peers that are up, or all if there are fewer.
func (w *World) Sample(n int) []int {
	up := w.Up()
	w.rng.Shuffle(len(up), func(i, j int) { up[i], up[j] = up[j], up[i] })
	return up[:min(n, len(up))]
}

// Network gives the network, for its statistics and for faults that World has
// no word for.
func (w *World) Network() *mem.Network { return w.net }

// Go runs a program at the given peers, or at all if none is given; at a peer
// that is down, and at one that crashes and comes back, from its restart on.
// It starts within Stagger.
func (w *World) Go(program Program, peers ...int) {
	for _, i := range w.these(peers) {
		w.programs[i] = append(w.programs[i], program)
		if p := w.peers[i]; p.Alive() {
			p.start(program)
		}
	}
}

func (w *World) these(peers []int) []int {
	if len(peers) > 0 {
		return peers
	}
	for i := range w.peers {
		peers = append(peers, i)
	}
	return peers
}

// Sleep lets virtual time pass; all that is due by then has happened when it
// returns.
func (w *World) Sleep(d time.Duration) {
	time.Sleep(d) // virtual: a world is in a bubble
	synctest.Wait()
}

// Poll is how often Until looks.
const Poll = 100 * time.Millisecond

// Until waits for cond, looking at once and every Poll of virtual time, and
// returns how long it took. If it takes longer than within, the test fails.
func (w *World) Until(within time.Duration, cond func() bool) time.Duration {
	w.t.Helper()
	start := time.Now()
	w.Sleep(0)
	for !cond() {
		if time.Since(start) >= within {
			w.t.Fatalf("%v: still not so after %v; %v", w.Now(), within, w.Graph().Summary())
		}
		w.Sleep(Poll)
	}
	return time.Since(start)
}

// Now gives the age of the world in virtual time.
func (w *World) Now() time.Duration { return time.Since(w.start) }

// Logf logs to the test, with the virtual time.
func (w *World) Logf(format string, args ...any) {
	w.t.Helper()
	w.t.Logf("%v: %s", w.Now(), fmt.Sprintf(format, args...))
}

// Errorf fails the test, which goes on.
func (w *World) Errorf(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf("%v: %s", w.Now(), fmt.Sprintf(format, args...))
}
