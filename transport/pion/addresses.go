package pion

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// addressAge is how old the list of this host's addresses may be when a session
// begins. To read it costs a tenth of what it costs to open a session.
const addressAge = 5 * time.Second

// addresses knows at which addresses this host can be reached, and which ones
// of others may be contacted.
type addresses struct {
	bound      netip.Addr // the one that the sockets are bound to; unspecified: all
	interfaces func(name string) bool
	remote     func(netip.AddrPort) bool

	mu    sync.Mutex           // one scan at a time
	known atomic.Pointer[scan] // never nil
}

// scan is what the interfaces of this host were at one time.
type scan struct {
	at        time.Time
	hosts     []netip.Addr // the best first
	broadcast []netip.Addr // of the networks of this host
	loopback  bool         // this node speaks on loopback, and only there
}

func newAddresses(bound netip.Addr, cfg Config) *addresses {
	a := &addresses{bound: bound, interfaces: cfg.Interfaces, remote: cfg.Remote}
	if a.interfaces == nil {
		a.interfaces = func(string) bool { return true }
	}
	if a.remote == nil {
		a.remote = func(netip.AddrPort) bool { return true }
	}
	a.known.Store(a.scan())
	return a
}

// reachable reports whether an address of a peer may be contacted. No peer
// listens at a port below 1024, but other services do.
func (a *addresses) reachable(to netip.AddrPort) bool {
	return to.Port() >= 1024 && a.contactable(to.Addr()) && a.remote(to)
}

// contactable is reachable without the port.
func (a *addresses) contactable(ip netip.Addr) bool {
	switch s := a.known.Load(); {
	case !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip.Is4In6():
		return false
	case ip.IsLoopback() != s.loopback:
		return false
	case ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) || slices.Contains(s.broadcast, ip):
		return false
	}
	return true
}

// fresh gives a scan that is at most addressAge old.
func (a *addresses) fresh() *scan {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.known.Load(); time.Since(s.at) < addressAge {
		return s
	}
	s := a.scan()
	a.known.Store(s)
	return s
}

func (a *addresses) scan() *scan {
	s := &scan{at: time.Now()}
	if !a.bound.IsUnspecified() {
		s.hosts, s.loopback = []netip.Addr{a.bound}, a.bound.IsLoopback()
	}
	var loopback []netip.Addr
	network := false
	list, _ := net.Interfaces() // an error leaves the list empty, as a host without network has it
	for _, i := range list {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		networks, _ := i.Addrs()
		for _, n := range networks {
			ip, broadcast, ok := split(n)
			switch {
			case !ok:
			case ip.IsLoopback():
				loopback = append(loopback, ip)
			case ip.IsLinkLocalUnicast() || ip.IsMulticast():
			default:
				network = true
				if broadcast.IsValid() {
					s.broadcast = append(s.broadcast, broadcast)
				}
				if a.bound.IsUnspecified() && a.interfaces(i.Name) {
					s.hosts = append(s.hosts, ip)
				}
			}
		}
	}
	if a.bound.IsUnspecified() && !network {
		s.hosts, s.loopback = loopback, true // still of use to the processes of this host
	}
	preferred := []netip.Addr{source("udp6", "[2001:db8::1]:1024"), source("udp4", "192.0.2.1:1024")}
	slices.SortStableFunc(s.hosts, func(x, y netip.Addr) int {
		return rank(preferred, x) - rank(preferred, y)
	})
	return s
}

// split gives the address of an interface, and the broadcast address of its
// network if that has one.
func split(n net.Addr) (ip, broadcast netip.Addr, ok bool) {
	ipNet, ok := n.(*net.IPNet)
	if !ok {
		return ip, broadcast, false
	}
	ip, ok = netip.AddrFromSlice(ipNet.IP)
	ip = ip.Unmap()
	if ones, bits := ipNet.Mask.Size(); ok && ip.Is4() && bits-ones >= 2 && len(ipNet.Mask) == 4 {
		b := ip.As4()
		for i := range b {
			b[i] |= ^ipNet.Mask[i]
		}
		broadcast = netip.AddrFrom4(b)
	}
	return ip, broadcast, ok
}

// source is the address that this host would send from to a far one: the one
// of the default route. Nothing is sent to learn it.
func source(network, far string) netip.Addr {
	c, err := net.Dial(network, far)
	if err != nil {
		return netip.Addr{}
	}
	defer func() { _ = c.Close() }()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

func rank(preferred []netip.Addr, a netip.Addr) int {
	if i := slices.Index(preferred, a); i >= 0 {
		return i
	}
	return len(preferred)
}

// Type preferences of RFC 8445 section 5.1.2.2.
const (
	preferHost      = 126
	preferReflexive = 100
)

// priority is RFC 8445 section 5.1.2.1 for the one component that there is;
// index counts the candidates of one type, the best first.
func priority(preference uint32, index int) uint32 {
	return preference<<24 | uint32(65535-min(index, 65535))<<8 | 255
}
