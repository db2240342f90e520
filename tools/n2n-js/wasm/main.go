//go:build js && wasm

// Wasm is what runs beneath n2n.js: a node in a web page, with calls that take and
// give plain JavaScript values. Only n2n.js, which has the classes and the types,
// calls it; the two belong together and promise nothing to others.
//
// n2n.js leaves a function in a global variable and gives its name as the
// program's argument; main calls it with an object of functions, and runs for as
// long as the page.
//
// # Concurrency
//
// JavaScript calls on one thread. What may wait returns a promise and works on a
// goroutine of its own, which ends with the call; what returns at once waits for
// the node's loop at most, which waits for nothing.
package main

import (
	"os"
	"syscall/js"
)

func main() {
	if len(os.Args) != 2 {
		panic("n2n.wasm is started by n2n.js")
	}
	js.Global().Get(os.Args[1]).Invoke(js.ValueOf(map[string]any{"create": async(create)}))
	select {}
}
