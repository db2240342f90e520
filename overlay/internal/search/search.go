// Package search looks at every state that a small world of cores can get into:
// every order of deliveries, timers and faults, within a budget. It runs the
// very code that a node runs (overlay/internal/core), in the world of
// overlay/internal/sim.
//
//	result, err := search.Run(ctx, world, search.Options{})
//	fmt.Println(result.States, result.Depth, result.Err)
//	for _, line := range result.Trace { // the shortest way to what is wrong
//		fmt.Println(line)
//	}
//
// The search is breadth first, so a trace has as few steps as any that ends so.
// In every state sim's Check must hold; in every state in which nothing is under
// way, CheckQuiet; and where nothing can happen any more, no session is left
// without a use. In a world without faults nobody waits for a timer, either.
//
// A search that sees nothing would find nothing: a world lists what must have
// happened in some state, and fails when it has not.
//
// # What is one state
//
// States are told apart by a 128-bit fingerprint of a canonical encoding (see
// sim.Keyer). It is a bisimulation, not a hash of memory: what is in flight is a
// set, times are told from now, and numbers that only name things are as they
// would be in any order. Counts are therefore exact and the same in every run;
// tests hold them.
//
// Peers are not interchangeable and are not treated so: their ids break ties
// between them, and their roles in the worlds differ. One partial-order
// reduction is made, see sim.World.Moves.
//
// # Memory
//
// A state takes 8 bytes for the way to it and 22 to 46 in the table of
// fingerprints (70 while that grows). Of the states that are to be looked at
// next, at most Options.Keep are kept as worlds of some 5 KiB, the others are made
// again from their traces; as much goes into the memory of what cores do, and some
// times that into garbage, as the program's collector is set.
//
// # Concurrency
//
// Run uses Options.Workers goroutines, which have ended when it returns. What it
// finds does not depend on how many.
package search

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// World is a world to search.
type World struct {
	Name    string
	About   string
	Size    Size
	Peers   int
	Options sim.Options
	Prepare func(w *sim.World) // what has happened before; nil: nothing
	Script  []Line             // what applications do, each once at most, in any order
	Budget  sim.Budget
	Prompt  bool // without a fault, every call succeeds and nobody waits for a timer

	Sometimes []Sometimes
}

// Line is one thing that an application does.
type Line struct {
	Do func(w *sim.World)      // makes one call, or none
	If func(w *sim.World) bool // it can; nil: always
}

// Sometimes is what must happen in some state of a world.
type Sometimes struct {
	Name string
	Edge Edge                    // a machine takes it; or
	Is   func(w *sim.World) bool // a state is so
}

// Options of a search. The zero value works.
type Options struct {
	Workers  int            // zero: one for each processor
	Keep     int            // worlds; zero: 20,000
	Most     int            // states; zero: 100 million
	Progress func(Progress) // is called now and then; nil: nobody asks
}

// Progress tells how far a search is.
type Progress struct {
	World  string
	States int
	Depth  int
	Next   int // states to be looked at
}

// Result is what a search has found.
type Result struct {
	World   string
	States  int
	Moves   int // steps from one state to another, or to the same
	Quiet   int // states in which nothing is under way
	Rest    int // states in which nothing can happen without a fault
	Depth   int // steps to the last state
	Time    time.Duration
	Err     error    // what is wrong; nil: the world holds
	Trace   []string // the shortest way there, in readable lines
	Record  []string // the same as a trace, see spec/chart
	Missing []string // what should have happened sometimes
}

// ErrMost says that a world has more states than Options.Most.
var ErrMost = errors.New("too many states")

// Run searches a world. The error is why it could not be searched to its end;
// a world that does not hold has a Result with Err.
func Run(ctx context.Context, world *World, opts Options) (Result, error) {
	opts.fill()
	s := newSearch(world, opts)
	begun := time.Now()
	err := s.run(ctx)
	s.result.States = len(s.steps)
	s.result.Time = time.Since(begun)
	return s.result, err
}

func (o *Options) fill() {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Keep == 0 {
		o.Keep = 20_000
	}
	if o.Most == 0 {
		o.Most = 100_000_000
	}
}

func newSearch(world *World, opts Options) *search {
	s := &search{World: world, opts: opts, seen: newTable()}
	s.result.World = world.Name
	s.met = make([]atomic.Bool, len(world.Sometimes))
	return s
}

// search is one run.
type search struct {
	*World
	opts    Options
	result  Result
	initial *sim.World
	seen    *table
	steps   []step // to each state, by its number
	cover   cover
	met     []atomic.Bool // of Sometimes
	kept    int           // worlds in the frontier
	calls   uint64        // number of the first line's call
	bare    bool          // no memo: tests compare
}

