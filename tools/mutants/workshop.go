package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// workshop is a temporary directory with a copy of the module for each job.
type workshop struct {
	dir     string
	gen     string // the generator, built
	benches []*bench
}

// bench is one copy, and what the tests of it are.
type bench struct {
	root     string
	gen      string
	tmp      string // for all that it runs
	aside    string // where code is generated only to be looked at
	proof    []suite
	original map[string][]byte // the code that mutants change, by its path from the root
}

// newWorkshop makes the copies. Whoever gets one closes it.
func newWorkshop(ctx context.Context, o options) (w *workshop, err error) {
	dir, err := os.MkdirTemp("", "n2n-mutants-")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	w = &workshop{dir: dir, gen: filepath.Join(dir, "gen")}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	for i := range o.jobs {
		root := filepath.Join(dir, fmt.Sprint("job", i))
		from := o.dir
		if i > 0 {
			from = w.benches[0].root // the module may be edited meanwhile
		}
		if err := copyModule(ctx, from, root); err != nil {
			return nil, fmt.Errorf("copy the module: %w", err)
		}
		b := &bench{root: root, gen: w.gen, tmp: root + ".tmp", aside: root + ".aside"}
		if err := os.Mkdir(b.tmp, 0o755); err != nil {
			return nil, fmt.Errorf("make a directory: %w", err)
		}
		w.benches = append(w.benches, b)
	}
	first := w.benches[0]
	if out, err := first.command(ctx, first.root, "go", "build", "-trimpath", "-o", w.gen, "./gen"); err != nil {
		return nil, fmt.Errorf("build the generator: %w\n%s", err, out)
	}
	proof, err := first.suites(ctx, o.skip)
	if err != nil {
		return nil, err
	}
	for _, b := range w.benches {
		b.proof = proof
		if err := b.generate(ctx, b.root); err != nil {
			return nil, err
		}
		if b.original, err = goFiles(b.root); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *workshop) close() { _ = os.RemoveAll(w.dir) } // what cannot be removed is left to the system

// baseline proves that the tests pass as long as nothing is wrong.
func (w *workshop) baseline(ctx context.Context) error {
	b := w.benches[0]
	run := build{bench: b, built: map[string]bool{}}
	r, err := run.test(ctx, nil, b.proof)
	if err == nil && r.Killed {
		err = fmt.Errorf("the proof fails without any mutant, so it proves nothing: %s\n%s", r.Killer, r.Message)
	}
	return err
}

// each judges the mutants, and calls done for each from this goroutine. When ctx
// ends, it ends the tests under way, waits for the jobs, and returns nil: what is
// done is done.
func (w *workshop) each(ctx context.Context, ms []*mutant, done func(result)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work, results := make(chan []*mutant), make(chan result)
	var fault error
	var once sync.Once
	var jobs sync.WaitGroup
	for _, b := range w.benches {
		jobs.Go(func() {
			for batch := range work {
				err := b.judgeAll(ctx, batch, func(r result) { results <- r })
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					once.Do(func() { fault = err; cancel() })
					return
				}
			}
		})
	}
	go func() {
		defer close(work)
		size := min(batchSize, (len(ms)+len(w.benches)-1)/len(w.benches))
		for batch := range slices.Chunk(ms, size) {
			select {
			case work <- batch:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		jobs.Wait()
		close(results)
	}()
	for r := range results {
		done(r)
	}
	return fault
}

// judge puts a mutant on the bench, runs tests, and puts the original back.
func (b *bench) judge(ctx context.Context, m *mutant, proof []suite) (r result, err error) {
	err = b.with(map[string][]byte{m.path: m.text}, func() error {
		if m.spec {
			if err := b.generate(ctx, b.root); err != nil {
				return err
			}
		}
		run := build{bench: b, built: map[string]bool{}}
		r, err = run.test(ctx, m, proof)
		return err
	})
	if m.spec && err == nil {
		err = b.generate(ctx, b.root)
	}
	return r, err
}

// generate generates the code of the specs below root.
func (b *bench) generate(ctx context.Context, root string) error {
	if out, err := b.command(ctx, root, b.gen, "-dir", root); err != nil {
		return fmt.Errorf("generate: %w\n%s", err, out)
	}
	return nil
}

// copyModule copies what the tests need: regular files, without what begins with
// a dot.
func copyModule(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case rel != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		return copyFile(path, filepath.Join(to, rel))
	})
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
