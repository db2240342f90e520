package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/tools/live"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is for what must happen; it happens much sooner, or the test fails.
const patience = 20 * time.Second

// network is a page that shows some nodes, which know each other in a line.
type network struct {
	t     *testing.T
	page  *live.Page
	http  *httptest.Server
	nodes []*overlay.Node
	chat  []*overlay.Protocol
}

func newNetwork(t *testing.T, n int) *network {
	t.Helper()
	k := &network{t: t, page: live.New(live.Config{Title: "test", Network: "test", Protocol: "chat"})}
	k.http = httptest.NewServer(k.page)
	t.Cleanup(func() {
		if err := k.page.Close(); err != nil {
			t.Error(err)
		}
		k.http.Close()
	})
	mesh := mem.NewNetwork(1)
	for i := range n {
		w := k.page.Watch("node " + string(rune('0'+i)))
		node, err := overlay.New(overlay.Config{Driver: mesh.NewDriver(), Network: "test", Trace: w.Step})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { node.Close() })
		p, err := node.Protocol("chat", overlay.ProtocolConfig{})
		if err != nil {
			t.Fatal(err)
		}
		w.Show(node, p)
		w.Listen()
		if i > 0 {
			if _, err := p.Join(t.Context(), k.nodes[i-1].Admit); err != nil {
				t.Fatal(err)
			}
		}
		k.nodes, k.chat = append(k.nodes, node), append(k.chat, p)
	}
	return k
}

// reader is a page that is open.
type reader struct {
	t     *testing.T
	ws    *websocket.Conn
	calls int
	seen  []update // everything so far
}

// update is what a page is told, as far as the tests look at it.
type update struct {
	Hello  *struct{ Title, Network, Protocol string }
	Nodes  []node
	All    []transport.PeerID
	Events []event
	Missed uint64
	Watch  *struct {
		Node     transport.PeerID
		Machines []struct{ Name, State string }
		Steps    []struct{ Machine, From, Event, To string }
	}
	Answer *struct {
		Call  int
		Error string
		Took  float64
	}
	Entrance *struct {
		Doors   int
		Members []transport.PeerID
	}
}

type node struct {
	ID        transport.PeerID
	Name      string
	Neighbors []struct{ Peer transport.PeerID }
	Arcs      []struct {
		Peer     transport.PeerID
		Out, New bool
		Via      []transport.PeerID
	}
}

type event struct {
	Kind, Text string
	Node, Peer transport.PeerID
	Out        bool
	Via        []transport.PeerID
}

func (k *network) open() *reader { return open(k.t, k.http.URL) }

func open(t *testing.T, url string) *reader {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	t.Cleanup(func() { ws.CloseNow() })
	return &reader{t: t, ws: ws}
}

// until reads until what is wanted has come.
func (r *reader) until(what string, wanted func(u update) bool) update {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for {
		_, b, err := r.ws.Read(ctx)
		if err != nil {
			r.t.Fatalf("%s did not come: %v; so far %+v", what, err, r.seen)
		}
		var u update
		if err := json.Unmarshal(b, &u); err != nil {
			r.t.Fatalf("%v: %s", err, b)
		}
		r.seen = append(r.seen, u)
		if wanted(u) {
			return u
		}
	}
}

