package search

import (
	"slices"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// Size is how long the worlds of a list take.
type Size uint8

// The sizes: seconds; some 20 s; minutes.
const (
	Short Size = iota
	Quick
	Full
)

// Worlds gives the worlds of a size and of the smaller ones. All of them hold.
func Worlds(most Size) []*World {
	return slices.DeleteFunc(slices.Concat(calm(), crossing(), closing(), crashing(), turning(), sharing(), wishing(),
		trickling(), declining(), crowded(), remembering(), lying()), func(w *World) bool { return w.Size > most })
}

// calm has worlds in which only the order of things is open. Every call
// succeeds there, and nobody waits for a timer.
func calm() []*World {
	return []*World{
		glare("glare", Short, sim.Budget{}, yields, insists, rides, answered),
		entering("entering", Short, sim.Budget{}, rides, adopted, known),
		{
			Name: "entering-twice", About: "a enters to b, and b twice to a, each over a channel of its own, at the same time",
			Size: Full, Peers: 2, Prompt: true,
			Prepare: func(w *sim.World) { w.Join(a, b, true); w.Join(b, a, true) },
			Script:  []Line{joins(b, a)}, Sometimes: []Sometimes{rides, adopted, known, renewed},
		},
		introduction("introduction", Short, sim.Budget{}, yields, insists, rides, reported),
		path("path", Short, sim.Budget{}, yields, insists, rides),
		revival("revival", Short, sim.Budget{}, revived, closed, revivedClosing, crossedBye, byesCross),
		farewell("farewell", Short, sim.Budget{}, refused, closed),
		{
			Name: "glare-twice", About: "a and b connect twice to each other through c, at the same time",
			Size: Quick, Peers: 3, Prepare: star, Prompt: true,
			Script:    []Line{connects(a, b, c), connects(b, a, c), connects(a, b, c), connects(b, a, c)},
			Sometimes: []Sometimes{yields, insists, {Name: "four arcs ride on one session", Is: arcsBetween(a, b, 4)}},
		},
	}
}

// crossing has worlds in which signals are lost, repeated and late, and timers
// fire too soon.
func crossing() []*World {
	one := sim.Budget{Drops: 1, Repeats: 1}
	early := sim.Budget{Drops: 1, Repeats: 1, Early: 1}
	held := sim.Budget{Drops: 1, Repeats: 1, Holds: 1, Early: 1}
	two := sim.Budget{Drops: 2, Repeats: 1, Early: 2}
	return []*World{
		glare("glare+loss", Short, one, yields, insists, rides, again, late),
		entering("entering+loss", Quick, sim.Budget{Drops: 1}, rides, adopted),
		glare("glare+loss+early", Quick, early, yields, insists, rides, again, late, stale),
		introduction("introduction+loss+early", Full, early, yields, insists, rides, again, late, reported),
		path("path+loss+early", Full, early, yields, insists, rides, again, late, stale),
		entering("entering+break+loss", Quick, sim.Budget{Drops: 1, Breaks: 1}, rides, adopted, hit, replaced),
		entering("entering+loss+early", Full, early, rides, adopted, void),
		glare("glare+loss+held+early", Full, held, yields, insists, rides, again, late, stale),
		glare("glare+loss-twice+early-twice", Full, two, yields, insists, rides, again, late, stale),
		path("path+loss+held+early", Full, held, yields, insists, rides, again, late, stale),
	}
}

// closing has worlds in which a session closes when it is wanted again.
func closing() []*World {
	one := sim.Budget{Drops: 1, Repeats: 1}
	early := sim.Budget{Drops: 1, Repeats: 1, Early: 1}
	two := sim.Budget{Drops: 1, Repeats: 1, Early: 2}
	return []*World{
		revival("revival+loss", Short, one, revived, closed, revivedClosing, crossedBye, byesCross, replaced),
		revival("revival+loss+early", Quick, early, revived, closed, revivedClosing, crossedBye, byesCross, replaced, hit, parted),
		farewell("farewell+early+break", Quick, sim.Budget{Early: 1, Breaks: 1}, refused, closed),
		revival("revival+loss+early-twice", Full, two, revived, closed, revivedClosing, crossedBye, byesCross, replaced, hit, parted),
		revival("revival+break+loss+early", Full, sim.Budget{Drops: 1, Early: 1, Breaks: 1}, revived, closed, revivedClosing, crossedBye, byesCross, replaced, parted),
	}
}

// crashing has worlds in which a peer crashes and comes back under its old id,
// without its memory.
func crashing() []*World {
	once := func(frail uint16) sim.Budget { return sim.Budget{Crashes: 1, Restarts: 1, Frail: frail} }
	with := func(faults sim.Budget, drops, repeats, early uint8) sim.Budget {
		faults.Drops, faults.Repeats, faults.Early = drops, repeats, early
		return faults
	}
	all := once(everybody)
	return []*World{
		comeback("return", Short, once(1<<a), []Line{joins(a, b)}, replaced, back),
		entering("entering+crash", Quick, all, rides, adopted, discards),
		entering("entering+crash+loss", Full, with(all, 1, 0, 0), rides, adopted, discards),
		entering("entering+crash+early", Full, with(all, 0, 0, 1), rides, adopted, discards),
		{
			Name: "entering-again+crash", About: "b connects to a through c and enters to a, which crashes and enters again to c",
			Size: Full, Peers: 3, Budget: once(1 << a),
			Prepare:   func(w *sim.World) { star(w); w.Connect(b, a, c); w.Join(b, a, true); offered(w); offered(w) },
			Script:    []Line{comeBack(joins(a, c))},
			Sometimes: []Sometimes{adopted, replaced, outdated},
		},
		glare("glare+crash", Quick, all, yields, insists, rides, unreachable, lost),
		introduction("introduction+crash", Quick, all, yields, insists, rides, unreachable, lost),
		path("path+crash", Quick, all, yields, insists, rides, unreachable, lost),
		revival("revival+crash", Quick, all, revived, closed, revivedClosing, crossedBye, byesCross, unreachable, lost),
		glare("glare+crash+loss", Quick, with(all, 1, 0, 0), yields, insists, rides, again, unreachable, lost),
		glare("glare+crash+early", Quick, with(all, 0, 0, 1), yields, insists, rides, again, late, unreachable, lost),
		comeback("return-both+loss", Full, with(once(1<<a|1<<b), 1, 0, 0), []Line{joins(a, b), joins(b, a)}, replaced, back, yields, insists, void, adopted),
		comeback("return-both+loss+early", Full, with(once(1<<a), 1, 0, 1), []Line{joins(a, b), joins(b, a)}, replaced, back, insists, void, adopted),
		glare("glare+crash+loss+early", Full, with(all, 1, 0, 1), yields, insists, rides, again, late, unreachable, lost),
		path("path+crash+loss", Full, with(all, 1, 1, 0), yields, insists, rides, again, late, unreachable, lost),
		revival("revival+crash+loss", Full, with(all, 1, 1, 0), revived, closed, revivedClosing, crossedBye, byesCross, replaced, lost),
	}
}

func glare(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a and b connect to each other through c, at the same time",
		Size: s, Peers: 3, Prepare: star, Prompt: true, Budget: faults,
		Script: []Line{connects(a, b, c), connects(b, a, c)}, Sometimes: sometimes,
	}
}