// step is how a state was reached first.
type step struct {
	from uint32
	move sim.Move
}

// left is what may still happen.
type left struct {
	sim.Budget
	script uint32 // lines that have not happened
}

// node is a state that is to be looked at.
type node struct {
	world *sim.World // nil: to be made again
	left  left
	n     uint32
}

// found is what one state leads to.
type found struct {
	err         error
	quiet, rest bool
	moves       int
	next        []child
}

type child struct {
	world *sim.World
	left  left
	move  sim.Move
	sum   sim.Fingerprint
}

const batch = 4096

func (s *search) run(ctx context.Context) error {
	if len(s.Script) > 32 {
		return fmt.Errorf("world %s: %d lines of script, at most 32", s.Name, len(s.Script))
	}
	s.initial = s.prepare(nil, nil)
	if !s.bare {
		s.initial.Remember()
	}
	all := left{s.Budget, 1<<len(s.Script) - 1}
	first := node{s.initial.Clone(), all, 0}
	s.seen.add(sim.NewKeyer().Fingerprint(first.world, all.bytes()...))
	s.steps = append(s.steps, step{})
	workers := make([]*worker, s.opts.Workers)
	for i := range workers {
		workers[i] = &worker{search: s, keyer: sim.NewKeyer()}
	}
	list := make([]found, batch)
	for frontier := []node{first}; len(frontier) > 0; s.result.Depth++ {
		var next []node
		for from := 0; from < len(frontier); from += batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			nodes := frontier[from:min(from+batch, len(frontier))]
			s.expand(workers, nodes, list)
			for i := range nodes {
				if nodes[i].world != nil {
					s.kept--
					nodes[i].world = nil
				}
				f := &list[i]
				if f.err != nil {
					s.fail(f.err, nodes[i].n)
					return nil
				}
				next = s.merge(f, nodes[i].n, next, workers)
				*f = found{}
			}
			if len(s.steps) > s.opts.Most {
				return fmt.Errorf("world %s: %w: %d", s.Name, ErrMost, len(s.steps))
			}
			if s.opts.Progress != nil {
				s.opts.Progress(Progress{s.Name, len(s.steps), s.result.Depth, len(frontier) - from + len(next)})
			}
		}
		if len(next) == 0 {
			break
		}
		frontier = next
	}
	for i, m := range s.Sometimes {
		if !s.met[i].Load() && !s.cover.has(m.Edge) {
			s.result.Missing = append(s.result.Missing, m.Name)
		}
	}
	if len(s.result.Missing) > 0 {
		s.result.Err = fmt.Errorf("never happened: %v", s.result.Missing)
	}
	return nil
}

// prepare makes the world as it is at the beginning.
func (s *search) prepare(log, record func(string)) *sim.World {
	opts := s.Options
	opts.About, opts.Record = s.About, record
	begun := false
	opts.Trace = func(_ int, e core.Edge) {
		if begun {
			s.cover.add(e)
		}
	}
	if log != nil {
		opts.Log = func(line string) {
			if begun {
				log(line)
			}
		}
	}
	w := sim.New(s.Peers, opts)
	if s.Prepare != nil {
		s.Prepare(w)
	}
	w.Begin()
	s.calls = w.Reserve(len(s.Script))
	begun = true
	return w
}

// expand has the workers look at some states.
func (s *search) expand(workers []*worker, nodes []node, list []found) {
	var taken atomic.Int64
	var wg sync.WaitGroup
	for _, k := range workers {
		wg.Go(func() {
			for i := taken.Add(1) - 1; i < int64(len(nodes)); i = taken.Add(1) - 1 {
				k.expand(&nodes[i], &list[i])
			}
		})
	}
	wg.Wait()
}

// merge adds the new ones of the states that a state leads to. It happens in
// order, so that numbers and traces are the same in every run.
func (s *search) merge(f *found, from uint32, next []node, spare spares) []node {
	s.result.Moves += f.moves
	if f.quiet {
		s.result.Quiet++
	}
	if f.rest {
		s.result.Rest++
	}
	for _, c := range f.next {
		if !s.seen.add(c.sum) {
			spare.add(c.world)
			continue
		}
		n := node{left: c.left, n: uint32(len(s.steps))}
		if s.kept < s.opts.Keep {
			s.kept++
			n.world = c.world
		} else {
			spare.add(c.world)
		}
		s.steps = append(s.steps, step{from, c.move})
		next = append(next, n)
	}
	return next
}
