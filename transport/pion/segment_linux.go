package pion

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"syscall"
)

// udpSegment is UDP_SEGMENT of linux/udp.h, since Linux 4.18.
const udpSegment = 103

// segmentHead is the control message that says how large packets are, without
// the size.
func segmentHead() []byte {
	h := syscall.Cmsghdr{Level: syscall.IPPROTO_UDP, Type: udpSegment}
	h.SetLen(syscall.CmsgLen(2))
	b := make([]byte, syscall.CmsgSpace(2))
	_, _ = binary.Encode(b, binary.NativeEndian, h) // there is room
	return b
}

var head = segmentHead()

// canSegment asks the system whether it cuts what it is given.
func (s *socket) canSegment() (can bool) {
	conn, err := s.SyscallConn()
	if err != nil {
		return false
	}
	_ = conn.Control(func(fd uintptr) {
		_, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_UDP, udpSegment)
		can = err == nil
	})
	return can
}

// writeSegments sends packets of one size in one call; false: the system does not
// do that here. It needs a device that makes checksums, and a size that fits the
// path.
func (s *socket) writeSegments(data []byte, size int, to netip.AddrPort) bool {
	control := slices.Clone(head)
	binary.NativeEndian.PutUint16(control[syscall.CmsgLen(0):], uint16(size))
	_, _, err := s.WriteMsgUDPAddrPort(data, control, to)
	return !errors.Is(err, syscall.EIO) && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.EMSGSIZE)
}
