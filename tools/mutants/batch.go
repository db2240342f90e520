package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// batchSize is how many mutants share one build. Building takes longer than the
// tests that kill most of them.
const batchSize = 64

// batch is a build that holds many mutants: see spliced. A test runs the one
// that the environment names.
type batch struct {
	mutants []*mutant // the first one is number 1
	files   map[string]*spliced
}

// add puts a mutant into the batch; false: what it changes cannot be chosen
// when the test runs, so it needs a build of its own.
func (b *batch) add(m *mutant, original, changed map[string][]byte) (bool, error) {
	type part struct {
		list []int
		from *source
	}
	parts := map[string]part{}
	for name, text := range changed {
		old, ok := original[name]
		if !ok || text == nil {
			return false, nil
		}
		if b.files[name] == nil {
			s, err := splice(old)
			if err != nil {
				return false, fmt.Errorf("read %s: %w", name, err)
			}
			b.files[name] = s
		}
		list, from, ok := b.files[name].differs(text)
		if !ok {
			return false, nil
		}
		parts[name] = part{list, from}
	}
	b.mutants = append(b.mutants, m)
	for name, p := range parts {
		b.files[name].add(len(b.mutants), p.list, p.from)
	}
	return true, nil
}

// sources gives the files to build.
func (b *batch) sources() map[string][]byte {
	out := map[string][]byte{}
	for name, s := range b.files {
		if len(s.others) == 0 {
			continue
		}
		out[name] = s.merged()
		out[path.Join(path.Dir(name), "n2n_mutant.go")] = fmt.Appendf(nil, chooser, s.file.Name.Name)
	}
	return out
}

// judgeAll judges mutants, as many as possible in one build, and calls done for
// each. When ctx ends, it returns without having judged the rest.
func (b *bench) judgeAll(ctx context.Context, ms []*mutant, done func(result)) error {
	together := batch{files: map[string]*spliced{}}
	var apart []*mutant
	for _, m := range ms {
		changed, err := b.changes(ctx, m)
		if err != nil {
			return err
		}
		ok, err := together.add(m, b.original, changed)
		if err != nil {
			return err
		}
		if !ok {
			apart = append(apart, m)
		}
	}
	if err := b.judgeBatch(ctx, &together, done); err != nil {
		return err
	}
	for _, m := range apart {
		r, err := b.judge(ctx, m, b.proof)
		if err != nil {
			return err
		}
		done(r)
	}
	return nil
}

// judgeBatch judges the mutants of one build. Those that it lets live are judged
// by the rest of the proof, each in a build of its own.
func (b *bench) judgeBatch(ctx context.Context, t *batch, done func(result)) error {
	if len(t.mutants) == 0 {
		return nil
	}
	var alive []*mutant
	var shared, rest []suite
	for _, s := range b.proof {
		if s.alone {
			rest = append(rest, s)
		} else {
			shared = append(shared, s)
		}
	}
	builds := true
	err := b.with(t.sources(), func() error {
		run := build{bench: b, built: map[string]bool{}}
		// Without a choice it is the original, which must pass.
		switch r, err := run.test(ctx, nil, shared[:1]); {
		case err != nil:
			return err
		case r.Killer == "build":
			builds = false
			return nil
		case r.Killed:
			return fmt.Errorf("the tests fail in a batch without any mutant: %s\n%s", r.Killer, r.Message)
		}
		for i, m := range t.mutants {
			run.choice = i + 1
			r, err := run.test(ctx, m, shared)
			if err != nil {
				return err
			}
			if !r.Killed && m.spec && !m.named && len(rest) > 0 {
				alive = append(alive, m)
				continue
			}
			done(r)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case !builds:
		return b.halves(ctx, t.mutants, done)
	}
	for _, m := range alive {
		r, err := b.judge(ctx, m, rest)
		if err != nil {
			return err
		}
		done(r)
	}
	return nil
}

// halves judges the mutants of a batch that does not build, in smaller ones: one
// that does not build alone is killed by that.
func (b *bench) halves(ctx context.Context, ms []*mutant, done func(result)) error {
	if len(ms) == 1 {
		r, err := b.judge(ctx, ms[0], b.proof)
		if err == nil {
			done(r)
		}
		return err
	}
	if err := b.judgeAll(ctx, ms[:len(ms)/2], done); err != nil {
		return err
	}
	return b.judgeAll(ctx, ms[len(ms)/2:], done)
}

// with runs f while files have other texts, or are there at all.
func (b *bench) with(files map[string][]byte, f func() error) (err error) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		p := filepath.Join(b.root, filepath.FromSlash(name))
		old, readErr := os.ReadFile(p)
		if readErr != nil && !errors.Is(readErr, fs.ErrNotExist) {
			return fmt.Errorf("read the original: %w", readErr)
		}
		defer func() {
			back := error(nil)
			if readErr != nil {
				back = os.Remove(p)
			} else {
				back = os.WriteFile(p, old, 0o644)
			}
			err = errors.Join(err, back)
		}()
		if err := os.WriteFile(p, files[name], 0o644); err != nil {
			return fmt.Errorf("write a mutant: %w", err)
		}
	}
	return f()
}

// changes gives the Go files that a mutant changes, generated ones included; nil
// for one that is not there any more.
func (b *bench) changes(ctx context.Context, m *mutant) (map[string][]byte, error) {
	if !m.spec {
		return map[string][]byte{m.path: m.text}, nil
	}
	if err := b.generateAside(ctx, m); err != nil {
		return nil, err
	}
	made, err := goFiles(b.aside)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for name, text := range made {
		if string(b.original[name]) != string(text) {
			out[name] = text
		}
	}
	for name := range b.original {
		if _, ok := made[name]; !ok && strings.HasSuffix(name, "_gen.go") {
			out[name] = nil
		}
	}
	return out, nil
}

// generateAside generates code of a mutant's specs, and nothing else, aside.
func (b *bench) generateAside(ctx context.Context, m *mutant) error {
	specs, err := filepath.Glob(filepath.Join(b.root, "spec", "*.fsm"))
	if err != nil {
		return fmt.Errorf("find the specs: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(b.aside, "spec"), 0o755); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	for _, p := range specs {
		name := "spec/" + filepath.Base(p)
		text, err := os.ReadFile(p)
		if err != nil {
			return fmt.Errorf("read a spec: %w", err)
		}
		if name == m.path {
			text = m.text
		}
		if err := os.WriteFile(filepath.Join(b.aside, filepath.FromSlash(name)), text, 0o644); err != nil {
			return fmt.Errorf("write a spec: %w", err)
		}
	}
	return b.generate(ctx, b.aside)
}

// goFiles reads what is generated and what decisions are about: the Go files
// below fsm and of the core, by their path from the root, without tests.
func goFiles(root string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, dir := range []string{"fsm", filepath.FromSlash(coreDir)} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(p string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go"):
				return nil
			}
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			out[filepath.ToSlash(rel)], err = os.ReadFile(p)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the code: %w", err)
		}
	}
	return out, nil
}