func (r *reader) say(command map[string]any) {
	r.t.Helper()
	b, err := json.Marshal(command)
	if err == nil {
		err = r.ws.Write(r.t.Context(), websocket.MessageText, b)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// call gives a command and the error that answers it.
func (r *reader) call(command map[string]any) string {
	r.t.Helper()
	r.calls++
	command["call"] = r.calls
	r.say(command)
	return r.until("the answer", func(u update) bool { return u.Answer != nil && u.Answer.Call == r.calls }).Answer.Error
}

// event gives the first one that fits, also of what has come already.
func (r *reader) event(what string, fits func(e event) bool) event {
	r.t.Helper()
	for _, u := range r.seen {
		if i := slices.IndexFunc(u.Events, fits); i >= 0 {
			return u.Events[i]
		}
	}
	u := r.until(what, func(u update) bool { return slices.ContainsFunc(u.Events, fits) })
	return u.Events[slices.IndexFunc(u.Events, fits)]
}

// A page learns of the nodes as they are, of what happens to them, and has them
// do what it says.
func TestCommands(t *testing.T) {
	k := newNetwork(t, 3)
	a, b, c := k.nodes[0].ID(), k.nodes[1].ID(), k.nodes[2].ID()
	r := k.open()
	r.until("three nodes", func(u update) bool {
		if u.Hello != nil && (u.Hello.Title != "test" || u.Hello.Network != "test" || u.Hello.Protocol != "chat") {
			t.Errorf("greeted with %+v", u.Hello)
		}
		return len(u.Nodes) == 3 && slices.Equal(u.All, []transport.PeerID{a, b, c})
	})

	if e := r.call(map[string]any{"do": "connect", "node": a, "to": c, "via": []any{b}}); e != "" {
		t.Fatalf("connect: %s", e)
	}
	opened := r.event("the arc", func(e event) bool { return e.Kind == "opened" && e.Node == a && e.Peer == c && e.Out })
	if !slices.Equal(opened.Via, []transport.PeerID{b}) {
		t.Errorf("opened via %v, want %v", opened.Via, b)
	}
	r.until("the arc in a's description", func(u update) bool {
		for _, n := range u.Nodes {
			for _, x := range n.Arcs {
				if n.ID == a && x.Peer == c && x.Out && x.New && slices.Equal(x.Via, []transport.PeerID{b}) {
					return true
				}
			}
		}
		return false
	})
	if e := r.call(map[string]any{"do": "introduce", "node": b, "from": c, "to": a}); e != "" {
		t.Errorf("introduce: %s", e)
	}
	if e := r.call(map[string]any{"do": "send", "node": a, "to": c, "text": "hi\x1b there"}); e != "" {
		t.Errorf("send: %s", e)
	}
	if m := r.event("the message", func(e event) bool { return e.Kind == "message" && e.Node == c }); m.Peer != a || m.Text != "hi\uFFFD there" {
		t.Errorf("message %+v", m)
	}
	for _, do := range []string{"reverse", "invite", "disconnect"} {
		to := c
		if do == "disconnect" {
			to = b // of the entering
		}
		node := a
		if do == "disconnect" {
			node, to = b, a
		}
		if e := r.call(map[string]any{"do": do, "node": node, "to": to, "from": c}); e != "" {
			t.Errorf("%s: %s", do, e)
		}
	}

	// What cannot be done says why, and costs nobody the line.
	for want, command := range map[string]map[string]any{
		"not a node of this process": {"do": "connect", "node": transport.PeerID{1}, "to": c},
		"unknown command":            {"do": "dance", "node": a},
		"that is this node itself":   {"do": "connect", "node": a, "to": a},
	} {
		if e := r.call(command); !strings.Contains(e, want) {
			t.Errorf("%v: %q, want %q", command, e, want)
		}
	}
}

// Who watches a node gets its machines and its steps.
func TestMachines(t *testing.T) {
	k := newNetwork(t, 2)
	r := k.open()
	r.say(map[string]any{"do": "watch", "node": k.nodes[0].ID()})
	u := r.until("machines", func(u update) bool { return u.Watch != nil && len(u.Watch.Steps) > 0 })
	if u.Watch.Node != k.nodes[0].ID() || len(u.Watch.Machines) != 3 {
		t.Errorf("watch %+v, want a link, a session and an arc", u.Watch)
	}
	if e := r.call(map[string]any{"do": "connect", "node": k.nodes[0].ID(), "to": k.nodes[1].ID()}); e != "" {
		t.Fatal(e)
	}
	up := func(u update) bool {
		return u.Watch != nil && slices.ContainsFunc(u.Watch.Steps, func(s struct{ Machine, From, Event, To string }) bool {
			return s.Machine == "arc" && s.To == "Up" && s.Event == "Bound"
		})
	}
	if !slices.ContainsFunc(r.seen, up) { // it may have come with the answer
		r.until("the new arc's step", up)
	}
}

// A node that is closed goes from the page.
func TestNodeGoes(t *testing.T) {
	k := newNetwork(t, 2)
	r := k.open()
	r.until("both", func(u update) bool { return len(u.All) == 2 })
	k.nodes[1].Close()
	r.until("one", func(u update) bool { return slices.Equal(u.All, []transport.PeerID{k.nodes[0].ID()}) })
}

// A page that comes late misses what is gone, and is told how much.
func TestLate(t *testing.T) {
	k := newNetwork(t, 2)
	first := k.open() // so that something listens
	for range 600 {   // two events each: 1024 are kept
		if err := k.chat[0].Connect(t.Context(), k.nodes[1].ID()); err != nil {
			t.Fatal(err)
		}
	}
	first.until("the last arc", func(u update) bool {
		return slices.ContainsFunc(u.Nodes, func(n node) bool { return n.ID == k.nodes[1].ID() && len(n.Arcs) > 600 })
	})
	events := 0
	k.open().until("all that is kept", func(u update) bool {
		events += len(u.Events)
		return events == 1024
	})
}

// Pages of other sites can neither read nor command.
func TestOtherSites(t *testing.T) {
	k := newNetwork(t, 1)
	header := http.Header{"Origin": {"https://evil.example"}}
	if ws, response, err := websocket.Dial(t.Context(), k.http.URL+"/live", &websocket.DialOptions{HTTPHeader: header}); err == nil {
		ws.CloseNow()
		t.Error("another site's page may command")
	} else if response == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("another site's page: %v", err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, k.http.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "evil.example" // a name that was made to lead here
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("by another name: status %d", response.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
}

// A command that is none ends the line, and a long one, too.
func TestHostileReader(t *testing.T) {
	k := newNetwork(t, 1)
	for name, b := range map[string]string{"not JSON": "nonsense", "too long": `{"text":"` + strings.Repeat("x", 9000) + `"}`} {
		r := k.open()
		if err := r.ws.Write(t.Context(), websocket.MessageText, []byte(b)); err != nil {
			t.Fatal(err)
		}
		for {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			_, _, err := r.ws.Read(ctx)
			late := ctx.Err() != nil
			cancel()
			if late {
				t.Errorf("%s: the line lives", name)
			}
			if err != nil {
				break
			}
		}
	}
}

// At an entrance the page shows what that may know, and serves it, too.
func TestAtAnEntrance(t *testing.T) {
	server := entrance.NewServer(entrance.ServerConfig{})
	defer server.Close()
	page := live.New(live.Config{Title: "entrance", Network: "test", Protocol: "chat", Room: "lobby", Entrance: server})
	defer page.Close()
	web := httptest.NewServer(page)
	defer web.Close()
	n, err := overlay.New(overlay.Config{Driver: mem.NewNetwork(1).NewDriver(), Network: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	door, err := entrance.Open(t.Context(), n, web.URL+"/entrance", "lobby")
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	r := open(t, web.URL)
	r.say(map[string]any{"do": "room", "text": "lobby"})
	u := r.until("the member", func(u update) bool { return u.Entrance != nil && len(u.Entrance.Members) > 0 })
	if u.Entrance.Doors != 1 || u.Entrance.Members[0] != n.ID() {
		t.Errorf("entrance %+v", u.Entrance)
	}
	response, err := http.Get(web.URL + "/entrance")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || !strings.Contains(string(b), "n2n entrance: ok") {
		t.Errorf("health: %q, %v", b, err)
	}
	http.DefaultClient.CloseIdleConnections()
}

// Everything that the page loads comes from here: its policy forbids the rest,
// and each file that is named in a file is there.
func TestFiles(t *testing.T) {
	page := live.New(live.Config{})
	defer page.Close()
	for path, want := range map[string]string{
		"/": "<title>n2n</title>", "/main.js": "./stream.js", "/style.css": "prefers-color-scheme",
		"/charts.json": `"name":"link"`, "/third_party/dagre.LICENSE.txt": "Permission is hereby granted", "/third_party/d3-force.LICENSE.txt": "Copyright",
	} {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: status %d, without %q", path, w.Code, want)
		}
		if p := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'; script-src 'self'") {
			t.Errorf("%s: policy %q", path, p)
		}
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/n2n/n2n.js", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("a peer for tabs that there is none of: status %d", w.Code)
	}
}

// What makes a tab a peer comes as it is, compressed if the browser can take it,
// or with the reason why there is none.
func TestPeerFiles(t *testing.T) {
	var fault error
	files := fstest.MapFS{
		"n2n.js": {Data: []byte("export {}")}, "n2n.wasm": {Data: []byte("whole")}, "n2n.wasm.gz": {Data: []byte("small")},
	}
	page := live.New(live.Config{Peer: func() (fs.FS, error) { return files, fault }})
	defer page.Close()
	get := func(path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		return w
	}
	for _, x := range []struct{ path, accept, kind, encoding, body string }{
		{"/n2n/n2n.js", "gzip", "text/javascript; charset=utf-8", "", "export {}"},
		{"/n2n/n2n.wasm", "gzip, br", "application/wasm", "gzip", "small"},
		{"/n2n/n2n.wasm", "identity", "application/wasm", "", "whole"},
	} {
		w := get(x.path, x.accept)
		h := w.Header()
		if w.Code != http.StatusOK || h.Get("Content-Type") != x.kind || h.Get("Content-Encoding") != x.encoding || w.Body.String() != x.body {
			t.Errorf("%s for %s: status %d, %v, %q", x.path, x.accept, w.Code, h, w.Body)
		}
	}
	if w := get("/n2n/../live_test.go", ""); w.Code == http.StatusOK {
		t.Error("a file from elsewhere")
	}
	fault = errors.New("no compiler here")
	if w := get("/n2n/n2n.js", ""); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "no compiler here") {
		t.Errorf("without a compiler: status %d, %q", w.Code, w.Body)
	}
}
