package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/entrance"
	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/tools/chrome/chrometest"
	"github.com/n2n-overlay/n2n/tools/n2n-js/build"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// patience is for what must happen; it happens much sooner, or the test fails.
const patience = 30 * time.Second

// folder has the package, made once for all tests.
var folder string

func TestMain(m *testing.M) {
	code := 1
	defer func() { os.Exit(code) }()
	dir, err := os.MkdirTemp("", "n2n-js-test-*")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if _, err := build.Build(context.Background(), dir); err != nil {
		panic(err)
	}
	folder = dir
	code = m.Run()
}

// web is a static file server with the package and an empty page, and an entrance.
func web(t *testing.T) (url, room string) {
	t.Helper()
	server := entrance.NewServer(entrance.ServerConfig{MaxPerAddress: -1})
	mux := http.NewServeMux()
	mux.Handle("/entrance", server)
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("<!doctype html><title>test</title>"))
	})
	mux.Handle("/", http.FileServer(http.Dir(folder)))
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.Close()
		s.Close()
	})
	return s.URL, "lobby"
}

// native is a node of this process, with a door open.
func native(t *testing.T, url, room string) (*overlay.Node, *overlay.Protocol) {
	t.Helper()
	driver, err := pion.New(pion.Config{ListenAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	n, err := overlay.New(overlay.Config{Driver: driver, Network: "test", Audit: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.Close()
		if s := n.Stats(); s.Divergences+s.Bugs+s.Violations+s.Malformed > 0 {
			t.Errorf("the native node: %+v", s)
		}
	})
	p, err := n.Protocol("chat", overlay.ProtocolConfig{})
	if err != nil {
		t.Fatal(err)
	}
	door, err := entrance.Open(t.Context(), n, url+"/entrance", room)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { door.Close() })
	return n, p
}

// tab is a page with a node.
type tab struct {
	*chrome.Tab
	t *testing.T
}

// begin makes the node of a page: node, chat, and what they got are global there.
const begin = `
	globalThis.m = await import('/n2n.js');
	globalThis.node = await m.Node.create({ network: 'test', key: 'test', connectTimeout: 8000 });
	globalThis.chat = node.protocol('chat');
	globalThis.got = [], globalThis.events = [];
	for (const kind of ['arcopened', 'arcclosed', 'arcfailed']) chat.addEventListener(kind, e => events.push(e));
	(async () => { for await (const x of chat.messages()) got.push(x) })();
	globalThis.until = async f => { while (!f()) await new Promise(r => setTimeout(r, 5)) };
	globalThis.code = async f => { try { await f() } catch (err) { return err instanceof Error ? err.name + ' ' + (err.code ?? err.message) : 'no Error' } return 'no error' };
	return node.id`

func open(t *testing.T, b *chrome.Browser, url string) (*tab, transport.PeerID) {
	t.Helper()
	x, err := b.Open(url + "/page")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	p := &tab{x, t}
	id, err := transport.ParsePeerID(run1[string](p, begin))
	if err != nil {
		t.Fatal(err)
	}
	return p, id
}

// run1 runs the body of an async function and gives what it returns.
func run1[T any](p *tab, body string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	v, err := chrome.Eval[T](ctx, p.Tab, "(async () => {"+body+"})()")
	if err != nil {
		p.t.Fatalf("%s: %v", body, err)
	}
	return v
}

// want runs a body that gives text, and compares that.
func (p *tab) want(want, body string) {
	p.t.Helper()
	if got := run1[string](p, body); got != want {
		p.t.Errorf("%s\ngives %q, want %q", strings.TrimSpace(body), got, want)
	}
}

// Two tabs get an arc that a native node brokers, and talk; text, bytes and large
// messages arrive as they were.
func TestChat(t *testing.T) {
	b := chrometest.Start(t, chrome.Config{})
	url, room := web(t)
	broker, _ := native(t, url, room)
	one, oneID := open(t, b, url)
	two, twoID := open(t, b, url)
	if oneID == twoID {
		t.Fatal("two tabs are one peer")
	}
	join := `return await chat.join({ entrance: '/entrance', room: '` + room + `' })`
	for _, p := range []*tab{one, two} {
		if friend := run1[string](p, join); friend != broker.ID().String() {
			t.Fatalf("met %s, want %s", friend, broker.ID())
		}
	}
	to, via := "'"+twoID.String()+"'", "'"+broker.ID().String()+"'"
	one.want("ConnectError not-neighbor", `return code(() => chat.connect(`+to+`))`)
	run1[bool](one, `await chat.connect(`+to+`, { via: [`+via+`] }); return true`)
	one.want(broker.ID().String()+" true out", `const e = events.at(-1); return e.via.join() + ' ' + e.newSession + ' ' + e.direction`)
	one.want("2", `return String(chat.outview().get(`+to+`) + chat.outview().get(`+via+`))`)
	run1[bool](two, `await until(() => chat.inview().get('`+oneID.String()+`') === 1); return true`)

	run1[bool](one, `await chat.send(`+to+`, 'grüße 👋'); await chat.send(`+to+`, new Uint8Array([0, 255, 7])); await chat.send(`+to+`, new Uint8Array(1 << 20).fill(3)); return true`)
	two.want(oneID.String()+" grüße 👋 0,255,7 1048576 true", `
		await until(() => got.length === 3);
		return [got[0].from, got[0].text(), got[1].data.join(), got[2].data.length, got[2].data.every(x => x === 3)].join(' ')`)

	run1[bool](two, `await chat.send('`+oneID.String()+`', 'back'); return true`)
	one.want("back", `await until(() => got.length > 0); return got[0].text()`)

	// One arc can be turned round, held, and ended.
	run1[bool](one, `globalThis.release = await chat.hold(`+to+`); return true`)
	one.want("ConnectError held", `return code(() => chat.disconnect(`+to+`))`)
	run1[bool](one, `release(); await chat.reverse(`+to+`); return true`)
	one.want("0 1", `return (chat.outview().get(`+to+`) ?? 0) + ' ' + chat.inview().get(`+to+`)`)
	run1[bool](two, `await until(() => chat.outview().get('`+oneID.String()+`') === 1); await chat.disconnect('`+oneID.String()+`'); return true`)
	one.want("there in", `await until(() => events.some(e => e.type === 'arcclosed' && e.cause === 'there')); const e = events.at(-1); return e.cause + ' ' + e.direction`)
	for _, p := range []*tab{one, two} {
		p.want("0 0", `const s = node.stats(); return s.bugs + ' ' + s.violations`)
	}
}

// A tab introduces two native nodes; it is their server.
func TestIntroduce(t *testing.T) {
	b := chrometest.Start(t, chrome.Config{})
	url, _ := web(t)
	x, xChat := native(t, url, "x")
	y, yChat := native(t, url, "y")
	p, id := open(t, b, url)
	for _, room := range []string{"x", "y"} {
		run1[string](p, `return await chat.join({ entrance: new URL('/entrance', location.href), room: '`+room+`' })`)
	}
	run1[bool](p, `await chat.introduce('`+x.ID().String()+`', '`+y.ID().String()+`'); return true`)
	if xChat.Outview().Count(y.ID()) != 1 || yChat.Inview().Count(x.ID()) != 1 {
		t.Errorf("outview %d, inview %d, want 1, 1", xChat.Outview().Count(y.ID()), yChat.Inview().Count(x.ID()))
	}
	p.want("Open,Open true", `return node.machines().filter(m => m.name === 'link').map(m => m.state).join() + ' ' + (node.stats().relayed > 0)`)
	p.want("2", `return String(node.neighbors().filter(n => n.protocols.join() === 'chat').length)`)
	_ = id
}

// The manual exchange, and a tab that leaves in order.
func TestManual(t *testing.T) {
	b := chrometest.Start(t, chrome.Config{})
	url, room := web(t)
	n, nChat := native(t, url, room)
	p, id := open(t, b, url)

	// The native node answers what the tab offers…
	answers := make(chan []byte, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/admit", func(w http.ResponseWriter, r *http.Request) {
		offer := make([]byte, 4096)
		size, _ := r.Body.Read(offer)
		answer, err := n.Admit(r.Context(), offer[:size])
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		answers <- answer
		w.Write(answer)
	})
	admit := httptest.NewServer(mux)
	defer admit.Close()
	p.want(n.ID().String(), `return await chat.join(async offer => (await fetch('`+admit.URL+`/admit', { method: 'POST', body: offer })).arrayBuffer())`)
	if len(<-answers) == 0 {
		t.Error("an empty answer")
	}
	p.want("ConnectError exchange", `return code(() => chat.join(async () => { throw new Error('lost in the mail') }))`)
	p.want("lost in the mail", `try { await chat.join(async () => { throw new Error('lost in the mail') }) } catch (err) { return err.cause.message }`)
	p.want("N2NError malformed", `return code(() => node.admit(new Uint8Array(10)))`)

	// … and the tab leaves.
	gone := make(chan overlay.Cause, 1)
	events := nChat.Events(t.Context())
	go func() {
		for e := range events {
			if c, ok := e.(overlay.ArcClosed); ok && c.Peer == id {
				gone <- c.Cause
				return
			}
		}
	}()
	run1[bool](p, `await node.leave(); return true`)
	if cause := <-gone; cause != overlay.Left {
		t.Errorf("cause %v, want left", cause)
	}
	p.want("N2NError closed", `return code(() => chat.connect('`+n.ID().String()+`'))`)
}

