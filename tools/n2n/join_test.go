package main

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Three peers meet through the entrance, which is stopped then; the two of them
// that are not connected yet are connected by the third. Over pipes, with real
// WebRTC on loopback.
func TestJoin(t *testing.T) {
	server := launch(t, "entrance", "--listen", "127.0.0.1:0")
	url := server.stdout.wait(t, `(?m)^(ws://127\.0\.0\.1:\d+)$`)[1]
	server.stdout.wait(t, `(?m)^join with: n2n join --entrance `+url+` --room demo$`)

	peers := map[string]*program{}
	for i, name := range []string{"ann", "bob", "cy"} {
		p := launch(t, "join", "--entrance", url, "--room", "den", "--name", name)
		p.stdout.wait(t, `(?m)^you are `+name+` \(\w{8}\)$`)
		if i == 0 {
			p.stdout.wait(t, `(?m)^nobody else is here yet; your door is open$`)
		} else {
			p.stdout.wait(t, `(?m)^\+ .*: arc from you, through the entrance$`)
			p.stdout.wait(t, `(?m)^  \w{8} is \w+$`)
		}
		peers[name] = p
	}
	server.stderr.wait(t, `rooms=1 doors=3 `)

	// cy has met ann or bob, by chance; the other one is the stranger.
	broker, stranger := "ann", "bob"
	if met := peers["cy"].stdout.wait(t, `(?m)^  \w{8} is (ann|bob)$`)[1]; met == "bob" {
		broker, stranger = stranger, broker
	}

	server.interrupt()
	if code := server.exit(t); code != 0 {
		t.Errorf("entrance: exit code %d\n%s", code, server.stderr)
	}
	for _, p := range peers {
		p.stdout.wait(t, `(?m)^! the entrance is gone`)
	}

	peers["cy"].typeLine(t, "/connect "+stranger)
	peers["cy"].stdout.wait(t, `(?m)^\+ `+stranger+` \(\w{8}\): arc from you, brokered by `+broker+` \(\w{8}\)$`)
	peers[stranger].stdout.wait(t, `(?m)^\+ .*: arc to you, brokered by `+broker)
	peers[stranger].stdout.wait(t, `(?m)^  \w{8} is cy$`)
	peers[stranger].typeLine(t, "hello both")
	for _, name := range []string{"cy", broker} {
		peers[name].stdout.wait(t, `(?m)^`+stranger+` \(\w{8}\): hello both$`)
	}

	// Three ways to leave.
	peers[stranger].typeLine(t, "/quit")
	peers["cy"].stdout.wait(t, `(?m)^- `+stranger+` \(\w{8}\): arc from you ended \(it left\)$`)
	peers["cy"].stdin.Close()
	peers[broker].stdout.wait(t, `(?m)^- cy \(\w{8}\): arc .* ended \(it left\)$`)
	peers[broker].interrupt()
	for name, p := range peers {
		if code := p.exit(t); code != 0 {
			t.Errorf("%s: exit code %d\n%s", name, code, p.stderr)
		}
		if n := strings.Count(p.stdout.String(), "the entrance is gone"); n != 1 {
			t.Errorf("%s was told %d times that the entrance is gone, want once", name, n)
		}
		if p.stderr.String() != "" {
			t.Errorf("%s: %s", name, p.stderr)
		}
	}
}

// A key file keeps who one is.
func TestJoinKey(t *testing.T) {
	server := launch(t, "entrance", "--listen", "127.0.0.1:0")
	url := server.stdout.wait(t, `(?m)^(ws://.*)$`)[1]
	key := t.TempDir() + "/key"
	var ids []string
	for range 2 {
		p := launch(t, "join", "--entrance", url, "--key", key)
		ids = append(ids, p.stdout.wait(t, `(?m)^you are (\w{8})$`)[1])
		p.stdin.Close()
		if code := p.exit(t); code != 0 {
			t.Errorf("exit code %d\n%s", code, p.stderr)
		}
	}
	if ids[0] != ids[1] {
		t.Errorf("ids %v, want the same twice", ids)
	}
}

func TestJoinWithoutEntrance(t *testing.T) {
	server := launch(t, "entrance", "--listen", "127.0.0.1:0")
	url := server.stdout.wait(t, `(?m)^(ws://.*)$`)[1]
	server.interrupt()
	server.exit(t)
	cfg := joinConfig{entrance: url, room: "den", patience: 300 * time.Millisecond, log: logger(io.Discard, false)}
	err := join(t.Context(), cfg, strings.NewReader(""), io.Discard)
	if want := "no entrance answers at " + url + " (n2n entrance starts one): "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestEntranceAddressInUse(t *testing.T) {
	server := launch(t, "entrance", "--listen", "127.0.0.1:0")
	addr := server.stdout.wait(t, `(?m)^ws://(.*)$`)[1]
	code, stdout, stderr := try(t, "entrance", "--listen", addr)
	if code != 1 || stdout != "" || !regexp.MustCompile(`^n2n entrance: listen .* in use \(--listen takes another address\)\n$`).MatchString(stderr) {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}

func TestReadLines(t *testing.T) {
	lines := make(chan string, 3)
	if err := readLines(t.Context(), strings.NewReader("one\r\n\ntwo"), lines); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one", "", "two"} {
		if got := <-lines; got != want {
			t.Errorf("line %q, want %q", got, want)
		}
	}
	if err := readLines(t.Context(), strings.NewReader(strings.Repeat("x", maxLine+1)), lines); err == nil || !strings.Contains(err.Error(), "a line of more than") {
		t.Errorf("a long line: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := readLines(ctx, strings.NewReader("x\n"), make(chan string)); err != context.Canceled {
		t.Errorf("nobody takes lines: %v", err)
	}
}
