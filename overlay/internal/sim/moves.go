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
	for i, p := range w.Peers {
		switch d, ok := w.alarmOf(p); {
		case !p.Alive:
			if b.Restarts > 0 {
				add(MoveRestart, i)
			}
			continue
		case b.Early > 0 && ok && d > at:
			add(MoveEarly, i)
		}
		if b.Crashes > 0 && b.Frail>>i&1 == 1 {
			add(MoveCrash, i)
		}
		if b.Breaks > 0 {
			for _, j := range w.near(i) {
				if i < j {
					add(MoveBreak, i<<8|j)
				}
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
		p := w.Peers[n]
		at, _ := p.alarm()
		p.ahead = max(p.ahead, at-w.Now)
		w.tick(n)
	case MoveCrash:
		b.Crashes--
		w.Crash(n)
	case MoveRestart:
		b.Restarts--
		w.Restart(n)
	case MoveBreak:
		b.Breaks--
		w.Break(n>>8, n&255)
	}
}

// alarmOf gives when a peer's next timer fires that something waits for, by the
// world's clock.
func (w *World) alarmOf(p *Peer) (time.Duration, bool) {
	if !p.Alive {
		return 0, false
	}
	at, ok := p.alarm()
	return max(at-p.ahead, w.Now), ok
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

func (p *Peer) alarm() (time.Duration, bool) {
	if k := p.fork.from; k != nil {
		return k.alarm, k.rings
	}
	return p.Core.Alarm()
}
