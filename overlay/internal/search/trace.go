package search

import (
	"slices"
	"strings"

	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// path gives the moves to a state.
func (s *search) path(n uint32) []sim.Move {
	var moves []sim.Move
	for ; n != 0; n = s.steps[n].from {
		moves = append(moves, s.steps[n].move)
	}
	slices.Reverse(moves)
	return moves
}

// replay makes a state again.
func (s *search) replay(n uint32) *sim.World {
	return s.play(s.initial.Clone(), s.path(n))
}

func (s *search) play(w *sim.World, moves []sim.Move) *sim.World {
	l := left{s.Budget, 1<<len(s.Script) - 1}
	for _, m := range moves {
		s.do(w, m, &l)
	}
	return w
}

// fail ends a search: a state is wrong. Its story is told.
func (s *search) fail(err error, n uint32) {
	s.result.Err = err
	log := func(line string) { s.result.Trace = append(s.result.Trace, line) }
	record := func(line string) { s.result.Record = append(s.result.Record, line) }
	w := s.play(s.prepare(log, record), s.path(n))
	log("WRONG: " + err.Error())
	for line := range strings.Lines(w.Dump()) {
		log(strings.TrimRight(line, "\n"))
	}
}