func entering(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a and b enter to each other, each over a channel of its own, at the same time",
		Size: s, Peers: 2, Prompt: true, Budget: faults,
		Script: []Line{joins(a, b), joins(b, a)}, Sometimes: sometimes,
	}
}

func introduction(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "c introduces a to b while b connects to a through c",
		Size: s, Peers: 3, Prepare: star, Prompt: true, Budget: faults,
		Script: []Line{introduces(c, a, b), connects(b, a, c)}, Sometimes: sometimes,
	}
}

func path(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a and b connect to each other through the brokers c and d, at the same time",
		Size: s, Peers: 4, Prepare: line, Prompt: true, Budget: faults,
		Script: []Line{connects(a, b, c, d), connects(b, a, d, c)}, Sometimes: sometimes,
	}
}

func revival(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "the last arc between a and b ends, their session closes, and both want one again",
		Size: s, Peers: 3, Prepare: triangle, Prompt: true, Options: soon, Budget: faults,
		Script: []Line{disconnects(a, b), connects(a, b), connects(b, a, c)}, Sometimes: sometimes,
	}
}

func farewell(name string, s Size, faults sim.Budget, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a and b end the same arc at the same time, and a wants one again",
		Size: s, Peers: 2, Prepare: pairTwice, Options: soon, Budget: faults,
		Script: []Line{disconnects(a, b), unregisters(b), disconnects(b, a), connects(a, b)}, Sometimes: sometimes,
	}
}

