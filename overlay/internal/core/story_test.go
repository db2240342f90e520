package core_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
)

var update = flag.Bool("update", false, "write testdata/*.txt anew")

// Peers in stories.
const (
	a = iota
	b
	c
	d
	e
)

// A story is a world in which one thing after the other happens. What happens is
// in testdata/<name>.txt, a line for each message that arrives and what comes of
// it: "b>c offer a1" is a1, the first offer of a, which c gets from b; "~" is a
// channel of the applications. Then follow the states of the link and of the
// session with a peer ("a Answering"), and what the application hears.
type story struct {
	testing.TB
	*sim.World
	opts sim.Options
	text strings.Builder
	loud bool
	fx   [][]core.Effect // of each peer, since the story began

	traces []*strings.Builder // of each begin
}

type plot struct {
	name string
	tell func(s *story)
}

// tell runs a story and gives its text.
func tell(t testing.TB, p plot, trace func(int, core.Edge), ref *referee.Referee) string {
	return told(t, p, trace, ref).text.String()
}

func told(t testing.TB, p plot, trace func(int, core.Edge), ref *referee.Referee) *story {
	s := &story{TB: t}
	s.opts = sim.Options{Trace: trace, Referee: ref}
	p.tell(s)
	return s
}

func TestStories(t *testing.T) {
	ref := referee.New()
	for _, p := range plots() {
		t.Run(p.name, func(t *testing.T) {
			got := tell(t, p, nil, ref)
			path := filepath.Join("testdata", p.name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs (-update renews it):\n%s", path, got)
			}
		})
	}
}

func plots() []plot {
	return append(append(append(append(append([]plot{}, entering...), connecting...), failing...), closings...), append(append(meetings, crossings...), turning...)...)
}

// begin makes a fresh world of n peers, tells what it is about, and connects
// neighbors without telling.
func (s *story) begin(about string, n int, neighbors ...[2]int) {
	if s.text.Len() > 0 {
		s.text.WriteByte('\n')
	}
	fmt.Fprintf(&s.text, "# %s\n", about)
	opts := s.opts
	trace := &strings.Builder{}
	s.traces = append(s.traces, trace)
	opts.About, opts.Record = about, func(line string) { fmt.Fprintln(trace, line) }
	opts.Log = func(line string) {
		if s.loud {
			fmt.Fprintln(&s.text, line)
		}
	}
	fx := make([][]core.Effect, n)
	s.fx = fx
	opts.Spy = func(i int, e core.Effect) { fx[i] = append(fx[i], e) }
	s.World, s.loud = sim.New(n, opts), false
	for _, p := range neighbors {
		s.Connected(p[0], p[1])
	}
	s.Begin()
	s.loud = true
}

// quietly does something that is not told.
func (s *story) quietly(f func()) {
	loud := s.loud
	s.loud = false
	f()
	s.loud = loud
}

func (s *story) note(format string, args ...any) { fmt.Fprintf(&s.text, format+"\n", args...) }

// next finds the first pending item whose description begins so.
func (s *story) next(prefix string) *sim.Item {
	for _, it := range s.Pending() {
		if strings.HasPrefix(s.Describe(it), prefix) {
			return it
		}
	}
	return nil
}

// until delivers in order until something is pending that begins so.
func (s *story) until(prefix string) *sim.Item {
	s.Helper()
	for range 1000 {
		if it := s.next(prefix); it != nil {
			return it
		}
		if len(s.Pending()) == 0 {
			break
		}
		s.Deliver(s.Pending()[0])
		s.check()
	}
	s.Fatalf("%q never comes:\n%s\n%s", prefix, s.text.String(), s.Dump())
	return nil
}

// hold delivers in order whatever does not begin so.
func (s *story) hold(prefix string) { s.Helper(); s.but(prefix) }

// but delivers in order whatever begins with none of these.
func (s *story) but(prefixes ...string) {
	s.Helper()
	s.deliver(func(it *sim.Item) bool { return !s.begins(it, prefixes) })
}

// only delivers in order whatever begins with one of these.
func (s *story) only(prefixes ...string) {
	s.Helper()
	s.deliver(func(it *sim.Item) bool { return s.begins(it, prefixes) })
}

func (s *story) begins(it *sim.Item, prefixes []string) bool {
	text := s.Describe(it)
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(text, p) })
}

// deliver delivers in order what may come.
func (s *story) deliver(may func(*sim.Item) bool) {
	s.Helper()
	for n := 0; n < len(s.Pending()); {
		if it := s.Pending()[n]; may(it) {
			s.Deliver(it)
			s.check()
			n = 0
			continue
		}
		n++
	}
}

