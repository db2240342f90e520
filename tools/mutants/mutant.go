package main

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/n2n-overlay/n2n/spec"
)

// mutant is the module with one file changed.
type mutant struct {
	name string // stable: it says what is changed and where, but no line numbers
	path string // of the file, from the root
	text []byte // of the whole file
	spec bool   // code is to be generated anew

	named bool // as equivalent
}

// collect makes all mutants of the module below root: those of the specs, in the
// order of their files, then those of the core.
func collect(root fs.FS) ([]*mutant, error) {
	paths, err := fs.Glob(root, "spec/*.fsm")
	if err != nil {
		return nil, fmt.Errorf("find the specs: %w", err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no spec/*.fsm here: want the root of the module")
	}
	var all []*mutant
	for _, path := range paths {
		src, err := fs.ReadFile(root, path)
		if err != nil {
			return nil, fmt.Errorf("read a spec: %w", err)
		}
		ms, err := specMutants(path, src)
		if err != nil {
			return nil, err
		}
		all = append(all, ms...)
	}
	ms, err := coreMutants(root)
	if err != nil {
		return nil, err
	}
	all = append(all, ms...)
	return distinct(all), nil
}

// distinct drops mutants that are the same text as an earlier one, and numbers
// those of the same name.
func distinct(all []*mutant) (out []*mutant) {
	texts, names := map[string]bool{}, map[string]int{}
	for _, m := range all {
		key := m.path + "\x00" + string(m.text)
		if texts[key] {
			continue
		}
		texts[key] = true
		names[m.name]++
		if n := names[m.name]; n > 1 {
			m.name = fmt.Sprintf("%s #%d", m.name, n)
		}
		out = append(out, m)
	}
	return out
}

// result is what became of a mutant.
type result struct {
	Name    string  `json:"name"`
	Killed  bool    `json:"killed"`
	Killer  string  `json:"killer"` // checker, build, or a test
	Message string  `json:"message,omitempty"`
	Seconds float64 `json:"seconds"`
}

// check lets package spec judge a mutant of a spec.
func check(m *mutant) (result, bool) {
	if !m.spec {
		return result{}, false
	}
	start := time.Now()
	_, err := spec.Load(m.path, m.text)
	if err == nil {
		return result{}, false
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return result{Name: m.name, Killed: true, Killer: "checker", Message: text, Seconds: time.Since(start).Seconds()}, true
}
