package pion

import (
	"github.com/pion/rtcp"

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

// WriteRTCP sends reports to the peer of a session with media.
func WriteRTCP(s transport.MediaSession, packets []rtcp.Packet) {
	m := s.(mediaSession)
	m.mu.Lock()
	pc := m.pc
	m.mu.Unlock()
	_ = pc.WriteRTCP(packets)
}
