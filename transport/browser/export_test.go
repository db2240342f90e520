//go:build js && wasm

package browser

import (
	"net/netip"
	"syscall/js"

	"github.com/n2n-overlay/n2n/transport"
)

// Crash makes the driver as silent as a page can be: nobody is told anything, and
// nothing more is sent. An attempt is over; the browser goes on to acknowledge what
// arrives in a connection, which only the end of its process stops.
func (d *Driver) Crash() {
	for _, s := range d.all() {
		s.silent.Store(true)
		s.mu.Lock()
		s.events.release()
		if s.pending > 0 && s.pc.Truthy() {
			s.pc.Call("close")
		}
		s.mu.Unlock()
	}
}

// Connection gives the RTCPeerConnection of a session with media.
func Connection(s transport.Session) js.Value { return s.(mediaSession).pc }

// Reachable is whether an address of a peer may be contacted.
func (d *Driver) Reachable(to netip.AddrPort) bool { return d.reachable(to) }

// FromElsewhere makes the page one that does not come from loopback.
func (d *Driver) FromElsewhere() { d.loopback = false }
