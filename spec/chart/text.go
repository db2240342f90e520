package chart

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// left is the room for the time, before the first peer's line.
const left = 10

// Text draws a trace's story for a terminal: a column for each peer, an arrow for
// each message, and to the right what came of it.
//
//	          a                  b                  c
//	          │                  │                  │
//	          ● connects c via b │                  │   c Dialing, c Offering
//	          │─offer a2 for c──>│                  │
//	          │                  │──offer a2──x     │
//	600ms     ● timer            │                  │   c Offering: again
func (t *Trace) Text(w io.Writer) error {
	d := drawing{t: t, room: t.room()}
	lines := t.shown()
	d.names()
	var at time.Duration
	for i, l := range lines {
		mark := ""
		if l.At != at || i == 0 && at != 0 {
			at, mark = l.At, l.At.String()
		}
		d.line(mark, t.clip(l.Arrow()), l.Then)
	}
	d.names()
	if t.About != "" {
		if _, err := fmt.Fprintf(w, "%s\n\n", t.About); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, d.b.String())
	return err
}

// room gives how far peers' lines are apart: as far as the longest text of a
// message between neighbors in the picture needs, within reason.
func (t *Trace) room() int {
	room := 18
	for _, l := range t.shown() {
		if a := t.clip(l.Arrow()); a.From != a.To {
			hops := max(a.From-a.To, a.To-a.From)
			room = max(room, (utf8.RuneCountInString(a.Text)+5)/hops)
		}
	}
	return min(room, 34)
}

type drawing struct {
	t    *Trace
	room int
	b    strings.Builder
}

func (d *drawing) names() {
	row := strings.Repeat(" ", left)
	for i := range d.t.Peers {
		row += fmt.Sprintf("%-*s", d.room+1, Name(i))
	}
	d.put(row)
}

func (d *drawing) put(row string) { d.b.WriteString(strings.TrimRight(row, " ") + "\n") }

// column gives where a peer's line is.
func (d *drawing) column(i int) int { return i * (d.room + 1) }

func (d *drawing) line(mark string, a Arrow, then []string) {
	row := []rune(strings.Repeat(" ", d.column(d.t.Peers-1)+1))
	for i := range d.t.Peers {
		row[d.column(i)] = '│'
	}
	put := func(at int, text string) {
		for i, r := range []rune(text) {
			if at+i >= len(row) {
				row = append(row, r)
				continue
			}
			row[at+i] = r
		}
	}
	switch {
	case a.From != a.To:
		d.arrow(row, put, a)
	case a.From >= 0:
		put(d.column(a.From), "● "+strings.TrimPrefix(a.Text, Name(a.From)+" ")+" ")
	default:
		put(0, "● "+a.Text+" ")
	}
	text := fmt.Sprintf("%-*s%s", left, mark, string(row))
	if len(then) > 0 {
		pad := d.column(d.t.Peers-1) + 3 - len(row)
		text += strings.Repeat(" ", max(pad, 1)) + strings.Join(then, ", ")
	}
	d.put(text)
}

// arrow draws a message: its text stands in the middle of its shaft.
func (d *drawing) arrow(row []rune, put func(int, string), a Arrow) {
	from, to := d.column(a.From), d.column(a.To)
	lo, hi := min(from, to)+1, max(from, to)-1
	shaft := '─'
	if a.Dashed {
		shaft = '╌'
	}
	for i := lo; i <= hi; i++ {
		row[i] = shaft
	}
	text := []rune(a.Text)
	if room := hi - lo - 2; len(text) > room {
		text = append(text[:max(room-1, 0)], '…')
	}
	put(lo+(hi-lo+1-len(text))/2, string(text))
	head, at := ">", hi
	if to < from {
		head, at = "<", lo
	}
	if a.Lost {
		head = "x"
	}
	put(at, head)
}
