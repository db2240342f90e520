package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// patience is for what must happen; it happens much sooner, or the test fails.
const patience = 20 * time.Second

// transcript is an output that tests wait for lines in.
type transcript struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{} // closed and replaced by each write
}

func newTranscript() *transcript { return &transcript{changed: make(chan struct{})} }

func (s *transcript) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
	return s.text.Write(b)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// wait returns what a pattern found and its groups, as soon as it is there.
func (s *transcript) wait(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		s.mu.Lock()
		found, changed := re.FindStringSubmatch(s.text.String()), s.changed
		s.mu.Unlock()
		if found != nil {
			return found
		}
		select {
		case <-changed:
		case <-late.C:
			t.Fatalf("%q did not come:\n%s", pattern, s)
		}
	}
}

// program is a subcommand that runs, with what is typed and shown.
type program struct {
	stdin          *io.PipeWriter
	stdout, stderr *transcript
	interrupt      context.CancelFunc
	code           chan int
}

// launch starts a subcommand; the test's end interrupts and awaits it.
func launch(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	in, typed := io.Pipe()
	p := &program{typed, newTranscript(), newTranscript(), cancel, make(chan int, 1)}
	go func() { p.code <- run(ctx, args, in, p.stdout, p.stderr) }()
	t.Cleanup(func() {
		p.interrupt()
		p.exit(t)
		in.Close()
	})
	return p
}

func (p *program) typeLine(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		t.Fatalf("typing %q: %v\n%s%s", line, err, p.stdout, p.stderr)
	}
}

// exit awaits the end.
func (p *program) exit(t *testing.T) int {
	t.Helper()
	select {
	case code := <-p.code:
		p.code <- code
		return code
	case <-time.After(patience):
		t.Fatalf("the program does not end:\n%s%s", p.stdout, p.stderr)
		return -1
	}
}

// guest is a chat in this process, over a network in memory.
type guest struct {
	*chat
	shown *transcript
}

// party makes chats that do not know each other yet, with the same ids in each
// run.
func party(t *testing.T, names ...string) []*guest {
	t.Helper()
	network := mem.NewNetwork(1)
	guests := make([]*guest, len(names))
	for i, name := range names {
		seed := sha256.Sum256([]byte(name + string(rune('0'+i))))
		node, err := overlay.New(overlay.Config{Driver: network.NewDriver(), Key: ed25519.NewKeyFromSeed(seed[:]), Audit: true})
		if err != nil {
			t.Fatal(err)
		}
		protocol, err := node.Protocol(chatProtocol, overlay.ProtocolConfig{MaxMessage: maxNote})
		if err != nil {
			t.Fatal(err)
		}
		shown := newTranscript()
		c := newChat(node, protocol, name, newScreen(shown, false))
		stop := c.start(context.Background())
		guests[i] = &guest{c, shown}
		t.Cleanup(func() {
			if s := node.Stats(); s.Divergences > 0 || s.Bugs > 0 {
				t.Errorf("%s: %d divergences, %d bugs", name, s.Divergences, s.Bugs)
			}
			stop()
			if err := node.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return guests
}

// chain has each guest meet the next one, and waits until they know their names.
func chain(t *testing.T, guests ...*guest) {
	t.Helper()
	for i, a := range guests[1:] {
		b := guests[i]
		if _, err := b.protocol.Join(t.Context(), a.node.Admit); err != nil {
			t.Fatal(err)
		}
		a.shown.wait(t, `(?m)^  `+b.node.ID().Short()+` is `+b.name+`$`)
		b.shown.wait(t, `(?m)^  `+a.node.ID().Short()+` is `+a.name+`$`)
	}
}

// types has a guest type a line, and waits until it shows something.
func (g *guest) types(t *testing.T, line, want string) {
	t.Helper()
	if g.typed(t.Context(), line) {
		t.Fatalf("%q ended the chat", line)
	}
	g.shown.wait(t, want)
}
