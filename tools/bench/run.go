package bench

import (
	"context"
	"fmt"
	"time"
)

// Options of a run. The zero value is the full run, which takes some minutes.
type Options struct {
	Quick    bool                             // fewer rounds and sizes: at most 45 s
	Progress func(phase string, done, of int) // called before the first step of a phase and after each; may be nil
	Only     func(phase string) bool          // nil: every phase but ablation
}

// phase is one part of a run. It works in steps, so that a run can tell how far
// it is; each step is one round of all its systems, in an order that rotates.
type phase struct {
	name  string
	steps int
	asked bool          // runs only if it is asked for by name
	least int           // steps that are taken in any case; zero: 1
	share time.Duration // of a quick run's time: when it is used up, no further step begins
	step  func(ctx context.Context, m *measure, i int) error
	end   func(m *measure) // ratios
}

// Run measures everything. It ends with ctx.
func Run(ctx context.Context, o Options) (*Report, error) {
	begun, m := time.Now(), newMeasure()
	size := full
	if o.Quick {
		size = quick
	}
	for _, p := range size.phases() {
		if o.Only == nil && p.asked || o.Only != nil && !o.Only(p.name) {
			continue
		}
		if err := o.run(ctx, m, p); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	r := m.report()
	r.Quick, r.Seconds = o.Quick, time.Since(begun).Seconds()
	return r, nil
}

func (o *Options) run(ctx context.Context, m *measure, p phase) error {
	begun, steps := time.Now(), p.steps
	for i := range p.steps {
		if o.Quick && i >= max(p.least, 1) && time.Since(begun) > p.share {
			steps = i
			break
		}
		if o.Progress != nil {
			o.Progress(p.name, i, p.steps)
		}
		if err := p.step(ctx, m, i); err != nil {
			return err
		}
	}
	if o.Progress != nil {
		o.Progress(p.name, steps, steps)
	}
	if p.end != nil {
		p.end(m)
	}
	return nil
}

// Phases lists the names of the phases.
func Phases(ofQuick bool) (names []string) {
	size := full
	if ofQuick {
		size = quick
	}
	for _, p := range size.phases() {
		names = append(names, p.name)
	}
	return names
}

// size says how much is measured.
type size struct {
	openRounds, openSide   int // side × side pairs a round
	delays                 []time.Duration
	delayRounds, delaySide int
	together               []int // openings at once
	rateRounds             int
	crowds                 []crowd
	crowdRounds            int
	messages               []int // sizes
	loadRounds             int
	load                   time.Duration
	pings, pingRounds      int
	ops                    time.Duration
}

// crowd is so many pairs: left times right.
type crowd struct{ left, right int }

var quick = size{
	openRounds: 8, openSide: 4,
	delays: []time.Duration{25 * time.Millisecond}, delayRounds: 3, delaySide: 2,
	together: []int{4}, rateRounds: 3,
	crowds: []crowd{{8, 8}}, crowdRounds: 1,
	messages: []int{64, 16 << 10}, loadRounds: 5, load: 300 * time.Millisecond,
	pings: 1000, pingRounds: 2,
	ops: 50 * time.Millisecond,
}

var full = size{
	openRounds: 12, openSide: 6,
	delays: []time.Duration{10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond}, delayRounds: 3, delaySide: 3,
	together: []int{1, 2, 4, 8, 16, 32}, rateRounds: 3,
	crowds: []crowd{{10, 20}, {25, 40}}, crowdRounds: 2,
	messages: []int{64, 1 << 10, 16 << 10, 64 << 10, 1 << 20}, loadRounds: 5, load: 700 * time.Millisecond,
	pings: 5000, pingRounds: 4,
	ops: 300 * time.Millisecond,
}

func (s *size) phases() []phase {
	list := []phase{s.open()}
	for _, d := range s.delays {
		list = append(list, s.delayed(d))
	}
	list = append(list, s.secondArc(), s.rate())
	for _, c := range s.crowds {
		list = append(list, s.crowd(c))
	}
	for _, n := range s.messages {
		list = append(list, s.throughput(n))
	}
	return append(list, s.pingPong(), s.protocols(), s.slow(), s.operations(), s.ablation())
}

// turn gives the systems in the order of a round.
func turn(systems []system, round int) []system {
	n := round % len(systems)
	return append(append([]system(nil), systems[n:]...), systems[:n]...)
}
