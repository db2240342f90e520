// N2n-js makes the JavaScript face of n2n: a folder that is an npm package, with
// an ES module, its types, and the node as WebAssembly. Any static server can
// serve it; npm pack makes a tarball of it.
//
//	n2n-js                       into dist/n2n-js
//	n2n-js -o public/n2n --json
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/n2n-overlay/n2n/tools/n2n-js/build"
)

const help = `usage: n2n-js [flags]

Makes a folder with n2n.js, n2n.d.ts, n2n.wasm (also gzipped), wasm_exec.js, an
example, a README and a package.json: an npm package, and all that a page needs.
It needs Go, and is run inside of this repository.

Flags:
  --o FOLDER    to write into (default dist/n2n-js)
  --json        print the sizes as one JSON object

Examples:
  go run ./tools/n2n-js
  go run ./tools/n2n-js --o public/n2n && (cd public/n2n && npm pack)
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends a program that does not stop
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program. Exit codes: 0, 1 for a fault, 2 for wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("n2n-js", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	dir := f.String("o", "dist/n2n-js", "")
	asJSON := f.Bool("json", false, "")
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, help)
		return 0
	case err == nil && f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "n2n-js: %v: see n2n-js -h\n", err)
		return 2
	}
	if !*asJSON {
		fmt.Fprintln(stderr, "compiling for browsers …")
	}
	sizes, err := build.Build(ctx, *dir)
	if err != nil {
		fmt.Fprintf(stderr, "n2n-js: %v\n", err)
		return 1
	}
	if *asJSON {
		err = json.NewEncoder(stdout).Encode(sizes)
	} else {
		_, err = fmt.Fprintf(stdout, "%s: n2n.wasm has %.2f MB, %.2f MB gzipped\n", *dir, float64(sizes.Wasm)/1e6, float64(sizes.Gzip)/1e6)
	}
	if err != nil {
		fmt.Fprintf(stderr, "n2n-js: %v\n", err)
		return 1
	}
	return 0
}
