package overlaytest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/overlaytest"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// failures are worlds that must fail, and what they must say.
var failures = map[string]struct {
	cfg  overlaytest.Config
	test func(w *overlaytest.World)
	says []string
}{
	"no peers": {
		says: []string{"Config.Peers is 0"},
	},
	"until": {
		cfg:  overlaytest.Config{Peers: 2, Seed: 5},
		test: func(w *overlaytest.World) { w.Until(time.Second, func() bool { return false }) },
		says: []string{"still not so after 1s; 2 peers, 0 arcs", "go test . -run '^TestFailing$/^until$' -overlaytest.seed 5"},
	},
	"error": {
		cfg: overlaytest.Config{Peers: 1},
		test: func(w *overlaytest.World) {
			w.Go(func(ctx context.Context, p *overlaytest.Peer) { p.Errorf("no %s", "good") })
			w.Sleep(time.Second)
		},
		says: []string{"peer 0: no good"},
	},
	"views": { // nobody notices a crash
		cfg: overlaytest.Config{
			Peers: 2, Node: overlay.Config{Heartbeat: -1}, Network: func(n *mem.Network) { n.Silence = -1 },
		},
		test: func(w *overlaytest.World) { w.Line(); w.Crash(1) },
		says: []string{"1 views are wrong at rest", "peer 0 counts 1 arcs to 1, which counts 0 from it; 1 is down"},
	},
	"violation": { // peer 1 takes no message of that size
		cfg: overlaytest.Config{Peers: 2},
		test: func(w *overlaytest.World) {
			w.Line()
			ctx := context.Background()
			p, _ := w.Node(0).Protocol("x", overlay.ProtocolConfig{})
			w.Node(1).Protocol("x", overlay.ProtocolConfig{MaxMessage: 1})
			p.Connect(ctx, w.Peer(1).ID())
			p.Send(ctx, w.Peer(1).ID(), []byte("too long"))
			w.Sleep(time.Second)
		},
		says: []string{"peer 1: 0 bugs, 0 divergences, 1 violations"},
	},
	"program goes on": {
		cfg: overlaytest.Config{Peers: 2},
		test: func(w *overlaytest.World) {
			w.Go(func(_ context.Context, p *overlaytest.Peer) {
				for p.Sleep(context.Background(), time.Second) {
				}
			}, 1)
			w.Sleep(time.Second)
		},
		says: []string{"peer 1: a program has not ended"},
	},
	"goroutine is left": {
		cfg:  overlaytest.Config{Peers: 1},
		test: func(w *overlaytest.World) { go func() { select {} }() },
		says: []string{"deadlock"},
	},
	"crashed twice": {
		cfg:  overlaytest.Config{Peers: 1},
		test: func(w *overlaytest.World) { w.Crash(0); w.Crash(0) },
		says: []string{"peer 0 is down already"},
	},
	"restarted alive": {
		cfg:  overlaytest.Config{Peers: 1},
		test: func(w *overlaytest.World) { w.Restart(0) },
		says: []string{"peer 0 is up already"},
	},
	"join": {
		cfg:  overlaytest.Config{Peers: 2},
		test: func(w *overlaytest.World) { w.Crash(1); w.Join(0, 1) },
		says: []string{"join 0 to 1: connect (exchange): node or protocol is closed"},
	},
}

// childVariable is set in the processes in which TestFailing fails.
const childVariable = "OVERLAYTEST_FAILING"

// TestFailing runs each world in a process of its own, since it shall fail.
func TestFailing(t *testing.T) {
	for name, f := range failures {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			if os.Getenv(childVariable) != "" {
				overlaytest.Run(t, f.cfg, f.test)
				return
			}
			out, err := child(t, nil)
			if err == nil {
				t.Error("the world did not fail")
			}
			for _, want := range f.says {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
		})
	}
}

// child runs the calling test in a process of its own.
func child(t *testing.T, flags []string) (string, error) {
	t.Helper()
	run := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.Command(os.Args[0], append([]string{"-test.v", "-test.run", run}, flags...)...)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestFlags: the flags choose the seeds, and make the nodes log.
func TestFlags(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		overlaytest.Run(t, overlaytest.Config{Peers: 2, Seed: 5}, func(w *overlaytest.World) { w.Line() })
		return
	}
	out, err := child(t, []string{"-overlaytest.seed", "70", "-overlaytest.seeds", "2", "-overlaytest.log"})
	if err != nil {
		t.Fatal(err, out)
	}
	for _, want := range []string{"seed_70", "seed_71", "-overlaytest.seed 71", "arc opened"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "seed_72") || strings.Contains(out, "seed_5") {
		t.Errorf("too many seeds:\n%s", out)
	}
}
