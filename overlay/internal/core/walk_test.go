package core_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// chooser draws a number below n.
type chooser func(label string, n int) int

// walk runs a world of few peers in which everything that can happen happens in
// any order, checks it after every step, and once more when it has come to rest.
func walk(draw chooser, opts sim.Options) error {
	peers := 2 + draw("peers", 6)
	protocols := []string{"p", "q"}[:1+draw("protocols", 2)]
	few := draw("few", 4) == 3 // of everything
	var heartbeat time.Duration = -1
	if draw("heartbeat", 3) == 1 {
		heartbeat = 5 * time.Second
	}
	opts.Protocols, opts.Trickle = protocols, draw("trickle", 2) == 1
	wishless := draw("wishless", 3) == 1 // every other peer, in a third of the walks
	opts.Config = func(i int, c *core.Config) {
		c.Heartbeat = heartbeat
		c.Wishless = wishless && i%2 == 1
		if few {
			c.MaxArcs, c.MaxPending, c.MaxPeers = 2, 1, 2
		}
	}
	w := sim.New(peers, opts)
	for i := 1; i < peers; i++ {
		w.Join(draw("entrance", i), i, true)
		w.Settle()
	}
	limits := sim.Limits{
		Calls: 1 + draw("calls", 8), Losses: draw("losses", 4), Early: draw("early", 4),
		Changes: draw("changes", 3), Faults: draw("faults", 3),
	}
	if heartbeat > 0 {
		limits.Cuts = draw("cuts", 3)
	}
	if err := play(w, draw, &limits, 120, nil); err != nil {
		return err
	}
	return rest(w)
}

// play lets up to n things happen, about half of them deliveries, and checks the
// world after each. Choices that keep does not allow are skipped.
func play(w *sim.World, draw chooser, limits *sim.Limits, n int, allow func(sim.Choice) bool) error {
	for range draw("steps", n) {
		kinds := w.Kinds(limits)
		if len(kinds) == 0 {
			break
		}
		kind := kinds[max(0, draw("kind", 2*len(kinds))-len(kinds))]
		list := w.Choices(kind)
		if allow != nil {
			list = slices.DeleteFunc(list, func(c sim.Choice) bool { return !allow(c) })
		}
		if len(list) == 0 {
			continue
		}
		limits.Spend(kind)
		list[draw("which", len(list))].Do()
		if err := w.Check(); err != nil {
			return fmt.Errorf("%w\n%s", err, w.Dump())
		}
	}
	return nil
}

// rest lets a world come to rest, and outlive every linger.
func rest(w *sim.World) error {
	w.Settle()
	w.Run(20 * time.Second) // so that heartbeats find what drivers do not
	w.Heal()
	w.Settle()
	if err := w.CheckQuiet(); err != nil {
		return fmt.Errorf("at rest: %w\n%s", err, w.Dump())
	}
	w.Run(3 * time.Minute)
	w.Settle()
	if err := w.CheckQuiet(); err != nil {
		return fmt.Errorf("after linger: %w\n%s", err, w.Dump())
	}
	return w.CheckUsed()
}

func TestAnything(t *testing.T) { property(t, walk) }

// property checks a walk with rapid, which makes a failing one small.
func property(t *testing.T, walk walker) {
	rapid.Check(t, holds(t, walk))
}

// holds is what rapid checks of a walk: it holds, and if it does not, its story is
// told and its trace kept.
func holds(tb testing.TB, walk walker) func(*rapid.T) {
	ref := referee.New()
	keep := keeper(tb)
	return func(t *rapid.T) {
		var story, trace strings.Builder
		err := walk(drawn(t), sim.Options{
			Referee: ref,
			Log:     func(s string) { fmt.Fprintln(&story, s) },
			Record:  func(s string) { fmt.Fprintln(&trace, s) },
		})
		if err != nil {
			t.Fatalf("%v\n%s%s", err, story.String(), keep(trace.String()))
		}
	}
}

// keeper keeps the last trace that it gets, which is the shortest when rapid has
// made it small, in a file for n2n trace, and says where.
func keeper(tb testing.TB) func(trace string) string {
	path := ""
	return func(trace string) string {
		if path == "" {
			file, err := os.CreateTemp("", "n2n-"+tb.Name()+"-*.trace")
			if err != nil {
				return err.Error()
			}
			file.Close()
			path = file.Name()
		}
		if err := os.WriteFile(path, []byte(trace), 0o644); err != nil {
			return err.Error()
		}
		return "to see it as a chart: n2n trace " + path
	}
}

func drawn(t *rapid.T) chooser {
	return func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
}
