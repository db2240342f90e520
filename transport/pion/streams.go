package pion

import (
	"fmt"
	"io"

	"github.com/pion/transport/v5/packetio"

	"github.com/n2n-overlay/n2n/transport"
)

// What a peer can make a session with media hold. Pion keeps RTP packets, and
// RTCP ones, for each SSRC that the peer uses, declared or not, until its track
// ends; it bounds neither how many these are, nor has it less than a megabyte for
// each.
const (
	trackBuffer = 256 << 10 // bytes of RTP that were not read, for twice as many SSRCs as there may be tracks
	otherBuffer = 16 << 10  // bytes of RTP for further ones, and of RTCP
	maxBuffers  = 1 << 10   // of a session: RTP and RTCP
	maxLarge    = 2 * transport.MaxSections
)

// buffer holds what one SSRC brings until it is read; what does not fit is
// dropped.
type buffer struct {
	*packetio.Buffer
	tracks *tracks
	large  bool
}

// newBuffer is called by pion for each new SSRC, once for each kind of packet.
func (t *tracks) newBuffer(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
	b := &buffer{Buffer: packetio.NewBuffer(), tracks: t}
	b.SetLimitSize(otherBuffer)
	if kind == packetio.RTPBufferPacket {
		if b.large = t.large.Add(1) <= maxLarge; b.large {
			b.SetLimitSize(trackBuffer)
		} else {
			t.large.Add(-1)
		}
	}
	if t.buffers.Add(1) > maxBuffers {
		t.session.fail(fmt.Errorf("protocol violation: more than %d RTP streams", maxBuffers/2))
	}
	return b
}

// Read, Write and the two with attributes are what pion wants of a buffer.
func (b *buffer) Read(p []byte) (int, error) {
	n, _, err := b.Buffer.Read(p, nil)
	return n, err
}

func (b *buffer) Write(p []byte) (int, error) { return b.Buffer.Write(p, nil) }

func (b *buffer) ReadWithAttributes(p []byte, a packetio.Attributes) (int, packetio.Attributes, error) {
	return b.Buffer.Read(p, a)
}

func (b *buffer) WriteWithAttributes(p []byte, a packetio.Attributes) (int, error) {
	return b.Buffer.Write(p, a)
}

// Close is called once, when the track of the SSRC has ended.
func (b *buffer) Close() error {
	b.tracks.buffers.Add(-1)
	if b.large {
		b.tracks.large.Add(-1)
	}
	return b.Buffer.Close()
}
