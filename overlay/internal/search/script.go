package search

import (
	"slices"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// Peers of the worlds. In all of them a has the smaller id: it is polite, and
// yields to b.
const (
	a = iota
	b
	c
	d
)

const everybody = 1<<a | 1<<b | 1<<c | 1<<d

// soon lets sessions that nobody uses close at once: the linger timer is due
// when it starts, and so fires at any moment.
var soon = sim.Options{Config: func(_ int, cfg *core.Config) { cfg.Linger = -1 }}

func pair(w *sim.World) { w.Connected(a, b) }

func pairTwice(w *sim.World) {
	w.Connected(a, b)
	w.Connect(b, a)
	w.Settle()
}

func star(w *sim.World) {
	w.Connected(a, c)
	w.Connected(b, c)
}

func triangle(w *sim.World) {
	star(w)
	w.Connected(a, b)
}

// offered lets the drivers describe what is under way, so that offers are too.
func offered(w *sim.World) {
	for _, it := range slices.Clone(w.Pending()) {
		w.Deliver(it)
	}
}

func line(w *sim.World) {
	w.Connected(a, c)
	w.Connected(c, d)
	w.Connected(b, d)
}

func connects(i, j int, via ...int) Line {
	return Line{Do: func(w *sim.World) { w.Connect(i, j, via...) }, If: alive(i)}
}

func connectsFor(protocol string, i, j int) Line {
	return Line{Do: func(w *sim.World) { w.ConnectAs(protocol, i, j) }, If: alive(i)}
}

func disconnectsFor(protocol string, i, j int) Line {
	return Line{
		Do: func(w *sim.World) { w.DisconnectAs(protocol, i, j) },
		If: func(w *sim.World) bool { return w.Peers[i].Alive && arcsFor(w, protocol, i, j) > 0 },
	}
}

func joins(i, j int) Line {
	return Line{Do: func(w *sim.World) { w.Join(i, j, true) }, If: alive(i, j)}
}

// carries is a join whose offer and answer somebody carries by hand.
func carries(i, j int) Line {
	return Line{Do: func(w *sim.World) { w.Join(i, j, false) }, If: alive(i, j)}
}

// cancels gives up what a peer's application has waited for longest.
func cancels(i int) Line {
	waits := func(w *sim.World) uint64 {
		for _, c := range w.Calls() {
			if c.Peer == i && c.Kind != "" && c.Ended == 0 && !c.Cancelled && !c.Lost {
				return c.ID
			}
		}
		return 0
	}
	return Line{
		Do: func(w *sim.World) { w.Cancel(i, waits(w)) },
		If: func(w *sim.World) bool { return waits(w) != 0 },
	}
}

func leaves(i int) Line {
	return Line{Do: func(w *sim.World) { w.Leave(i) }, If: alive(i)}
}

func introduces(broker, i, j int) Line {
	return Line{Do: func(w *sim.World) { w.Introduce(broker, i, j) }, If: alive(broker)}
}

func disconnects(i, j int) Line {
	return Line{
		Do: func(w *sim.World) { w.Disconnect(i, j) },
		If: func(w *sim.World) bool { return w.Peers[i].Alive && arcsTo(w, i, j) > 0 },
	}
}

func reverses(i, j int) Line {
	return Line{
		Do: func(w *sim.World) { w.Reverse(i, j) },
		If: func(w *sim.World) bool { return w.Peers[i].Alive && arcsTo(w, i, j) > 0 },
	}
}

func holds(i, j int) Line {
	return Line{
		Do: func(w *sim.World) { w.HoldArc(i, j) },
		If: func(w *sim.World) bool { return w.Peers[i].Alive && arcsTo(w, i, j) > 0 },
	}
}

// releases ends every hold of a peer.
func releases(i int) Line {
	return Line{
		Do: func(w *sim.World) {
			for _, hold := range w.Peers[i].Holds() {
				w.ReleaseArc(i, hold)
			}
		},
		If: func(w *sim.World) bool { return w.Peers[i].Alive && len(w.Peers[i].Holds()) > 0 },
	}
}

func unregisters(i int) Line {
	return Line{Do: func(w *sim.World) { w.Register(i, "p", false) }, If: alive(i)}
}

func registers(i int) Line {
	return Line{Do: func(w *sim.World) { w.Register(i, "p", true) }, If: alive(i)}
}

// comeBack lets a line happen only when somebody has come back.
func comeBack(l Line) Line {
	can := l.If
	l.If = func(w *sim.World) bool { return w.Boots() != len(w.Peers) && can(w) }
	return l
}

func alive(peers ...int) func(*sim.World) bool {
	return func(w *sim.World) bool {
		for _, i := range peers {
			if !w.Peers[i].Alive {
				return false
			}
		}
		return true
	}
}

func arcsTo(w *sim.World, i, j int) int { return arcsFor(w, "p", i, j) }

func arcsFor(w *sim.World, protocol string, i, j int) int {
	return w.Peers[i].Out[sim.Arc{Protocol: protocol, Peer: w.Peers[j].ID}]
}

func arcsBetween(i, j, n int) func(*sim.World) bool {
	return func(w *sim.World) bool { return both(w, i, j) && arcsTo(w, i, j)+arcsTo(w, j, i) >= n }
}

// both reports whether two peers have the same session open.
func both(w *sim.World, i, j int) bool {
	s, open := w.Peers[i].Core.Open(w.Peers[j].ID)
	t, there := w.Peers[j].Core.Open(w.Peers[i].ID)
	return open && there && s == t
}
