// Package live shows a network of nodes on a web page, as it is.
//
//	page := live.New(live.Config{Network: "n2n demo", Protocol: "demo", Room: "demo"})
//	defer page.Close()
//	w := page.Watch("node 1")
//	node, err := overlay.New(overlay.Config{Driver: driver, Network: "n2n demo", Trace: w.Step})
//	demo, err := node.Protocol("demo", overlay.ProtocolConfig{})
//	w.Show(node, demo)
//	http.ListenAndServe("127.0.0.1:8080", page)
//
// The page gets everything over one WebSocket: what each node sees of its peers,
// each arc with the brokers that it came through, what happens, and the machines
// of the one node that it looks at. Back come commands: one node is to connect,
// introduce, disconnect or say something. Whoever can open the page can do that
// with the nodes that are shown, so serve it where only they are who may; pages of
// other sites cannot (see Page.ServeHTTP).
//
// A browser's tab can become a peer of the same network: it gets the files of
// Config.Peer (tools/n2n-js makes them), enters at Config.Entrance, and shows what
// its own node sees beside what comes from here. Without nodes, as at an entrance,
// the page shows that alone.
//
// Nothing that is kept for a reader grows: nodes are sent as they are now, and
// events and steps come from rings of the last ones, so that a slow reader misses
// some and is told how many.
//
// # Concurrency
//
// All methods may be called from any goroutine. A page has one goroutine, and one
// for each node and two for each reader; Close ends and awaits them.
package live

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/overlay/entrance"
)

// Bounds of a page. Nodes beyond them are not shown, readers are turned away.
const (
	maxNodes   = 512
	maxReaders = 32
	eventsKept = 1024 // of the network
	stepsKept  = 512  // of each node
)

// Config says what a page shows. The zero value shows nodes, and lets no tab in.
type Config struct {
	Title    string
	Network  string // as in overlay.Config, for tabs that join
	Protocol string
	Room     string                          // of the entrance, where tabs enter; empty: tabs cannot
	Entrance *entrance.Server                // served beside the page; nil: there is none
	Peer     func() (files fs.FS, err error) // n2n.js and n2n.wasm; may take its time; nil: tabs cannot be peers
	Logger   *slog.Logger                    // nil: nothing is logged
}

// Page is an http.Handler.
type Page struct {
	cfg    Config
	mux    *http.ServeMux
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	run    sync.WaitGroup

	mu      sync.Mutex
	nodes   []*Watched
	events  *ring[event]
	readers int
	changed chan struct{} // closed and replaced when there is something new
	version uint64        // of the newest description
	begun   time.Time
	closed  bool
}

// New makes a page. The caller ends it with Close.
func New(cfg Config) *Page {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Page{cfg: cfg, events: newRing[event](eventsKept), changed: make(chan struct{}), begun: time.Now()}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.mux = p.routes()
	p.run.Go(p.refresh)
	return p
}

// Close ends the page: its readers lose their connections, and the nodes are not
// watched any more. It does not close them. It may be repeated.
func (p *Page) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.run.Wait()
	return nil
}

// start runs f until it ends by itself, which Close awaits; false: too late.
func (p *Page) start(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.run.Go(f)
	return true
}

// wake tells the readers that there is something new. The caller holds p.mu.
func (p *Page) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// tell adds an event.
func (p *Page) tell(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.At = time.Since(p.begun).Milliseconds()
	p.events.add(e)
	p.wake()
}

// Periods of the refreshing: what a node does shows within the short one, and
// what happens to it silently, as a new round trip time, within the long one.
const (
	refreshSoon  = 80 * time.Millisecond
	refreshEvery = time.Second
)

// refresh keeps the descriptions of the nodes new while somebody reads.
func (p *Page) refresh() {
	tick := time.NewTicker(refreshSoon)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			return
		}
		p.mu.Lock()
		idle, nodes := p.readers == 0, p.nodes
		p.mu.Unlock()
		if idle {
			continue
		}
		all := n%int(refreshEvery/refreshSoon) == 0
		for _, w := range nodes {
			if all || w.stale.Load() {
				p.describe(w)
			}
		}
	}
}

// describe asks a node how it is, and notes if that is new.
func (p *Page) describe(w *Watched) {
	w.stale.Store(false)
	d := w.describe()
	b, err := json.Marshal(d)
	if err != nil {
		p.cfg.Logger.Error("live", "err", err) // a description is always JSON
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if string(b) == string(w.json) {
		return
	}
	p.version++
	w.json, w.version = b, p.version
	p.wake()
}
