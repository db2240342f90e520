package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
)

// way is how an arc came to be.
type way int

const (
	throughEntrance way = iota
	byOneBroker
	bySeveral
	onSession // that there was already
	ways
)

func (w way) String() string {
	return [...]string{"through the entrance", "by one broker", "by several brokers", "on a session there was"}[w]
}

func wayOf(o overlay.ArcOpened) way {
	switch {
	case !o.NewSession:
		return onSession
	case len(o.Via) == 0:
		return throughEntrance
	case len(o.Via) == 1:
		return byOneBroker
	}
	return bySeveral
}

// maxFailures is how many failures are told; the rest are counted.
const maxFailures = 20

// report is what the demo found. Its exported fields are its JSON.
type report struct {
	Peers         int      `json:"peers"`
	Sessions      int      `json:"sessions"`
	Arcs          int      `json:"arcs"`     // that opened
	Entrance      int      `json:"entrance"` // of the arcs
	Brokered      int      `json:"brokered"` // by one broker or several
	Multihop      int      `json:"multihop"` // by several
	Existing      int      `json:"existing"` // on a session that there was
	Failed        int      `json:"failed"`   // arcs that did not open
	Disagreements int      `json:"disagreements"`
	Sent          int      `json:"sent"`
	Received      int      `json:"received"`
	OpenP50       float64  `json:"open_ms_p50"`
	OpenP95       float64  `json:"open_ms_p95"`
	Edges         uint64   `json:"edges"` // that the referee replayed
	Divergences   uint64   `json:"divergences"`
	Bugs          uint64   `json:"bugs"` // events that the machines rule out
	Seed          uint64   `json:"seed"`
	Seconds       float64  `json:"seconds"`
	Failures      []string `json:"failures"` // the first ones

	wanted   int // arcs
	failures int
	told     bool // the report was written
	took     [ways][]time.Duration
}

func newReport(cfg demoConfig) *report {
	return &report{Peers: cfg.peers, Seed: cfg.seed, Failures: []string{}, wanted: cfg.peers * cfg.arcs}
}

func (r *report) fail(what string) {
	r.failures++
	if len(r.Failures) < maxFailures {
		r.Failures = append(r.Failures, what)
	}
}

// sum fills in what follows from the arcs.
func (r *report) sum() {
	r.Entrance, r.Existing, r.Multihop = len(r.took[throughEntrance]), len(r.took[onSession]), len(r.took[bySeveral])
	r.Brokered = len(r.took[byOneBroker]) + r.Multihop
	r.Arcs = r.Entrance + r.Brokered + r.Existing
	r.Failed = r.wanted - r.Arcs
	all := r.all()
	r.OpenP50, r.OpenP95 = inMillis(quantile(all, 0.5)), inMillis(quantile(all, 0.95))
}

func (r *report) all() []time.Duration { return slices.Concat(r.took[:]...) }

// quantile gives the smallest duration that is not below a share of all; zero
// when there are none.
func quantile(list []time.Duration, share float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]
}

// inMillis rounds to hundredths: more would be noise.
func inMillis(d time.Duration) float64 { return math.Round(d.Seconds()*1e5) / 100 }

// ok reports whether everything went as it should.
func (r *report) ok() bool { return r.verdict() == "" }

// verdict names what went wrong; empty: nothing.
func (r *report) verdict() string {
	var list []string
	add := func(bad bool, format string, args ...any) {
		if bad {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	add(r.Failed != 0, "%d arcs did not open", r.Failed)
	add(r.Disagreements != 0, "%d views disagree", r.Disagreements)
	add(r.Sent != r.Arcs || r.Received != r.Sent, "%d messages arrived of %d, over %d arcs", r.Received, r.Sent, r.Arcs)
	add(r.Divergences != 0, "%d divergences from the spec", r.Divergences)
	add(r.Bugs != 0, "%d events that the spec rules out", r.Bugs)
	add(len(list) == 0 && r.failures > 0, "%d failures", r.failures)
	return strings.Join(list, ", ")
}

// write writes the report, for machines or for people. What is lost shows in
// stdout's errors.
func (r *report) write(w io.Writer, asJSON bool) error {
	if !asJSON {
		r.print(w)
		return nil
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s\n", b)
	return nil
}

// print writes the report for people.
func (r *report) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	agree := "both ends of each agree"
	if r.Disagreements > 0 {
		agree = fmt.Sprintf("%d views disagree", r.Disagreements)
	}
	fmt.Fprintf(t, "\npeers\t%d\n", r.Peers)
	fmt.Fprintf(t, "sessions\t%d\n", r.Sessions)
	fmt.Fprintf(t, "arcs\t%d of %d open, %s\n", r.Arcs, r.wanted, agree)
	fmt.Fprintf(t, "messages\t%d sent, %d received\n", r.Sent, r.Received)
	fmt.Fprintf(t, "referee\t%d edges replayed, %d divergences\n", r.Edges, r.Divergences)
	fmt.Fprintf(t, "time\t%.2f s, seed %d\n", r.Seconds, r.Seed)
	t.Flush()

	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\narcs came to be\tarcs\tmedian\tp95\t\n")
	row := func(name string, took []time.Duration) {
		median, p95 := "-", "-"
		if len(took) > 0 {
			median, p95 = millis(quantile(took, 0.5)), millis(quantile(took, 0.95))
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t\n", name, len(took), median, p95)
	}
	for i := range ways {
		row(i.String(), r.took[i])
	}
	row("all", r.all())
	t.Flush()

	for i, f := range r.Failures {
		if i == 0 {
			fmt.Fprint(w, "\nfailed:\n")
		}
		fmt.Fprintf(w, "  %s\n", f)
	}
	if more := r.failures - len(r.Failures); more > 0 {
		fmt.Fprintf(w, "  … and %d more\n", more)
	}
}