// A tab that is loaded again is the same peer, and can meet its neighbors again.
func TestReload(t *testing.T) {
	b := chrometest.Start(t, chrome.Config{})
	url, room := web(t)
	n, nChat := native(t, url, room)
	p, before := open(t, b, url)
	join := `return await chat.join({ entrance: '/entrance', room: '` + room + `' })`
	p.want(n.ID().String(), join)
	if err := p.Reload(); err != nil {
		t.Fatal(err)
	}
	p.want(before.String(), begin)
	p.want(n.ID().String(), join)
	run1[bool](p, `await chat.send('`+n.ID().String()+`', 'again'); return true`)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if m, err := nChat.Receive(ctx); err != nil || m.From != before || string(m.Data) != "again" {
		t.Errorf("message %+v, %v", m, err)
	}
}

// Errors are Errors, with a code; wrong arguments are TypeErrors.
func TestErrors(t *testing.T) {
	b := chrometest.Start(t, chrome.Config{})
	url, room := web(t)
	n, _ := native(t, url, "elsewhere")
	p, id := open(t, b, url)
	stranger := transport.PeerID{1}.String()
	for body, want := range map[string]string{
		`chat.connect('` + stranger + `')`:                                   "ConnectError not-neighbor",
		`chat.connect('` + id.String() + `')`:                                "ConnectError self",
		`chat.connect('` + stranger + `', { via: ['` + id.String() + `'] })`: "ConnectError self",
		`chat.send('` + stranger + `', 'x')`:                                 "N2NError not-neighbor",
		`chat.join({ entrance: '/entrance', room: '` + room + `' })`:         "N2NError empty-room",
		`node.protocol('chat')`:                                              "N2NError protocol-exists",
		`chat.connect('nobody')`:                                             `TypeError peer id "nobody": 6 characters, want 52`,
		`chat.connect(7)`:                                                    "TypeError a peer is a string of 52 characters, not number",
		`chat.send('` + stranger + `', { no: 'bytes' })`:                     "TypeError want a Uint8Array",
		`new m.Node()`: "TypeError use Node.create",
		`m.Node.create({ key: new Uint8Array(5) })`:        "TypeError a key of 5 bytes: want 32",
		`chat.receive({ signal: AbortSignal.abort() })`:    "AbortError 20",
		`chat.receive({ signal: AbortSignal.timeout(1) })`: "TimeoutError 23",
	} {
		p.want(want, `return code(async () => `+body+`)`)
	}
	p.want(stranger+" 0", `try { await chat.connect('`+stranger+`') } catch (err) { return err.peer + ' ' + err.via.length }`)

	// Who is too large, and who has no such protocol.
	run1[string](p, `return await chat.join({ entrance: '/entrance', room: 'elsewhere' })`)
	to := "'" + n.ID().String() + "'"
	p.want("N2NError too-large", `globalThis.small = node.protocol('small', { maxMessage: 10 }); return code(() => small.send(`+to+`, 'more than ten bytes'))`)
	p.want("ConnectError refused", `return code(() => small.connect(`+to+`))`)
	p.want("closed", `const end = new Promise(r => small.addEventListener('closed', r)); await small.close(); return (await end).type`)
	p.want("N2NError closed", `return code(() => small.receive())`)
	p.want("0", `let n = 0; for await (const x of small.messages()) n++; return String(n)`)
}

