package core_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
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

// run runs the walk of a seed; if it fails, once more for its story.
func run(t *testing.T, walk walker, seed uint64, trace func(int, core.Edge), ref *referee.Referee) {
	t.Helper()
	err := walk(seeded(seed), nil, trace, ref)
	if err == nil {
		return
	}
	var story strings.Builder
	walk(seeded(seed), func(s string) { fmt.Fprintln(&story, s) }, nil, ref)
	t.Fatalf("-walk.seed=%d: %v\n%s", seed, err, story.String())
}

type walker func(draw chooser, log func(string), trace func(int, core.Edge), ref *referee.Referee) error

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
