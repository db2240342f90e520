package sdp

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/n2n-overlay/n2n/transport"
)

// local is the domain of mDNS (RFC 6762 section 3).
const local = ".local"

// Candidate writes a candidate as RFC 8839 section 5.1 has it, without "a=".
func Candidate(c transport.Candidate) string {
	host := c.Name + local
	if c.Name == "" {
		host = c.Addr.Addr().String()
	}
	port := strconv.Itoa(int(c.Addr.Port()))
	s := "candidate:1 1 udp " + strconv.FormatUint(uint64(c.Priority), 10) + " " + host + " " + port + " typ " + c.Type.String()
	if c.Type != transport.Host { // section 5.1 asks for it; who hides it writes this
		s += " raddr 0.0.0.0 rport 9"
	}
	return s
}

// ReadCandidate reads a candidate of this end. ok is false for one that is of no
// use to a peer: TCP, peer-reflexive, or not within transport.CheckCandidates.
func ReadCandidate(s string) (c transport.Candidate, ok bool) {
	f := strings.Fields(s) // candidate:foundation component transport priority address port "typ" type …
	if len(f) < 8 || f[1] != "1" || !strings.EqualFold(f[2], "udp") || f[6] != "typ" {
		return c, false
	}
	priority, err1 := strconv.ParseUint(f[3], 10, 32)
	port, err2 := strconv.ParseUint(f[5], 10, 16)
	if err1 != nil || err2 != nil {
		return c, false
	}
	c.Priority = uint32(priority)
	switch f[7] {
	case "host":
		c.Type = transport.Host
	case "srflx":
		c.Type = transport.ServerReflexive
	case "relay":
		c.Type = transport.Relayed
	default:
		return c, false
	}
	var ip netip.Addr
	if name, hidden := strings.CutSuffix(strings.ToLower(f[4]), local); hidden {
		c.Name = name
	} else { // Chromium has been seen to write IPv6 in brackets
		ip, _ = netip.ParseAddr(strings.Trim(f[4], "[]"))
	}
	c.Addr = netip.AddrPortFrom(ip, uint16(port))
	return c, transport.CheckCandidates([]transport.Candidate{c}) == nil
}
