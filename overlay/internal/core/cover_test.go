package core_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

// cover counts the edges that machines take.
type cover struct {
	link    signal.LinkCover
	broker  signal.BrokerCover
	meeting signal.MeetingCover
	session arc.SessionCover
	arc     arc.ArcCover
}

func (c *cover) add(_ int, e core.Edge) {
	switch e.Machine {
	case "link":
		c.link.Add(signal.LinkEdge(e.Edge))
	case "broker":
		c.broker.Add(signal.BrokerEdge(e.Edge))
	case "meeting":
		c.meeting.Add(signal.MeetingEdge(e.Edge))
	case "session":
		c.session.Add(arc.SessionEdge(e.Edge))
	case "arc":
		c.arc.Add(arc.ArcEdge(e.Edge))
	}
}

// missing lists the edges that were never taken.
func (c *cover) missing() (list []string) {
	for _, e := range c.link.Missing() {
		list = append(list, "link "+e.String())
	}
	for _, e := range c.broker.Missing() {
		list = append(list, "broker "+e.String())
	}
	for _, e := range c.meeting.Missing() {
		list = append(list, "meeting "+e.String())
	}
	for _, e := range c.session.Missing() {
		list = append(list, "session "+e.String())
	}
	for _, e := range c.arc.Missing() {
		list = append(list, "arc "+e.String())
	}
	return list
}

// seeded draws from a seed.
func seeded(seed uint64) chooser {
	r := rand.New(rand.NewPCG(seed, 0))
	return func(_ string, n int) int { return r.IntN(n) }
}

var (
	seedFlag  = flag.Uint64("walk.seed", 0, "run only the walks of this seed")
	walksFlag = flag.Uint64("walk.n", 500, "number of seeds")
)

// run runs the walk of a seed; if it fails, it is made small, and its story told.
func run(t *testing.T, walk walker, seed uint64, trace func(int, core.Edge), ref *referee.Referee) {
	t.Helper()
	draws := tape{draw: seeded(seed)}
	if walk(draws.next, sim.Options{Trace: trace, Referee: ref}) == nil {
		return
	}
	small := shrink(draws.list, func(list []int) bool {
		return walk((&tape{list: list}).next, sim.Options{Referee: ref}) != nil
	})
	var story, record strings.Builder
	err := walk((&tape{list: small}).next, sim.Options{
		Referee: ref,
		Log:     func(s string) { fmt.Fprintln(&story, s) },
		Record:  func(s string) { fmt.Fprintln(&record, s) },
	})
	t.Fatalf("-walk.seed=%d: %v\n%s%s", seed, err, story.String(), keeper(t)(record.String()))
}

type walker func(draw chooser, opts sim.Options) error

// tape keeps what was drawn, and gives it again: after its end, zeros.
type tape struct {
	draw chooser
	list []int
	at   int
}

func (t *tape) next(label string, n int) int {
	if t.at == len(t.list) {
		if t.draw == nil {
			return 0
		}
		t.list = append(t.list, t.draw(label, n))
	}
	t.at++
	return min(t.list[t.at-1], n-1)
}

// shrink makes a list of draws that fails shorter and its numbers smaller, for as
// long as that helps, within some thousand tries.
func shrink(list []int, fails func([]int) bool) []int {
	for tries, better := 0, true; better && tries < 5000; {
		better = false
		try := func(next []int) bool {
			tries++
			if !fails(next) {
				return false
			}
			list, better = next, true
			return true
		}
		for size := len(list) / 2; size > 0; size /= 2 {
			for from := 0; from+size <= len(list); {
				if !try(slices.Concat(list[:from], list[from+size:])) {
					from += size
				}
			}
		}
		for i := 0; i < len(list); i++ {
			for list[i] > 0 {
				next := slices.Clone(list)
				next[i] /= 2
				if !try(next) {
					break
				}
			}
		}
	}
	return list
}

func TestEveryEdge(t *testing.T) {
	var c cover
	ref := referee.New()
	for _, p := range plots() {
		tell(t, p, c.add, ref)
	}
	for _, p := range hostile {
		lied(t, p, c.add)
	}
	first, n := uint64(0), *walksFlag
	if *seedFlag > 0 {
		first, n = *seedFlag, 1
	}
	for seed := first; seed < first+n; seed++ {
		run(t, walk, seed, c.add, ref)
		run(t, calm, seed, c.add, ref)
		run(t, closing, seed, c.add, ref)
	}
	for _, e := range c.missing() {
		t.Errorf("never taken: %s", e)
	}
}
