package pion

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
)

// inbox is what a stack's DTLS reads and writes: what the sockets bring of DTLS, and
// the path that the ICE agent has chosen. It is a net.PacketConn whose one address
// means nothing.
type inbox struct {
	queue
	path atomic.Pointer[ice.Conn]
}

var nowhere = &net.UDPAddr{IP: net.IPv4zero}

func newInbox() *inbox {
	b := &inbox{}
	b.queue.init(maxEarly)
	return b
}

// isDTLS is how packets of one socket are told apart (RFC 7983 section 7).
func isDTLS(packet []byte) bool { return len(packet) > 0 && packet[0] >= 20 && packet[0] <= 63 }

// open gives it the path.
func (b *inbox) open(path *ice.Conn) {
	b.path.Store(path)
	b.allow(maxPackets)
}

// pump brings what comes through a relay, which has a socket of its own, until the
// agent is closed.
func (b *inbox) pump(path *ice.Conn) {
	buf := make([]byte, maxDatagram)
	for {
		n, err := path.Read(buf)
		switch {
		case errors.Is(err, io.ErrShortBuffer): // none of WebRTC's
		case err != nil:
			return
		case isDTLS(buf[:n]):
			b.put(buf[:n], netip.AddrPort{})
		}
	}
}

// ReadFrom waits for a packet, and gives those that follow with it, as far as they
// fit: for each read, pion starts a goroutine. To DTLS they are one packet of several
// records, which it knows (RFC 6347 section 4.1.1); one that is no whole records comes
// alone, so that nothing else is dropped with it. Errors: io.EOF after Close,
// os.ErrDeadlineExceeded while the deadline is over.
func (b *inbox) ReadFrom(p []byte) (int, net.Addr, error) {
	n, _, err := b.get(p)
	if err != nil || !isRecords(p[:n]) {
		return n, nowhere, err
	}
	for {
		more := b.more(p[n:], isRecords)
		if more == 0 {
			return n, nowhere, nil
		}
		n += more
	}
}

// isRecords reports whether a packet is whole records of DTLS 1.2 (RFC 6347 section
// 4.1).
func isRecords(packet []byte) bool {
	const header, length = 13, 11
	for len(packet) > 0 {
		if len(packet) < header || packet[0] < 20 || packet[0] > 23 {
			return false
		}
		size := header + int(binary.BigEndian.Uint16(packet[length:]))
		if size > len(packet) {
			return false
		}
		packet = packet[size:]
	}
	return true
}

// WriteTo sends a packet on the chosen path.
func (b *inbox) WriteTo(p []byte, _ net.Addr) (int, error) {
	path := b.path.Load()
	if path == nil {
		return 0, io.ErrClosedPipe
	}
	return path.Write(p)
}

// LocalAddr is no real one.
func (b *inbox) LocalAddr() net.Addr { return nowhere }

// SetReadDeadline knows two deadlines, as DTLS uses it: a past one ends a read that
// waits, and none lets the next one wait.
func (b *inbox) SetReadDeadline(t time.Time) error {
	b.expire(!t.IsZero() && !t.After(time.Now()))
	return nil
}

// SetDeadline is SetReadDeadline: a write does not wait.
func (b *inbox) SetDeadline(t time.Time) error { return b.SetReadDeadline(t) }

// SetWriteDeadline does nothing: a write does not wait.
func (b *inbox) SetWriteDeadline(time.Time) error { return nil }

// Close ends the inbox: whoever reads is told.
func (b *inbox) Close() error {
	b.end()
	return nil
}
