package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// room is an entrance and a node that serves a web server in it.
func forwardTo(t *testing.T, web *httptest.Server, more ...string) (entrance string, serving *program, id string) {
	t.Helper()
	server := launch(t, "entrance", "--listen", "127.0.0.1:0")
	entrance = server.stdout.wait(t, `(?m)^(ws://.*)$`)[1]
	serving = launch(t, append([]string{"forward", "--entrance", entrance, "--allow", addrOf(web)}, more...)...)
	id = serving.stdout.wait(t, `(?m)^you are (\w{52})$`)[1]
	serving.stdout.wait(t, `(?m)^serving `+addrOf(web)+` in room forward of `+entrance+`$`)
	return entrance, serving, id
}

func addrOf(web *httptest.Server) string { return web.Listener.Addr().String() }

// TestForward has 50 requests at once go through two nodes to a web server, with
// bodies both ways, and looks at what the nodes count.
func TestForward(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s has %d bytes\n%s", r.URL.Path, len(body), body)
	}))
	defer web.Close()
	entrance, serving, id := forwardTo(t, web)
	using := launch(t, "forward", "--json", "--entrance", entrance, "--peer", id,
		"127.0.0.1:0="+addrOf(web), "127.0.0.1:0=127.0.0.1:1")
	using.stderr.wait(t, `(?m)^connected to `+id+`$`)
	local := using.stderr.wait(t, `(?m)^listening at (.*) for `+addrOf(web)+`$`)[1]
	forbidden := using.stderr.wait(t, `(?m)^listening at (.*) for 127.0.0.1:1$`)[1]

	const requests, size = 50, 200_000
	client := &http.Client{Transport: &http.Transport{}}
	var all sync.WaitGroup
	for i := range requests {
		all.Go(func() {
			body := strings.Repeat(string(rune('a'+i%26)), size)
			r, err := client.Post(fmt.Sprintf("http://%s/%d", local, i), "text/plain", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			got, err := io.ReadAll(r.Body)
			if want := fmt.Sprintf("/%d has %d bytes\n%s", i, size, body); err != nil || string(got) != want {
				t.Errorf("got %.100q, %v, want %.100q", got, err, want)
			}
		})
	}
	all.Wait()
	client.CloseIdleConnections()

	// What is not allowed is refused, and both ends say so.
	c, err := net.Dial("tcp", forbidden)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); len(got) > 0 || err != nil {
		t.Errorf("read %q, %v, want the end", got, err)
	}
	c.Close()
	using.stderr.wait(t, `(?m)^! 127.0.0.1:1: refused by `+id+`: not allowed$`)
	serving.stdout.wait(t, `(?m)^! \w{52} asks for 127.0.0.1:1: not allowed$`)

	using.interrupt()
	if code := using.exit(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, using.stderr)
	}
	var f figures
	if err := json.Unmarshal([]byte(using.stdout.String()), &f); err != nil {
		t.Fatal(err)
	}
	if f.Connections < 1 || f.Connections > requests || f.Refused != 1 || f.BytesUp < requests*size || f.BytesDown < requests*size || f.Seconds <= 0 {
		t.Errorf("figures %+v", f)
	}
	serving.interrupt()
	if code := serving.exit(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, serving.stderr)
	}
	serving.stdout.wait(t, fmt.Sprintf(`(?m)^%d connections, 1 refused, %d bytes there and %d back, in `, f.Connections, f.BytesUp, f.BytesDown))
}

// A half-closed connection is one at the other end, too: what was asked is there,
// and then the end, and the answer comes back.
func TestForwardHalfClose(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		all, _ := io.ReadAll(c)
		fmt.Fprintf(c, "%d bytes", len(all))
	}()
	web := &httptest.Server{Listener: l}
	entrance, _, _ := forwardTo(t, web)
	using := launch(t, "forward", "--entrance", entrance, "127.0.0.1:0="+addrOf(web))
	c, err := net.Dial("tcp", using.stdout.wait(t, `(?m)^listening at (.*) for`)[1])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	c.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(c); string(got) != "1048576 bytes" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// Who serves may go and come back: the next connection finds it again.
func TestForwardFindsItsPeerAgain(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "here") }))
	defer web.Close()
	key := t.TempDir() + "/key"
	entrance, serving, id := forwardTo(t, web, "--key", key)
	using := launch(t, "forward", "--entrance", entrance, "--peer", id, "127.0.0.1:0="+addrOf(web))
	local := using.stdout.wait(t, `(?m)^listening at (.*) for`)[1]
	get := func() string {
		t.Helper()
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		r, err := client.Get("http://" + local)
		if err != nil {
			return ""
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		return string(b)
	}
	if got := get(); got != "here" {
		t.Errorf("got %q\n%s", got, using.stdout)
	}
	serving.interrupt()
	serving.exit(t)
	if got := get(); got != "" {
		t.Errorf("got %q of nobody", got)
	}
	using.stdout.wait(t, `(?m)^! .*: nobody serves in room forward of `)
	again := launch(t, "forward", "--entrance", entrance, "--allow", addrOf(web), "--key", key)
	again.stdout.wait(t, `(?m)^serving `)
	if got := get(); got != "here" {
		t.Errorf("got %q\n%s", got, using.stdout)
	}
}

func TestForwardFaults(t *testing.T) {
	server := launch(t, "entrance", "--listen", "127.0.0.1:0")
	url := server.stdout.wait(t, `(?m)^(ws://.*)$`)[1]
	code, _, stderr := try(t, "forward", "--entrance", url, "127.0.0.1:0=127.0.0.1:80")
	if want := "n2n forward: nobody serves in room forward of " + url + "\n"; code != 1 || stderr != want {
		t.Errorf("exit code %d, %q, want 1, %q", code, stderr, want)
	}
	taken := strings.TrimPrefix(url, "ws://")
	launch(t, "forward", "--entrance", url, "--allow", "127.0.0.1:80").stdout.wait(t, `(?m)^serving`)
	code, _, stderr = try(t, "forward", "--entrance", url, taken+"=127.0.0.1:80")
	if code != 1 || !strings.Contains(stderr, "in use") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}