func comeback(name string, s Size, faults sim.Budget, script []Line, sometimes ...Sometimes) *World {
	return &World{
		Name: name, About: "a and b have a session, one of them crashes, and enters again under its old id",
		Size: s, Peers: 2, Prepare: pair, Budget: faults,
		Script: script, Sometimes: sometimes,
	}
}

// What must happen in some state.
var (
	yields         = Sometimes{Name: "offers cross, and a yields", Edge: link(signal.LinkEdgeOfferingOfferYield)}
	insists        = Sometimes{Name: "offers cross, and b insists", Edge: link(signal.LinkEdgeOfferingOfferInsist)}
	rides          = Sometimes{Name: "two arcs ride on one session", Is: arcsBetween(a, b, 2)}
	answered       = Sometimes{Name: "a peer wants what it is answering to", Edge: link(signal.LinkEdgeAnsweringConnect)}
	reported       = Sometimes{Name: "the introduction is reported", Edge: meeting(signal.MeetingEdgeWaitingMet)}
	adopted        = Sometimes{Name: "an offer that names nobody is adopted", Edge: link(signal.LinkEdgeIdleAdopt)}
	discards       = Sometimes{Name: "an answer to nobody comes too late", Edge: link(signal.LinkEdgeAnsweringAdoptDiscard)}
	renewed        = Sometimes{Name: "a later offer takes the place of one that is being answered", Edge: link(signal.LinkEdgeAnsweringOfferRenew)}
	outdated       = Sometimes{Name: "an answer to nobody is older than another one", Edge: link(signal.LinkEdgeFinalizingAdoptDiscard)}
	known          = Sometimes{Name: "a newcomer is known already", Edge: link(signal.LinkEdgeOpenOfferMeet)}
	again          = Sometimes{Name: "an offer is sent again", Edge: link(signal.LinkEdgeOfferingRetryAgain)}
	late           = Sometimes{Name: "an answer comes twice", Edge: link(signal.LinkEdgeFinalizingAnswerRepeat)}
	stale          = Sometimes{Name: "a late offer is stale", Edge: link(signal.LinkEdgeFinalizingOfferStale)}
	hit            = Sometimes{Name: "a reset ends an open session", Edge: link(signal.LinkEdgeOpenResetHit)}
	void           = Sometimes{Name: "a reset ends an attempt", Edge: link(signal.LinkEdgeAnsweringResetHit)}
	replaced       = Sometimes{Name: "an offer replaces an open session", Edge: link(signal.LinkEdgeOpenOfferReplace)}
	unreachable    = Sometimes{Name: "a broker cannot reach the peer", Edge: link(signal.LinkEdgeOfferingUnreachable)}
	lost           = Sometimes{Name: "a session is lost", Edge: link(signal.LinkEdgeOpenDown)}
	revived        = Sometimes{Name: "a lingering session is revived", Edge: session(arc.SessionEdgeLingeringWantRevive)}
	revivedClosing = Sometimes{Name: "a closing session is revived", Edge: session(arc.SessionEdgeClosingAgreeRevive)}
	crossedBye     = Sometimes{Name: "an arc crosses a bye", Edge: session(arc.SessionEdgeClosingBoundCross)}
	byesCross      = Sometimes{Name: "byes cross", Edge: session(arc.SessionEdgeClosingByeCross)}
	closed         = Sometimes{Name: "a session closes", Edge: session(arc.SessionEdgeClosingAgree)}
	parted         = Sometimes{Name: "nobody answers a bye in time", Edge: session(arc.SessionEdgeClosingParting)}
	refused        = Sometimes{Name: "an arc is refused", Edge: arcs(arc.ArcEdgeOpeningRefused)}
	back           = Sometimes{Name: "after a crash, a and b are connected", Is: func(w *sim.World) bool {
		return alive(a, b)(w) && both(w, a, b) && w.Boots() > 2
	}}
)
