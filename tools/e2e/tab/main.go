//go:build js && wasm

// Tab is what the tests of this folder run in a page: a node that does what it is
// told from outside.
//
// It sets the global function tab(command, arguments), which gives a promise. The
// arguments are a JSON array; commands.go has them. The page has the function post.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall/js"
)

func main() {
	t := &tab{}
	js.Global().Set("tab", js.FuncOf(func(_ js.Value, args []js.Value) any {
		name, arguments := args[0].String(), args[1].String()
		return promise(func() (any, error) { return t.do(name, arguments) })
	}))
	js.Global().Call("ready")
	select {} // until the page is left
}

// promise runs f on a goroutine of its own and gives JavaScript its result.
func promise(f func() (any, error)) js.Value {
	executor := js.FuncOf(func(_ js.Value, args []js.Value) any {
		go func() {
			result, err := f()
			if err != nil {
				args[1].Invoke(js.Global().Get("Error").New(err.Error()))
				return
			}
			b, err := json.Marshal(result)
			if err != nil {
				args[1].Invoke(js.Global().Get("Error").New(err.Error()))
				return
			}
			args[0].Invoke(js.Global().Get("JSON").Call("parse", string(b)))
		}()
		return nil
	})
	defer executor.Release()
	return js.Global().Get("Promise").New(executor)
}

// do carries out a command.
func (t *tab) do(name, arguments string) (any, error) {
	command := commands[name]
	if command == nil {
		return nil, fmt.Errorf("no command %q", name)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(arguments), &raw); err != nil {
		return nil, err
	}
	return command(context.Background(), t, raw)
}

// post has the page send bytes to a URL, and gives the answer.
func post(url string, body []byte) (answer []byte, err error) {
	array := js.Global().Get("Uint8Array").New(len(body))
	js.CopyBytesToJS(array, body)
	done := make(chan struct{})
	then := js.FuncOf(func(_ js.Value, args []js.Value) any {
		answer = make([]byte, args[0].Get("length").Int())
		js.CopyBytesToGo(answer, args[0])
		close(done)
		return nil
	})
	fail := js.FuncOf(func(_ js.Value, args []js.Value) any {
		err = js.Error{Value: args[0]}
		close(done)
		return nil
	})
	js.Global().Call("post", url, array).Call("then", then, fail)
	<-done
	then.Release()
	fail.Release()
	return answer, err
}
