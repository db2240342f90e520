package pion

import (
	"net/netip"
	"slices"
	"sync"

	"github.com/n2n-overlay/n2n/transport"
)

// claims counts, for each address of a peer, the sessions that know it.
type claims struct {
	mu       sync.Mutex
	sessions map[netip.AddrPort]int
}

func (c *claims) add(a netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions == nil {
		c.sessions = make(map[netip.AddrPort]int)
	}
	c.sessions[a]++
}

func (c *claims) remove(list []transport.Candidate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range list {
		if c.sessions[x.Addr]--; c.sessions[x.Addr] == 0 {
			delete(c.sessions, x.Addr)
		}
	}
}

// shared reports whether another session than the one whose addresses these are
// knows one of them.
func (c *claims) shared(list []transport.Candidate) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(list, func(x transport.Candidate) bool { return c.sessions[x.Addr] > 1 })
}