// The files come from any server, also from one that does not know WebAssembly;
// one that has them not is an error.
func TestStaticServer(t *testing.T) {
	b := chrometest.Start(t, chrome.Config{})
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<!doctype html><title>test</title>")) })
	mux.HandleFunc("/n2n.wasm", func(w http.ResponseWriter, _ *http.Request) { // a server that does not know the type
		wasm, err := os.ReadFile(filepath.Join(folder, "n2n.wasm"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Write(wasm)
	})
	mux.Handle("/", http.FileServer(http.Dir(folder)))
	s := httptest.NewServer(mux)
	defer s.Close()
	open(t, b, s.URL) // makes a node

	x, err := b.Open(s.URL + "/page")
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	p := &tab{x, t}
	p.want("N2NError load", `
		const m = await import('/n2n.js');
		try { await m.load('/nowhere.wasm') } catch (err) { return err.name + ' ' + err.code }`)
}

// strict lets a page run its own files, and no text as a program.
const strict = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

// A page under a strict Content Security Policy has nodes as any other, and large
// messages, though the driver can make no function there.
func TestContentSecurityPolicy(t *testing.T) {
	b := chrometest.Start(t, chrome.Config{})
	files := http.FileServer(http.Dir(folder))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", strict)
		if r.URL.Path == "/page" {
			w.Write([]byte("<!doctype html><title>test</title>"))
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer s.Close()
	p, _ := open(t, b, s.URL)
	// A timer, since what DevTools runs may do what the page may not.
	p.want("EvalError", `return new Promise(r => setTimeout(() => { try { new Function(''); r('none') } catch (err) { r(err.name) } }))`)
	p.want("200 0", `
		const other = await m.Node.create({ network: 'test' });
		const there = other.protocol('chat');
		await there.join(offer => node.admit(offer));
		const sending = (async () => { for (let i = 0; i < 200; i++) await there.send(node.id, new Uint8Array(16384).fill(i)) })();
		await until(() => got.length === 200);
		await sending;
		const right = got.filter((x, i) => x.data.length === 16384 && x.data.every(b => b === i)).length;
		const s = node.stats();
		return right + ' ' + (s.bugs + s.violations + s.malformed)`)
}
