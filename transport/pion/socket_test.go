package pion

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestRefusedSource has checks come from an address that must not be talked to:
// no ICE agent sees them.
func TestRefusedSource(t *testing.T) {
	stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Close() }()
	refused := stranger.LocalAddr().(*net.UDPAddr).AddrPort()
	s, err := listen(netip.MustParseAddrPort("127.0.0.1:0"), func(a netip.AddrPort) bool { return a != refused },
		func(err error) { t.Errorf("lost: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	check := stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewUsername("us:them")).Raw
	answer := stun.MustBuild(stun.BindingSuccess, stun.TransactionID).Raw
	for _, p := range [][]byte{check, check, answer} { // loopback keeps the order
		if _, err := stranger.WriteToUDPAddrPort(p, s.local); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, from, err := s.ReadFromAddrPort(buf)
	if err != nil || from != refused || isCheck(buf[:n]) {
		t.Errorf("read %x from %v, %v; want the answer", buf[:n], from, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := s.ReadFromAddrPort(buf); err == nil {
		t.Error("a closed socket was read")
	}
}

// TestSocketFails finds that a failure is told once.
func TestSocketFails(t *testing.T) {
	lost := make(chan error, 8)
	s, err := listen(netip.MustParseAddrPort("127.0.0.1:0"), func(netip.AddrPort) bool { return true }, func(err error) { lost <- err })
	if err != nil {
		t.Fatal(err)
	}
	_ = s.UDPConn.Close() // under it
	for range 2 {
		if _, _, err := s.ReadFromAddrPort(make([]byte, 10)); err == nil {
			t.Error("no error")
		}
	}
	_ = s.Close()
	if len(lost) != 1 {
		t.Fatalf("told %d times, want once", len(lost))
	}
	t.Log(<-lost)
}
