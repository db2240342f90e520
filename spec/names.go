package spec

import (
	"fmt"
	"go/token"
)

// table is one namespace: what is declared under which name.
type table[T any] map[string]T

// declare adds a name, unless it is taken.
func declare[T any](l *list, t table[T], pos token.Position, name, what string, v T) {
	if name == "" {
		return // its declaration did not parse
	}
	if _, ok := t[name]; ok {
		l.add(pos, "%s %s is declared twice", what, name)
		return
	}
	t[name] = v
}

// hint names what the writer may have meant: a name one or two letters off.
func hint[T any](t table[T], name string) string {
	best, least := "", 3
	for have := range t {
		d := distance(have, name)
		if d < least || d == least && best != "" && have < best {
			best, least = have, d
		}
	}
	if best == "" || least >= len(name) {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// distance is Levenshtein's. Names are short: longer ones are not compared.
func distance(a, b string) int {
	if len(a) > 32 || len(b) > 32 {
		return 32
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
