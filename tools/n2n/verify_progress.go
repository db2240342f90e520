package main

import (
	"fmt"
	"io"
	"time"

	"github.com/n2n-overlay/n2n/overlay/verify"
)

// teller tells how far a search is: on a terminal several times a second, else
// every ten seconds.
type teller struct {
	w     io.Writer
	live  bool
	phase string
	begun time.Time
	last  time.Time
}

func (t *teller) begin(phase string) {
	t.phase, t.begun = phase, time.Now()
	t.last = t.begun
}

// end erases the line of a world that is done.
func (t *teller) end() {
	if t.live {
		fmt.Fprint(t.w, eraseLine)
	}
}

func (t *teller) progress(p verify.Progress) {
	every := 10 * time.Second
	if t.live {
		every = 200 * time.Millisecond
	}
	now := time.Now()
	if now.Sub(t.last) < every {
		return
	}
	t.last = now
	line := fmt.Sprintf("%s %s: %d states, depth %d, %d to look at, %.0f s",
		t.phase, p.World, p.States, p.Depth, p.Next, now.Sub(t.begun).Seconds())
	if t.live {
		fmt.Fprint(t.w, eraseLine+line+" …")
		return
	}
	fmt.Fprintln(t.w, line)
}
