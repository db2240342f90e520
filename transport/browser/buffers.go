//go:build js && wasm

package browser

import (
	"sync"
	"syscall/js"

	"github.com/n2n-overlay/n2n/transport"
)

const (
	// A message of at least so many bytes is in a buffer that is used again, since
	// a handler does not keep it. A smaller one would waste too much of it.
	largeMessage = transport.MaxFrame * 3 / 4

	// maxBuffers are kept for later.
	maxBuffers = 64
)

// buffers hold what was received.
type buffers struct {
	array js.Value // Uint8Array

	mu   sync.Mutex
	next []byte // for the next message: one byte more than a message may have
	free [][]byte
}

// copy gives a message, an ArrayBuffer or text; nil: it is too large.
func (b *buffers) copy(data js.Value) []byte {
	if data.Type() == js.TypeString {
		text := []byte(data.String())
		if len(text) > transport.MaxFrame {
			return nil
		}
		return text
	}
	view := b.array.New(data) // copies nothing
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = b.get()
	}
	n := js.CopyBytesToGo(b.next, view)
	switch {
	case n > transport.MaxFrame:
		return nil
	case n < largeMessage:
		return append(make([]byte, 0, n), b.next[:n]...)
	}
	p := b.next[:n]
	b.next = nil
	return p
}

// keep gives a copy of a message.
func (b *buffers) keep(p []byte) []byte {
	if len(p) < largeMessage {
		return append(make([]byte, 0, len(p)), p...)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return append(b.get()[:0], p...)
}

// get gives an empty one. The caller holds b.mu.
func (b *buffers) get() []byte {
	if last := len(b.free) - 1; last >= 0 {
		p := b.free[last]
		b.free = b.free[:last]
		return p
	}
	return make([]byte, transport.MaxFrame+1)
}

// put takes back what copy gave.
func (b *buffers) put(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if cap(p) == transport.MaxFrame+1 && len(b.free) < maxBuffers {
		b.free = append(b.free, p[:cap(p)])
	}
}
