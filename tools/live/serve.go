package live

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gorilla/websocket"
)

//go:embed web
var web embed.FS

// entrancePath is where tabs, and anybody else, enter.
const entrancePath = "/entrance"

// policy keeps the page from loading anything from elsewhere, whatever is in it
// (Content Security Policy, level 3). A tab that is a peer compiles WebAssembly.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP serves the page, and the entrance on any path that asks for a
// WebSocket but for the page's own. A browser must have reached it by an address,
// by localhost, or by the name that an entrance is known under: a page of another
// site can neither read nor command anything, even if its name is made to lead
// here (DNS rebinding).
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(p.shown()) > 0 && !byAddress(r.Host) {
		http.Error(w, "live: come by an address or by localhost", http.StatusForbidden)
		return
	}
	if p.cfg.Entrance != nil && r.URL.Path != "/live" && websocket.IsWebSocketUpgrade(r) {
		p.cfg.Entrance.ServeHTTP(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	p.mux.ServeHTTP(w, r)
}

func (p *Page) shown() []*Watched {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nodes
}

func byAddress(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || host == "localhost"
}

func (p *Page) routes() *http.ServeMux {
	mux := http.NewServeMux()
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic(err) // the name is a constant
	}
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /live", p.stream)
	mux.HandleFunc("GET /charts.json", p.charts)
	mux.HandleFunc("GET /n2n/", p.peer)
	if p.cfg.Entrance != nil {
		mux.Handle("GET "+entrancePath, p.cfg.Entrance) // without an upgrade: its health
	}
	return mux
}

func (p *Page) charts(w http.ResponseWriter, _ *http.Request) {
	list, err := charts()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(list) // an error is the reader's
}

// peer serves what makes a tab a peer, as soon as it is there.
func (p *Page) peer(w http.ResponseWriter, r *http.Request) {
	if p.cfg.Peer == nil {
		http.NotFound(w, r)
		return
	}
	files, err := p.cfg.Peer()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/n2n/")
	if strings.HasSuffix(name, ".wasm") && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if b, err := fs.ReadFile(files, name+".gz"); err == nil {
			w.Header().Set("Content-Type", "application/wasm")
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(b)
			return
		}
	}
	http.ServeFileFS(w, r, files, name)
}

func (p *Page) greeting() *greeting {
	g := &greeting{Title: p.cfg.Title, Network: p.cfg.Network, Protocol: p.cfg.Protocol, Peer: p.cfg.Peer != nil}
	if p.cfg.Entrance != nil {
		g.Entrance, g.Room = entrancePath, p.cfg.Room
	}
	return g
}
