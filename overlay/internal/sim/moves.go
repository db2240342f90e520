package sim

import "time"

// MoveKind is what a Move does.
type MoveKind uint8

// The kinds. The first three need no fault.
const (
	MoveDeliver MoveKind = iota // pending item N
	MoveTick                    // the next timer of peer N, which is due
	MoveGiveUp                  // call N+1 has waited for long enough
	MoveScript                  // for the caller: sim does not know what
	MoveDrop                    // pending item N
	MoveRepeat                  // pending item N
	MoveHold                    // pending item N
	MoveEarly                   // the next timer of peer N, although it is not due
	MoveCrash                   // peer N
	MoveRestart                 // peer N
	MoveBreak                   // the session of the peers N>>8 and N&255
	MoveChore                   // the next heartbeat of peer N, or the next time that it may forget somebody
	MoveSetBack                 // peer N restarts, and its clock was set back
	MoveCut                     // nothing comes through between the peers N>>8 and N&255 any more
	MoveMeet                    // that ends
	MoveBounce                  // a liar says of pending item N, a relay, that it goes no further
	MoveAstray                  // a liar passes pending item N&255, a relay, on to peer N>>8
	MovePretend                 // a liar answers pending item N, a request for an arc, as if it had opened one
)

// Move is one thing that can happen next, in a world and in every clone of it.
// Unlike a Choice it is plain data.
type Move struct {
	Kind MoveKind
	N    uint16
}

// Budget is how often faults may happen. Bit i of Frail: peer i may crash.
type Budget struct {
	Drops, Repeats, Holds uint8 // signals lost, repeated, held up
	Early                 uint8 // timers that fire too soon
	Crashes, Restarts     uint8
	Breaks                uint8 // sessions that the network ends
	Chores                uint8 // heartbeats, and forgetting; needs Options.Chores
	SetBacks              uint8 // restarts with a clock that was set back
	Cuts, Meets           uint8 // pairs between which nothing comes through, and does again
	Lies                  uint8 // of Options.Liars
	Frail                 uint16
}

// Moves lists what can happen next. What can happen without a fault comes
// first; free is how much of it there is. If that is nothing, the world is at
// rest: nothing is pending and no timer runs out.
//
// Deliveries take no time: a timer that is not due fires only when nothing is
// pending, or within the budget. Timers that are due at the same moment fire in
// any order, and in any order with deliveries.
//
// One reduction is made: what a driver says when it has found no candidates
// after its description is delivered first, and alone. It only sets a flag that
// nothing reads but signals that carry such candidates, and joins by hand, so it
// commutes with everything; worlds with those need Options.Trickle.
//
// Heartbeats and forgetting go on for ever, so they have a budget too, and come
// when nothing else is left to wait for.
func (w *World) Moves(list []Move, b *Budget) (moves []Move, free int) {
	moves = list[:0]
	add := func(kind MoveKind, n int) { moves = append(moves, Move{kind, uint16(n)}) }
	for i, it := range w.pending {
		if it.Kind == Gathered && !w.opts.Trickle {
			return append(moves[:0], Move{MoveDeliver, uint16(i)}), 1
		}
		if w.turn(it) {
			add(MoveDeliver, i)
		}
	}
	at, waits := w.Now, len(w.pending) > 0
	if !waits {
		at, waits = w.alarm()
	}
	if waits {
		for i, p := range w.Peers {
			if d, ok := w.alarmOf(p); ok && d <= at {
				add(MoveTick, i)
			}
		}
		for i, c := range w.calls {
			if c.waitsForever() && c.begun+exchangePatience <= at {
				add(MoveGiveUp, i)
			}
		}
	}
	free = len(moves)
	for i, it := range w.pending {
		if !w.Lossy(it) {
			continue
		}
		if b.Drops > 0 {
			add(MoveDrop, i)
		}
		if b.Repeats > 0 {
			add(MoveRepeat, i)
		}
		if b.Holds > 0 && it.Kind == Message {
			add(MoveHold, i)
		}
	}
	if b.Chores > 0 && len(w.pending) == 0 {
		alarm, rings := w.alarm()
		for i, p := range w.Peers {
			if c := p.chore(); c.runs && p.Alive && (!rings || c.at-p.ahead < alarm) {
				add(MoveChore, i)
			}
		}
	}
	moves = w.lies(moves, b)
	for i, p := range w.Peers {
		switch d, ok := w.alarmOf(p); {
		case !p.Alive:
			if b.Restarts > 0 {
				add(MoveRestart, i)
			}
			if b.SetBacks > 0 {
				add(MoveSetBack, i)
			}
			continue
		case b.Early > 0 && ok && d > at:
			add(MoveEarly, i)
		}
		if b.Crashes > 0 && b.Frail>>i&1 == 1 {
			add(MoveCrash, i)
		}
		if b.Breaks > 0 || b.Cuts > 0 {
			for _, j := range w.near(i) {
				if i < j && b.Breaks > 0 {
					add(MoveBreak, i<<8|j)
				}
				if i < j && b.Cuts > 0 && !w.isCut(p, w.Peers[j]) {
					add(MoveCut, i<<8|j)
				}
			}
		}
		for j := range i {
			if b.Meets > 0 && w.isCut(p, w.Peers[j]) {
				add(MoveMeet, i<<8|j)
			}
		}
	}
	return moves, free
}

