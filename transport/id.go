package transport

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"strconv"
)

// PeerID names a peer: it is its Ed25519 public key.
type PeerID [32]byte

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// String gives the 52 characters of lower-case unpadded base32 (RFC 4648
// section 6) that ParsePeerID reads.
func (p PeerID) String() string { return idEncoding.EncodeToString(p[:]) }

// Short gives the first 8 characters of String, for people and logs.
func (p PeerID) Short() string { return p.String()[:8] }

// IsZero reports whether p names nobody.
func (p PeerID) IsZero() bool { return p == PeerID{} }

// Compare orders PeerIDs by their bytes; the protocol's tie-breaks use it.
func (p PeerID) Compare(q PeerID) int { return bytes.Compare(p[:], q[:]) }

// MarshalText gives String.
func (p PeerID) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what String gives.
func (p *PeerID) UnmarshalText(b []byte) error {
	q, err := ParsePeerID(string(b))
	if err != nil {
		return err
	}
	*p = q
	return nil
}

// ParsePeerID reads the text form of a PeerID. Only the one text that String
// gives is taken.
func ParsePeerID(s string) (PeerID, error) {
	var p PeerID
	if len(s) != idEncoding.EncodedLen(len(p)) {
		return p, fmt.Errorf("peer id %q: %d characters, want %d", clip(s), len(s), idEncoding.EncodedLen(len(p)))
	}
	b, err := idEncoding.DecodeString(s)
	if err != nil {
		return p, fmt.Errorf("peer id %q: %w", clip(s), err)
	}
	copy(p[:], b)
	if p.String() != s { // the last character has unused bits
		return PeerID{}, fmt.Errorf("peer id %q: not the canonical form", clip(s))
	}
	return p, nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

// SessionID names one attempt at a session and then the session, everywhere:
// its initiator and a number that the initiator never uses again.
type SessionID struct {
	Initiator PeerID
	Number    uint64
}

func (s SessionID) String() string {
	return s.Initiator.Short() + "/" + strconv.FormatUint(s.Number, 10)
}
