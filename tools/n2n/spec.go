package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

const specHelp = `
Checks specs of state machines and prints the machines. Every fault of every file
is reported on standard error, as file:line:col: message with the line. Without
files it takes spec/*.fsm of the repository that it is run in, and elsewhere the
specs that it was built from.

Formats: a table for the terminal (a row for each event, a column for each state;
"." stays, "-" cannot be), Mermaid for web pages, dot for Graphviz.

Examples:
  n2n spec
  n2n spec --machine link --format mermaid
  n2n spec --machine link --format dot spec/signal.fsm | dot -Tsvg > link.svg`

var formats = map[string]func(io.Writer, *spec.Machine) error{
	"table": spec.Table, "mermaid": spec.Mermaid, "dot": spec.Graphviz,
}

// comments begin a line that is not part of the diagram.
var comments = map[string]string{"table": "", "mermaid": "%% ", "dot": "// "}

const maxSpecs = 256

func runSpec(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f := newFlags("spec", "spec [FILE…] [flags]", specHelp)
	format := f.String("format", "table", "`FORMAT` table, mermaid or dot")
	machine := f.String("machine", "", "`NAME` of the only one to print")
	files, code, ok := f.parse(args, maxSpecs, stdout, stderr)
	if !ok {
		return code
	}
	if formats[*format] == nil {
		return f.wrong(stderr, "--format %s: want table, mermaid or dot", *format)
	}
	read := os.ReadFile
	if len(files) == 0 {
		files, _ = filepath.Glob(filepath.Join("spec", "*.fsm")) // the pattern is well formed
	}
	if len(files) == 0 {
		files, _ = fs.Glob(spec.Files, "*.fsm")
		read = spec.Files.ReadFile
	}
	machines, ok := loadSpecs(files, read, stderr)
	if !ok {
		return exitFault
	}
	if *machine != "" {
		only, names := pick(machines, *machine)
		if only == nil {
			return fault(stderr, "spec", fmt.Errorf("no machine %s: there are %s", *machine, strings.Join(names, ", ")))
		}
		machines = []*spec.Machine{only}
	}
	for i, m := range machines {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		if c := comments[*format]; c != "" && len(machines) > 1 {
			fmt.Fprintf(stdout, "%smachine %s\n", c, m.Name)
		}
		if err := formats[*format](stdout, m); err != nil {
			return fault(stderr, "spec", err)
		}
	}
	return exitOK
}

// loadSpecs reads all files, so that the faults of all are told in one run.
func loadSpecs(files []string, read func(string) ([]byte, error), stderr io.Writer) (machines []*spec.Machine, ok bool) {
	ok = true
	for _, name := range files {
		src, err := read(name)
		var s *spec.Spec
		if err == nil {
			s, err = spec.Load(name, src)
		}
		if err != nil {
			fmt.Fprintln(stderr, err)
			ok = false
			continue
		}
		machines = append(machines, s.Machines...)
	}
	return machines, ok
}

func pick(machines []*spec.Machine, name string) (only *spec.Machine, names []string) {
	for _, m := range machines {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return nil, names
}
