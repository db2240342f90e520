package verify

import (
	"fmt"
	"strings"
	"time"
)

// model is a world that explore can search: states W, and steps S between them.
type model[W comparable, S any] interface {
	starts() []W
	// next visits every step from w. fault names the property that the step
	// breaks, or is "".
	next(w W, visit func(step S, to W, fault string))
	// judge gives the property that does not hold in w, or "". In a quiet state
	// no step changes anything.
	judge(w W, quiet bool) string
	text(w W, step S) string
	show(w W) string
}

// result is what a search found.
type result struct {
	States, Steps, Depth, Quiet int
	Fault                       string // the property that fails, or ""
	Trace                       []string
	Seconds                     float64
}

func (r result) String() string {
	return fmt.Sprintf("%d states, %d steps, depth %d, %d at rest, %.2f s, %.0f states/s", r.States, r.Steps, r.Depth, r.Quiet, r.Seconds, float64(r.States)/r.Seconds)
}

// maxStates bounds a search, and so its memory.
const maxStates = 30_000_000

// search is a breadth-first search: the first fault it finds has a shortest
// trace.
type search[W comparable, S any] struct {
	m    model[W, S]
	seen map[W]int32
	list []W
	from []int32 // the state before, -1 at a start
	succ []int32 // the states after, of each state in turn
	ends []int   // where those of each state end in succ
}

// explore searches all of m, or up to the first fault. each, if it is not nil,
// sees every state once.
func explore[W comparable, S any](m model[W, S], each func(W)) result {
	begun := time.Now()
	s := &search[W, S]{m: m, seen: map[W]int32{}}
	for _, w := range m.starts() {
		s.add(w, -1)
	}
	r := s.run(each)
	r.States, r.Steps = len(s.list), len(s.succ)
	if r.Fault == "" && s.cyclic() {
		r.Fault = "S4: a run can go on for ever"
	}
	r.Seconds = time.Since(begun).Seconds()
	return r
}

func (s *search[W, S]) run(each func(W)) (r result) {
	level := len(s.list) // the end of the states of this depth
	for i := 0; i < len(s.list); i++ {
		if i == level {
			r.Depth++
			level = len(s.list)
		}
		if len(s.list) > maxStates {
			r.Fault = fmt.Sprintf("more than %d states", maxStates)
			return r
		}
		w := s.list[i]
		if each != nil {
			each(w)
		}
		quiet := true
		s.m.next(w, func(step S, to W, fault string) {
			if fault != "" && r.Fault == "" {
				r.Fault = fault
				r.Trace = append(s.trace(int32(i)), s.m.text(w, step))
			}
			if to != w {
				quiet = false
				s.succ = append(s.succ, s.add(to, int32(i)))
			}
		})
		s.ends = append(s.ends, len(s.succ))
		if quiet {
			r.Quiet++
		}
		if fault := s.m.judge(w, quiet); fault != "" && r.Fault == "" {
			r.Fault = fault
			r.Trace = s.trace(int32(i))
		}
		if r.Fault != "" {
			return r
		}
	}
	return r
}

func (s *search[W, S]) add(w W, from int32) int32 {
	if i, ok := s.seen[w]; ok {
		return i
	}
	i := int32(len(s.list))
	s.seen[w] = i
	s.list = append(s.list, w)
	s.from = append(s.from, from)
	return i
}

// trace gives the way to a state: where it begins, the steps, and the state. The
// steps are not kept, they are found again.
func (s *search[W, S]) trace(i int32) []string {
	var way []int32
	for j := i; j >= 0; j = s.from[j] {
		way = append([]int32{j}, way...)
	}
	out := []string{"start: " + s.m.show(s.list[way[0]])}
	for k := range len(way) - 1 {
		w, to, line := s.list[way[k]], s.list[way[k+1]], ""
		s.m.next(w, func(step S, v W, _ string) {
			if v == to && line == "" {
				line = s.m.text(w, step)
			}
		})
		out = append(out, line)
	}
	return append(out, "then:  "+s.m.show(s.list[i]))
}

// cyclic reports whether some run comes back to a state that it has left: it
// takes away states to which no way leads, until none is left.
func (s *search[W, S]) cyclic() bool {
	ways := make([]int32, len(s.list))
	for _, to := range s.succ {
		ways[to]++
	}
	var queue []int32
	for i, n := range ways {
		if n == 0 {
			queue = append(queue, int32(i))
		}
	}
	gone := 0
	for ; len(queue) > 0; gone++ {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		begin := 0
		if i > 0 {
			begin = s.ends[i-1]
		}
		for _, to := range s.succ[begin:s.ends[i]] {
			if ways[to]--; ways[to] == 0 {
				queue = append(queue, to)
			}
		}
	}
	return gone < len(s.list)
}

// story is a fault with its trace, for people and for golden files.
func story(r result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.Fault)
	for _, line := range r.Trace {
		b.WriteString(line + "\n")
	}
	return b.String()
}
