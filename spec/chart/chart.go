// Package chart reads traces and draws them as sequence charts. A trace is what
// happened in a simulated world of peers, in readable lines, and complete: it can
// be played again. overlay/internal/sim writes and plays them; this package knows
// only how they are written:
//
//	n2n trace 1
//	peers 3
//	protocols p
//	# a connects to c, brokered by b
//
//	a joins b over a channel
//	…
//	===
//	a connects c via b              c Dialing; c Offering
//	a described a2
//	a>b offer a2 for c
//	lost: b>c offer a2
//	-- 600ms
//	a timer                         c Offering: again
//
// First come settings, a word and its values each, and what the trace is about.
// What stands before === happened before the story begins. Each line is one thing
// that happened and, after two spaces or more, what came of it at the peer that it
// happened to; a line with -- tells the time from there on. Peers are called by
// letters: > is a message on the session of two of them, ~ a signal over a channel
// of the applications.
package chart

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Magic is the first line of every trace.
const Magic = "n2n trace 1"

// MaxPeers bounds how many peers a trace may have: they are called by letters.
const MaxPeers = 26

// limits of what Read takes.
const (
	maxLine  = 64 << 10
	maxLines = 1 << 20
)

// ErrNoTrace says that a file is none.
var ErrNoTrace = errors.New("not a trace: the first line is not " + strconv.Quote(Magic))

// Trace is a trace.
type Trace struct {
	About    string    `json:"about"`
	Peers    int       `json:"peers"`
	Settings []Setting `json:"settings"`
	Before   []Line    `json:"before"` // what happened before the story begins
	Lines    []Line    `json:"lines"`
}

// Setting is one line of a trace's head.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Line is one thing that happened.
type Line struct {
	Number int           `json:"line"` // in the file, from 1
	At     time.Duration `json:"at_ns"`
	What   string        `json:"what"`
	Then   []string      `json:"then,omitempty"` // what came of it
}

// Format writes a line as Read reads it. Time is told by lines of their own.
func Format(what string, then []string) string {
	return strings.TrimRight(fmt.Sprintf("%-32s  %s", what, strings.Join(then, "; ")), " ")
}

// FormatTime writes the line that tells the time.
func FormatTime(at time.Duration) string { return "-- " + at.String() }

// Begin is the line before a story.
const Begin = "==="

// Read reads a trace of at most a million lines. An error names the line.
func Read(r io.Reader) (*Trace, error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	n := 0
	scan := func() bool { n++; return s.Scan() }
	if !scan() || s.Text() != Magic {
		if err := s.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
			return nil, err
		}
		return nil, ErrNoTrace
	}
	t := &Trace{Settings: []Setting{}, Before: []Line{}}
	for scan() && s.Text() != "" {
		if err := t.setting(s.Text()); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if t.Peers == 0 {
		return nil, fmt.Errorf("line %d: the head does not say how many peers there are", n)
	}
	var at time.Duration
	for scan() {
		switch {
		case n > maxLines:
			return nil, fmt.Errorf("more than %d lines", maxLines)
		case strings.ContainsFunc(s.Text(), unicode.IsControl): // it may reach a terminal
			return nil, fmt.Errorf("line %d: a control character", n)
		}
		switch text := s.Text(); {
		case text == Begin:
			t.Before, t.Lines = t.Lines, nil
		case strings.HasPrefix(text, "-- "):
			d, err := time.ParseDuration(text[3:])
			if err != nil || d < at {
				return nil, fmt.Errorf("line %d: %q is no later time", n, text)
			}
			at = d
		default:
			what, then, _ := strings.Cut(text, "  ")
			if what == "" {
				return nil, fmt.Errorf("line %d: nothing happens", n)
			}
			l := Line{Number: n, At: at, What: what}
			if then = strings.TrimLeft(then, " "); then != "" {
				l.Then = strings.Split(then, "; ")
			}
			t.Lines = append(t.Lines, l)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n, err)
	}
	return t, nil
}

func (t *Trace) setting(text string) error {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return errors.New("a control character")
	}
	name, value, _ := strings.Cut(text, " ")
	switch name {
	case "#":
		t.About = strings.TrimSpace(t.About + " " + value)
		return nil
	case "peers":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > MaxPeers {
			return fmt.Errorf("peers %q: want 1 to %d", value, MaxPeers)
		}
		t.Peers = n
	}
	t.Settings = append(t.Settings, Setting{name, value})
	return nil
}

// Arrow is what a line shows in a chart.
type Arrow struct {
	From, To int // of a message; equal: something that happens at one peer; -1: to none of them
	Dashed   bool
	Lost     bool
	Text     string
}

// Arrow gives what to draw.
func (l Line) Arrow() Arrow {
	what := l.What
	a := Arrow{}
	if how, rest, ok := strings.Cut(what, ": "); ok {
		switch how {
		case "lost", "held", "twice", "unnoticed":
			what, a.Lost = rest, how == "lost" || how == "held"
			if how != "lost" {
				a.Text = how + ": "
			}
		}
	}
	if len(what) > 4 && (what[1] == '>' || what[1] == '~') && what[3] == ' ' {
		a.From, a.To, a.Dashed = peer(what[0]), peer(what[2]), what[1] == '~'
		a.Text += what[4:]
		return a
	}
	a.From, a.To = -1, -1
	a.Text += what
	if len(what) > 1 && (what[1] == ' ' || what[1] == '\'') {
		a.From = peer(what[0])
		a.To = a.From
	}
	return a
}

func peer(letter byte) int { return int(letter) - 'a' }

// Name gives a peer's letter.
func Name(i int) string { return string(rune('a' + i)) }

// shown lists the lines that a chart has: a driver's word of which nothing came,
// and timers likewise, are left out.
func (t *Trace) shown() (list []Line) {
	for _, l := range t.Lines {
		a := l.Arrow()
		if max(a.From, a.To) >= t.Peers || a.From < -1 || a.To < -1 {
			a.From, a.To = -1, -1
		}
		if len(l.Then) > 0 || a.From != a.To || a.Lost || !minor(l.What) {
			list = append(list, l)
		}
	}
	return list
}

func minor(what string) bool {
	if strings.HasPrefix(what, "unnoticed") {
		return false
	}
	for _, word := range []string{" described ", " gathered ", " up ", " down ", " timer", " closes its channel "} {
		if strings.Contains(what, word) {
			return true
		}
	}
	return false
}
