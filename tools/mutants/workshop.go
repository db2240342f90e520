package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// workshop is a temporary directory with a copy of the module for each job.
type workshop struct {
	dir     string
	gen     string // the generator, built
	benches []*bench
}

// bench is one copy, and what the tests of it are.
type bench struct {
	root  string
	gen   string
	tmp   string // for all that it runs
	proof []suite
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
		b := &bench{root: root, gen: w.gen, tmp: root + ".tmp"}
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
	}
	return w, nil
}

func (w *workshop) close() { _ = os.RemoveAll(w.dir) } // what cannot be removed is left to the system

// baseline proves that the tests pass as long as nothing is wrong.
func (w *workshop) baseline(ctx context.Context) error {
	b := w.benches[0]
	if err := b.generate(ctx); err != nil {
		return err
	}
	r, err := b.test(ctx, nil)
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
	work, results := make(chan *mutant), make(chan result)
	var fault error
	var once sync.Once
	var jobs sync.WaitGroup
	for _, b := range w.benches {
		jobs.Go(func() {
			for m := range work {
				r, err := b.judge(ctx, m)
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					once.Do(func() { fault = err; cancel() })
					return
				}
				results <- r
			}
		})
	}
	go func() {
		defer close(work)
		for _, m := range ms {
			select {
			case work <- m:
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

// judge puts a mutant on the bench, runs the proof, and puts the original back.
func (b *bench) judge(ctx context.Context, m *mutant) (r result, err error) {
	start := time.Now()
	path := filepath.Join(b.root, filepath.FromSlash(m.path))
	original, err := os.ReadFile(path)
	if err != nil {
		return r, fmt.Errorf("read the original: %w", err)
	}
	if err := os.WriteFile(path, m.text, 0o644); err != nil {
		return r, fmt.Errorf("write a mutant: %w", err)
	}
	defer func() {
		back := os.WriteFile(path, original, 0o644)
		if m.spec && back == nil && ctx.Err() == nil {
			back = b.generate(ctx)
		}
		err = errors.Join(err, back)
	}()
	if m.spec {
		if err := b.generate(ctx); err != nil {
			return r, err
		}
	}
	r, err = b.test(ctx, m)
	r.Name, r.Seconds = m.name, time.Since(start).Seconds()
	return r, err
}

func (b *bench) generate(ctx context.Context) error {
	if out, err := b.command(ctx, b.root, b.gen); err != nil {
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
