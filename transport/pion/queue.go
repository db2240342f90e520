package pion

import (
	"io"
	"net/netip"
	"os"
	"sync"
)

const (
	maxPackets = 1 << 11 // that wait in one queue, of maxDatagram bytes each: more than an SCTP window has
	maxEarly   = 1 << 6  // that wait for DTLS before there is a path: more than its first flight has
)

// queue holds packets that came until they are read, a bounded number; more is
// dropped, as the system does when a socket's buffer is full.
type queue struct {
	mu       sync.Mutex
	most     int       // packets that may wait
	came     sync.Cond // a packet, or the end
	first    *packet   // that waits
	last     *packet
	waiting  int
	expired  bool // nobody is to wait
	finished bool
}

// packet is one that waits.
type packet struct {
	next *packet
	from netip.AddrPort
	size int
	data [maxDatagram]byte
}

var packets = sync.Pool{New: func() any { return new(packet) }}

func (q *queue) init(most int) {
	q.came.L = &q.mu
	q.most = most
}

// allow lets so many packets wait from now on.
func (q *queue) allow(most int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.most = most
}

// put keeps a packet, of at most maxDatagram bytes, until it is read.
func (q *queue) put(data []byte, from netip.AddrPort) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.finished || q.waiting >= q.most {
		return
	}
	x := packets.Get().(*packet)
	x.next, x.from, x.size = nil, from, copy(x.data[:], data)
	if q.first == nil {
		q.first = x
	} else {
		q.last.next = x
	}
	q.last = x
	q.waiting++
	q.came.Signal()
}

// get waits for a packet. Errors: io.ErrShortBuffer, io.EOF after end,
// os.ErrDeadlineExceeded while it is expired.
func (q *queue) get(b []byte) (int, netip.AddrPort, error) {
	q.mu.Lock()
	for q.first == nil && !q.finished && !q.expired {
		q.came.Wait()
	}
	switch {
	case q.finished:
		q.mu.Unlock()
		return 0, netip.AddrPort{}, io.EOF
	case q.expired:
		q.mu.Unlock()
		return 0, netip.AddrPort{}, os.ErrDeadlineExceeded
	}
	x := q.first
	q.first = x.next
	q.waiting--
	q.mu.Unlock()
	n, from, whole := copy(b, x.data[:x.size]), x.from, x.size <= len(b)
	packets.Put(x)
	if !whole {
		return n, from, io.ErrShortBuffer
	}
	return n, from, nil
}

// more gives the next packet if there is one that fits and is wanted, without
// waiting.
func (q *queue) more(b []byte, wanted func([]byte) bool) int {
	q.mu.Lock()
	x := q.first
	if x == nil || x.size > len(b) || !wanted(x.data[:x.size]) {
		q.mu.Unlock()
		return 0
	}
	q.first = x.next
	q.waiting--
	q.mu.Unlock()
	n := copy(b, x.data[:x.size])
	packets.Put(x)
	return n
}

// expire says whether get may wait.
func (q *queue) expire(now bool) {
	q.mu.Lock()
	q.expired = now
	q.mu.Unlock()
	q.came.Broadcast()
}

// end ends the queue: whoever reads is told.
func (q *queue) end() {
	q.mu.Lock()
	q.finished, q.first = true, nil
	q.mu.Unlock()
	q.came.Broadcast()
}

func (q *queue) ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.finished
}