// deliverBut delivers the first thing that is not held.
func (s *story) deliverBut(held ...*sim.Item) {
	s.Helper()
	for _, it := range s.Pending() {
		if !slices.Contains(held, it) {
			s.Deliver(it)
			s.check()
			return
		}
	}
	s.Fatalf("nothing more comes:\n%s\n%s", s.text.String(), s.Dump())
}

// untilBut delivers in order what is not held until something is pending that
// begins so.
func (s *story) untilBut(prefix string, held ...*sim.Item) *sim.Item {
	s.Helper()
	for s.next(prefix) == nil {
		s.deliverBut(held...)
	}
	return s.next(prefix)
}

// others delivers in order whatever is not held.
func (s *story) others(held *sim.Item) {
	s.Helper()
	s.deliver(func(it *sim.Item) bool { return it != held })
}

func (s *story) lose(prefix string) { s.Helper(); s.Drop(s.until(prefix)) }

// losing loses all that begins so, until a call has ended.
func (s *story) losing(call uint64, prefix string) {
	s.Helper()
	for range 1000 {
		if _, ended := s.Result(call); ended {
			return
		}
		switch it := s.next(prefix); {
		case it != nil:
			s.Drop(it)
		case len(s.Pending()) > 0:
			s.Deliver(s.Pending()[0])
		default:
			s.Advance()
		}
		s.check()
	}
	s.Fatalf("the call never ends:\n%s", s.text.String())
}

func (s *story) check() {
	s.Helper()
	if err := s.Check(); err != nil {
		s.Fatalf("%v\n%s\n%s", err, s.text.String(), s.Dump())
	}
}

// step delivers up to n things in order, and reports whether there were as many.
func (s *story) step(n int) bool {
	s.Helper()
	for ; n > 0; n-- {
		if len(s.Pending()) == 0 {
			return false
		}
		s.Deliver(s.Pending()[0])
		s.check()
	}
	return true
}

// settle lets the world come to rest.
func (s *story) settle() {
	s.Helper()
	s.Settle()
	if err := s.CheckQuiet(); err != nil {
		s.Fatalf("%v\n%s\n%s", err, s.text.String(), s.Dump())
	}
}

// ends sees that a call has ended as it should.
func (s *story) ends(call uint64, want error) {
	s.Helper()
	got, ended := s.Result(call)
	if !ended || !errors.Is(got, want) {
		s.Fatalf("call ended=%v: %v, want %v\n%s", ended, got, want, s.text.String())
	}
}

// rests lets the world come to rest; the call must have ended so, by then.
func (s *story) rests(call uint64, want error, within time.Duration) {
	s.Helper()
	start := s.Now
	s.settle()
	s.ends(call, want)
	if took := s.Now - start; took > within {
		s.Fatalf("took %v, want at most %v\n%s", took, within, s.text.String())
	}
}

// atEachStep tells how something ends that comes after 0, 1, 2, … deliveries of
// something else.
func (s *story) atEachStep(about string, begin func() uint64, act func(), outcome func(call uint64) string) {
	s.Helper()
	var outcomes []string
	for n := 0; ; n++ {
		s.quietly(func() {
			var call uint64
			text := s.text.Len()
			call = begin()
			more := s.step(n)
			s.truncate(text)
			act()
			s.settle()
			outcomes = append(outcomes, outcome(call))
			if !more {
				n = 1000
			}
		})
		if n >= 1000 {
			break
		}
	}
	if s.text.Len() > 0 {
		s.text.WriteByte('\n')
	}
	fmt.Fprintf(&s.text, "# %s\n", about)
	for n := 0; n < len(outcomes); {
		last := n
		for last+1 < len(outcomes) && outcomes[last+1] == outcomes[n] {
			last++
		}
		fmt.Fprintf(&s.text, "%2d to %2d: %s\n", n, last, outcomes[n])
		n = last + 1
	}
}

// truncate forgets the text of the world that was begun for atEachStep.
func (s *story) truncate(n int) {
	text := s.text.String()[:n]
	s.text.Reset()
	s.text.WriteString(text)
	s.loud = false
}

// result gives how a call ended, in a few words.
func (s *story) result(call uint64) string {
	err, ended := s.Result(call)
	switch {
	case !ended:
		return "has not ended"
	case err != nil:
		return err.Error()
	}
	return "opened"
}

// took gives that, and when.
func (s *story) took(call uint64) string {
	return fmt.Sprintf("%s, at %v", s.result(call), s.Calls()[call-1].At)
}
