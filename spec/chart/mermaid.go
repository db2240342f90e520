package chart

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Mermaid draws a trace's story as a sequence diagram, without a fence. What came
// of a message is noted over who got it.
func (t *Trace) Mermaid(w io.Writer) error {
	var b strings.Builder
	b.WriteString("sequenceDiagram\n")
	for i := range t.Peers {
		fmt.Fprintf(&b, "    participant %s\n", Name(i))
	}
	var at time.Duration
	for _, l := range t.shown() {
		if l.At != at {
			at = l.At
			fmt.Fprintf(&b, "    Note over %s: at %v\n", t.everybody(), at)
		}
		a := t.clip(l.Arrow())
		over := t.everybody()
		switch {
		case a.From != a.To:
			fmt.Fprintf(&b, "    %s%s%s: %s\n", Name(a.From), shaft(a), Name(a.To), plain(a.Text))
			over = Name(a.To)
		case a.From >= 0:
			over = Name(a.From)
			fmt.Fprintf(&b, "    Note over %s: %s\n", over, plain(a.Text))
		default:
			fmt.Fprintf(&b, "    Note over %s: %s\n", over, plain(a.Text))
		}
		if len(l.Then) > 0 {
			fmt.Fprintf(&b, "    Note over %s: %s\n", over, plain(strings.Join(l.Then, ", ")))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Trace) everybody() string {
	if t.Peers == 1 {
		return Name(0)
	}
	return Name(0) + "," + Name(t.Peers-1)
}

// clip takes an arrow that leaves the chart for something that happens anywhere.
func (t *Trace) clip(a Arrow) Arrow {
	if max(a.From, a.To) >= t.Peers || min(a.From, a.To) < 0 {
		a.From, a.To = -1, -1
	}
	return a
}

func shaft(a Arrow) string {
	switch {
	case a.Lost && a.Dashed:
		return "--x"
	case a.Lost:
		return "-x"
	case a.Dashed:
		return "-->>"
	}
	return "->>"
}

// plain takes out what means something to Mermaid.
var plain = strings.NewReplacer(";", ",", "#", "no. ", "\n", " ").Replace
