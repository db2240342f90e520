package search

import (
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

const e = 4

// trickling has worlds in which candidates are found after the description, and
// offers that are carried by hand wait for all of them.
func trickling() []*World {
	late := sim.Options{Trickle: true}
	trickles := func(w *World) *World { w.Options = late; return w }
	return []*World{
		trickles(glare("glare+trickle", Quick, sim.Budget{}, yields, insists, rides, remote)),
		trickles(glare("glare+trickle+loss+held", Full, sim.Budget{Drops: 1, Holds: 1}, yields, insists, rides, remote, early, retold)),
		trickles(entering("entering+trickle", Full, sim.Budget{}, rides, adopted, known, remote)),
		{
			Name: "by-hand", About: "a and b each carry an offer to the other by hand, and one answer back",
			Size: Quick, Peers: 2, Options: late,
			Script: []Line{carries(a, b), carries(b, a)}, Sometimes: []Sometimes{rides, adopted, discards},
		},
		{
			Name: "by-hand+loss", About: "a carries an offer to b by hand while b enters to it over a channel, and one signal is lost",
			Size: Quick, Peers: 2, Options: late, Budget: sim.Budget{Drops: 1},
			Script: []Line{carries(a, b), joins(b, a)}, Sometimes: []Sometimes{rides, adopted, gaveUp},
		},
	}
}

// declining has worlds in which somebody is turned away, changes its mind or
// leaves.
func declining() []*World {
	busy := sim.Options{Config: func(_ int, cfg *core.Config) { cfg.MaxPending = 1 }}
	return []*World{
		{
			Name: "busy", About: "a and b connect to d through c at the same time; d takes one of them at a time",
			Size: Quick, Peers: 4, Options: busy,
			Prepare:   func(w *sim.World) { w.Connected(a, c); w.Connected(b, c); w.Connected(c, d) },
			Script:    []Line{connects(a, d, c), connects(b, d, c)},
			Sometimes: []Sometimes{rejected, {Name: "both are in", Is: func(w *sim.World) bool { return both(w, a, d) && both(w, b, d) }}},
		},
		cancelling("cancel", Quick, sim.Budget{}, hangs, keeps, cancelledUp),
		cancelling("cancel+loss", Full, sim.Budget{Drops: 1, Repeats: 1}, hangs, keeps, cancelledUp),
		cancelling("cancel+crash", Full, sim.Budget{Crashes: 1, Restarts: 1, Frail: everybody}, hangs, keeps, cancelledUp),
		{
			Name: "leave", About: "a leaves while it and b connect to each other through c",
			Size: Quick, Peers: 3, Prepare: star,
			Script: []Line{connects(a, b, c), connects(b, a, c), leaves(a)}, Sometimes: []Sometimes{rides, drops},
		},
		{
			Name: "defer", About: "an idle session closes at both ends, and each wants two arcs on the next one or this",
			Size: Quick, Peers: 3, Prepare: triangle, Options: soon,
			Script:    []Line{disconnects(a, b), connects(a, b, c), connects(b, a, c), connects(a, b, c)},
			Sometimes: []Sometimes{deferred, deferredLate, revived, revivedClosing, byesCross},
		},
	}
}

// cancelling: both ends want an arc, and do not want it any more.
func cancelling(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a and b connect to each other through c, and give up at any time",
		Size: s, Peers: 3, Prepare: star, Budget: faults,
		Script: []Line{connects(a, b, c), connects(b, a, c), cancels(a), cancels(b)}, Sometimes: sometimes,
	}
}

