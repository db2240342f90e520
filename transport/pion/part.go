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

const maxSources = 64 // addresses that a part gets packets from

// part is what one session has of a socket. What came for it waits in two queues:
// one that its ICE agent reads, to which the part is a net.PacketConn and an
// ice.AddrPortReaderWriter, and one for DTLS.
type part struct {
	socket *socket
	ufrag  string // of this end
	queue         // for the agent
	inbox  *inbox // for DTLS; nil: the agent gets that, too

	mu   sync.Mutex
	from []netip.AddrPort

	nominate atomic.Pointer[string]   // see mux.nominate
	answered atomic.Pointer[answered] // see redundant

	burst burst
}

func newPart(s *socket, ufrag string, b *inbox) *part {
	p := &part{socket: s, ufrag: ufrag, inbox: b}
	p.queue.init(maxPackets)
	return p
}

// put keeps a packet, of at most maxDatagram bytes, until it is read.
func (p *part) put(data []byte, from netip.AddrPort) {
	if p.inbox != nil && isDTLS(data) {
		p.inbox.put(data, from)
		return
	}
	if isAnswer(data) {
		p.answered.Store(&answered{from, time.Now()})
	}
	p.queue.put(data, from)
}

// ReadFromAddrPort waits for a packet. Errors: io.ErrShortBuffer, io.EOF after
// Close.
func (p *part) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) { return p.get(b) }

// WriteToAddrPort sends a packet, perhaps together with the next ones. What comes
// back goes to this part, which also takes it from another one: whoever spoke last.
func (p *part) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	to = unmapped(to)
	if p.ended() {
		return 0, io.ErrClosedPipe
	}
	p.mu.Lock()
	known := slices.Contains(p.from, to)
	p.mu.Unlock()
	if !known {
		p.socket.route(to, p)
	}
	if isCheck(b) && p.redundant(b, to) {
		return len(b), nil
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
	p.end()
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
