// Wasmexec runs a program that was compiled with GOOS=js GOARCH=wasm in a headless
// browser, and ends as the program does. It is made for go test:
//
//	go build -o /tmp/wasmexec ./tools/wasmexec
//	GOOS=js GOARCH=wasm go test -exec /tmp/wasmexec ./transport/browser
//	GOOS=js GOARCH=wasm go test -exec "/tmp/wasmexec -browser firefox" ./transport/browser
//
// The program runs on a page of its own origin, http://127.0.0.1 with a port
// that the system chooses. The page may connect to this machine only, and is told
// its addresses (see packages chrome and firefox). Of the environment the program
// sees CI, GODEBUG, GOTRACEBACK and what begins with N2N_. There is no file system.
//
// It needs Chromium: in PATH, or at the path in the environment variable CHROMIUM.
// For Firefox it is FIREFOX.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `Usage: wasmexec [-browser NAME] [-hide] PROGRAM.wasm [ARGUMENT]...

Wasmexec runs a Go program for GOOS=js GOARCH=wasm in a headless browser, with
the arguments, and ends with its exit code. For go test -exec.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "wasmexec:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (code int, err error) {
	flags := flag.NewFlagSet("wasmexec", flag.ContinueOnError)
	browser := flags.String("browser", "chromium", "`NAME` of the browser: chromium, firefox")
	hide := flags.Bool("hide", false, "leave the addresses of this machine hidden behind mDNS names")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0, nil
	case err != nil:
		return 2, nil // the flag set has said why
	case flags.NArg() == 0:
		flags.Usage()
		return 2, nil
	case browsers[*browser] == nil:
		return 2, fmt.Errorf("no browser %q: chromium, firefox", *browser)
	}
	p := program{args: flags.Args(), env: environment(), stdout: os.Stdout, stderr: os.Stderr, hide: *hide, browse: browsers[*browser]}
	if code, err = p.run(ctx); err != nil {
		return 1, err
	}
	return code, nil
}

// environment is what a program sees of it: wasm_exec.js has little room.
func environment() map[string]string {
	env := map[string]string{}
	for _, e := range os.Environ() {
		name, value, _ := strings.Cut(e, "=")
		if name == "CI" || name == "GODEBUG" || name == "GOTRACEBACK" || strings.HasPrefix(name, "N2N_") {
			env[name] = value
		}
	}
	return env
}
