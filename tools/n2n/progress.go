package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress tells how far a program is, phase by phase: on a terminal in a line
// that is written again and again, else in one line when a phase is over.
type progress struct {
	w    io.Writer
	live bool

	mu          sync.Mutex
	name        string
	done, total int
	begun       time.Time
}

func newProgress(w io.Writer) *progress { return &progress{w: w, live: isTerminal(w)} }

// begin opens a phase of so many steps.
func (p *progress) begin(name string, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.name, p.done, p.total, p.begun = name, 0, total, time.Now()
	p.draw()
}

// step counts one step.
func (p *progress) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.draw()
}

// end closes the phase; what it says of it may be empty.
func (p *progress) end(said string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if said != "" {
		said = ": " + said
	}
	if p.live {
		fmt.Fprint(p.w, eraseLine)
	}
	fmt.Fprintf(p.w, "%s%s (%s)\n", p.count(), said, millis(time.Since(p.begun)))
}

// note tells something beside the phases.
func (p *progress) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live {
		fmt.Fprint(p.w, eraseLine)
	}
	fmt.Fprintf(p.w, format+"\n", args...)
}

func (p *progress) draw() {
	if p.live {
		fmt.Fprintf(p.w, "%s%s …", eraseLine, p.count())
	}
}

func (p *progress) count() string {
	if p.total == 0 {
		return p.name
	}
	return fmt.Sprintf("%s %d of %d", p.name, p.done, p.total)
}
