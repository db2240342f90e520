package search

import (
	"fmt"

	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// worker looks at states, one after the other.
type worker struct {
	*search
	keyer *sim.Keyer
	moves []sim.Move
	spare []*sim.World // that nobody needs any more

	parent *sim.World // of the state that was made again last
	from   uint32
}

// again makes a state that was not kept. The next one often has the same parent.
func (k *worker) again(n uint32) *sim.World {
	if n == 0 {
		return k.initial.Clone()
	}
	from := k.steps[n].from
	if k.parent == nil || k.from != from {
		k.parent, k.from = k.replay(from), from
	}
	w := k.parent.CloneInto(k.take())
	l := left{k.Budget, 0} // what is left is known
	k.do(w, k.steps[n].move, &l)
	return w
}

// most bounds the worlds that a worker keeps to clone others into.
const most = 2048

// add keeps a world that nobody needs any more.
func (k *worker) add(w *sim.World) {
	if len(k.spare) < most {
		k.spare = append(k.spare, w)
	}
}

// spares gives worlds back to workers, in turn, while these rest.
type spares []*worker

func (s spares) add(w *sim.World) {
	k := s[0]
	for _, o := range s[1:] {
		if len(o.spare) < len(k.spare) {
			k = o
		}
	}
	k.add(w)
}

func (k *worker) take() *sim.World {
	last := len(k.spare) - 1
	if last < 0 {
		return nil
	}
	w := k.spare[last]
	k.spare = k.spare[:last]
	return w
}

// expand checks a state and makes those that follow.
func (k *worker) expand(n *node, f *found) {
	w := n.world
	if w == nil {
		w = k.again(n.n)
	}
	moves, free := w.Moves(k.moves, &n.left.Budget)
	k.moves = moves
	if f.err = k.check(w, &n.left, free, f); f.err != nil {
		return
	}
	for i, line := range k.Script {
		if n.left.script>>i&1 == 1 && (line.If == nil || line.If(w)) {
			moves = append(moves, sim.Move{Kind: sim.MoveScript, N: uint16(i)})
		}
	}
	k.moves = moves
	f.moves = len(moves)
	f.next = make([]child, 0, len(moves))
	for _, m := range moves {
		c := child{world: w.CloneInto(k.take()), left: n.left, move: m}
		k.do(c.world, m, &c.left)
		c.sum = k.keyer.Fingerprint(c.world, c.left.bytes()...)
		if k.seen.has(c.sum) {
			k.add(c.world)
			continue
		}
		f.next = append(f.next, c)
	}
	k.add(w)
}

// check judges a state.
func (k *worker) check(w *sim.World, l *left, free int, f *found) error {
	if err := w.CheckChanged(); err != nil {
		return err
	}
	f.rest = free == 0
	f.quiet = f.rest || w.Quiet()
	if f.quiet {
		if err := w.CheckQuiet(); err != nil {
			return fmt.Errorf("at rest: %w", err)
		}
	}
	if f.rest {
		if err := w.CheckUsed(); err != nil {
			return fmt.Errorf("at the end: %w", err)
		}
	}
	if k.Prompt && l.Budget == k.Budget {
		if err := w.CheckPrompt(); err != nil {
			return err
		}
	}
	for i, s := range k.Sometimes {
		if s.Is != nil && !k.met[i].Load() && s.Is(w) {
			k.met[i].Store(true)
		}
	}
	return nil
}

// do makes a move happen.
func (s *search) do(w *sim.World, m sim.Move, l *left) {
	if m.Kind != sim.MoveScript {
		w.Do(m, &l.Budget)
		return
	}
	l.script &^= 1 << m.N
	w.Next(s.calls + uint64(m.N))
	s.Script[m.N].Do(w)
	w.Next(0)
}

// bytes tells what is left, for a fingerprint.
func (l *left) bytes() []byte {
	return []byte{
		l.Drops, l.Repeats, l.Holds, l.Early, l.Crashes, l.Restarts, l.Breaks,
		l.Chores, l.SetBacks, l.Cuts, l.Meets, l.Lies,
		byte(l.script), byte(l.script >> 8), byte(l.script >> 16), byte(l.script >> 24),
	}
}
