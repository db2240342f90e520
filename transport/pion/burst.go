package pion

import (
	"net/netip"
	"runtime"
	"slices"
	"sync"
)

// Full packets to one address go out together where the system cuts what it is
// given (Linux: UDP_SEGMENT): a packet by itself costs a fifth of all that sending
// costs. Pion hands them over one by one and says nothing of how many follow. So a
// full packet waits until a shorter one follows, a burst is full, or the socket's
// goroutine comes to run, which gives way once: where a processor is idle that is
// at once, and else what keeps it busy is likely to bring more packets.
const (
	fullPacket = 1000     // bytes; SCTP's are 1265 with what DTLS adds
	maxBurst   = 32 << 10 // bytes; at fullPacket, fewer than the 64 packets that Linux takes
	maxLate    = 64       // parts with a burst that wait for the goroutine; others do not wait
)

// burst is what one part has to send.
type burst struct {
	mu   sync.Mutex
	to   netip.AddrPort
	size int             // of each packet but the last, which may be shorter
	used int             // bytes that wait
	data *[maxBurst]byte // nil: none
}

var bursts = sync.Pool{New: func() any { return new([maxBurst]byte) }}

// send sends a packet, or puts it aside.
func (p *part) send(b []byte, to netip.AddrPort) (int, error) {
	x := &p.burst
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.used > 0 && (to != x.to || len(b) > x.size || x.used+len(b) > maxBurst) {
		p.flush()
	}
	if x.used == 0 {
		if len(b) < fullPacket || len(b) > maxBurst || !p.socket.later(p) {
			return p.socket.write(b, to)
		}
		x.to, x.size, x.data = to, len(b), bursts.Get().(*[maxBurst]byte)
	}
	x.used += copy(x.data[x.used:], b)
	if len(b) < x.size {
		p.flush()
	}
	return len(b), nil
}

// flush sends what was put aside. The caller holds burst.mu.
func (p *part) flush() {
	x := &p.burst
	if x.used == 0 {
		return
	}
	p.socket.writeBurst(x.data[:x.used], x.size, x.to)
	bursts.Put(x.data)
	x.used, x.data = 0, nil
}

// later has a part flushed soon; false: nothing may be put aside.
func (s *socket) later(p *part) bool {
	if !s.cuts.Load() {
		return false
	}
	select {
	case s.late <- p:
		return true
	default:
		return false
	}
}

// flush is a goroutine of the socket, where the system cuts.
func (s *socket) flush() {
	for {
		select {
		case p := <-s.late:
			runtime.Gosched()
			p.burst.mu.Lock()
			p.flush()
			p.burst.mu.Unlock()
		case <-s.ended:
			return
		}
	}
}

// writeBurst sends packets of one size, of which the last may be shorter. One that
// cannot be sent is lost, as on its way.
func (s *socket) writeBurst(data []byte, size int, to netip.AddrPort) {
	if len(data) > size && s.cuts.Load() {
		if s.writeSegments(data, size, to) {
			return
		}
		s.cuts.Store(false)
	}
	for packet := range slices.Chunk(data, size) {
		_, _ = s.write(packet, to)
	}
}
