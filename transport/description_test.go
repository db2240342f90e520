package transport_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

func description() transport.Description {
	return transport.Description{
		Ufrag: "u1Fr", Password: strings.Repeat("p", 22), MaxMessage: transport.MaxFrame,
		Candidates: []transport.Candidate{candidate("192.0.2.7", 50000)},
	}
}

func candidate(addr string, port uint16) transport.Candidate {
	return transport.Candidate{Addr: netip.AddrPortFrom(netip.MustParseAddr(addr), port)}
}

func TestDescriptionCheck(t *testing.T) {
	const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"
	type change func(*transport.Description)
	good := map[string]change{
		"least":            func(d *transport.Description) {},
		"no candidates":    func(d *transport.Description) { d.Candidates = nil },
		"longest ufrag":    func(d *transport.Description) { d.Ufrag = chars },
		"longest password": func(d *transport.Description) { d.Password = chars },
		"active":           func(d *transport.Description) { d.Setup = transport.SetupActive },
		"passive":          func(d *transport.Description) { d.Setup = transport.SetupPassive },
		"largest message":  func(d *transport.Description) { d.MaxMessage = 1<<32 - 1 },
		"longest init":     func(d *transport.Description) { d.SCTPInit = make([]byte, transport.MaxSCTPInit) },
		"eight candidates": func(d *transport.Description) { d.Candidates = slices.Repeat(d.Candidates, transport.MaxCandidates) },
	}
	bad := map[string]change{
		"empty":                  func(d *transport.Description) { *d = transport.Description{} },
		"no ufrag":               func(d *transport.Description) { d.Ufrag = "" },
		"ufrag of 3":             func(d *transport.Description) { d.Ufrag = chars[:3] },
		"ufrag of 65":            func(d *transport.Description) { d.Ufrag = chars + "a" },
		"no password":            func(d *transport.Description) { d.Password = "" },
		"password of 21":         func(d *transport.Description) { d.Password = chars[:21] },
		"password of 65":         func(d *transport.Description) { d.Password = chars + "a" },
		"setup 3":                func(d *transport.Description) { d.Setup = transport.SetupPassive + 1 },
		"message below MaxFrame": func(d *transport.Description) { d.MaxMessage = transport.MaxFrame - 1 },
		"init of 257":            func(d *transport.Description) { d.SCTPInit = make([]byte, transport.MaxSCTPInit+1) },
		"nine candidates":        func(d *transport.Description) { d.Candidates = slices.Repeat(d.Candidates, transport.MaxCandidates+1) },
		"candidate to port 80":   func(d *transport.Description) { d.Candidates[0] = candidate("192.0.2.7", 80) },
	}
	// What would end a line or begin another field of SDP, and what is near the
	// borders of the ranges.
	for _, c := range []string{"\r", "\n", "\x00", " ", ":", "=", "-", "_", "@", "[", "`", "{", "*", ",", ".", "é", "\xff"} {
		bad["ufrag with "+c] = func(d *transport.Description) { d.Ufrag += c }
		bad["password with "+c] = func(d *transport.Description) { d.Password += c }
	}
	for name, change := range good {
		d := description()
		change(&d)
		if err := d.Check(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for name, change := range bad {
		d := description()
		change(&d)
		if d.Check() == nil {
			t.Errorf("%q passes", name)
		}
	}
}

func TestCheckCandidates(t *testing.T) {
	for _, addr := range []string{
		"192.0.2.7", "10.0.0.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "223.255.255.255", "240.0.0.1", "255.255.255.254",
		"2001:db8::1", "::1", "fe80::1", "fc00::1", "fdff::1", "feff::1", "64:ff9b::1",
	} {
		for _, port := range []uint16{1024, 65535} {
			for _, typ := range []transport.CandidateType{transport.Host, transport.ServerReflexive, transport.Relayed} {
				c := candidate(addr, port)
				c.Type, c.Priority = typ, 1<<32-1
				if err := transport.CheckCandidates([]transport.Candidate{c}); err != nil {
					t.Errorf("%v: %v", c, err)
				}
			}
		}
	}
	const uuid = "6f3fb43e-4b1c-4d5e-9a7b-0123456789ab"
	hidden := func(name string, port uint16) transport.Candidate {
		return transport.Candidate{Addr: netip.AddrPortFrom(netip.Addr{}, port), Name: name}
	}
	for _, c := range []transport.Candidate{
		hidden(uuid, 1024), hidden(uuid, 65535), hidden(strings.Repeat("0", 8)+uuid[8:], 5000), hidden(uuid[:24]+"ffffffffffff", 5000),
	} {
		if err := transport.CheckCandidates([]transport.Candidate{c}); err != nil {
			t.Errorf("%v: %v", c, err)
		}
	}
	good := candidate("192.0.2.7", 50000)
	bad := []transport.Candidate{
		hidden(uuid, 0), hidden(uuid, 1023), hidden(uuid+".local", 5000), hidden(uuid[:35], 5000), hidden(uuid+"0", 5000),
		hidden(strings.ToUpper(uuid), 5000), hidden(strings.ReplaceAll(uuid, "-", "0"), 5000), hidden(strings.Repeat("-", 36), 5000),
		hidden(uuid[:35]+"\n", 5000), hidden(uuid[:35]+" ", 5000), hidden(uuid[:35]+"g", 5000), hidden(uuid[:34]+"é", 5000),
		hidden(uuid[:35]+"/", 5000), hidden(uuid[:35]+":", 5000), hidden(uuid[:35]+"`", 5000), hidden("printer-of-the-third-floor-left.lan1", 5000),
		{Addr: good.Addr, Name: uuid},
		{Type: transport.ServerReflexive, Addr: netip.AddrPortFrom(netip.Addr{}, 5000), Name: uuid},
		{Type: transport.Relayed, Addr: netip.AddrPortFrom(netip.Addr{}, 5000), Name: uuid},
		{},
		{Addr: netip.AddrPortFrom(netip.Addr{}, 50000)},
		{Type: transport.Relayed + 1, Addr: good.Addr},
		{Type: 255, Addr: good.Addr},
		candidate("192.0.2.7", 0), candidate("192.0.2.7", 53), candidate("192.0.2.7", 1023), candidate("2001:db8::1", 1023),
	}
	for _, addr := range []string{
		"0.0.0.0", "255.255.255.255", "224.0.0.0", "224.0.0.251", "239.255.255.255",
		"::", "ff00::", "ff02::fb", "ff0e::1", "::ffff:192.0.2.7", "::ffff:0.0.0.0", "::ffff:224.0.0.1",
		"fe80::1%eth0", "fe80::1%25",
	} {
		bad = append(bad, candidate(addr, 50000))
	}
	for _, c := range bad {
		if transport.CheckCandidates([]transport.Candidate{c}) == nil {
			t.Errorf("%v %v passes", c.Type, c.Addr)
		}
		if transport.CheckCandidates([]transport.Candidate{good, c}) == nil {
			t.Errorf("%v %v passes behind a good one", c.Type, c.Addr)
		}
	}
	if err := transport.CheckCandidates(nil); err != nil {
		t.Error(err)
	}
	eight := slices.Repeat([]transport.Candidate{good}, transport.MaxCandidates)
	if err := transport.CheckCandidates(eight); err != nil {
		t.Error(err)
	}
	if transport.CheckCandidates(append(eight, good)) == nil {
		t.Error("nine pass")
	}
}

// TestCheckCost: a check allocates nothing unless it refuses.
func TestCheckCost(t *testing.T) {
	d := description()
	d.Candidates = slices.Repeat(d.Candidates, transport.MaxCandidates)
	if n := testing.AllocsPerRun(100, func() { d.Check() }); n != 0 {
		t.Errorf("Check allocates %v times", n)
	}
}

func TestNames(t *testing.T) {
	for want, got := range map[string]interface{ String() string }{
		"actpass": transport.SetupActPass, "active": transport.SetupActive, "passive": transport.SetupPassive, "Setup(3)": transport.Setup(3),
		"host": transport.Host, "srflx": transport.ServerReflexive, "relay": transport.Relayed, "CandidateType(3)": transport.CandidateType(3),
		"offer": transport.Offer, "answer": transport.Answer, "candidates": transport.Candidates,
		"reset": transport.Reset, "reject": transport.Reject, "SignalKind(0)": transport.SignalKind(0), "SignalKind(6)": transport.SignalKind(6),
		"host 7 192.0.2.7:50000": transport.Candidate{Priority: 7, Addr: netip.MustParseAddrPort("192.0.2.7:50000")},
		"host 7 6f3fb43e-4b1c-4d5e-9a7b-0123456789ab.local:50000": transport.Candidate{
			Priority: 7, Addr: netip.AddrPortFrom(netip.Addr{}, 50000), Name: "6f3fb43e-4b1c-4d5e-9a7b-0123456789ab",
		},
		"no reason": transport.NoReason, "already connected": transport.Known, "busy": transport.Busy,
		"refused": transport.Refused, "Reason(4)": transport.Reason(4),
	} {
		if got.String() != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
