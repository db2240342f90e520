package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/tools/chrome"
)

//go:embed page.html
var page []byte

// shutdownTimeout is how long the server waits for what is on its way.
const shutdownTimeout = 10 * time.Second

// shared is a writer for several goroutines.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// program is a program to run, and what it is given.
type program struct {
	args           []string // the file first
	env            map[string]string
	stdout, stderr io.Writer
	hide           bool
	browse         browse
}

// run runs the program in a browser and gives its exit code.
func (p *program) run(ctx context.Context) (code int, err error) {
	stderr := &shared{w: p.stderr} // the program writes there, and the console
	handler, err := p.handler(ctx, stderr)
	if err != nil {
		return 0, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := &http.Server{Handler: handler}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		_ = server.Shutdown(closing) // what has been written arrives
		_ = server.Close()
		<-served
	}()

	return p.browse(ctx, "http://"+l.Addr().String()+"/", p.hide, func(text string) { fmt.Fprintln(stderr, "console:", text) })
}

// handler serves the page, the program, and takes what it writes.
func (p *program) handler(ctx context.Context, stderr io.Writer) (http.Handler, error) {
	wasm, err := os.ReadFile(p.args[0])
	if err != nil {
		return nil, err
	}
	glue, err := chrome.WasmExec(ctx)
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]any{"args": p.args, "env": p.env})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for path, file := range map[string]struct {
		mime string
		data []byte
	}{
		"/{$}":          {"text/html", page},
		"/wasm_exec.js": {"text/javascript", glue},
		"/program.wasm": {"application/wasm", wasm},
		"/program.json": {"application/json", config},
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", file.mime)
			_, _ = w.Write(file.data)
		})
	}
	for path, to := range map[string]io.Writer{"POST /write/1": p.stdout, "POST /write/2": stderr} {
		mux.HandleFunc(path, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(to, r.Body) })
	}
	return mux, nil
}
