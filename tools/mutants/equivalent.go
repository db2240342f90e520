package main

import (
	_ "embed" // for equivalent.txt
	"fmt"
	"strings"
)

//go:embed equivalent.txt
var equivalentText string

// equivalents gives the reason for each mutant that is named as equivalent.
type equivalents map[string]string

// readEquivalent reads a list: names of mutants, a line each, and below them,
// indented, why nobody can tell them from the original. A line that begins with
// // is a comment.
func readEquivalent(text string) (equivalents, error) {
	out := equivalents{}
	var names []string
	open := false // names wait for their reason
	for i, line := range strings.Split(text, "\n") {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "" || strings.HasPrefix(line, "//"):
		case line[0] != '\t' && line[0] != ' ':
			if !open {
				names = nil
			}
			open = true
			if _, ok := out[line]; ok {
				return nil, fmt.Errorf("equivalent.txt:%d: %q is named twice", i+1, line)
			}
			names = append(names, line)
			out[line] = ""
		case len(names) == 0:
			return nil, fmt.Errorf("equivalent.txt:%d: a reason for nothing", i+1)
		default:
			open = false
			for _, n := range names {
				out[n] = strings.TrimSpace(out[n] + " " + trimmed)
			}
		}
	}
	for n, why := range out {
		if why == "" {
			return nil, fmt.Errorf("equivalent.txt: %q has no reason", n)
		}
	}
	return out, nil
}

// known reports names that no mutant has: they would excuse nothing.
func (e equivalents) known(all []*mutant) error {
	names := map[string]bool{}
	for _, m := range all {
		names[m.name] = true
	}
	for n := range e {
		if !names[n] {
			return fmt.Errorf("equivalent.txt: there is no mutant %q", n)
		}
	}
	return nil
}
