// N2n shows and tries the overlay of this module: networks of WebRTC
// connections whose peers are signaling servers for their neighbors.
//
//	n2n demo                                        a network in this process, its server stopped half-way
//	n2n demo --serve 127.0.0.1:8080                 the same, on a web page whose tabs can join it
//	n2n entrance --listen 127.0.0.1:8080            the server that newcomers meet a first peer at
//	n2n join --entrance ws://127.0.0.1:8080         a chat, in as many terminals as one likes
//	n2n join --paste                                the same without a server: texts are copied and pasted
//	n2n forward 127.0.0.1:9000=127.0.0.1:80         a TCP port here that is a peer's port there
//	n2n spec                                        the state machines, checked and printed
//	n2n trace spec/traces/06-glare.trace            a trace, drawn as a sequence chart
//	n2n bench --quick                               measured beside raw pion/webrtc
//	n2n verify --quick                              every state of small networks, searched
//
// Every command has -h. Exit codes: 0, 1 for a fault, 2 for wrong usage, 130
// for a demo that was interrupted.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit codes.
const (
	exitOK          = 0
	exitFault       = 1
	exitUsage       = 2
	exitInterrupted = 130 // as a shell reports SIGINT
)

// command is one subcommand. It runs until it is done or ctx ends, and returns
// the exit code.
type command struct {
	name  string
	about string
	run   func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

func commands() []command {
	return []command{
		{"demo", "show a network that brokers its own connections", runDemo},
		{"entrance", "serve newcomers: the one place that must be known", runEntrance},
		{"join", "chat in a room, as a peer of its network", runJoin},
		{"forward", "carry TCP connections to a peer's port, as ssh -L does", runForward},
		{"spec", "check the state machines' specs and print them", runSpec},
		{"trace", "show a trace as a sequence chart", runTrace},
		{"bench", "measure it beside raw pion/webrtc", runBench},
		{"verify", "search every state of small networks for anything wrong", runVerify},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends a program that does not stop
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program: tests call it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		overview(stderr)
		return exitUsage
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		return checked(stdout, stderr, func(w io.Writer) int {
			overview(w)
			return exitOK
		})
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return checked(stdout, stderr, func(w io.Writer) int { return c.run(ctx, args[1:], stdin, w, stderr) })
		}
	}
	fmt.Fprintf(stderr, "n2n: unknown command %q: see n2n -h\n", args[0])
	return exitUsage
}

func overview(w io.Writer) {
	fmt.Fprint(w, "usage: n2n <command> [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.about)
	}
	fmt.Fprint(w, "\nn2n <command> -h tells more. A good start: n2n demo\n")
}
