package pion

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

const (
	socketBuffer  = 4 << 20 // bytes; a burst of one SCTP window and more must fit
	maxReadErrors = 100     // in a row, after which a socket counts as lost
	maxDatagram   = 2 << 10 // bytes; none of WebRTC's is larger, which keep to the Ethernet's MTU
)

// socket is one UDP socket of a driver, and whom its packets are for. Each ICE
// agent has a part of it. A packet goes to the part that wrote to its source last;
// from elsewhere only a connectivity check is taken, to the part whose ufrag it
// names (RFC 8445 section 7.2.2), and what a STUN server answers. The agents never
// see checks from where nobody must be talked to: they would answer them.
//
// pion/ice's own multiplexer does the same with a queue that has no bound, and
// knows of an agent only when that has gathered.
type socket struct {
	*net.UDPConn
	local  netip.AddrPort
	accept func(netip.AddrPort) bool
	onLost func(error) // once, if the socket fails before Close; on the reader's goroutine

	stopped atomic.Bool
	ended   chan struct{} // closed when the reader has ended
	work    sync.WaitGroup

	cuts atomic.Bool // the system cuts a burst into packets
	late chan *part  // that have put packets aside

	mu        sync.RWMutex // before that of a part
	parts     map[string]*part
	routes    map[netip.AddrPort]*part
	questions map[transaction]*question
}

// listen opens a socket for the IP version of addr only, and reads it until Close.
func listen(addr netip.AddrPort, accept func(netip.AddrPort) bool, onLost func(error)) (*socket, error) {
	network := "udp6"
	if addr.Addr().Is4() {
		network = "udp4"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	// The system may allow less, which is slower and not an error.
	_ = conn.SetReadBuffer(socketBuffer)
	_ = conn.SetWriteBuffer(socketBuffer)
	s := &socket{
		UDPConn:   conn,
		local:     unmapped(conn.LocalAddr().(*net.UDPAddr).AddrPort()),
		accept:    accept,
		onLost:    onLost,
		ended:     make(chan struct{}),
		late:      make(chan *part, maxLate),
		parts:     make(map[string]*part),
		routes:    make(map[netip.AddrPort]*part),
		questions: make(map[transaction]*question),
	}
	if s.cuts.Store(s.canSegment()); s.cuts.Load() {
		s.work.Go(s.flush)
	}
	s.work.Go(s.read)
	return s, nil
}

// unmapped is an address without the form that IPv4 has in IPv6.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// read is a goroutine of the socket.
func (s *socket) read() {
	defer close(s.ended)
	buf := make([]byte, maxDatagram+1)
	for failures := 0; ; {
		n, from, err := s.ReadFromUDPAddrPort(buf)
		switch {
		case err == nil:
			failures = 0
			if n <= maxDatagram { // else it is cut, and not of WebRTC
				s.take(buf[:n], unmapped(from))
			}
		case errors.Is(err, net.ErrClosed) || failures >= maxReadErrors:
			if !s.stopped.Load() {
				s.onLost(fmt.Errorf("socket %v: %w", s.local, err))
			}
			return
		default: // such as an ICMP error that the system reports here
			failures++
		}
	}
}

// take hands a packet to whom it is for, or drops it.
func (s *socket) take(packet []byte, from netip.AddrPort) {
	if isCheck(packet) && !s.accept(from) {
		return
	}
	s.mu.RLock()
	to := s.routes[from]
	if to == nil && isCheck(packet) {
		to = s.parts[string(receiver(packet))]
	}
	asked := to == nil && len(s.questions) > 0
	s.mu.RUnlock()
	switch {
	case to != nil:
		to.put(packet, from)
	case asked:
		s.answer(packet, from)
	}
}

// part gives the part with a ufrag, a new one if there is none, which hands what is
// DTLS's to the inbox.
func (s *socket) part(ufrag string, b *inbox) *part {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parts[ufrag]
	if p == nil {
		p = newPart(s, ufrag, b)
		s.parts[ufrag] = p
	}
	return p
}

// route has what comes from an address go to a part from now on.
func (s *socket) route(from netip.AddrPort, to *part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parts[to.ufrag] != to {
		return // removed
	}
	if before := s.routes[from]; before != nil {
		before.lose(from)
	}
	s.routes[from] = to
	if old, more := to.gain(from); more && s.routes[old] == to {
		delete(s.routes, old)
	}
}

// remove takes the part with a ufrag out. It may still write.
func (s *socket) remove(ufrag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parts[ufrag]
	if p == nil {
		return
	}
	delete(s.parts, ufrag)
	for _, a := range p.sources() {
		delete(s.routes, a)
	}
}

// write sends a packet.
func (s *socket) write(b []byte, to netip.AddrPort) (int, error) {
	return s.WriteToUDPAddrPort(b, to)
}

// Close closes the socket and its parts, and waits for the goroutines.
func (s *socket) Close() error {
	s.stopped.Store(true)
	err := s.UDPConn.Close()
	s.work.Wait()
	s.mu.Lock()
	parts := s.parts
	s.parts, s.routes = map[string]*part{}, map[netip.AddrPort]*part{}
	s.mu.Unlock()
	for _, p := range parts {
		_ = p.Close()
	}
	return err
}
