package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// decisions holds, by topic, edits of the core's source:
//
//	= what is wrong then
//	 a line that stays
//	-a line that goes
//	+a line that comes
//
// The lines that stay and go must stand in the core once, one after the other.
//
//go:embed decisions/*.txt
var decisions embed.FS

const coreDir = "overlay/internal/core"

// edit is one decision, turned.
type edit struct {
	name     string
	old, new []string
}

// coreMutants applies the decisions to the core below root. One that does not
// fit any more is a fault: the list would shrink unnoticed.
func coreMutants(root fs.FS) ([]*mutant, error) {
	sources, err := coreSources(root)
	if err != nil {
		return nil, err
	}
	lists, err := fs.Glob(decisions, "decisions/*.txt")
	if err != nil {
		return nil, fmt.Errorf("find the decisions: %w", err)
	}
	var out []*mutant
	var stale []error // all are told at once
	for _, list := range lists {
		text, err := decisions.ReadFile(list)
		if err != nil {
			return nil, fmt.Errorf("read the decisions: %w", err)
		}
		edits, err := readEdits(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", list, err)
		}
		topic := strings.TrimSuffix(path.Base(list), ".txt")
		for _, e := range edits {
			file, changed, err := e.apply(sources)
			if err != nil {
				stale = append(stale, fmt.Errorf("%s: %q: %w", list, e.name, err))
				continue
			}
			out = append(out, &mutant{name: "core." + topic + ": " + e.name, path: file, text: changed})
		}
	}
	return out, errors.Join(stale...)
}

// coreSources reads the core, without its tests.
func coreSources(root fs.FS) (map[string][]byte, error) {
	paths, err := fs.Glob(root, coreDir+"/*.go")
	if err != nil {
		return nil, fmt.Errorf("find the core: %w", err)
	}
	sources := map[string][]byte{}
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		if sources[p], err = fs.ReadFile(root, p); err != nil {
			return nil, fmt.Errorf("read the core: %w", err)
		}
	}
	return sources, nil
}

func readEdits(text string) (edits []edit, err error) {
	for i, line := range strings.Split(text, "\n") {
		if name, ok := strings.CutPrefix(line, "= "); ok {
			edits = append(edits, edit{name: name})
			continue
		}
		if line == "" {
			continue
		}
		if len(edits) == 0 {
			return nil, fmt.Errorf("line %d: no name before it", i+1)
		}
		e := &edits[len(edits)-1]
		switch line[0] {
		case ' ':
			e.old, e.new = append(e.old, line[1:]), append(e.new, line[1:])
		case '-':
			e.old = append(e.old, line[1:])
		case '+':
			e.new = append(e.new, line[1:])
		default:
			return nil, fmt.Errorf("line %d: want =, -, + or a space first", i+1)
		}
	}
	return edits, nil
}

// apply changes the one file in which the lines of the edit stand.
func (e edit) apply(sources map[string][]byte) (file string, changed []byte, err error) {
	lines := func(list []string) []byte {
		text := "\n"
		for _, l := range list {
			text += l + "\n"
		}
		return []byte(text)
	}
	if len(e.old) == 0 {
		return "", nil, errors.New("it changes no lines")
	}
	old, found := lines(e.old), 0
	for path, src := range sources {
		if n := bytes.Count(src, old); n > 0 {
			found += n
			file, changed = path, bytes.Replace(src, old, lines(e.new), 1)
		}
	}
	if found != 1 {
		return "", nil, fmt.Errorf("these lines stand in the core %d times, want once:%s", found, old)
	}
	return file, changed, nil
}
