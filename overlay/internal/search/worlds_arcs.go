package search

import (
	"errors"
	"slices"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// turning has worlds in which arcs turn round, and are held.
func turning() []*World {
	break1, crash := sim.Budget{Breaks: 1, Early: 1}, sim.Budget{Crashes: 1, Restarts: 1, Frail: everybody}
	return []*World{
		reversal("reversal", Short, sim.Budget{}, turns, turnsBack, revived),
		farewells("reversal-farewell", Short, sim.Budget{}, turns, refused, closed),
		holding("holding", Short, sim.Budget{}, turns, held, closed),
		reversal("reversal+break+early", Short, break1, turns, turnsBack, revived, lost),
		farewells("reversal-farewell+break+early", Quick, break1, turns, refused, closed, lost),
		holding("holding+break+early", Quick, break1, turns, held, closed, lost),
		reversal("reversal+crash", Quick, crash, turns, turnsBack, revived, lost),
		holding("holding+crash", Quick, crash, turns, held, closed, lost),
	}
}

func reversal(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a and b turn the arcs that they have, at the same time, and end and begin others",
		Size: s, Peers: 2, Prepare: pairTwice, Options: soon, Budget: faults, Prompt: faults == sim.Budget{},
		Script: []Line{reverses(a, b), reverses(b, a), reverses(b, a), disconnects(a, b), disconnects(b, a), connects(a, b)}, Sometimes: sometimes,
	}
}

func farewells(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a turns an arc and b wants no more of it, at the same time, and then a does not either",
		Size: s, Peers: 2, Prepare: pairTwice, Options: soon, Budget: faults,
		Script: []Line{reverses(a, b), reverses(b, a), unregisters(b), unregisters(a), connects(a, b)}, Sometimes: sometimes,
	}
}

func holding(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a holds one of its arcs, and wants to end and to turn them, while b turns and ends others",
		Size: s, Peers: 2, Prepare: pairTwice, Options: soon, Budget: faults, Prompt: faults == sim.Budget{},
		Script: []Line{holds(a, b), disconnects(a, b), reverses(a, b), releases(a), reverses(b, a), disconnects(b, a)}, Sometimes: sometimes,
	}
}

// sharing has worlds in which two protocols share a session, and arcs turn on it
// while it breaks and begins anew.
func sharing() []*World {
	broken := sim.Budget{Drops: 1, Breaks: 1}
	return []*World{
		mixed("two-protocols", Quick, sim.Budget{}, turns, closed, mix, alone),
		mixed("two-protocols+break", Quick, sim.Budget{Breaks: 1}, turns, closed, mix, alone, lost),
		mixed("two-protocols+crash", Quick, sim.Budget{Crashes: 1, Restarts: 1, Frail: everybody}, turns, closed, mix, alone, lost),
		renewal("reversal+loss", Quick, broken, turns, lost, again),
		renewal("reversal+loss+early", Quick, sim.Budget{Drops: 1, Breaks: 1, Early: 1}, turns, lost, again),
		keeping("holding+loss", Quick, broken, turns, held, lost, again),
	}
}

func mixed(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	opts := soon
	opts.Protocols = []string{"p", "q"}
	return &World{
		Name: name, About: "a and b turn and end arcs of one protocol while those of another begin and end",
		Size: s, Peers: 2, Prepare: pair, Options: opts, Budget: faults,
		Script: []Line{reverses(a, b), connectsFor("q", b, a), unregisters(b), disconnectsFor("q", b, a), connectsFor("q", a, b)}, Sometimes: sometimes,
	}
}

func renewal(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a and b turn their arc, and each wants another one through c when their session breaks",
		Size: s, Peers: 3, Prepare: triangle, Options: soon, Budget: faults,
		Script: []Line{reverses(a, b), reverses(b, a), connects(b, a, c)}, Sometimes: sometimes,
	}
}

func keeping(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a holds its arc while b wants another one through c, their session breaks, and both turn what there is",
		Size: s, Peers: 3, Prepare: triangle, Options: soon, Budget: faults,
		Script: []Line{holds(a, b), reverses(a, b), releases(a), connects(b, a, c), reverses(b, a)}, Sometimes: sometimes,
	}
}

// wishing has worlds in which an offer says which arc it is made for, and that is
// not wanted any more, or never was.
func wishing() []*World {
	crash := sim.Budget{Crashes: 1, Restarts: 1, Frail: 1<<a | 1<<b}
	lossy := crash
	lossy.Drops = 1
	return []*World{
		{
			Name: "wish", About: "a and b offer for an arc at the same time, a gives its up, and b ends its protocol and begins it again",
			Size: Full, Peers: 3, Prepare: star,
			Script:    []Line{connects(a, b, c), cancels(a), unregisters(b), registers(b), connects(b, a, c)},
			Sometimes: []Sometimes{refused, unwanted, hangs, yields, insists},
		},
		wish("wish+loss", Quick, sim.Budget{Drops: 1, Repeats: 1}, refused, unwanted, hangs, again),
		wish("wish+crash", Quick, crash, refused, unwanted, hangs, lost),
		wish("wish+break+early", Full, sim.Budget{Breaks: 1, Early: 1}, refused, unwanted, hangs, lost),
		wish("wish+crash+loss", Quick, lossy, refused, unwanted, hangs, again, lost),
	}
}

func wish(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a offers for an arc and gives it up at any time, while b ends its protocol",
		Size: s, Peers: 3, Prepare: star, Budget: faults,
		Script: []Line{connects(a, b, c), cancels(a), unregisters(b)}, Sometimes: sometimes,
	}
}

// What must happen in some state.
var (
	turns     = Sometimes{Name: "an arc turns", Edge: arcs(arc.ArcEdgeUpTurn)}
	turnsBack = Sometimes{Name: "b turns its arc to a as well", Is: func(w *sim.World) bool { return arcsTo(w, a, b) > 1 }}
	held      = Sometimes{Name: "a hold is in the way", Is: func(w *sim.World) bool {
		return slices.ContainsFunc(w.Calls(), func(c *sim.Call) bool { return errors.Is(c.Err, core.ErrHeld) })
	}}
	mix = Sometimes{Name: "arcs of both protocols share a session", Is: func(w *sim.World) bool {
		return both(w, a, b) && arcsTo(w, a, b)+arcsTo(w, b, a) > 0 && arcsFor(w, "q", a, b)+arcsFor(w, "q", b, a) > 0
	}}
	alone = Sometimes{Name: "a protocol has the session alone that another one began", Is: func(w *sim.World) bool {
		return both(w, a, b) && arcsTo(w, a, b)+arcsTo(w, b, a) == 0 && arcsFor(w, "q", a, b)+arcsFor(w, "q", b, a) > 0
	}}
	unwanted = Sometimes{Name: "an arc begins with its session at b, and a has given it up", Is: func(w *sim.World) bool {
		_, open := w.Peers[a].Core.Open(w.Peers[b].ID)
		return !open && w.Peers[b].In[sim.Arc{Protocol: "p", Peer: w.Peers[a].ID}] > 0 &&
			slices.ContainsFunc(w.Calls(), func(c *sim.Call) bool { return c.Peer == a && c.Cancelled })
	}}
)
