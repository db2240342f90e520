package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestBench runs one short phase and reads the line for machines.
func TestBench(t *testing.T) {
	var out, errs strings.Builder
	code := run(t.Context(), []string{"bench", "--quick", "--json", "--only", "operations,second arc"}, nil, &out, &errs)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var r struct {
		Ratios map[string]float64
		Bars   []struct{ Ratio, Want string }
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Ratios["second_arc_25ms_round_trips"]; !ok || len(r.Bars) < 3 {
		t.Errorf("ratios %v, bars %v", r.Ratios, r.Bars)
	}
	if !strings.Contains(errs.String(), "operations") {
		t.Errorf("no progress: %q", errs.String())
	}
}

func TestBenchUsage(t *testing.T) {
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"bench", "-h"}, nil, &out, &errs); code != exitOK || !strings.Contains(out.String(), "--quick") {
		t.Errorf("-h: exit code %d: %s", code, out.String())
	}
	for _, args := range [][]string{{"--only", "nothing"}, {"--fast"}, {"more"}} {
		errs.Reset()
		code := run(t.Context(), append([]string{"bench"}, args...), nil, &out, &errs)
		if code != exitUsage || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("%v: exit code %d: %q", args, code, errs.String())
		}
	}
}
