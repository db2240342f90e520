//go:build !js

package entrance

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// originAllowed holds for clients that are no browsers, which send no Origin,
// for pages of the server's own host, and for those of the list.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	for _, o := range s.cfg.Origins {
		if o == "*" || strings.EqualFold(o, origin) {
			return true
		}
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

func offers(r *http.Request, protocol string) bool {
	return slices.Contains(websocket.Subprotocols(r), protocol)
}

// clientAddr is whom MaxPerAddress counts by.
func (s *Server) clientAddr(r *http.Request) string {
	text := r.RemoteAddr
	if s.cfg.ClientAddr != nil {
		text = s.cfg.ClientAddr(r)
	}
	ip, err := netip.ParseAddr(text)
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return text
		}
		ip = withPort.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	// One customer has a /64 at least (RFC 6177).
	prefix, _ := ip.Prefix(64)
	return prefix.String()
}

// reserve takes a place for a connection; zero: there was one.
func (s *Server) reserve(addr string) Reason {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return Closing
	case s.connections >= s.cfg.MaxConnections:
		return Full
	case s.addresses[addr] >= s.cfg.MaxPerAddress:
		return AddressFull
	}
	s.connections++
	s.addresses[addr]++
	s.running.Add(1)
	return 0
}

// release gives the place back when nothing of the connection is left.
func (s *Server) release(addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections--
	if s.addresses[addr]--; s.addresses[addr] == 0 {
		delete(s.addresses, addr)
	}
	if s.connections == 0 && s.closing && s.empty != nil {
		close(s.empty)
	}
	s.running.Done()
}

// bucket holds the messages that a client may send: it fills with time.
type bucket struct {
	tokens float64
	at     time.Time
}

func (b *bucket) take(now time.Time, rate, burst int) bool {
	full := float64(burst)
	if b.at.IsZero() {
		b.tokens = full
	} else if b.tokens < full { // it may hold more: see grant
		b.tokens = min(full, b.tokens+now.Sub(b.at).Seconds()*float64(rate))
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// grant lets a keeper say as much more as one newcomer needs.
func (b *bucket) grant(burst, limit int) {
	b.tokens = min(b.tokens+float64(burst), float64(burst)*float64(limit))
}
