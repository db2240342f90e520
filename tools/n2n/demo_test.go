package main

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var seedFlag = flag.Uint64("seed", 0, "seed of random tests; 0: one by chance")

// seed gives the test's seed, and prints it should the test fail.
func seed(t *testing.T) uint64 {
	s := *seedFlag
	if s == 0 {
		s = 1 + rand.Uint64N(1_000_000)
	}
	t.Logf("go test -run '%s' ./tools/n2n -seed %d", t.Name(), s)
	return s
}

// The real thing: WebRTC on loopback.
func TestDemoJSON(t *testing.T) {
	code, stdout, stderr := try(t, "demo", "--peers", "8", "--arcs", "3", "--json")
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v:\n%s", err, stdout)
	}
	number := func(name string) float64 {
		n, ok := got[name].(float64)
		if !ok {
			t.Errorf("%s is %v, want a number", name, got[name])
		}
		return n
	}
	for name, want := range map[string]float64{
		"peers": 8, "arcs": 24, "sent": 24, "received": 24, "entrance": 8, "failed": 0, "disagreements": 0, "divergences": 0, "bugs": 0,
	} {
		if n := number(name); n != want {
			t.Errorf("%s is %v, want %v", name, n, want)
		}
	}
	if brokered, existing := number("brokered"), number("existing"); brokered+existing != 16 {
		t.Errorf("%v brokered and %v existing, want 16 together", brokered, existing)
	}
	if multi := number("multihop"); multi < 24/5 || multi > number("brokered") {
		t.Errorf("%v of 24 arcs over several brokers, want a fifth at least", multi)
	}
	// Each session began with one arc; one arc of the entrance's uses another's.
	if sessions := number("sessions"); sessions < 7 || sessions > 23 {
		t.Errorf("%v sessions, want 7 to 23", sessions)
	}
	if p50, p95 := number("open_ms_p50"), number("open_ms_p95"); p50 <= 0 || p95 < p50 {
		t.Errorf("open_ms: p50 %v, p95 %v", p50, p95)
	}
	if number("edges") <= 0 || number("seconds") <= 0 || number("seed") <= 0 {
		t.Errorf("no edges, seconds or seed: %s", stdout)
	}
	if failures, ok := got["failures"].([]any); !ok || len(failures) > 0 {
		t.Errorf("failures: %v, want an empty list", got["failures"])
	}
}

// A network that is too small for brokers uses the sessions there are.
func TestDemoTable(t *testing.T) {
	code, stdout, stderr := try(t, "demo", "--peers", "2", "--arcs", "5", "--seed", "7")
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	for _, want := range []string{
		"10 of 10 open, both ends of each agree", "10 sent, 10 received", "0 divergences", "seed 7",
		"through the entrance     2", "by one broker     0", "on a session there was     8",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in the table:\n%s", want, stdout)
		}
	}
	for _, want := range []string{"entering 2 of 2: ", "the entrance: is stopped", "brokering 8 of 8: ", "messages 10 of 10: ", "leaving 2 of 2 "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in the progress:\n%s", want, stderr)
		}
	}
	if strings.Contains(stderr, "\x1b") {
		t.Errorf("progress moves the cursor, but nobody watches: %q", stderr)
	}
}

// members makes the sessions of a network that has grown in waves, as the demo's.
func members(rng *rand.Rand, n int) [][]bool {
	near := matrix[bool](n)
	last := []int{0}
	for next, size := 1, 2; next < n; size *= 2 {
		var wave []int
		for range min(size, n-next) {
			door := last[rng.IntN(len(last))]
			near[next][door], near[door][next] = true, true
			wave = append(wave, next)
			next++
		}
		last = wave
	}
	return near
}

// Plans are possible, lead to strangers while there are any, and a fifth of the
// arcs goes over several brokers in every network with room for that.
func TestPlans(t *testing.T) {
	rng := rand.New(rand.NewPCG(seed(t), 0))
	for range 300 {
		n, arcs := 2+rng.IntN(24), 2+rng.IntN(4)
		near, out := members(rng, n), matrix[int](n)
		p := newPlanner(rng, n, n*arcs)
		multi := 0
		for range arcs - 1 {
			p.round(near, out)
			soon := matrix[bool](n)
			var plans []plan
			for _, from := range rng.Perm(n) {
				pl, ok := p.next(from)
				if !ok || pl.from != from {
					t.Fatalf("%d nodes: no plan for %d", n, from)
				}
				checkPlan(t, pl, near, soon)
				soon[pl.from][pl.to], soon[pl.to][pl.from] = true, true
				plans = append(plans, pl)
			}
			next := matrix[bool](n)
			for i := range near {
				copy(next[i], near[i])
			}
			for _, pl := range plans {
				next[pl.from][pl.to], next[pl.to][pl.from] = true, true
				if len(pl.via) > 1 {
					multi++
				}
			}
			near = next
		}
		if n >= 2*arcs && n >= 8 && multi*5 < n*arcs {
			t.Errorf("%d nodes, %d arcs: %d over several brokers, want a fifth", n, n*arcs, multi)
		}
	}
}

