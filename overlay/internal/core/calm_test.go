package core_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// calm runs a world in which nothing is lost, nobody crashes and no timer fires
// but lingers: only the order of things is arbitrary. Then every call that can
// succeed does (a join that is carried by hand has only one try), and nobody waits for a timer: neither when offers cross nor when
// a session that closes is wanted again.
func calm(draw chooser, opts sim.Options) error {
	peers := 2 + draw("peers", 6)
	wishless := draw("wishless", 3) == 1 // every other peer, in a third of the walks
	opts.Protocols, opts.Trickle = []string{"p", "q", "base"}[draw("protocols", 2):], draw("trickle", 2) == 1
	opts.Config = func(i int, c *core.Config) {
		c.Linger = sim.ShortLinger
		c.Wishless = wishless && i%2 == 1
	}
	w := sim.New(peers, opts)
	// A tree of sessions that stay, for an arc of its own is on each.
	firm := make([][]bool, peers)
	for i := range firm {
		firm[i] = make([]bool, peers)
	}
	for i := 1; i < peers; i++ {
		if draw("alone", 4) == 3 {
			continue
		}
		j := draw("entrance", i)
		w.JoinAs("base", j, i, true)
		w.Deliveries()
		firm[i][j], firm[j][i] = true, true
	}
	// Where sessions linger out, nobody relies on one that may.
	limits := sim.Limits{Calls: 1 + draw("calls", 10), Lingers: draw("lingers", 6)}
	lingers := limits.Lingers > 0
	allow := func(c sim.Choice) bool { return !c.Keep && (!lingers || stays(c.Hops, firm)) }
	if err := play(w, draw, &limits, 150, allow); err != nil {
		return err
	}
	w.Deliveries() // and no timer
	if err := w.CheckQuiet(); err != nil {
		return fmt.Errorf("at rest: %w\n%s", err, w.Dump())
	}
	for _, c := range w.Calls() {
		if c.Err != nil && c.Err != core.ErrBusy && must(c, firm) {
			return fmt.Errorf("call %q failed: %w\n%s", c.Text, c.Err, w.Dump())
		}
	}
	return nil
}

// must reports whether a call had what it needs.
func must(c *sim.Call, firm [][]bool) bool {
	switch c.Kind {
	case "connect":
		hops := [][2]int{}
		at := c.Peer
		for _, b := range append(slices.Clone(c.Via), c.To) {
			hops = append(hops, [2]int{at, b})
			at = b
		}
		return len(c.Via) == 0 || stays(hops, firm)
	case "introduce":
		return stays([][2]int{{c.Peer, c.Via[0]}, {c.Peer, c.To}}, firm)
	case "join by hand", "disconnect", "reverse": // a hold may be in the way, which the world judges
		return false
	}
	return true
}

// stays reports whether a call relies on sessions that stay only.
func stays(hops [][2]int, firm [][]bool) bool {
	for _, h := range hops {
		if !firm[h[0]][h[1]] {
			return false
		}
	}
	return true
}

// closing runs a world of two peers that share one session, and a broker that
// both keep: arcs come and go, and the session lingers, closes and is revived.
func closing(draw chooser, opts sim.Options) error {
	opts.Protocols = []string{"p", "q", "base"}[draw("protocols", 2):]
	opts.Config = func(_ int, c *core.Config) { c.Linger = sim.ShortLinger }
	w := sim.New(3, opts)
	const a, b, broker = 0, 1, 2
	w.JoinAs("base", a, broker, true)
	w.JoinAs("base", b, broker, true)
	w.Connect(a, b, broker)
	w.Deliveries()
	calls := []func(){
		func() { w.Connect(a, b) },
		func() { w.Connect(b, a, broker) },
		func() { w.Disconnect(a, b) },
		func() { w.Disconnect(b, a) },
		func() { w.Connect(a, b, broker) },
		func() { w.Connect(b, a) },
		func() { w.Invite(a, b) },
		func() { w.Reverse(a, b) },
		func() { w.Reverse(b, a) },
		func() { w.HoldArc(a, b) },
		func() {
			for _, c := range w.Calls() {
				if c.Kind == "hold" && c.Err == nil {
					w.ReleaseArc(c.Peer, c.ID)
				}
			}
		},
	}
	limits := sim.Limits{Lingers: 20}
	wild := draw("wild", 2) == 1
	if wild {
		limits.Changes, limits.Faults, limits.Early = draw("changes", 6), draw("faults", 2), draw("early", 3)
	}
	for range draw("rounds", 12) {
		calls[draw("call", len(calls))]()
		if err := play(w, draw, &limits, 12, nil); err != nil {
			return err
		}
	}
	if wild {
		return rest(w)
	}
	w.Deliveries()
	if err := w.CheckQuiet(); err != nil {
		return fmt.Errorf("at rest: %w\n%s", err, w.Dump())
	}
	for _, c := range w.Calls() {
		if c.Err != nil && c.Kind == "connect" && !c.AtOnce {
			return fmt.Errorf("call %q failed: %w\n%s", c.Text, c.Err, w.Dump())
		}
	}
	return nil
}

func TestClosing(t *testing.T) { property(t, closing) }

func TestCalm(t *testing.T) { property(t, calm) }
