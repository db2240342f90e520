package core_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
	"github.com/n2n-overlay/n2n/spec/chart"
)

// unplayable are the stories that do by hand what a trace has no line for: they
// deliver what they have kept from earlier, or let a peer speak another version.
var unplayable = []string{"late", "past", "version"}

// TestPlay: the trace of every other story can be played again, and the same comes
// of it.
func TestPlay(t *testing.T) {
	played := 0
	for _, p := range plots() {
		if slices.Contains(unplayable, p.name) {
			continue
		}
		for i, text := range told(t, p, nil, nil).traces {
			replay(t, fmt.Sprintf("%s, %d", p.name, i), text.String())
			played++
		}
	}
	if played < 200 {
		t.Errorf("only %d traces", played)
	}
}

// TestPlayWalks: the same for random walks.
func TestPlayWalks(t *testing.T) {
	for seed := range uint64(100) {
		for name, walk := range map[string]walker{"walk": walk, "calm": calm, "closing": closing} {
			var trace strings.Builder
			opts := sim.Options{Record: func(line string) { fmt.Fprintln(&trace, line) }}
			if err := walk(seeded(seed), opts); err != nil {
				t.Fatal(err)
			}
			replay(t, fmt.Sprintf("%s, seed %d", name, seed), trace.String())
		}
	}
}

func replay(t *testing.T, name, text string) *chart.Trace {
	t.Helper()
	trace, err := chart.Read(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, text)
	}
	if _, err := sim.Play(trace, sim.Options{Referee: referee.New()}); err != nil {
		t.Errorf("%s: %v\n%s", name, err, text)
	}
	return trace
}

// TestPlayDiffers: a trace that cores of today do not follow is told by its first
// line that differs.
func TestPlayDiffers(t *testing.T) {
	text := told(t, connecting[0], nil, nil).traces[0].String()
	for _, x := range []struct{ old, new, want string }{
		{"b>c offer a2                      a Answering", "b>c offer a2                      a Open", "and the trace says\nb>c offer a2                      a Open"},
		{"a connects c via b", "a connects nobody", "it does not say whom"},
		{"c>b answer a2 for a", "c>b answer a9 for a", "nobody knows what that is"},
		{"a gathered a2", "lost: a gathered a9", "that is not under way"},
		{"protocols p", "protocols p\nweather fine", "setting weather: not known here"},
		{"peers 3", "peers 3\nconfig a linger=long", "config linger=long"},
	} {
		trace, err := chart.Read(strings.NewReader(strings.Replace(text, x.old, x.new, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = sim.Play(trace, sim.Options{}); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q for %q: %v", x.new, x.old, err)
		}
	}
}

// exhibits are the stories of the protocol that spec/protocol.md shows. Their traces
// are in spec/traces; n is which world of a story.
var exhibits = []struct {
	name, plot string
	n          int
}{
	{"01-entering", "enter", 0},
	{"02-entering-by-hand", "enter", 2},
	{"03-one-broker", "broker", 0},
	{"04-second-arc", "broker", 1},
	{"05-path", "path", 0},
	{"06-glare", "glare", 0},
	{"07-refusal", "refused", 0},
	{"08-unreachable", "unreachable", 0},
	{"09-lost-answer", "lost-answer", 0},
	{"10-revival", "revival", 0},
	{"11-crash-and-return", "crash", 0},
	{"12-stale-answer", "enter-stale", 0},
}

// TestTraces: the traces in spec/traces are those of the stories, and cores of today
// do the same. To renew them, and the page that shows them:
//
//	go test ./overlay/internal/core -run TestTraces -update && go generate ./fsm
func TestTraces(t *testing.T) {
	want := map[string]string{}
	for _, x := range exhibits {
		for _, p := range append(plots(), shown...) {
			if p.name == x.plot {
				want[x.name] = told(t, p, nil, nil).traces[x.n].String()
			}
		}
	}
	for i, text := range brokerDies(t) {
		want[fmt.Sprintf("13-broker-dies-%02d", i+1)] = text
	}
	dir := filepath.Join("..", "..", "..", "spec", "traces")
	files, err := filepath.Glob(filepath.Join(dir, "*.trace"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if name := strings.TrimSuffix(filepath.Base(path), ".trace"); want[name] == "" {
			if !*update {
				t.Errorf("%s is no story's (-update removes it)", path)
			} else if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range want {
		path := filepath.Join(dir, name+".trace")
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(have) != text {
			t.Errorf("%s differs (-update renews it):\n%s", path, text)
		}
		replay(t, path, string(have))
	}
}

// shown are stories that are told for the page only.
var shown = []plot{
	{"lost-answer", func(s *story) {
		s.begin("the answer is lost: the offer is sent again, and answered again", 3, line3...)
		call := s.Connect(a, c, b)
		s.lose("b>a answer")
		s.rests(call, nil, signal.RetryEvery)
	}},
	{"revival", func(s *story) {
		s.begin("a says bye, b agrees, and a wants an arc just then: it has the last word, and the session stays", 2, [2]int{a, b})
		s.Disconnect(a, b)
		s.Deliveries()
		s.Early(a)
		s.until("b>a agree")
		call := s.Connect(a, b)
		s.rests(call, nil, 0)
	}},
}

// brokerDies gives the traces in which a broker crashes, one for each thing that it
// can be in the midst of.
func brokerDies(t *testing.T) (traces []string) {
	var seen [][]byte
	for n := 0; ; n++ {
		s := &story{TB: t}
		s.begin(fmt.Sprintf("the broker crashes after %d deliveries", n), 3, line3...)
		call := s.Connect(a, c, b)
		more := s.step(n)
		s.Crash(b)
		s.settle()
		if _, ended := s.Result(call); !ended {
			t.Errorf("b crashes after %d deliveries: the call has not ended", n)
		}
		if !more {
			return traces
		}
		text := s.traces[0].String()
		trace := replay(t, fmt.Sprintf("b crashes after %d", n), text)
		var picture bytes.Buffer
		trace.Mermaid(&picture)
		if !slices.ContainsFunc(seen, func(p []byte) bool { return bytes.Equal(p, picture.Bytes()) }) {
			seen = append(seen, bytes.Clone(picture.Bytes()))
			traces = append(traces, text)
		}
	}
}
