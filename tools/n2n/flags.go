package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// flags are a subcommand's flags and its help.
type flags struct {
	*flag.FlagSet
	synopsis string // after "n2n"
	help     string // what the command does, and examples
}

func newFlags(name, synopsis, help string) *flags {
	f := &flags{flag.NewFlagSet(name, flag.ContinueOnError), synopsis, help}
	f.SetOutput(io.Discard) // parse says what is wrong, in one line
	return f
}

// parse reads flags and returns the other arguments, of which there may be at
// most so many; flags may stand before and after them. When it is not ok, code
// is what the program is to exit with.
func (f *flags) parse(args []string, most int, stdout, stderr io.Writer) (rest []string, code int, ok bool) {
	for {
		err := f.FlagSet.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			f.usage(stdout)
			return nil, exitOK, false
		}
		if err != nil {
			return nil, f.wrong(stderr, "%v", err), false
		}
		if f.NArg() == 0 {
			break
		}
		rest, args = append(rest, f.Arg(0)), f.Args()[1:]
	}
	if len(rest) > most {
		return nil, f.wrong(stderr, "unexpected argument %q", rest[most]), false
	}
	return rest, exitOK, true
}

// wrong reports wrong usage and gives the exit code for it.
func (f *flags) wrong(stderr io.Writer, format string, args ...any) int {
	fmt.Fprintf(stderr, "n2n %s: %s: see n2n %[1]s -h\n", f.Name(), fmt.Sprintf(format, args...))
	return exitUsage
}

func (f *flags) usage(w io.Writer) {
	fmt.Fprintf(w, "usage: n2n %s\n\n%s\n\nFlags:\n", f.synopsis, strings.TrimSpace(f.help))
	f.VisitAll(func(fl *flag.Flag) {
		value, about := flag.UnquoteUsage(fl)
		if value != "" {
			value = " " + value
		}
		if fl.DefValue != "" && fl.DefValue != "false" && fl.DefValue != "0" {
			about += " (default " + fl.DefValue + ")"
		}
		fmt.Fprintf(w, "  %-18s %s\n", "--"+fl.Name+value, about)
	})
}

// fault reports what ended a command and gives the exit code for it.
func fault(stderr io.Writer, name string, err error) int {
	fmt.Fprintf(stderr, "n2n %s: %v\n", name, err)
	return exitFault
}
