package spec

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// maxFaults bounds what one run reports; a file with more is not a spec.
const maxFaults = 200

// Fault is one thing wrong with a spec.
type Fault struct {
	Pos  token.Position
	Msg  string
	Line string // of the source
}

// Error gives "file:line:col: message".
func (f Fault) Error() string { return f.Pos.String() + ": " + f.Msg }

// Faults are all faults found in one run, in the order of the file.
type Faults []Fault

// Error gives every fault, each followed by its line and a caret below the
// column.
func (fs Faults) Error() string {
	var b strings.Builder
	for i, f := range fs {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(f.Error())
		if strings.TrimSpace(f.Line) != "" {
			fmt.Fprintf(&b, "\n%s\n%s^", f.Line, indent(f.Line, f.Pos.Column-1))
		}
	}
	return b.String()
}

// indent is as wide as the first n bytes of line: tabs stay tabs.
func indent(line string, n int) string {
	var b strings.Builder
	for i, r := range line {
		if i >= n {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// list collects faults; it keeps the first of those at one place that say the
// same.
type list struct {
	lines  []string
	faults Faults
	seen   map[Fault]bool
}

func (l *list) add(pos token.Position, format string, args ...any) {
	f := Fault{Pos: pos, Msg: fmt.Sprintf(format, args...)}
	if n := pos.Line; n >= 1 && n <= len(l.lines) {
		f.Line = l.lines[n-1]
	}
	if l.seen[f] || len(l.faults) >= maxFaults {
		return
	}
	if l.seen == nil {
		l.seen = map[Fault]bool{}
	}
	l.seen[f] = true
	l.faults = append(l.faults, f)
}

// idle is add for what is declared and not used: that follows from any other
// fault of its declaration, and then is not told.
func (l *list) idle(pos token.Position, format string, args ...any) {
	for _, f := range l.faults {
		if f.Pos.Line == pos.Line {
			return
		}
	}
	l.add(pos, format, args...)
}

// err gives the faults in the order of the file, or nil.
func (l *list) err() error {
	if len(l.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(l.faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return l.faults
}

// Fault makes a fault of s, for a backend that cannot express what stands at
// pos.
func (s *Spec) Fault(pos token.Position, format string, args ...any) Fault {
	l := list{lines: s.lines}
	l.add(pos, format, args...)
	return l.faults[0]
}
