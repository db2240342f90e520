package main

import (
	"fmt"
	"io"
	"sync"
)

// eraseLine clears the terminal's line, prompt and all (ECMA-48: CR, EL).
const eraseLine = "\r\x1b[K"

// screen writes whole lines from many goroutines. On a terminal it keeps the
// prompt below them; what was typed so far is not drawn again, but not lost.
type screen struct {
	mu     sync.Mutex
	w      io.Writer
	prompt string // empty: none
}

func newScreen(w io.Writer, prompt bool) *screen {
	s := &screen{w: w}
	if prompt {
		s.prompt = "> "
	}
	return s
}

// say writes one line.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := fmt.Sprintf(format, args...) + "\n"
	if s.prompt != "" {
		line = eraseLine + line + s.prompt
	}
	io.WriteString(s.w, line) // an error shows in the exit code: see checked
}

// ask writes the prompt, if there is one.
func (s *screen) ask() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prompt != "" {
		io.WriteString(s.w, eraseLine+s.prompt)
	}
}
