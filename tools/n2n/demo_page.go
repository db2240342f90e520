package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/tools/live"
)

// demoPage shows the demo's nodes in browsers, and lets tabs in.
type demoPage struct {
	*live.Page
	server *server
	peer   *tabPeer
}

// newPage serves the page, before there are nodes to show.
func (n *network) newPage() (*demoPage, error) {
	p := &demoPage{peer: newTabPeer(n.js)}
	var err error
	p.server, err = serve(n.serve, n.log, func(e *entrance.Server) *live.Page {
		p.Page = live.New(live.Config{
			Title: "demo", Network: demoNetwork, Protocol: demoProtocol, Room: demoRoom,
			Entrance: e, Peer: p.peer.files, Logger: n.log,
		})
		return p.Page
	})
	if err != nil {
		p.peer.close()
		return nil, err
	}
	n.show.note("the page: http://%s", p.server.addr)
	return p, nil
}

// watch prepares a node's config for the page; nil: there is no page.
func (p *demoPage) watch(i int, cfg *overlay.Config) *live.Watched {
	if p == nil {
		return nil
	}
	w := p.Watch(fmt.Sprintf("node %d", i))
	cfg.Trace = w.Step
	return w
}

// stay keeps the network as it is, but for what its page is used for, until ctx
// ends. The nodes admit tabs.
func (n *network) stay(ctx context.Context) {
	for _, node := range n.nodes {
		if node != nil {
			node.watched.Listen()
		}
	}
	n.openAt(ctx, span(0, n.peers), n.page.server.url)
	if ctx.Err() == nil {
		n.show.note("the network stays, and tabs may join it, at http://%s until Ctrl-C", n.page.server.addr)
	}
	<-ctx.Done()
}

func (p *demoPage) close(ctx context.Context) error {
	return errors.Join(p.server.stop(ctx), p.peer.close())
}
