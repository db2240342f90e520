package main

import (
	"bytes"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// span is a piece of a spec's source that can be written anew.
type span struct{ from, to int }

func (s span) replace(src []byte, text string) []byte {
	return slices.Concat(src[:s.from], []byte(text), src[s.to:])
}

// rule is the text of "States [if guard | else] -> target [as label] [{ actions }]",
// in its parts.
type rule struct {
	span
	from    string
	guard   string // "if …", "else" or ""
	target  string
	label   string // "as …" or ""
	actions []string
}

// readRule cuts the rule at pos into its parts. The spec has been parsed, so
// that the text is known to be a rule; no part of it holds a string.
func readRule(src []byte, pos token.Position) (rule, error) {
	r := rule{span: span{from: pos.Offset}}
	line := src[pos.Offset:]
	arrow := bytes.Index(line, []byte("->"))
	if arrow < 0 {
		return r, fmt.Errorf("%s: no rule", pos)
	}
	head := strings.TrimSpace(string(line[:arrow]))
	r.from = head
	for _, word := range []string{" if ", " else"} {
		if i := strings.Index(head, word); i >= 0 {
			r.from, r.guard = strings.TrimSpace(head[:i]), strings.TrimSpace(head[i:])
		}
	}
	end := arrow + 2 + statement(line[arrow+2:])
	r.target = strings.TrimSpace(string(line[arrow+2 : end]))
	r.to = pos.Offset + arrow + 2 + len(strings.TrimRight(string(line[arrow+2:end]), " \t"))
	if i := strings.Index(r.target, " as "); i >= 0 {
		r.target, r.label = strings.TrimSpace(r.target[:i]), strings.TrimSpace(r.target[i:])
	}
	if end < len(line) && line[end] == '{' {
		body, err := readBody(src, pos.Offset+end)
		if err != nil {
			return r, err
		}
		r.to, r.actions = body.to, body.actions
	}
	return r, nil
}

// statement gives where a target ends: at its actions, a comment, or the line's end.
func statement(s []byte) int {
	for i, b := range s {
		if b == '\n' || b == '{' || b == ';' || b == '}' || b == '/' && i+1 < len(s) && s[i+1] == '/' {
			return i
		}
	}
	return len(s)
}

func (r rule) String() string {
	text := r.from
	if r.guard != "" {
		text += " " + r.guard
	}
	text += " -> " + r.target
	if r.label != "" {
		text += " " + r.label
	}
	if len(r.actions) > 0 {
		text += " " + block(r.actions)
	}
	return text
}

// name is how mutants call a rule: it is told apart by states and guard.
func (r rule) name() string { return strings.TrimSpace(r.from + " " + r.guard) }

// body is the text of "{ actions }".
type body struct {
	span
	actions []string
}

// readBody cuts the block whose brace is at from into its actions.
func readBody(src []byte, from int) (body, error) {
	b := body{span: span{from: from}}
	depth, start := 0, from+1
	add := func(end int) {
		if text := strings.TrimSpace(string(src[start:end])); text != "" {
			b.actions = append(b.actions, text)
		}
		start = end + 1
	}
	for i := from + 1; i < len(src); i++ {
		switch c := src[i]; {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '/' && i+1 < len(src) && src[i+1] == '/':
			return b, fmt.Errorf("byte %d: a comment among actions", i)
		case depth > 0:
		case c == ';' || c == '\n':
			add(i)
		case c == '}':
			add(i)
			b.to = i + 1
			return b, nil
		}
	}
	return b, fmt.Errorf("byte %d: the actions do not end", from)
}

func block(actions []string) string {
	if len(actions) == 0 {
		return "{ }"
	}
	return "{ " + strings.Join(actions, "; ") + " }"
}
