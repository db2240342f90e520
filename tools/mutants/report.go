package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// report is what was found.
type report struct {
	Mutants    int            `json:"mutants"` // all that were made
	Judged     int            `json:"judged"`
	Killed     int            `json:"killed"`
	Equivalent int            `json:"equivalent"` // survived, and named
	Survived   int            `json:"survived"`   // and not named
	Score      float64        `json:"score"`      // killed / (judged - equivalent)
	Tested     score          `json:"tested"`     // without what the checker killed
	Sample     int            `json:"sample,omitempty"`
	Seed       uint64         `json:"seed,omitempty"`
	Seconds    float64        `json:"seconds"`
	Killers    map[string]int `json:"killers"`
	Misnamed   []string       `json:"misnamed,omitempty"` // named as equivalent, but killed
	Results    []result       `json:"results"`

	start time.Time
	named equivalents
}

// score counts the mutants that the tests had to judge.
type score struct {
	Judged int     `json:"judged"`
	Killed int     `json:"killed"`
	Score  float64 `json:"score"`
}

func newReport(mutants int, named equivalents) *report {
	return &report{Mutants: mutants, Killers: map[string]int{}, start: time.Now(), named: named}
}

func (r *report) age() time.Duration { return time.Since(r.start) }

func (r *report) add(res result) {
	r.Results = append(r.Results, res)
	r.Judged++
	checked := res.Killer == "checker"
	if !checked {
		r.Tested.Judged++
	}
	_, named := r.named[res.Name]
	switch {
	case res.Killed:
		r.Killed++
		top, _, _ := strings.Cut(res.Killer, "/")
		r.Killers[top]++
		if !checked {
			r.Tested.Killed++
		}
		if named {
			r.Misnamed = append(r.Misnamed, res.Name)
		}
	case named:
		r.Equivalent++
	default:
		r.Survived++
	}
	r.Score = share(r.Killed, r.Judged-r.Equivalent)
	r.Tested.Score = share(r.Tested.Killed, r.Tested.Judged-r.Equivalent)
	r.Seconds = r.age().Seconds()
}

func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

func (r *report) verdict(res result) string {
	_, named := r.named[res.Name]
	switch {
	case res.Killed && named:
		return "MISNAMED"
	case res.Killed:
		return "killed"
	case named:
		return "equivalent"
	}
	return "SURVIVED"
}

func (r *report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		text, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		return write(w, string(text)+"\n")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nkilled by\n")
	killers := slices.SortedFunc(maps.Keys(r.Killers), func(x, y string) int {
		return cmp.Or(cmp.Compare(r.Killers[y], r.Killers[x]), cmp.Compare(x, y))
	})
	for _, k := range killers {
		fmt.Fprintf(&b, "  %6d  %s\n", r.Killers[k], k)
	}
	r.lists(&b)
	fmt.Fprintf(&b, "\n%d mutants, %d judged, %d killed, %d equivalent, %d survived, in %v\n",
		r.Mutants, r.Judged, r.Killed, r.Equivalent, r.Survived, r.age().Round(time.Second))
	fmt.Fprintf(&b, "score %.1f %%; of the %d that the tests had to judge %.1f %%", 100*r.Score, r.Tested.Judged, 100*r.Tested.Score)
	if r.Sample > 0 {
		fmt.Fprintf(&b, " (a sample, --seed %d)", r.Seed)
	}
	b.WriteByte('\n')
	return write(w, b.String())
}

// lists names the mutants that somebody has to think about.
func (r *report) lists(b *strings.Builder) {
	if r.Survived > 0 {
		fmt.Fprintf(b, "\nsurvived\n")
		for _, res := range r.Results {
			if r.verdict(res) == "SURVIVED" {
				fmt.Fprintf(b, "  %s\n", res.Name)
			}
		}
	}
	if len(r.Misnamed) > 0 {
		fmt.Fprintf(b, "\nnamed as equivalent, but killed\n  %s\n", strings.Join(r.Misnamed, "\n  "))
	}
}

func write(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
