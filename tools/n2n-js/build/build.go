// Package build makes the JavaScript face of n2n: an npm package of an ES module,
// its types, and the node as WebAssembly. It needs the go command, and this
// module's source or a place where the go command finds it.
//
//	sizes, err := build.Build(ctx, "dist/n2n-js")
//	fmt.Println(sizes.Wasm, sizes.Gzip)
//
// # Concurrency
//
// Build may run for several folders at the same time. It waits for the compiler:
// seconds, or half a minute when nothing was compiled for browsers before.
package build

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed js
var files embed.FS

const program = "github.com/n2n-overlay/n2n/tools/n2n-js/wasm"

// Sizes are those of n2n.wasm, in bytes.
type Sizes struct {
	Wasm int `json:"wasm"`
	Gzip int `json:"gzip"`
}

// Build writes the package into a folder, which it makes if need be. n2n.wasm.gz
// is for servers that can use it. Errors: of the files, and what the compiler says.
func Build(ctx context.Context, dir string) (Sizes, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Sizes{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Sizes{}, err
	}
	js, err := fs.Sub(files, "js")
	if err != nil {
		return Sizes{}, err
	}
	names, err := fs.Glob(js, "*")
	if err != nil {
		return Sizes{}, err
	}
	for _, name := range names {
		b, err := fs.ReadFile(js, name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			return Sizes{}, err
		}
	}
	if err := runtime(ctx, dir); err != nil {
		return Sizes{}, err
	}
	return compile(ctx, dir)
}

// runtime copies what the Go project has for browsers, and its license.
func runtime(ctx context.Context, dir string) error {
	root, err := run(exec.CommandContext(ctx, "go", "env", "GOROOT"))
	if err != nil {
		return err
	}
	root = strings.TrimSpace(root)
	for _, f := range []struct{ from, to string }{{"lib/wasm/wasm_exec.js", "wasm_exec.js"}, {"LICENSE", "LICENSE.go.txt"}} {
		b, err := os.ReadFile(filepath.Join(root, f.from))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, f.to), b, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func compile(ctx context.Context, dir string) (s Sizes, err error) {
	wasm := filepath.Join(dir, "n2n.wasm")
	// -trimpath: nothing of this machine is in the file, which is the same everywhere.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", wasm, program)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOFLAGS=")
	if _, err := run(cmd); err != nil {
		return s, err
	}
	b, err := os.ReadFile(wasm)
	if err == nil {
		b, err = joinData(b)
	}
	if err == nil {
		err = os.WriteFile(wasm, b, 0o644)
	}
	if err != nil {
		return s, err
	}
	var small bytes.Buffer
	w, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return s, err
	}
	if _, err := w.Write(b); err != nil {
		return s, err
	}
	if err := w.Close(); err != nil {
		return s, err
	}
	return Sizes{len(b), small.Len()}, os.WriteFile(wasm+".gz", small.Bytes(), 0o644)
}

// run gives what a command prints; its error has what it says of the fault.
func run(cmd *exec.Cmd) (string, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		said := strings.TrimSpace(stderr.String())
		if errors.Is(err, exec.ErrNotFound) || said == "" {
			return "", fmt.Errorf("build: %w", err)
		}
		return "", fmt.Errorf("build: go %s: %w: %s", cmd.Args[1], err, said)
	}
	return string(out), nil
}
