package fsm

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/spec"
	"github.com/n2n-overlay/n2n/spec/spectest"
)

// machines gives the machines of a spec by their names.
func machines(t *testing.T, path string) map[string]*spec.Machine {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Load(path, src)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*spec.Machine{}
	for _, m := range s.Machines {
		out[m.Name] = m
	}
	return out
}

// The generated machines do what the interpreter of the spec does: same edge,
// same next configuration, same effects.
func TestInterpreter(t *testing.T) {
	signals, arcs, medias := machines(t, "../spec/signal.fsm"), machines(t, "../spec/arc.fsm"), machines(t, "../spec/media.fsm")
	for _, c := range []struct {
		m         *spec.Machine
		generated any
	}{
		{signals["link"], new(signal.Link)},
		{signals["broker"], new(signal.Broker)},
		{signals["meeting"], new(signal.Meeting)},
		{arcs["session"], new(arc.Session)},
		{arcs["arc"], new(arc.Arc)},
		{medias["exchange"], new(media.Exchange)},
	} {
		t.Run(c.m.Name, func(t *testing.T) {
			n, err := spectest.Compare(c.m, c.generated)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", n)
			if n.Edges != len(c.m.Edges) {
				t.Errorf("%d edges taken, the spec has %d", n.Edges, len(c.m.Edges))
			}
		})
	}
}

// walk visits every configuration that the generated machine comes to from the
// starts, by the generated adapters alone.
func walk[M comparable, V any](starts []M, each func(func(V) bool), step func(M, V) (M, bool)) (visited int) {
	seen := map[M]bool{}
	queue := starts
	for _, m := range starts {
		seen[m] = true
	}
	for len(queue) > 0 {
		m := queue[0]
		queue = queue[1:]
		each(func(ev V) bool {
			if next, ok := step(m, ev); ok && !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
			return true
		})
	}
	return len(seen)
}

// looplab's machines, made from the lists of edges, agree with every step; every
// edge is taken; no invariant breaks.
func TestReferee(t *testing.T) {
	ref := referee.New()
	t.Run("link", func(t *testing.T) {
		var cover signal.LinkCover
		n := walk([]signal.Link{signal.NewLink(false), signal.NewLink(true)}, signal.EachLinkEvent,
			func(m signal.Link, ev signal.LinkEvent) (signal.Link, bool) {
				if ev.Kind == signal.LinkOnSetup && !m.Setup || ev.Kind == signal.LinkOnRetry && !m.Retry {
					return m, false
				}
				var fx signal.LinkEffects
				before := m
				edge := m.Step(ev, &fx)
				return m, verdict(t, before, m, edge == signal.LinkNever, m.Check(), m.Within(), func() error {
					cover.Add(edge)
					return ref.Link(before.State, edge, m.State)
				})
			})
		covered(t, n, cover.Missing())
	})
	t.Run("broker", func(t *testing.T) {
		var cover signal.BrokerCover
		n := walk([]signal.Broker{{}}, signal.EachBrokerEvent, func(m signal.Broker, ev signal.BrokerEvent) (signal.Broker, bool) {
			var fx signal.BrokerEffects
			before := m
			edge := m.Step(ev, &fx)
			return m, verdict(t, before, m, edge == signal.BrokerNever, m.Check(), m.Within(), func() error {
				cover.Add(edge)
				return ref.Broker(before.State, edge, m.State)
			})
		})
		covered(t, n, cover.Missing())
	})
	t.Run("meeting", func(t *testing.T) {
		var cover signal.MeetingCover
		n := walk([]signal.Meeting{{}}, signal.EachMeetingEvent, func(m signal.Meeting, ev signal.MeetingEvent) (signal.Meeting, bool) {
			if ev.Kind == signal.MeetingOnWait && !m.Wait {
				return m, false
			}
			var fx signal.MeetingEffects
			before := m
			edge := m.Step(ev, &fx)
			return m, verdict(t, before, m, edge == signal.MeetingNever, m.Check(), m.Within(), func() error {
				cover.Add(edge)
				return ref.Meeting(before.State, edge, m.State)
			})
		})
		covered(t, n, cover.Missing())
	})
	t.Run("session", func(t *testing.T) {
		var cover arc.SessionCover
		n := walk([]arc.Session{{}}, arc.EachSessionEvent, func(m arc.Session, ev arc.SessionEvent) (arc.Session, bool) {
			if ev.Kind == arc.SessionOnLinger && !m.Linger || ev.Kind == arc.SessionOnParting && !m.Parting {
				return m, false
			}
			var fx arc.SessionEffects
			before := m
			edge := m.Step(ev, &fx)
			return m, verdict(t, before, m, edge == arc.SessionNever, m.Check(), m.Within(), func() error {
				cover.Add(edge)
				return ref.Session(before.State, edge, m.State)
			})
		})
		covered(t, n, cover.Missing())
	})
	t.Run("arc", func(t *testing.T) {
		var cover arc.ArcCover
		n := walk([]arc.Arc{{}}, arc.EachArcEvent, func(m arc.Arc, ev arc.ArcEvent) (arc.Arc, bool) {
			if ev.Kind == arc.ArcOnRequest && !m.Request {
				return m, false
			}
			var fx arc.ArcEffects
			before := m
			edge := m.Step(ev, &fx)
			return m, verdict(t, before, m, edge == arc.ArcNever, m.Check(), m.Within(), func() error {
				cover.Add(edge)
				return ref.Arc(before.State, edge, m.State)
			})
		})
		covered(t, n, cover.Missing())
	})
	t.Run("exchange", func(t *testing.T) {
		var cover media.ExchangeCover
		var starts []media.Exchange
		for i := range 4 {
			starts = append(starts, media.NewExchange(i&1 != 0, i&2 != 0))
		}
		n := walk(starts, media.EachExchangeEvent, func(m media.Exchange, ev media.ExchangeEvent) (media.Exchange, bool) {
			if ev.Kind == media.ExchangeOnPatience && !m.Patience {
				return m, false
			}
			var fx media.ExchangeEffects
			before := m
			edge := m.Step(ev, &fx)
			return m, verdict(t, before, m, edge == media.ExchangeNever, m.Check(), m.Within(), func() error {
				cover.Add(edge)
				return ref.Exchange(before.State, edge, m.State)
			})
		})
		covered(t, n, cover.Missing())
	})
}

