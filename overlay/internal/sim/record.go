package sim

import (
	"fmt"
	"strings"

	"github.com/n2n-overlay/n2n/spec/chart"
)

// preface begins a trace: all that New was told.
func (w *World) preface(n int) {
	note := w.opts.Record
	if note == nil {
		return
	}
	note(chart.Magic)
	note(fmt.Sprintf("peers %d", n))
	note("protocols " + strings.Join(w.opts.Protocols, " "))
	if w.opts.Trickle {
		note("trickle")
	}
	if len(w.opts.Liars) > 0 {
		line := "liars"
		for _, i := range w.opts.Liars {
			line += " " + chart.Name(i)
		}
		note(line)
	}
	for i := range n {
		cfg := w.config(i)
		line := ""
		for _, s := range settings(&cfg) {
			if v := s.get(); v != s.usual {
				line += fmt.Sprintf(" %s=%s", s.name, v)
			}
		}
		if line != "" {
			note("config " + chart.Name(i) + line)
		}
	}
	if w.opts.About != "" {
		note("# " + w.opts.About)
	}
	note("")
}

// Begin says that what has happened so far only led up to the story.
func (w *World) Begin() {
	w.told()
	if w.opts.Record != nil {
		w.opts.Record(chart.Begin)
	}
}

// record adds the line that ends to the trace.
func (w *World) record() {
	s := &w.story
	if w.opts.Record == nil {
		return
	}
	if w.Now != s.noted {
		s.noted = w.Now
		w.opts.Record(chart.FormatTime(w.Now))
	}
	w.opts.Record(chart.Format(s.head, s.news))
}

// described is an item in a few words, which tell it from others that are pending.
type described struct {
	w  *World
	it *Item
}

func (d described) String() string {
	text, n := d.w.Describe(d.it), 1
	for _, it := range d.w.pending {
		if it == d.it {
			break
		}
		if d.w.Describe(it) == text {
			n++
		}
	}
	return text + nth(n)
}

// nth marks what is not the first of its name.
func nth(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" #%d", n)
}

// which tells a call from others of its name that have not ended, too.
func (w *World) which(c *Call) string {
	n := 1
	for _, d := range w.calls {
		if d.turn < c.turn && d.Text == c.Text && d.Ended == 0 && !d.Lost {
			n++
		}
	}
	return nth(n)
}