func checkPlan(t *testing.T, pl plan, near, soon [][]bool) {
	t.Helper()
	n := len(near)
	if pl.to == pl.from || pl.to < 0 || pl.to >= n {
		t.Fatalf("plan %+v leads nowhere", pl)
	}
	if pl.via == nil {
		if !near[pl.from][pl.to] {
			t.Errorf("plan %+v has neither session nor broker", pl)
		}
		for to := range n {
			if to != pl.from && !near[pl.from][to] && !soon[pl.from][to] && reachable(near, pl.from, to) {
				t.Errorf("plan %+v uses a session, but %d is a stranger", pl, to)
			}
		}
		return
	}
	if near[pl.from][pl.to] || soon[pl.from][pl.to] {
		t.Errorf("plan %+v leads to somebody who is or will be a neighbor", pl)
	}
	path := append(append([]int{pl.from}, pl.via...), pl.to)
	for i := range path[1:] {
		if !near[path[i]][path[i+1]] {
			t.Errorf("plan %+v: %d and %d have no session", pl, path[i], path[i+1])
		}
	}
	if sorted := slices.Sorted(slices.Values(path)); len(slices.Compact(sorted)) != len(path) || len(pl.via) > maxBrokers {
		t.Errorf("plan %+v: somebody twice, or more than %d brokers", pl, maxBrokers)
	}
}

// reachable reports whether few enough brokers are between two nodes.
func reachable(near [][]bool, from, to int) bool {
	at := map[int]bool{from: true}
	for range maxBrokers + 1 {
		next := map[int]bool{}
		for i := range at {
			for j, ok := range near[i] {
				if ok {
					next[j] = true
				}
			}
		}
		at = next
		if at[to] {
			return true
		}
	}
	return false
}

// A node that nobody knows gets no plan, and disturbs nobody.
func TestPlanAlone(t *testing.T) {
	near := matrix[bool](3)
	near[0][1], near[1][0] = true, true
	p := newPlanner(rand.New(rand.NewPCG(1, 0)), 3, 6)
	p.round(near, matrix[int](3))
	if pl, ok := p.next(2); ok {
		t.Errorf("got %+v", pl)
	}
	if pl, ok := p.next(0); !ok || pl.to != 1 || pl.via != nil {
		t.Errorf("got %+v, %v; want the neighbor", pl, ok)
	}
}

func TestQuantile(t *testing.T) {
	list := []time.Duration{5, 1, 4, 2, 3}
	for share, want := range map[float64]time.Duration{0: 1, 0.2: 1, 0.5: 3, 0.95: 5, 1: 5} {
		if got := quantile(list, share); got != want {
			t.Errorf("quantile %v is %d, want %d", share, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// Every fault must show in the verdict, on which the exit code depends.
func TestVerdict(t *testing.T) {
	good := func() *report {
		r := newReport(demoConfig{peers: 2, arcs: 1})
		r.took[throughEntrance] = []time.Duration{1, 2}
		r.Sent, r.Received = 2, 2
		r.sum()
		return r
	}
	if r := good(); !r.ok() {
		t.Fatalf("without a fault: %s", r.verdict())
	}
	for want, spoil := range map[string]func(*report){
		"1 arcs did not open":                  func(r *report) { r.took[throughEntrance] = r.took[throughEntrance][1:]; r.sum() },
		"3 views disagree":                     func(r *report) { r.Disagreements = 3 },
		"1 messages arrived of 2, over 2 arcs": func(r *report) { r.Received = 1 },
		"1 messages arrived of 1, over 2 arcs": func(r *report) { r.Sent, r.Received = 1, 1 },
		"4 divergences from the spec":          func(r *report) { r.Divergences = 4 },
		"5 events that the spec rules out":     func(r *report) { r.Bugs = 5 },
		"1 failures":                           func(r *report) { r.fail("something") },
	} {
		r := good()
		spoil(r)
		if got := r.verdict(); !strings.Contains(got, want) {
			t.Errorf("verdict %q, want %q", got, want)
		}
	}
}

func TestManyFailures(t *testing.T) {
	r := newReport(demoConfig{peers: 2, arcs: 1})
	for range maxFailures + 5 {
		r.fail("over and over")
	}
	var b strings.Builder
	r.print(&b)
	if n := strings.Count(b.String(), "over and over"); n != maxFailures || !strings.Contains(b.String(), "… and 5 more") {
		t.Errorf("%d failures told:\n%s", n, b.String())
	}
}
