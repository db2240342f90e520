package transport

import (
	"fmt"
	"net/netip"
)

// Limits of a Description. They are checked before a driver sees it.
const (
	MaxCandidates = 8 // RFC 8445 section 6.1.2.5 limits pairs; 8 and 8 make 64
	MaxUfrag      = 64
	MinPassword   = 22 // RFC 8445 section 5.3
	MaxPassword   = 64
	MaxSCTPInit   = 256
)

// Setup is the DTLS role that an end offers or takes (RFC 8842 section 5).
type Setup uint8

// The values of a=setup.
const (
	SetupActPass Setup = iota
	SetupActive
	SetupPassive
)

func (s Setup) String() string {
	switch s {
	case SetupActPass:
		return "actpass"
	case SetupActive:
		return "active"
	case SetupPassive:
		return "passive"
	}
	return fmt.Sprintf("Setup(%d)", uint8(s))
}

// CandidateType is where a candidate was found (RFC 8445 section 5.1.1).
type CandidateType uint8

// The types that are signaled; peer-reflexive ones never are.
const (
	Host CandidateType = iota
	ServerReflexive
	Relayed
)

func (t CandidateType) String() string {
	switch t {
	case Host:
		return "host"
	case ServerReflexive:
		return "srflx"
	case Relayed:
		return "relay"
	}
	return fmt.Sprintf("CandidateType(%d)", uint8(t))
}

// Candidate is one UDP address at which an end may be reached (RFC 8445).
type Candidate struct {
	Type     CandidateType
	Priority uint32
	Addr     netip.AddrPort

	// Name hides the address of a host candidate, as browsers do: it is the
	// name, without ".local", that multicast DNS has an address for in the
	// network of its owner (draft-ietf-mmusic-mdns-ice-candidates-03 section 3.1):
	// the 36 characters of a UUID in lower case. Addr then has a port and no
	// address. Empty: Addr has both.
	Name string
}

// String gives type, priority, and address or name with port.
func (c Candidate) String() string {
	if c.Name == "" {
		return fmt.Sprintf("%v %d %v", c.Type, c.Priority, c.Addr)
	}
	return fmt.Sprintf("%v %d %s.local:%d", c.Type, c.Priority, c.Name, c.Addr.Port())
}

// Description is what an end must know of the other to connect to it: what SDP
// says of a connection with data channels only (RFC 8829), without its text.
//
// If both ends are Eager, each uses the first path on which a check of the other
// comes, instead of waiting for a nomination (RFC 8445 section 8.1.1), and the
// answerer takes the DTLS role of the server: that saves one and a half round
// trips. A browser is never Eager. With one, only an Eager offerer does so, and has
// each of its checks nominate.
type Description struct {
	Fingerprint [32]byte // SHA-256 of the DTLS certificate (RFC 8122)
	Ufrag       string   // ICE user name fragment, 4 to 64 characters
	Password    string   // ICE password, 22 to 64 characters
	Setup       Setup
	MaxMessage  uint32 // largest SCTP user message that this end takes, in bytes
	Eager       bool   // can do without a nomination
	SCTPInit    []byte // SCTP INIT chunk sent ahead (draft-hancke-tsvwg-snap); nil: none
	Candidates  []Candidate
}

// Check reports what makes d unusable.
func (d *Description) Check() error {
	switch {
	case len(d.Ufrag) < 4 || len(d.Ufrag) > MaxUfrag || !iceChars(d.Ufrag):
		return fmt.Errorf("ufrag of %d characters: want 4 to %d ICE characters", len(d.Ufrag), MaxUfrag)
	case len(d.Password) < MinPassword || len(d.Password) > MaxPassword || !iceChars(d.Password):
		return fmt.Errorf("password of %d characters: want %d to %d ICE characters", len(d.Password), MinPassword, MaxPassword)
	case d.Setup > SetupPassive:
		return fmt.Errorf("%v unknown", d.Setup)
	case d.MaxMessage < MaxFrame:
		return fmt.Errorf("maximum message of %d bytes: want at least %d", d.MaxMessage, MaxFrame)
	case len(d.SCTPInit) > MaxSCTPInit:
		return fmt.Errorf("SCTP init of %d bytes: at most %d", len(d.SCTPInit), MaxSCTPInit)
	}
	return CheckCandidates(d.Candidates)
}

// CheckCandidates reports what makes a list of candidates unusable. It does not
// judge whether an address may be contacted: that is a driver's policy.
func CheckCandidates(cs []Candidate) error {
	if len(cs) > MaxCandidates {
		return fmt.Errorf("%d candidates: at most %d", len(cs), MaxCandidates)
	}
	for _, c := range cs {
		switch a := c.Addr.Addr(); {
		case c.Type > Relayed:
			return fmt.Errorf("candidate: %v unknown", c.Type)
		case c.Name != "" && (c.Type != Host || a.IsValid() || !isUUID(c.Name)):
			return fmt.Errorf("candidate: %v with address %v and a name of %d characters: want a host, no address and a UUID", c.Type, a, len(c.Name))
		case c.Name == "" && !canBePeers(a):
			return fmt.Errorf("candidate: address %v cannot be a peer's", a)
		case c.Addr.Port() < 1024:
			return fmt.Errorf("candidate: port %d is below 1024", c.Addr.Port())
		}
	}
	return nil
}

func canBePeers(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && a.Zone() == "" && !a.Is4In6() && a != broadcast
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// iceChars reports whether s has only the ice-char of RFC 8839 section 5.4.
func iceChars(s string) bool {
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '+', r == '/':
		default:
			return false
		}
	}
	return true
}

// isUUID reports whether s is a UUID in its text form (RFC 9562 section 4), in
// lower case.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		default:
			return false
		}
	}
	return true
}