// Do makes a move happen, and takes it from the budget.
func (w *World) Do(m Move, b *Budget) {
	n := int(m.N)
	switch m.Kind {
	case MoveDeliver:
		w.Deliver(w.pending[n])
	case MoveTick:
		at, _ := w.alarmOf(w.Peers[n])
		w.Now = max(w.Now, at)
		w.tick(n)
	case MoveGiveUp:
		c := w.calls[n]
		w.Now = max(w.Now, c.begun+exchangePatience)
		w.Cancel(c.Peer, c.ID)
	case MoveDrop:
		b.Drops--
		w.Drop(w.pending[n])
	case MoveRepeat:
		b.Repeats--
		w.Duplicate(w.pending[n])
	case MoveHold:
		b.Holds--
		w.Hold(w.pending[n])
	case MoveEarly:
		b.Early--
		w.hasten(n, w.Peers[n].alarm().at)
	case MoveCrash:
		b.Crashes--
		w.Crash(n)
	case MoveRestart:
		b.Restarts--
		w.Restart(n)
	case MoveBreak:
		b.Breaks--
		w.Break(n>>8, n&255)
	case MoveChore:
		b.Chores--
		p := w.Peers[n]
		w.Now = max(w.Now, p.chore().at-p.ahead)
		w.tick(n)
	case MoveSetBack:
		b.SetBacks--
		w.RestartAs(n, 0)
	case MoveCut:
		b.Cuts--
		w.Cut(n>>8, n&255, true)
	case MoveMeet:
		b.Meets--
		w.Cut(n>>8, n&255, false)
	case MoveBounce, MoveAstray, MovePretend:
		b.Lies--
		w.lie(m)
	}
}

// alarmOf gives when a peer's next timer fires that something waits for, by the
// world's clock.
func (w *World) alarmOf(p *Peer) (time.Duration, bool) {
	if !p.Alive {
		return 0, false
	}
	c := p.alarm()
	return max(c.at-p.ahead, w.Now), c.runs
}

// alarm gives the next moment at which such a timer fires or somebody gives up.
func (w *World) alarm() (at time.Duration, any bool) {
	for _, c := range w.calls {
		if d := max(c.begun+exchangePatience, w.Now); c.waitsForever() && (!any || d < at) {
			at, any = d, true
		}
	}
	for _, p := range w.Peers {
		if d, ok := w.alarmOf(p); ok && (!any || d < at) {
			at, any = d, true
		}
	}
	return at, any
}

// clock is when a core's next timer of a kind fires, if one runs.
type clock struct {
	at   time.Duration
	runs bool
}

func (p *Peer) alarm() (c clock) {
	if k := p.fork.from; k != nil {
		return k.alarm
	}
	c.at, c.runs = p.Core.Alarm()
	return c
}

func (p *Peer) chore() (c clock) {
	if k := p.fork.from; k != nil {
		return k.chore
	}
	c.at, c.runs = p.Core.Chore()
	return c
}
