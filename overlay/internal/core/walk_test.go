package core_test

import (
	"fmt"
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
func walk(draw chooser, log func(string), trace func(int, core.Edge), ref *referee.Referee) error {
	peers := 2 + draw("peers", 4)
	protocols := []string{"p", "q"}[:1+draw("protocols", 2)]
	few := draw("few", 4) == 3 // of everything
	var heartbeat time.Duration = -1
	if draw("heartbeat", 3) == 1 {
		heartbeat = 5 * time.Second
	}
	wishless := draw("wishless", 3) == 1 // every other peer, in a third of the walks
	w := sim.New(peers, sim.Options{
		Protocols: protocols, Trickle: draw("trickle", 2) == 1, Log: log, Trace: trace, Referee: ref,
		Config: func(i int, c *core.Config) {
			c.Heartbeat = heartbeat
			c.Wishless = wishless && i%2 == 1
			if few {
				c.MaxArcs, c.MaxPending, c.MaxPeers = 2, 1, 2
			}
		},
	})
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
	ref := referee.New()
	rapid.Check(t, func(t *rapid.T) {
		var log strings.Builder
		if err := walk(drawn(t), func(s string) { fmt.Fprintln(&log, s) }, nil, ref); err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
	})
}

func drawn(t *rapid.T) chooser {
	return func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
}
