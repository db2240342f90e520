// Program is what the tests of wasmexec run: it shows what it was given, and ends
// as its first argument says.
package main

import (
	"fmt"
	"os"
	"strings"
	"syscall/js"
)

func main() {
	fmt.Println("arguments", strings.Join(os.Args[1:], " "))
	fmt.Println("N2N_TEST", os.Getenv("N2N_TEST"), "HOME", os.Getenv("HOME"))
	fmt.Print("no line end")
	fmt.Fprintln(os.Stderr, "to stderr")
	switch os.Args[1] {
	case "exit":
		os.Exit(3)
	case "panic":
		panic("as asked")
	case "console":
		js.Global().Get("console").Call("warn", "from JavaScript")
	case "trap":
		js.Global().Get("console").Call("log", deep(0))
	case "hang":
		f := js.FuncOf(func(js.Value, []js.Value) any { return nil })
		js.Global().Call("addEventListener", "click", f) // which may come
		select {}
	}
}

// deep uses up the stack.
func deep(n int) int {
	if n < 0 {
		return 0
	}
	return deep(n+1) + n
}
