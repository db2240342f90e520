package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
)

// output remembers the first error of a writer, so that a program whose output
// is lost says so in its exit code, wherever it wrote.
type output struct {
	io.Writer
	mu  sync.Mutex
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.err == nil {
			o.err = err
		}
	}
	return n, err
}

// checked runs f with stdout, and turns output that was lost into a fault.
func checked(stdout, stderr io.Writer, f func(io.Writer) int) int {
	o := &output{Writer: stdout}
	code := f(o)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil && code == exitOK {
		fmt.Fprintf(stderr, "n2n: output is lost: %v\n", o.err)
		return exitFault
	}
	return code
}

// isTerminal reports whether a person watches or types at v.
func isTerminal(v any) bool {
	if o, ok := v.(*output); ok {
		v = o.Writer
	}
	f, ok := v.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// logger gives what --verbose wants: everything, or only what is broken.
func logger(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelError
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// clean makes text from a peer harmless for a terminal, and bounds it: a control
// character could move the cursor, or worse.
func clean(s string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > most {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
	}
	return b.String()
}

// millis gives a duration as milliseconds for people.
func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}