// verdict judges one step, and says whether the search goes on from there.
func verdict[M comparable](t *testing.T, before, after M, never bool, broken string, within bool, replay func() error) bool {
	t.Helper()
	switch {
	case never && before != after:
		t.Errorf("never changed %+v to %+v", before, after)
	case never || !within:
		return false
	case broken != "":
		t.Errorf("from %+v to %+v: %s", before, after, broken)
	}
	if err := replay(); err != nil {
		t.Error(err)
	}
	return true
}

func covered[E any](t *testing.T, visited int, missing []E) {
	t.Helper()
	t.Logf("%d configurations", visited)
	if len(missing) > 0 {
		t.Errorf("edges never taken: %v", missing)
	}
}

// A referee that never finds anything is not trusted: these are divergences.
func TestPlantedDivergence(t *testing.T) {
	ref := referee.New()
	if err := ref.Link(signal.LinkIdle, signal.LinkEdgeIdleConnect, signal.LinkOffering); err != nil {
		t.Fatalf("a good edge: %v", err)
	}
	for name, err := range map[string]error{
		"wrong target":   ref.Link(signal.LinkIdle, signal.LinkEdgeIdleConnect, signal.LinkOpen),
		"stays":          ref.Link(signal.LinkIdle, signal.LinkEdgeIdleConnect, signal.LinkIdle),
		"wrong source":   ref.Link(signal.LinkOpen, signal.LinkEdgeIdleConnect, signal.LinkOffering),
		"never":          ref.Link(signal.LinkIdle, signal.LinkNever, signal.LinkIdle),
		"no such edge":   ref.Link(signal.LinkIdle, signal.LinkEdges, signal.LinkIdle),
		"no such state":  ref.Arc(arc.ArcStates, arc.ArcEdgeFreshAsk, arc.ArcAsked),
		"self loop left": ref.Session(arc.SessionDialing, arc.SessionEdgeDialingWant, arc.SessionLiving),
	} {
		if !errors.Is(err, referee.ErrDivergence) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// And the next good edge is good again: nothing is wedged.
	if err := ref.Link(signal.LinkIdle, signal.LinkEdgeIdleConnect, signal.LinkOffering); err != nil {
		t.Errorf("after the divergences: %v", err)
	}
}

func TestMermaid(t *testing.T) {
	ref := referee.New()
	got, err := ref.Mermaid("meeting")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"stateDiagram-v2", "[*] --> Fresh", "Fresh --> Waiting: FreshAsk", "Waiting --> Done: WaitingMet"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if _, err := ref.Mermaid("nobody"); err == nil {
		t.Error("a machine that is not there was drawn")
	}
}
