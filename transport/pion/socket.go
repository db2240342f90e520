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
)

// socket is one UDP socket of a driver, as a multiplexer of pion/ice reads and
// writes it. It keeps connectivity checks of sources that must not be talked to
// from the ICE agents, which would answer them; what else such sources send,
// the multiplexer drops.
type socket struct {
	*net.UDPConn
	local  netip.AddrPort
	accept func(netip.AddrPort) bool
	onLost func(error) // once, if the socket fails before stop; on the reader's goroutine

	stopped atomic.Bool
	failed  sync.Once
	reading sync.Mutex // held while the multiplexer waits for a packet
}

// listen opens a socket for the IP version of addr only.
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
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return &socket{
		UDPConn: conn,
		local:   netip.AddrPortFrom(local.Addr().Unmap(), local.Port()),
		accept:  accept,
		onLost:  onLost,
	}, nil
}

// ReadFromAddrPort is what the multiplexer reads with. An error ends it.
func (s *socket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	for failures := 0; ; {
		n, from, err := s.ReadFromUDPAddrPort(b)
		switch {
		case err == nil:
			from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
			if !isCheck(b[:n]) || s.accept(from) {
				return n, from, nil
			}
		case errors.Is(err, net.ErrClosed) || failures >= maxReadErrors:
			if !s.stopped.Load() {
				s.failed.Do(func() { s.onLost(fmt.Errorf("socket %v: %w", s.local, err)) })
			}
			return 0, netip.AddrPort{}, err
		default: // such as an ICMP error that the system reports here
			failures++
		}
	}
}

// Close closes the socket and waits until the multiplexer, whose goroutine ends
// with the next look at the socket, is not in the middle of one.
func (s *socket) Close() error {
	s.stopped.Store(true)
	err := s.UDPConn.Close()
	s.reading.Lock()
	defer s.reading.Unlock()
	return err
}

// WriteToAddrPort is what the multiplexer writes with.
func (s *socket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return s.WriteToUDPAddrPort(b, netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
}

// isCheck reports whether a packet is a STUN binding request, going by the type
// alone: DTLS begins with a byte above 19 (RFC 7983 section 7).
func isCheck(p []byte) bool { return len(p) >= 2 && p[0] == 0 && p[1] == 1 }
