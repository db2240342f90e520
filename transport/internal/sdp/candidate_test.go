package sdp

import (
	"net/netip"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

func TestCandidateRoundTrip(t *testing.T) {
	const name = "6f3fb43e-4b1c-4d5e-9a7b-0123456789ab"
	for _, c := range []transport.Candidate{
		{Type: transport.Host, Priority: 2113937151, Addr: netip.MustParseAddrPort("192.0.2.7:50000")},
		{Type: transport.Host, Priority: 0, Addr: netip.MustParseAddrPort("[2001:db8::7]:1024")},
		{Type: transport.ServerReflexive, Priority: 1<<32 - 1, Addr: netip.MustParseAddrPort("198.51.100.9:65535")},
		{Type: transport.Relayed, Priority: 1, Addr: netip.MustParseAddrPort("[2001:db8::9]:5000")},
		{Type: transport.Host, Priority: 7, Addr: netip.AddrPortFrom(netip.Addr{}, 50000), Name: name},
	} {
		if got, ok := ReadCandidate(Candidate(c)); !ok || got != c {
			t.Errorf("%q reads as %v, %v", Candidate(c), got, ok)
		}
	}
}

// TestReadCandidate has what browsers write, and what they might.
func TestReadCandidate(t *testing.T) {
	for text, want := range map[string]string{
		"candidate:3 1 udp 2113937151 6f3fb43e-4b1c-4d5e-9a7b-0123456789ab.local 50000 typ host generation 0 ufrag u1Fr network-cost 999": "host 2113937151 6f3fb43e-4b1c-4d5e-9a7b-0123456789ab.local:50000",
		"candidate:3 1 udp 1 6F3FB43E-4B1C-4D5E-9A7B-0123456789AB.local 50000 typ host":                                                   "host 1 6f3fb43e-4b1c-4d5e-9a7b-0123456789ab.local:50000",
		"candidate:842163049 1 UDP 1677729535 198.51.100.9 41234 typ srflx raddr 0.0.0.0 rport 0 generation 0":                            "srflx 1677729535 198.51.100.9:41234",
		"candidate:1 1 udp 2122262783 [fd00::2] 50000 typ host":                                                                           "host 2122262783 [fd00::2]:50000",
		"candidate:1 1 udp 2122262783 fd00::2 50000 typ host":                                                                             "host 2122262783 [fd00::2]:50000",
		"candidate:1 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active":                                                                "",
		"candidate:1 1 udp 1 192.0.2.7 5000 typ prflx raddr 0.0.0.0 rport 0":                                                              "",
		"candidate:1 2 udp 1 192.0.2.7 5000 typ host":                                                                                     "",
		"candidate:1 1 udp 4294967296 192.0.2.7 5000 typ host":                                                                            "",
		"candidate:1 1 udp 1 192.0.2.7 65536 typ host":                                                                                    "",
		"candidate:1 1 udp 1 192.0.2.7 9 typ host":                                                                                        "",
		"candidate:1 1 udp 1 printer.local 5000 typ host":                                                                                 "",
		"candidate:1 1 udp 1 redacted-ip.invalid 5000 typ host":                                                                           "",
		"candidate:1 1 udp 1 192.0.2.7 5000 type host":                                                                                    "",
		"candidate:1 1 udp 1 192.0.2.7 5000":                                                                                              "",
		"":                                                                                                                                "",
	} {
		c, ok := ReadCandidate(text)
		if ok != (want != "") || ok && c.String() != want {
			t.Errorf("%q reads as %v, %v", text, c, ok)
		}
	}
}
