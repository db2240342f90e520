package entrance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall/js"
)

// httpClient is nothing in a browser, which has its own.
type httpClient struct{}

// maxWaiting is how many frames of the server may wait to be read.
const maxWaiting = 256

// browserSocket is the browser's WebSocket, without a library, which would bring
// all of net/http and crypto/tls into the page.
type browserSocket struct {
	ws     js.Value
	frames chan []byte
	opened chan struct{}
	gone   chan struct{} // closed when the socket is

	once sync.Once
	why  error // read after gone

	listeners []js.Func
}

// open makes a WebSocket. A browser does not tell the status of a handshake that
// failed.
func (c *Client) open(ctx context.Context, url string) (_ webSocket, status int, err error) {
	defer func() { // what the browser throws: an address that a page may not go to
		if r := recover(); r != nil {
			thrown, ok := r.(js.Error)
			if !ok {
				panic(r)
			}
			err = thrown
		}
	}()
	if rest, ok := strings.CutPrefix(url, "http"); ok {
		url = "ws" + rest
	}
	s := &browserSocket{
		ws:     js.Global().Get("WebSocket").New(url, []any{subprotocol}),
		frames: make(chan []byte, maxWaiting), opened: make(chan struct{}), gone: make(chan struct{}),
	}
	s.ws.Set("binaryType", "arraybuffer")
	s.listen("open", func(js.Value) { close(s.opened) })
	s.listen("message", s.message)
	s.listen("close", func(e js.Value) {
		s.end(fmt.Errorf("the connection has ended: code %d %.100q", e.Get("code").Int(), e.Get("reason").String()))
		for _, f := range s.listeners {
			f.Release()
		}
	})
	select {
	case <-s.opened:
		return s, 0, nil
	case <-s.gone:
		return nil, 0, s.why
	case <-ctx.Done():
		s.Close()
		return nil, 0, ctx.Err()
	}
}

func (s *browserSocket) listen(event string, f func(e js.Value)) {
	l := js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
	s.listeners = append(s.listeners, l)
	s.ws.Call("addEventListener", event, l)
}

func (s *browserSocket) message(e js.Value) {
	data := e.Get("data")
	if data.Type() == js.TypeString || data.Get("byteLength").Int() > maxFrame {
		s.fail(errors.New("the server sent what is no frame"))
		return
	}
	b := make([]byte, data.Get("byteLength").Int())
	js.CopyBytesToGo(b, js.Global().Get("Uint8Array").New(data))
	select {
	case s.frames <- b:
	default:
		s.fail(errors.New("the server sends faster than we read"))
	}
}

func (s *browserSocket) end(why error) {
	s.once.Do(func() {
		s.why = why
		close(s.gone)
	})
}

func (s *browserSocket) fail(why error) {
	s.end(why)
	s.ws.Call("close") // with a code that pages may use: none
}

func (s *browserSocket) Read(ctx context.Context) ([]byte, error) {
	select {
	case b := <-s.frames: // also what came before the end
		return b, nil
	default:
	}
	select {
	case b := <-s.frames:
		return b, nil
	case <-s.gone:
		select {
		case b := <-s.frames:
			return b, nil
		default:
			return nil, s.why
		}
	case <-ctx.Done():
		s.fail(ctx.Err())
		return nil, ctx.Err()
	}
}

func (s *browserSocket) Write(_ context.Context, b []byte) error {
	select {
	case <-s.gone:
		return s.why
	default:
	}
	data := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(data, b)
	s.ws.Call("send", data) // takes it, or drops it when the socket is closing: then Read fails
	return nil
}

func (s *browserSocket) Close() { s.fail(errors.New("closed")) }
