//go:build !linux

package pion

import "net/netip"

func (s *socket) canSegment() bool { return false }

func (s *socket) writeSegments([]byte, int, netip.AddrPort) bool { return false }