// crowded has worlds of more peers and brokers.
func crowded() []*World {
	return []*World{
		{
			Name: "two-brokers", About: "a and b connect to each other, each through a broker of its own, and c introduces them, too",
			Size: Quick, Peers: 4, Prepare: square, Prompt: true,
			Script:    []Line{connects(a, b, c), connects(b, a, d), introduces(c, a, b)},
			Sometimes: []Sometimes{yields, insists, rides, reported},
		},
		{
			Name: "two-brokers+loss", About: "a and b connect to each other, each through a broker of its own, and one signal is lost",
			Size: Quick, Peers: 4, Prepare: square, Prompt: true, Budget: sim.Budget{Drops: 1},
			Script:    []Line{connects(a, b, c), connects(b, a, d)},
			Sometimes: []Sometimes{yields, insists, rides, again},
		},
		{
			Name: "two-brokers+crash", About: "a and b connect to each other, each through a broker of its own, and one of the four crashes",
			Size: Full, Peers: 4, Prepare: square, Prompt: true, Budget: sim.Budget{Crashes: 1, Restarts: 1, Frail: everybody},
			Script:    []Line{connects(a, b, c), connects(b, a, d)},
			Sometimes: []Sometimes{yields, insists, rides, unreachable, lost},
		},
		{
			Name: "three", About: "a connects to b, b to c and c to a, all through d",
			Size: Quick, Peers: 4, Prompt: true,
			Prepare:   func(w *sim.World) { w.Connected(a, d); w.Connected(b, d); w.Connected(c, d) },
			Script:    []Line{connects(a, b, d), connects(b, c, d), connects(c, a, d)},
			Sometimes: []Sometimes{{Name: "a ring is closed", Is: ring}},
		},
		{
			Name: "three+two-brokers", About: "a and b connect to each other and b to c, through the brokers d and e",
			Size: Full, Peers: 5, Prompt: true,
			Prepare: func(w *sim.World) {
				for _, i := range []int{a, b, c} {
					w.Connected(i, d)
					w.Connected(i, e)
				}
			},
			Script:    []Line{connects(a, b, d), connects(b, a, e), connects(b, c, d)},
			Sometimes: []Sometimes{yields, insists, rides},
		},
	}
}

// remembering has worlds in which time passes, memory is lost, and nobody may
// notice.
func remembering() []*World {
	beats := sim.Options{Chores: true, Config: func(_ int, cfg *core.Config) { cfg.Heartbeat = 5 * time.Second }}
	back := sim.Budget{Crashes: 1, SetBacks: 1, Frail: 1 << a}
	lossy := back
	lossy.Drops = 1
	return []*World{
		comeback("clock", Quick, back, []Line{joins(a, b), joins(b, a)}, taught, clockBack),
		comeback("clock+loss", Full, lossy, []Line{joins(a, b), joins(b, a)}, taught, clockBack),
		{
			Name: "clock+broker", About: "a crashes, its clock is set back, it enters to c, and both a and b connect to each other through c",
			Size: Full, Peers: 3, Prepare: triangle, Budget: back,
			Script: []Line{comeBack(joins(a, c)), connects(a, b, c), connects(b, a, c)}, Sometimes: []Sometimes{taught, rides, replaced},
		},
		{
			Name: "heartbeat", About: "nothing comes through between a and b any more, and only heartbeats can find that",
			Size: Quick, Peers: 2, Prepare: pair, Options: beats,
			Budget: sim.Budget{Cuts: 1, Meets: 1, Chores: 8},
			Script: []Line{connects(b, a)}, Sometimes: []Sometimes{lost, silent},
		},
		{
			Name: "forget", About: "a and b part and forget each other, at different times, and one enters again to the other",
			Size: Quick, Peers: 2, Prepare: pair, Options: sim.Options{Chores: true, Config: soon.Config},
			Budget: sim.Budget{Chores: 2},
			Script: []Line{disconnects(a, b), joins(b, a)}, Sometimes: []Sometimes{forgotten, forgottenOnce, closed},
		},
		{
			Name: "crowd", About: "peers remember one other at most: b and c enter to a at the same time",
			Size: Quick, Peers: 3, Options: sim.Options{Chores: true, Config: func(i int, cfg *core.Config) { cfg.Linger, cfg.MaxPeers = -1, 1 }},
			Script: []Line{joins(b, a), joins(c, a), disconnects(b, a), disconnects(c, a)},
			Sometimes: []Sometimes{closed, {Name: "c is known in b's place", Is: func(w *sim.World) bool {
				return both(w, a, c) && w.Peers[b].Core.Known() == 1
			}}},
		},
	}
}

