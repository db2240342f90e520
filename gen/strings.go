package main

import (
	"strconv"
	"strings"
)

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// stringer prints String for an enum whose values count from first, and the
// guard that breaks the build when they do not.
func stringer(f *goFile, name string, first int, consts, texts []string) {
	f.f("// An error of the compiler here means that values changed: generate again.")
	f.f("func _() {\nvar x [1]struct{}")
	for i, c := range consts {
		f.f("_ = x[%s-%d]", c, first+i)
	}
	f.f("}\n")
	table := lower(name) + "Names"
	f.f("var %s = [...]string{", table)
	for i := range first {
		f.f("%d: \"\",", i)
	}
	for _, t := range texts {
		f.f("%q,", t)
	}
	f.f("}\n")
	f.f("// String gives the name in the spec.")
	f.f("func (i %s) String() string {", name)
	known := "int(i) < len(" + table + ")"
	if first > 0 {
		known = "i > 0 && " + known
	}
	f.f("if %s {\nreturn %s[i]\n}", known, table)
	f.f("return \"%s(\" + strconv.Itoa(int(i)) + \")\"\n}\n", name)
}

// lower is for unexported names.
func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }
