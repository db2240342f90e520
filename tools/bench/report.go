package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
)

// Report is what a run has measured.
type Report struct {
	Machine string             `json:"machine"`
	Quick   bool               `json:"quick"`
	Seconds float64            `json:"seconds"`
	Figures []Figure           `json:"figures"`
	Ratios  map[string]float64 `json:"ratios"` // medians over rounds
	Spread  map[string]Spread  `json:"spread"` // of the ratios
	Bars    []Bar              `json:"bars"`
}

// Figure is one value, by one system.
type Figure struct {
	Name   string  `json:"name"`
	System string  `json:"system"`
	Unit   string  `json:"unit"`
	Median float64 `json:"median"`
	Spread
}

// Spread is the least and the greatest of the rounds, and how many they were.
type Spread struct {
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Rounds int     `json:"rounds"`
}

// Bar is a bound that a ratio is to keep.
type Bar struct {
	Ratio string  `json:"ratio"`
	Want  string  `json:"want"` // "≤ 1.25"
	Value float64 `json:"value"`
	Holds bool    `json:"holds"`
}

// bars are those of this project. A ratio that a run does not measure has none.
var bars = []struct {
	ratio string
	most  bool // bound is the most, else the least
	bound float64
}{
	{"open_broker_vs_best", true, 1.25},
	{"open_broker_vs_default", true, 0.65},
	{"open_direct_25ms_vs_default", true, 0.45},
	{"open_broker_25ms_vs_default", true, 0.45},
	{"open_cpu_vs_best", true, 1.2},
	{"opens_per_second_vs_best", false, 0.8},
	{"heap_vs_best", true, 1.15},
	{"goroutines_minus_best", true, 1},
	{"throughput_16k_vs_best", false, 0.95},
	{"throughput_16k_vs_default", false, 1.5},
	{"throughput_64k_vs_best", false, 0.95},
	{"throughput_64k_vs_default", false, 1.5},
	{"throughput_1m_vs_best", false, 0.95},
	{"throughput_1m_vs_default", false, 1.5},
	{"messages_64b_vs_best", false, 1.0},
	{"second_arc_25ms_round_trips", true, 1.2},
	{"machine_step_ns", true, 10},
	{"machine_step_allocs", true, 0},
}

// measure collects samples; one of each system in each round.
type measure struct {
	order   []key
	samples map[key][]float64
	ratios  map[string][]float64
}

type key struct{ name, system, unit string }

func newMeasure() *measure {
	return &measure{samples: map[key][]float64{}, ratios: map[string][]float64{}}
}

func (m *measure) add(name, system, unit string, v float64) {
	k := key{name, system, unit}
	if m.samples[k] == nil {
		m.order = append(m.order, k)
	}
	m.samples[k] = append(m.samples[k], v)
}

// ratio adds a ratio for each round in which both systems were measured.
func (m *measure) ratio(ratio, name, unit, system, base string) {
	a, b := m.samples[key{name, system, unit}], m.samples[key{name, base, unit}]
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			m.ratios[ratio] = append(m.ratios[ratio], a[i]/b[i])
		}
	}
}

// value adds a value that stands among the ratios.
func (m *measure) value(ratio string, v float64) { m.ratios[ratio] = append(m.ratios[ratio], v) }

func (m *measure) report() *Report {
	r := &Report{Machine: machineName(), Ratios: map[string]float64{}, Spread: map[string]Spread{}}
	for _, k := range m.grouped() {
		v := m.samples[k]
		r.Figures = append(r.Figures, Figure{k.name, k.system, k.unit, median(v), spread(v)})
	}
	for name, v := range m.ratios {
		r.Ratios[name], r.Spread[name] = median(v), spread(v)
	}
	for _, b := range bars {
		v, ok := r.Ratios[b.ratio]
		if !ok {
			continue
		}
		sign, holds := "≥", v >= b.bound
		if b.most {
			sign, holds = "≤", v <= b.bound
		}
		r.Bars = append(r.Bars, Bar{b.ratio, fmt.Sprintf("%s %g", sign, b.bound), v, holds})
	}
	return r
}

// grouped gives what was measured by name, and in the order in which it came.
func (m *measure) grouped() []key {
	first := map[key]int{}
	for i, k := range m.order {
		group := key{name: k.name, unit: k.unit}
		if _, ok := first[group]; !ok {
			first[group] = i
		}
	}
	return slices.SortedStableFunc(slices.Values(m.order), func(a, b key) int {
		return first[key{name: a.name, unit: a.unit}] - first[key{name: b.name, unit: b.unit}]
	})
}

func machineName() string {
	return fmt.Sprintf("%s/%s, %d processors, %s", runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), runtime.Version())
}

func median[T cmp.Ordered](v []T) T {
	if len(v) == 0 {
		var zero T
		return zero
	}
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

func spread(v []float64) Spread { return Spread{slices.Min(v), slices.Max(v), len(v)} }

// JSON writes the report as one line.
func (r *Report) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// Text writes the report as tables.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %.0f s\n", r.Machine, r.Seconds)
	last := ""
	for _, f := range r.Figures {
		head := f.Name
		if f.Unit != "" {
			head += ", " + f.Unit
		}
		if head != last {
			fmt.Fprintf(&b, "\n%s\n", head)
			last = head
		}
		fmt.Fprintf(&b, "  %-24s %10s  (%s to %s, %d rounds)\n", f.System, short(f.Median), short(f.Min), short(f.Max), f.Rounds)
	}
	fmt.Fprintf(&b, "\n%-34s %8s  %-18s %s\n", "ratio", "median", "spread", "bar")
	want := map[string]string{}
	for _, bar := range r.Bars {
		want[bar.Ratio] = bar.Want + ": " + map[bool]string{true: "holds", false: "FAILS"}[bar.Holds]
	}
	names := make([]string, 0, len(r.Ratios))
	for name := range r.Ratios {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s := r.Spread[name]
		fmt.Fprintf(&b, "%-34s %8s  %-18s %s\n", name, short(r.Ratios[name]), short(s.Min)+" to "+short(s.Max), want[name])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// short writes a number with about three digits.
func short(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