// lying has worlds with a broker that lies.
func lying() []*World {
	liar := sim.Options{Liars: []int{c}}
	return []*World{
		{
			Name: "liar", About: "a and b connect to each other through c, which lies",
			Size: Quick, Peers: 3, Prepare: star, Options: liar, Budget: sim.Budget{Lies: 2, Drops: 1},
			Script: []Line{connects(a, b, c), connects(b, a, c)}, Sometimes: []Sometimes{yields, insists, rides, unreachable},
		},
		{
			Name: "liar+honest", About: "a and b connect to each other, a through c, which lies, and b through d",
			Size: Full, Peers: 4, Prepare: square, Options: liar, Budget: sim.Budget{Lies: 2, Repeats: 1},
			Script: []Line{connects(a, b, c), connects(b, a, d)}, Sometimes: []Sometimes{yields, insists, rides, unreachable},
		},
		{
			Name: "liar+introduction", About: "d, a neighbor of c only, has c introduce a to b; c lies",
			Size: Quick, Peers: 4, Options: liar, Budget: sim.Budget{Lies: 1, Early: 1},
			Prepare: func(w *sim.World) { star(w); w.Connected(d, c); w.Connected(d, b) },
			Script:  []Line{introduces(d, c, b), connects(a, b, c)},
			Sometimes: []Sometimes{reported, unreachable, {Name: "a lie costs the liar a session", Is: func(w *sim.World) bool {
				_, open := w.Peers[c].Core.Open(w.Peers[d].ID)
				return !open
			}}},
		},
	}
}

func square(w *sim.World) {
	star(w)
	w.Connected(a, d)
	w.Connected(b, d)
}

func ring(w *sim.World) bool { return both(w, a, b) && both(w, b, c) && both(w, c, a) }

// What must happen in some state.
var (
	remote        = Sometimes{Name: "candidates come for an attempt", Edge: link(signal.LinkEdgeAnsweringCandidates)}
	early         = Sometimes{Name: "candidates come before the answer", Edge: link(signal.LinkEdgeOfferingCandidates)}
	retold        = Sometimes{Name: "candidates are told again", Edge: link(signal.LinkEdgeFinalizingRetryAgain)}
	gaveUp        = Sometimes{Name: "nobody answers what was carried by hand", Is: failed("join by hand", core.ErrCancelled)}
	rejected      = Sometimes{Name: "an offer is turned away", Edge: link(signal.LinkEdgeOfferingReject)}
	hangs         = Sometimes{Name: "nobody wants an attempt any more", Edge: link(signal.LinkEdgeOfferingHangup)}
	keeps         = Sometimes{Name: "what nobody wants here is kept for the other end", Edge: link(signal.LinkEdgeAnsweringHangupKeep)}
	cancelledUp   = Sometimes{Name: "an arc is given up while it opens", Edge: arcs(arc.ArcEdgeOpeningDisconnect)}
	drops         = Sometimes{Name: "an attempt ends because its peer leaves", Edge: link(signal.LinkEdgeAnsweringDown)}
	deferred      = Sometimes{Name: "an arc is wanted while a session closes", Edge: session(arc.SessionEdgeClosingWantDefer)}
	deferredLate  = Sometimes{Name: "an arc is wanted when a session may close", Edge: session(arc.SessionEdgeLeavingWantDefer)}
	taught        = Sometimes{Name: "a reset tells how far numbers went", Edge: link(signal.LinkEdgeIdleResetLearn)}
	clockBack     = Sometimes{Name: "with a clock set back, a and b are connected", Is: func(w *sim.World) bool { return both(w, a, b) && w.Boots() < 2 }}
	silent        = Sometimes{Name: "a call fails because the peer is silent", Is: failed("connect", core.ErrSilent)}
	forgotten     = Sometimes{Name: "both have forgotten each other", Is: knows(0, 0)}
	forgottenOnce = Sometimes{Name: "one has forgotten the other", Is: knows(0, 1)}
)

func failed(kind string, err error) func(*sim.World) bool {
	return func(w *sim.World) bool {
		for _, c := range w.Calls() {
			if c.Kind == kind && c.Err == err {
				return true
			}
		}
		return false
	}
}

func knows(i, j int) func(*sim.World) bool {
	return func(w *sim.World) bool { return w.Peers[a].Core.Known() == i && w.Peers[b].Core.Known() == j }
}
