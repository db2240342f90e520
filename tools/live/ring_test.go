package live

import (
	"slices"
	"testing"
)

func TestRing(t *testing.T) {
	r := newRing[int](4)
	if list, next, missed := r.from(0, 9); len(list) != 0 || next != 0 || missed != 0 {
		t.Errorf("empty: %v, %d, %d", list, next, missed)
	}
	for i := range 10 {
		r.add(i)
	}
	for _, x := range []struct {
		number, most int
		list         []int
		next, missed uint64
	}{
		{0, 9, []int{6, 7, 8, 9}, 10, 6},
		{5, 9, []int{6, 7, 8, 9}, 10, 1},
		{6, 2, []int{6, 7}, 8, 0},
		{8, 9, []int{8, 9}, 10, 0},
		{10, 9, nil, 10, 0},
	} {
		list, next, missed := r.from(uint64(x.number), x.most)
		if !slices.Equal(list, x.list) || next != x.next || missed != x.missed {
			t.Errorf("from %d, at most %d: %v, %d, %d; want %v, %d, %d", x.number, x.most, list, next, missed, x.list, x.next, x.missed)
		}
	}
}

// A peer's bytes cannot hide text or fill the page.
func TestClean(t *testing.T) {
	long := make([]byte, 4*maxText)
	for i := range long {
		long[i] = 'x'
	}
	for in, want := range map[string]string{
		"plain": "plain", "a\x00b\nc": "a\uFFFDb\uFFFDc", "\xff": "\uFFFD", string(long): string(long[:maxText]) + "…",
	} {
		if got := clean([]byte(in)); got != want {
			t.Errorf("%.20q: %.40q, want %.40q", in, got, want)
		}
	}
}

// The charts are those of the specs, and lead from state to state.
func TestCharts(t *testing.T) {
	list, err := charts()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]chart{}
	for _, c := range list {
		names[c.Name] = c
		states := map[string]bool{}
		for _, s := range c.States {
			states[s.Name] = true
		}
		for _, w := range c.Ways {
			if !states[w.From] || !states[w.To] || w.From == w.To || len(w.By) == 0 {
				t.Errorf("%s: way %+v", c.Name, w)
			}
		}
	}
	for _, name := range []string{"link", "session", "arc", "meeting", "broker"} {
		if len(names[name].States) == 0 {
			t.Errorf("no chart of %s", name)
		}
	}
	if n := len(names["link"].States); n != 5 {
		t.Errorf("link has %d states, want 5", n)
	}
}
