package pion

import (
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxPackets = 1 << 11 // that wait in one part, of maxDatagram bytes each: more than an SCTP window has
	maxSources = 64      // addresses that a part gets packets from
)

// part is what one ICE agent has of a socket. It holds what came for the agent,
// a bounded number of packets; more is dropped, as the system does when a socket's
// buffer is full. It is a net.PacketConn, and an ice.AddrPortReaderWriter.
type part struct {
	socket *socket
	ufrag  string // of this end

	mu       sync.Mutex
	came     sync.Cond // a packet, or the end
	first    *packet   // that waits
	last     *packet
	waiting  int
	from     []netip.AddrPort
	finished bool

	nominate atomic.Pointer[string] // see mux.nominate

	burst burst
}

// packet is one that waits.
type packet struct {
	next *packet
	from netip.AddrPort
	size int
	data [maxDatagram]byte
}

var packets = sync.Pool{New: func() any { return new(packet) }}

func newPart(s *socket, ufrag string) *part {
	p := &part{socket: s, ufrag: ufrag}
	p.came.L = &p.mu
	return p
}

// put keeps a packet, of at most maxDatagram bytes, until it is read.
func (p *part) put(data []byte, from netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finished || p.waiting >= maxPackets {
		return
	}
	x := packets.Get().(*packet)
	x.next, x.from, x.size = nil, from, copy(x.data[:], data)
	if p.first == nil {
		p.first = x
	} else {
		p.last.next = x
	}
	p.last = x
	p.waiting++
	p.came.Signal()
}

// ReadFromAddrPort waits for a packet. Errors: io.ErrShortBuffer, io.EOF after
// Close.
func (p *part) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	p.mu.Lock()
	for p.first == nil && !p.finished {
		p.came.Wait()
	}
	if p.finished {
		p.mu.Unlock()
		return 0, netip.AddrPort{}, io.EOF
	}
	x := p.first
	p.first = x.next
	p.waiting--
	p.mu.Unlock()
	n, from, whole := copy(b, x.data[:x.size]), x.from, x.size <= len(b)
	packets.Put(x)
	if !whole {
		return n, from, io.ErrShortBuffer
	}
	return n, from, nil
}

// WriteToAddrPort sends a packet, perhaps together with the next ones. What comes
// back goes to this part, which also takes it from another one: whoever spoke last.
func (p *part) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	to = unmapped(to)
	p.mu.Lock()
	finished, known := p.finished, slices.Contains(p.from, to)
	p.mu.Unlock()
	if finished {
		return 0, io.ErrClosedPipe
	}
	if !known {
		p.socket.route(to, p)
	}
	if password := p.nominate.Load(); password != nil && isCheck(b) {
		if _, err := p.send(nominating(b, *password), to); err != nil {
			return 0, err
		}
		return len(b), nil
	}
	return p.send(b, to)
}

// gain notes an address that the part gets packets from; of too many, the oldest
// is given up.
func (p *part) gain(from netip.AddrPort) (old netip.AddrPort, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.from) == maxSources {
		old, more = p.from[0], true
		p.from = p.from[1:]
	}
	p.from = append(p.from, from)
	return old, more
}

func (p *part) lose(from netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from = slices.DeleteFunc(p.from, func(a netip.AddrPort) bool { return a == from })
}

// sources are the addresses that the part gets packets from.
func (p *part) sources() []netip.AddrPort {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.from)
}

// Close ends the part: whoever reads is told.
func (p *part) Close() error {
	p.mu.Lock()
	p.finished, p.first = true, nil
	p.mu.Unlock()
	p.came.Broadcast()
	return nil
}

// ReadFrom is ReadFromAddrPort.
func (p *part) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := p.ReadFromAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

// WriteTo is WriteToAddrPort.
func (p *part) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, &net.AddrError{Err: "no UDP address", Addr: to.String()}
	}
	return p.WriteToAddrPort(b, a.AddrPort())
}

// LocalAddr is the socket's.
func (p *part) LocalAddr() net.Addr { return p.socket.LocalAddr() }

// An agent sets a deadline only before Close, which has the same effect; a write
// to the socket does not wait for long.

func (p *part) SetDeadline(time.Time) error      { return nil }
func (p *part) SetReadDeadline(time.Time) error  { return nil }
func (p *part) SetWriteDeadline(time.Time) error { return nil }
