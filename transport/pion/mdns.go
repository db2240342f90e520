package pion

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/mdns/v2"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/n2n-overlay/n2n/transport"
)

const (
	nameTimeout = 5 * time.Second  // how long an answer is awaited; it is asked for each second
	maxQueries  = 64               // names of one driver that are asked for at the same time
	nameRetry   = 10 * time.Second // a resolver that cannot start is left alone for so long
)

var (
	errNoResolver = errors.New("mDNS: multicast is not possible here")
	errNoName     = errors.New("mDNS: nobody in this network has the name")
	errManyNames  = fmt.Errorf("mDNS: more than %d names are being asked for", maxQueries)
)

// resolver finds the addresses that peers hide behind mDNS names (RFC 6762;
// draft-ietf-mmusic-mdns-ice-candidates section 3.2). It is shared by the sessions
// of a driver, and opens its sockets, which see the mDNS traffic of the network,
// only when the first name comes. The agents of pion would open two each.
type resolver struct {
	loopback bool // loopback is a network, too
	loggers  logging.LoggerFactory

	mu     sync.Mutex
	conn   *mdns.Conn // nil until a name comes
	failed time.Time  // when it last could not be started
	closed bool
	asking int
}

// resolve asks for a name, without ".local", and gives the first address that
// somebody answers with.
func (r *resolver) resolve(ctx context.Context, name string) (netip.Addr, error) {
	conn, err := r.enter()
	if err != nil {
		return netip.Addr{}, err
	}
	defer r.leave()
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	_, addr, err := conn.QueryAddr(ctx, name+".local")
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%w: %s.local", errNoName, name)
	}
	return addr.Unmap(), nil
}

// enter gives the sockets, and counts who uses them.
func (r *resolver) enter() (*mdns.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, transport.ErrClosed
	case r.asking >= maxQueries:
		return nil, errManyNames
	case r.conn == nil && !r.failed.IsZero() && time.Since(r.failed) < nameRetry:
		return nil, errNoResolver
	case r.conn == nil:
		conn, err := r.open()
		if err != nil {
			r.failed = time.Now()
			return nil, fmt.Errorf("%w: %w", errNoResolver, err)
		}
		r.conn = conn
	}
	r.asking++
	return r.conn, nil
}

func (r *resolver) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asking--
}

// open opens a socket for each IP version, of which one may fail, at the port of
// mDNS, which all programs of a host share.
func (r *resolver) open() (*mdns.Conn, error) {
	listen := func(network, address string) (*net.UDPConn, error) {
		a, err := net.ResolveUDPAddr(network, address)
		if err != nil {
			return nil, err
		}
		return net.ListenUDP(network, a)
	}
	var v4 *ipv4.PacketConn
	var v6 *ipv6.PacketConn
	c4, err4 := listen("udp4", mdns.DefaultAddressIPv4)
	if err4 == nil {
		v4 = ipv4.NewPacketConn(c4)
	}
	c6, err6 := listen("udp6", mdns.DefaultAddressIPv6)
	if err6 == nil {
		v6 = ipv6.NewPacketConn(c6)
	}
	if err4 != nil && err6 != nil {
		return nil, errors.Join(err4, err6)
	}
	conn, err := mdns.NewServer(v4, v6,
		mdns.WithName("n2n"), mdns.WithIncludeLoopback(r.loopback), mdns.WithLoggerFactory(r.loggers), mdns.WithCacheRefresh(false))
	if err != nil {
		for _, c := range []*net.UDPConn{c4, c6} {
			if c != nil {
				_ = c.Close()
			}
		}
		return nil, err
	}
	return conn, nil
}

// close frees the sockets. Queries under way end.
func (r *resolver) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.conn != nil {
		_ = r.conn.Close()
		r.conn = nil
	}
}

// resolveNames begins to look for what the peer hides.
func (s *session) resolveNames() {
	s.mu.Lock()
	fresh := s.names[s.asked:]
	s.asked = len(s.names)
	s.mu.Unlock()
	for _, c := range fresh {
		s.driver.wg.Go(func() { s.resolve(c) })
	}
}

// resolve finds the address of one candidate. It is contacted under the same rules
// as any other.
func (s *session) resolve(c transport.Candidate) {
	ip, err := s.driver.resolver.resolve(s.ctx, c.Name)
	if err != nil {
		if log := s.driver.cfg.Logger; log != nil && s.ctx.Err() == nil {
			log.Debug("hidden candidate", "session", s.id, "error", err)
		}
		return
	}
	s.mu.Lock()
	s.resolved++
	s.mu.Unlock()
	s.add([]transport.Candidate{{Type: c.Type, Priority: c.Priority, Addr: netip.AddrPortFrom(ip, c.Addr.Port())}})
}

// hidden says what a peer hides, for the error of an attempt that found no path;
// "" if that is not why.
func (s *session) hidden() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.names) == 0 || s.resolved > 0 {
		return ""
	}
	return fmt.Sprintf(": nobody in this network answers for the %d mDNS names that the peer hides its addresses behind,"+
		" so only a server-reflexive or relayed candidate can reach it (STUN or TURN, Config.ICEServers)", len(s.names))
}
