package pion

import (
	"errors"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/ice/v4"

	"github.com/n2n-overlay/n2n/transport"
)

// mux is the sockets that sessions share, at most one for each IP version. It is
// the ice.UDPMux of a webrtc.API.
type mux struct {
	addresses *addresses
	sockets   []*socket
}

var _ ice.UDPMux = (*mux)(nil)

// newMux opens sockets at an address. The IPv6 unspecified address stands for
// both IP versions, of which one may fail.
func newMux(bound netip.AddrPort, a *addresses, onLost func(error)) (*mux, error) {
	at := []netip.AddrPort{bound}
	if bound.Addr() == netip.IPv6Unspecified() {
		at = []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), bound.Port()), bound}
	}
	m := &mux{addresses: a}
	var failed error
	for _, addr := range at {
		s, err := listen(addr, a.reachable, onLost)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		m.sockets = append(m.sockets, s)
	}
	if len(m.sockets) == 0 {
		return nil, failed
	}
	return m, nil
}

// base is a socket and the address at which an ICE agent knows it. At which others
// the peer may reach it is no concern of the agent, since they are one base to it
// (RFC 8445 section 5.1.1.1), and fewer pairs are fewer checks.
type base struct {
	*socket
	addr netip.AddrPort
}

func (m *mux) bases() (all []base) {
	hosts := m.addresses.fresh().hosts
	for _, s := range m.sockets {
		i := slices.IndexFunc(hosts, func(ip netip.Addr) bool { return ip.Is4() == s.local.Addr().Is4() })
		if i >= 0 {
			all = append(all, base{s, netip.AddrPortFrom(hosts[i], s.local.Port())})
		}
	}
	return all
}

// GetListenAddresses gives the ICE agent of a PeerConnection one address for each
// socket.
func (m *mux) GetListenAddresses() (all []net.Addr) {
	for _, b := range m.bases() {
		all = append(all, net.UDPAddrFromAddrPort(b.addr))
	}
	return all
}

// expect keeps what comes for a session from now on, before its ICE agent has its
// parts of the sockets: else the first check of the other end is lost, and the next
// one comes 200 ms later. The inbox may be nil.
func (m *mux) expect(ufrag string, b *inbox) {
	for _, s := range m.sockets {
		s.part(ufrag, b)
	}
}

// GetConn gives an ICE agent its part of a socket, by its ufrag.
func (m *mux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	for _, s := range m.sockets {
		if a, ok := addr.(*net.UDPAddr); ok && (a.IP.To4() != nil) == s.local.Addr().Is4() {
			return s.part(ufrag, nil), nil
		}
	}
	return nil, errors.New("no socket for " + addr.String())
}

// RemoveConnByUfrag frees what GetConn gave.
func (m *mux) RemoveConnByUfrag(ufrag string) {
	for _, s := range m.sockets {
		s.remove(ufrag)
	}
}

// Close frees the sockets and waits for their readers.
func (m *mux) Close() error {
	for _, s := range m.sockets {
		_ = s.Close()
	}
	return nil
}

// hostCandidates are the addresses at which the sockets can be reached, at most n.
func (m *mux) hostCandidates(n int) []transport.Candidate {
	var all []transport.Candidate
	for _, ip := range m.addresses.fresh().hosts {
		for _, s := range m.sockets {
			if s.local.Addr().Is4() != ip.Is4() || len(all) >= n {
				continue
			}
			all = append(all, transport.Candidate{
				Type:     transport.Host,
				Priority: priority(preferHost, len(all)),
				Addr:     netip.AddrPortFrom(ip, s.local.Port()),
			})
		}
	}
	return all
}
