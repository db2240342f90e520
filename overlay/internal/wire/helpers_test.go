package wire

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/transport"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Three peers whose keys anybody can make: the seed is one byte, 32 times.
var (
	alice = keyOf(0x0a)
	bob   = keyOf(0x0b)
	carol = keyOf(0x0c)
)

func keyOf(b byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(fill32(b)) }

func idOf(key ed25519.PrivateKey) transport.PeerID {
	return transport.PeerID(key.Public().(ed25519.PublicKey))
}

func fill32(b byte) []byte {
	p := id32(b)
	return p[:]
}

func id32(b byte) (id [32]byte) {
	for i := range id {
		id[i] = b
	}
	return id
}

const network = "example"

func cand(t transport.CandidateType, priority uint32, addr string) transport.Candidate {
	return transport.Candidate{Type: t, Priority: priority, Addr: netip.MustParseAddrPort(addr)}
}

// fourCandidates is what a laptop behind a NAT finds.
func fourCandidates() []transport.Candidate {
	return []transport.Candidate{
		cand(transport.Host, 2130706431, "192.0.2.7:50000"),
		cand(transport.Host, 2130706175, "[2001:db8::7]:50000"),
		cand(transport.ServerReflexive, 1694498815, "198.51.100.9:41234"),
		cand(transport.Relayed, 16777215, "203.0.113.3:49152"),
	}
}

// hidden is what a browser shows instead of an address.
const hidden = "6f3fb43e-4b1c-4d5e-9a7b-0123456789ab"

func describe(setup transport.Setup, cs ...transport.Candidate) *transport.Description {
	return &transport.Description{
		Fingerprint: id32(0xf1), Ufrag: "u1Fr", Password: "pa55wordpa55wordpa55wo",
		Setup: setup, MaxMessage: 65536, Candidates: cs,
	}
}

func offerOf(d *transport.Description) *transport.Signal {
	return &transport.Signal{
		Kind: transport.Offer, Session: transport.SessionID{Initiator: idOf(alice), Number: 1 << 40},
		From: idOf(alice), To: idOf(bob), Description: d,
	}
}

// wishing is an offer that is eager and made for an arc.
func wishing(number uint64, protocol string) *transport.Signal {
	s := offerOf(describe(transport.SetupActPass, fourCandidates()[:1]...))
	s.Description.Eager = true
	s.Wish = &transport.Wish{Arc: number, Protocol: protocol}
	return s
}

// allKinds has a signal of each kind, and each way it can look; alice and bob
// are the ends of alice's session.
func allKinds() map[string]*transport.Signal {
	id := transport.SessionID{Initiator: idOf(alice), Number: 1 << 40}
	offer := offerOf(describe(transport.SetupActPass, fourCandidates()...))
	ref := NewCodec(network).Hash(offer)
	init := *describe(transport.SetupActPass, fourCandidates()[:1]...)
	init.SCTPInit = []byte(strings.Repeat("\x01\x02\x03\x04", 8))
	full := transport.Description{
		Fingerprint: id32(0xff), Ufrag: strings.Repeat("u", transport.MaxUfrag), Password: strings.Repeat("p", transport.MaxPassword),
		Setup: transport.SetupPassive, MaxMessage: 1<<32 - 1, SCTPInit: []byte(strings.Repeat("\xff", transport.MaxSCTPInit)),
	}
	for i := range transport.MaxCandidates {
		full.Candidates = append(full.Candidates, transport.Candidate{
			Type: transport.Relayed, Priority: 1<<32 - 1,
			Addr: netip.AddrPortFrom(netip.MustParseAddr("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"), uint16(65535-i)),
		})
	}
	hide := full
	hide.Candidates = slices.Clone(full.Candidates)
	for i := range hide.Candidates {
		c := &hide.Candidates[i]
		c.Type, c.Addr, c.Name = transport.Host, netip.AddrPortFrom(netip.Addr{}, c.Addr.Port()), hidden
	}
	return map[string]*transport.Signal{
		"offer":           offer,
		"offer-to-nobody": {Kind: transport.Offer, Session: id, From: idOf(alice), Description: offer.Description},
		"offer-snap":      offerOf(&init),
		"offer-bare":      offerOf(describe(transport.SetupActPass)),
		"offer-wish":      wishing(1, "spray"),
		"offer-longest":   wishing(1<<64-1, strings.Repeat("é", arc.MaxBindProtocol/2)),
		"answer": {
			Kind: transport.Answer, Session: id, From: idOf(bob), To: idOf(alice), Ref: ref, Mine: 3,
			Description: describe(transport.SetupActive, fourCandidates()[:2]...),
		},
		"answer-largest": {
			Kind: transport.Answer, Session: transport.SessionID{Initiator: idOf(alice), Number: 1<<64 - 1},
			From: idOf(bob), To: idOf(alice), Ref: ref, Mine: 1<<64 - 1, Description: &full,
		},
		"answer-hidden-largest": {
			Kind: transport.Answer, Session: transport.SessionID{Initiator: idOf(alice), Number: 1<<64 - 1},
			From: idOf(bob), To: idOf(alice), Ref: ref, Mine: 1<<64 - 1, Description: &hide,
		},
		"candidates": {
			Kind: transport.Candidates, Session: id, From: idOf(alice), To: idOf(bob), Ref: ref,
			Candidates: fourCandidates()[2:],
		},
		"candidates-to-nobody": {
			Kind: transport.Candidates, Session: id, From: idOf(alice), Ref: ref, Candidates: fourCandidates()[:1],
		},
		"candidates-of-answer": {
			Kind: transport.Candidates, Session: id, From: idOf(bob), To: idOf(alice), Ref: ref,
			Candidates: full.Candidates, Last: true,
		},
		"candidates-hidden": {
			Kind: transport.Candidates, Session: id, From: idOf(bob), To: idOf(alice), Ref: ref,
			Candidates: []transport.Candidate{
				{Priority: 2113937151, Addr: netip.AddrPortFrom(netip.Addr{}, 50000), Name: hidden},
				{Priority: 2113939711, Addr: netip.AddrPortFrom(netip.Addr{}, 50001), Name: strings.Repeat("0", 8) + hidden[8:]},
				cand(transport.ServerReflexive, 1694498815, "198.51.100.9:41234"),
			},
		},
		"candidates-none": {
			Kind: transport.Candidates, Session: id, From: idOf(bob), To: idOf(alice), Ref: ref, Last: true,
		},
		"reset": {
			Kind: transport.Reset, Session: id, From: idOf(bob), To: idOf(alice), Mine: 7, Yours: 1 << 40,
		},
		"reset-own": {
			Kind: transport.Reset, Session: id, From: idOf(alice), To: idOf(bob), Mine: 1 << 40, Yours: 0,
		},
		"reject": {
			Kind: transport.Reject, Session: id, From: idOf(bob), To: idOf(alice), Ref: ref, Reason: transport.Busy,
		},
	}
}

// keyFor gives the key of a signal's sender.
func keyFor(t testing.TB, s *transport.Signal) ed25519.PrivateKey {
	t.Helper()
	for _, k := range []ed25519.PrivateKey{alice, bob, carol} {
		if idOf(k) == s.From {
			return k
		}
	}
	t.Fatalf("no key for %s", s.From)
	return nil
}

// over is what the signature of a payload is over, whatever the payload is.
func (c *Codec) over(payload []byte) []byte { return append(bytes.Clone(c.prefix), payload...) }
