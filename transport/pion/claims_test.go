package pion

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

// TestClaims: an address counts as long as a session knows it, once for each.
func TestClaims(t *testing.T) {
	d, err := New(Config{ListenAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	here := transport.Candidate{Priority: 1, Addr: netip.MustParseAddrPort("127.0.0.1:5000")}
	other := transport.Candidate{Priority: 1, Addr: netip.MustParseAddrPort("127.0.0.1:5001")}
	one, two := d.newSession(transport.SessionID{Number: 1}, nil), d.newSession(transport.SessionID{Number: 2}, nil)
	one.cancel, two.cancel = func(error) {}, func(error) {}
	one.add([]transport.Candidate{here, here, other})
	two.add([]transport.Candidate{other})
	if !one.rivals() || !two.rivals() {
		t.Error("two sessions with one address are no rivals")
	}
	_ = two.Close()
	d.end(two)
	if two.add([]transport.Candidate{here}); one.rivals() {
		t.Error("a session that is over is a rival")
	}
	_ = one.Close()
	if len(d.claims.sessions) != 0 {
		t.Errorf("left: %v", d.claims.sessions)
	}
}

// TestClaimsOfNone: an offer that cannot begin a session claims nothing.
func TestClaimsOfNone(t *testing.T) {
	d, err := New(Config{ListenAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	offer := transport.Description{
		Ufrag: "ufrag", Password: "passwordpasswordpassword", MaxMessage: transport.MaxFrame,
		Candidates: []transport.Candidate{{Priority: 1, Addr: netip.MustParseAddrPort("127.0.0.1:5000")}},
	}
	if _, err := d.Answer(transport.SessionID{Number: 1}, offer, nil); !errors.Is(err, transport.ErrClosed) {
		t.Error(err)
	}
	if len(d.claims.sessions) != 0 {
		t.Errorf("left: %v", d.claims.sessions)
	}
}
