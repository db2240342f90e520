package bench

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// open measures the time to open on loopback, one opening after the other.
func (s *size) open() phase {
	systems := []system{rawDefault, rawBest, direct, oneBroker, threeBrokers}
	return phase{
		name: "open", steps: s.openRounds, share: 8 * time.Second,
		step: func(ctx context.Context, m *measure, i int) error {
			for _, x := range turn(systems, i) {
				r, err := openAll(ctx, x, s.openSide, s.openSide, 1, way{})
				if err != nil {
					return err
				}
				m.add("open on loopback", x.name, "ms", ms(median(r.times)))
				m.add("processor time of an open, both ends", x.name, "ms", ms(r.cpu))
			}
			return nil
		},
		end: func(m *measure) {
			m.ratio("open_direct_vs_best", "open on loopback", "ms", direct.name, rawBest.name)
			m.ratio("open_broker_vs_best", "open on loopback", "ms", oneBroker.name, rawBest.name)
			m.ratio("open_broker_vs_default", "open on loopback", "ms", oneBroker.name, rawDefault.name)
			m.ratio("open_3_brokers_vs_best", "open on loopback", "ms", threeBrokers.name, rawBest.name)
			m.ratio("open_cpu_vs_best", "processor time of an open, both ends", "ms", oneBroker.name, rawBest.name)
			m.ratio("open_direct_cpu_vs_best", "processor time of an open, both ends", "ms", direct.name, rawBest.name)
			m.ratio("open_cpu_vs_default", "processor time of an open, both ends", "ms", oneBroker.name, rawDefault.name)
		},
	}
}

// delayed measures the time to open with a delay on packets and signals, each
// one way from end to end. The openings of a round run at once: they wait.
func (s *size) delayed(d time.Duration) phase {
	systems := []system{rawDefault, rawBest, direct, oneBroker}
	if len(s.delays) > 1 {
		systems = append(systems, threeBrokers)
	}
	name := fmt.Sprintf("open with %v one way", d)
	return phase{
		name: fmt.Sprintf("open %v", d), steps: s.delayRounds, share: 3 * time.Second,
		step: func(ctx context.Context, m *measure, i int) error {
			for _, x := range turn(systems, i) {
				r, err := openAll(ctx, x, s.delaySide, s.delaySide, s.delaySide, way{packets: d, signals: d})
				if err != nil {
					return err
				}
				took := median(r.times)
				m.add(name, x.name, "ms", ms(took))
				m.add(fmt.Sprintf("of %v, those of the signals included", 2*d), x.name, "round trips", float64(took)/float64(2*d))
			}
			return nil
		},
		end: func(m *measure) {
			for short, x := range map[string]system{"direct": direct, "broker": oneBroker} {
				m.ratio(fmt.Sprintf("open_%s_%v_vs_default", short, d), name, "ms", x.name, rawDefault.name)
				m.ratio(fmt.Sprintf("open_%s_%v_vs_best", short, d), name, "ms", x.name, rawBest.name)
			}
		},
	}
}

// secondArc measures one more arc on an open session.
func (s *size) secondArc() phase {
	const far = 25 * time.Millisecond
	return phase{
		name: "second arc", steps: 2, least: 2,
		step: func(ctx context.Context, m *measure, i int) error {
			w := way{}
			if i == 1 {
				w = way{packets: far, signals: far}
			}
			g, err := newNodeGrid(ctx, 1, 1, 0, w)
			if err != nil {
				return err
			}
			defer g.close()
			if _, _, err := g.open(ctx, 0, 0); err != nil {
				return err
			}
			x, y := g.(*nodeGrid).left[0], g.(*nodeGrid).right[0]
			for range 5 {
				begun := time.Now()
				if err := x.p.Connect(ctx, y.ID()); err != nil {
					return err
				}
				took := time.Since(begun)
				if i == 0 {
					m.add("second arc on loopback", "n2n", "ms", ms(took))
					continue
				}
				m.add("second arc with 25ms one way", "n2n", "ms", ms(took))
				m.value("second_arc_25ms_round_trips", float64(took)/float64(2*far))
			}
			if n := x.Stats().SessionsOpened; n != 1 {
				return fmt.Errorf("%d sessions were opened for the arcs of one pair", n)
			}
			return nil
		},
	}
}

// rate measures how many sessions open in a second, so many at once.
func (s *size) rate() phase {
	systems := []system{rawDefault, rawBest, oneBroker}
	return phase{
		name: "opens per second", steps: s.rateRounds * len(s.together), share: 2 * time.Second,
		step: func(ctx context.Context, m *measure, i int) error {
			n := s.together[i%len(s.together)]
			for _, x := range turn(systems, i) {
				r, err := openAll(ctx, x, 8, 8, n, way{})
				if err != nil {
					return err
				}
				m.add(fmt.Sprintf("opens per second, %d at once", n), x.name, "1/s", 64/r.took.Seconds())
				m.add(fmt.Sprintf("processor time of an open, %d at once", n), x.name, "ms", ms(r.cpu))
			}
			return nil
		},
		end: func(m *measure) {
			for _, n := range s.together {
				m.ratio("opens_per_second_vs_best", fmt.Sprintf("opens per second, %d at once", n), "1/s", oneBroker.name, rawBest.name)
				m.ratio("opens_per_second_vs_default", fmt.Sprintf("opens per second, %d at once", n), "1/s", oneBroker.name, rawDefault.name)
			}
		},
	}
}

// opened is what it took to open some pairs.
type opened struct {
	times []time.Duration // each
	took  time.Duration   // all
	cpu   time.Duration   // processor time of one
}

// openAll opens every pair of a new grid, so many at once.
func openAll(ctx context.Context, x system, left, right, together int, w way) (r opened, err error) {
	g, err := x.grid(ctx, left, right, w)
	if err != nil {
		return r, fmt.Errorf("%s: %w", x.name, err)
	}
	defer g.close()
	begun, cpu := time.Now(), cpuTime()
	if r.times, err = openGrid(ctx, g, left, right, together); err != nil {
		return r, fmt.Errorf("%s: %w", x.name, err)
	}
	r.took, r.cpu = time.Since(begun), (cpuTime()-cpu)/time.Duration(len(r.times))
	return r, nil
}

func openGrid(ctx context.Context, g grid, left, right, together int) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		times  = make([]time.Duration, 0, left*right)
		failed error
		next   int
	)
	for range min(together, left*right) {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				stop := failed != nil
				mu.Unlock()
				if i >= left*right || stop {
					return
				}
				begun := time.Now()
				_, _, err := g.open(ctx, i/right, (i+i/right)%right) // neighbors in the order share no peer
				took := time.Since(begun)
				mu.Lock()
				times = append(times, took)
				if err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return times, failed
}

// openTimeout is for all openings of a round.
const openTimeout = time.Minute

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
