// Gen reads the specs (spec/*.fsm), checks them all, and writes what follows
// from them:
//
//	fsm/<spec>/*_gen.go   messages and machines, a package for each spec
//	fsm/referee/*_gen.go  the same machines for looplab/fsm
//	fsm/promela/*_gen.pml the same machines for SPIN
//	spec/protocol.md      tables and diagrams for people, and charts of the traces
//	                      in spec/traces, which a test of the core writes
//
// Nothing is written unless every spec is free of faults; then they are all
// printed, as file:line:col: message with the line, and the exit code is 1.
//
//	go run ./gen          write
//	go run ./gen -check   only name the files that are not up to date, and exit 1 if any is
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", ".", "root of the repository")
	check := flags.Bool("check", false, "write nothing; name the files that are not up to date")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "gen: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	specs, err := load(os.DirFS(*dir))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	stories, err := loadStories(os.DirFS(*dir))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	files, err := generate(specs, stories...)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	if *check {
		return drift(*dir, files, stderr)
	}
	if err := write(*dir, files); err != nil {
		fmt.Fprintf(stderr, "gen: %v\n", err)
		return 1
	}
	return 0
}

// load reads and checks spec/*.fsm below root. Its error joins the faults of
// all of them.
func load(root fs.FS) ([]*spec.Spec, error) {
	names, err := fs.Glob(root, "spec/*.fsm")
	if err != nil {
		return nil, fmt.Errorf("gen: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("gen: no spec/*.fsm here: want the root of the repository")
	}
	var specs []*spec.Spec
	var faults []error
	for _, name := range names {
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, fmt.Errorf("gen: %w", err)
		}
		s, err := spec.Load(name, src)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		specs = append(specs, s)
	}
	return specs, errors.Join(faults...)
}

// drift names the files that are missing, different, or generated no more.
func drift(dir string, files []File, stderr io.Writer) int {
	bad := 0
	for _, f := range files {
		have, err := os.ReadFile(filepath.Join(dir, f.Path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			fmt.Fprintf(stderr, "%s: missing\n", f.Path)
		case err != nil:
			fmt.Fprintf(stderr, "gen: %v\n", err)
		case !bytes.Equal(have, f.Data):
			fmt.Fprintf(stderr, "%s: not up to date\n", f.Path)
		default:
			continue
		}
		bad++
	}
	for _, path := range orphans(dir, files) {
		fmt.Fprintf(stderr, "%s: not generated any more\n", path)
		bad++
	}
	if bad > 0 {
		return 1
	}
	return 0
}

func write(dir string, files []File) error {
	for _, path := range orphans(dir, files) {
		if err := os.Remove(filepath.Join(dir, path)); err != nil {
			return err
		}
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Path)
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, f.Data) {
			continue // its time stays, so nothing is built again
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// orphans are files that an earlier run wrote and this one does not.
func orphans(dir string, files []File) (out []string) {
	paths, _ := filepath.Glob(filepath.Join(dir, "fsm", "*", "*_gen.*")) // the pattern is well formed
	for _, path := range paths {
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			continue
		}
		rel = filepath.ToSlash(rel)
		mine := slices.ContainsFunc(files, func(f File) bool { return f.Path == rel })
		data, err := os.ReadFile(path)
		if err == nil && !mine && strings.HasPrefix(string(data), header) {
			out = append(out, rel)
		}
	}
	return out
}
