package overlay

import (
	"bytes"
	"sync"
)

// parts holds the parts of a message that has not come whole, in chunks that are
// used again: how long the message will be, nobody says, and one buffer that grows
// would be left to the collector some times over. Its zero value has none.
type parts struct {
	list [][]byte // each in a chunk; all full but the last, however the peer cuts
	size int      // bytes
}

type chunk [fragment]byte

var chunks = sync.Pool{New: func() any { return new(chunk) }}

func (p *parts) add(data []byte) {
	p.size += len(data)
	for len(data) > 0 {
		if n := len(p.list); n == 0 || len(p.list[n-1]) == fragment {
			p.list = append(p.list, chunks.Get().(*chunk)[:0])
		}
		last := &p.list[len(p.list)-1]
		n := min(len(data), fragment-len(*last))
		*last = append(*last, data[:n]...)
		data = data[n:]
	}
}

// join gives the message, whose last part is data, and keeps nothing.
func (p *parts) join(data []byte) []byte {
	if p.size == 0 {
		return append([]byte(nil), data...)
	}
	message := bytes.Join(append(p.list, data), nil)
	p.drop()
	return message
}

func (p *parts) drop() {
	for _, b := range p.list {
		chunks.Put((*chunk)(b[:fragment]))
	}
	*p = parts{}
}
