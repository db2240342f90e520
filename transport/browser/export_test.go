//go:build js && wasm

package browser

import (
	"net/netip"
	"syscall/js"
	"time"

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

// Collected is whether messages of a session have waited for others in JavaScript.
func Collected(s transport.Session) bool {
	for _, c := range s.(*session).channels {
		if !c.arrived.IsUndefined() {
			return true
		}
	}
	return false
}

// Reachable is whether an address of a peer may be contacted.
func (d *Driver) Reachable(to netip.AddrPort) bool { return d.reachable(to) }

// FromElsewhere makes the page one that does not come from loopback.
func (d *Driver) FromElsewhere() { d.loopback = false }

// Prepared is which spares are ready: to offer, with a description and a
// candidate, and to answer with.
func (d *Driver) Prepared() (offer, answer bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.spares.offer; s != nil {
		offer = s.hasFound() && s.pc.Get("localDescription").Truthy()
	}
	if s := d.spares.answer; s != nil {
		answer = s.pc.Truthy()
	}
	return offer, answer
}

// Prepare makes the spares that are missing.
func (d *Driver) Prepare() { d.prepare() }

// Spares is how many sessions nobody has asked for, ready or not.
func (d *Driver) Spares() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, s := range []*session{d.spares.offer, d.spares.answer} {
		if s != nil {
			n++
		}
	}
	return n
}

// Aging has spares that are made from now on become so old.
func (d *Driver) Aging(age time.Duration) { d.spares.age = age }

// FailSpares has the connections of the spares fail.
func (d *Driver) FailSpares() {
	for _, s := range d.all() {
		s.fail(errFailed)
	}
}
