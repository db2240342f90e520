package pion

import (
	"crypto/tls"

	"github.com/n2n-overlay/n2n/transport"
)

// Crash makes the driver as silent as a dead process: its sockets close under
// its sessions, and no handler is told.
func (d *Driver) Crash() {
	d.mu.Lock()
	sockets := d.mux.sockets
	for _, s := range d.sessions {
		s.silent.Store(true)
		if s.own != nil {
			sockets = append(sockets[:len(sockets):len(sockets)], s.own.sockets...)
		}
	}
	d.mu.Unlock()
	for _, s := range sockets {
		_ = s.UDPConn.Close()
	}
}

// LoseSockets makes the sockets fail under the driver.
func (d *Driver) LoseSockets() {
	for _, s := range d.mux.sockets {
		_ = s.UDPConn.Close()
	}
}

// MaxQueries is how many names are asked for at the same time.
const MaxQueries = maxQueries

// Queries is how many names are being asked for.
func (d *Driver) Queries() int {
	d.resolver.mu.Lock()
	defer d.resolver.mu.Unlock()
	return d.resolver.asking
}

// NewCertificate makes a certificate by which drivers with media know each other.
func NewCertificate() (*tls.Certificate, error) { return newCertificate(true) }

// Interleaves reports whether the messages of a session's channels take turns
// packet by packet (RFC 8260).
func Interleaves(s transport.Session) bool {
	if m, ok := s.(mediaSession); ok {
		s = m.session
	}
	switch c := s.(*session).connection.(type) {
	case *stack:
		metadata, ok := c.association.Metadata()
		return ok && metadata.MessageInterleavingEnabled
	case *peerConnection:
		metadata, ok := c.SCTP().Metadata()
		return ok && metadata.MessageInterleavingEnabled
	}
	return false
}
