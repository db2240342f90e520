package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/n2n-overlay/n2n/spec/chart"
)

// story is a trace that the page shows.
type story struct {
	file  string
	trace *chart.Trace
}

// loadStories reads spec/traces/*.trace below root, in the order of their names.
func loadStories(root fs.FS) ([]story, error) {
	names, err := fs.Glob(root, "spec/traces/*.trace")
	if err != nil {
		return nil, fmt.Errorf("gen: %w", err)
	}
	var stories []story
	for _, name := range names {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, fmt.Errorf("gen: %w", err)
		}
		t, err := chart.Read(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		stories = append(stories, story{name, t})
	}
	return stories, nil
}

const storiesHead = `
## Stories

What the machines do together, drawn from traces of the very core that a node
runs. Under a message stands what came of it at the peer that got it: the state of
its link or session with the peer that is named. A dashed arrow is a channel that
an application carries. Driver events are left out unless something came of them.

`

// storySection draws the stories.
func storySection(b *bytes.Buffer, stories []story) error {
	if len(stories) == 0 {
		return nil
	}
	b.WriteString(storiesHead)
	for _, s := range stories {
		about := s.trace.About
		if about == "" {
			about = strings.TrimSuffix(path.Base(s.file), ".trace")
		}
		if len(about) > 1 && about[1] != ' ' { // not the letter of a peer
			about = strings.ToUpper(about[:1]) + about[1:]
		}
		fmt.Fprintf(b, "### %s\n\nFrom `%s`.\n\n```mermaid\n", about, s.file)
		if err := s.trace.Mermaid(b); err != nil {
			return err
		}
		b.WriteString("```\n\n")
	}
	b.Truncate(b.Len() - 1) // the last empty line
	return nil
}
