package pion

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

func listenHere(t *testing.T, accept func(netip.AddrPort) bool) *socket {
	t.Helper()
	s, err := listen(netip.MustParseAddrPort("127.0.0.1:0"), accept, func(err error) { t.Errorf("lost: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func anybody(netip.AddrPort) bool { return true }

// stranger is a peer's socket.
func stranger(t *testing.T) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func send(t *testing.T, from *net.UDPConn, to *socket, packets ...[]byte) {
	t.Helper()
	for _, p := range packets { // loopback keeps the order
		if _, err := from.WriteToUDPAddrPort(p, to.local); err != nil {
			t.Fatal(err)
		}
	}
}

func checkFor(ufrag string) []byte {
	return stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewSoftware("x"), stun.NewUsername(ufrag+":them")).Raw
}

// want reads one packet.
func want(t *testing.T, p *part, packet []byte, from netip.AddrPort) {
	t.Helper()
	buf := make([]byte, maxDatagram)
	n, a, err := p.ReadFromAddrPort(buf)
	if err != nil || a != from || !bytes.Equal(buf[:n], packet) {
		t.Errorf("read %x from %v, %v; want %x from %v", buf[:n], a, err, packet, from)
	}
}

// TestRefusedSource has checks come from an address that must not be talked to:
// no ICE agent sees them.
func TestRefusedSource(t *testing.T) {
	peer, refused := stranger(t)
	s := listenHere(t, func(a netip.AddrPort) bool { return a != refused })
	p := s.part("us", nil)
	if _, err := p.WriteToAddrPort([]byte("x"), refused); err != nil { // so that what comes back is for p
		t.Fatal(err)
	}
	answer := stun.MustBuild(stun.BindingSuccess, stun.TransactionID).Raw
	send(t, peer, s, checkFor("us"), checkFor("us"), answer)
	want(t, p, answer, refused)
}

// TestParts finds that each packet goes to the one that it is for: a check from
// somewhere new by its ufrag, even before an agent has its part; anything else to
// who spoke last with its sender.
func TestParts(t *testing.T) {
	s := listenHere(t, anybody)
	peer, at := stranger(t)
	one, two, three := s.part("one", nil), s.part("two", nil), s.part("three", nil)
	a, b, data := checkFor("one"), checkFor("two"), []byte{22, 1, 2, 3}
	send(t, peer, s, checkFor("nobody"), data, stun.MustBuild(stun.BindingRequest, stun.TransactionID).Raw, b, a)
	want(t, one, a, at)
	want(t, two, b, at)
	for _, p := range []*part{one, two, one} {
		if _, err := p.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(at)); err != nil {
			t.Fatal(err)
		}
		send(t, peer, s, data, b)
		want(t, p, data, at)
		want(t, p, b, at)
	}
	s.remove("one")
	if _, err := one.WriteToAddrPort([]byte("bye"), at); err != nil {
		t.Errorf("what is removed cannot write: %v", err)
	}
	c := checkFor("three")
	send(t, peer, s, data, a, c)
	want(t, three, c, at) // the others went nowhere
	if one.waiting+two.waiting != 0 {
		t.Error("a packet went astray")
	}
}

// TestLargeDatagrams: what is larger than any packet of WebRTC is dropped whole.
func TestLargeDatagrams(t *testing.T) {
	s := listenHere(t, anybody)
	peer, at := stranger(t)
	p := s.part("us", nil)
	if _, err := p.WriteToAddrPort([]byte("hello"), at); err != nil {
		t.Fatal(err)
	}
	large, largest := make([]byte, maxDatagram+1), bytes.Repeat([]byte{7}, maxDatagram)
	send(t, peer, s, large, make([]byte, 9000), largest)
	want(t, p, largest, at)
}

// TestPartEnds finds that Close ends a read, also with the socket, and writes.
func TestPartEnds(t *testing.T) {
	s := listenHere(t, anybody)
	closing := map[string]func(){}
	for _, ufrag := range []string{"self", "socket"} {
		p := s.part(ufrag, nil)
		closing[ufrag] = func() { _ = p.Close() }
		if ufrag == "socket" {
			closing[ufrag] = func() { _ = s.Close() }
		}
	}
	for _, ufrag := range []string{"self", "socket"} {
		p, read := s.part(ufrag, nil), make(chan error, 1)
		go func() {
			_, _, err := p.ReadFrom(make([]byte, 10))
			read <- err
		}()
		closing[ufrag]()
		if err := <-read; err != io.EOF {
			t.Errorf("%s: %v", ufrag, err)
		}
		if _, err := p.WriteToAddrPort([]byte("x"), s.local); err != io.ErrClosedPipe {
			t.Errorf("%s: write: %v", ufrag, err)
		}
	}
}

// TestPartBounds finds what strangers can make a part hold.
func TestPartBounds(t *testing.T) {
	s := listenHere(t, anybody)
	p := s.part("us", nil)
	for range maxPackets + 10 {
		p.put(make([]byte, maxDatagram), s.local)
	}
	if p.waiting != maxPackets {
		t.Errorf("%d packets wait", p.waiting)
	}
	if _, _, err := p.ReadFromAddrPort(make([]byte, maxDatagram-1)); err != io.ErrShortBuffer {
		t.Error(err)
	}
	for port := range uint16(maxSources + 10) {
		s.route(netip.AddrPortFrom(s.local.Addr(), 1024+port), p)
	}
	if len(p.sources()) != maxSources || len(s.routes) != maxSources || slices.Contains(p.sources(), netip.AddrPortFrom(s.local.Addr(), 1024+9)) {
		t.Errorf("%d sources, %d routes", len(p.sources()), len(s.routes))
	}
	s.remove("us")
	if s.route(s.local, p); len(s.routes)+len(s.parts) != 0 {
		t.Errorf("%d routes to what was removed", len(s.routes))
	}
	for range maxPackets {
		if p.waiting == 0 {
			break
		}
		if _, _, err := p.ReadFromAddrPort(make([]byte, maxDatagram)); err != nil {
			t.Fatal(err)
		}
	}
	p.put([]byte("x"), s.local)
	want(t, p, []byte("x"), s.local)
}

// TestReceiver reads whom a check is for out of any bytes.
func TestReceiver(t *testing.T) {
	if got := receiver(checkFor("some")); string(got) != "some" {
		t.Errorf("%q", got)
	}
	without := stun.MustBuild(stun.BindingRequest, stun.TransactionID, stun.NewUsername("nocolon")).Raw
	for _, b := range [][]byte{nil, {0, 1}, without, checkFor("")[:24], append(checkFor("x")[:20], 0, 6, 255, 255), make([]byte, 100)} {
		if got := receiver(b); len(got) > 0 {
			t.Errorf("%x is for %q", b, got)
		}
	}
}

func FuzzReceiver(f *testing.F) {
	f.Add(checkFor("some"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := receiver(b)
		m := stun.Message{Raw: b}
		var name stun.Username
		if m.Decode() != nil || name.GetFrom(&m) != nil {
			return
		}
		ufrag, _, colon := bytes.Cut(name, []byte(":"))
		if colon && !bytes.Equal(got, ufrag) || !colon && got != nil {
			t.Errorf("%x: %q, want %q", b, got, ufrag)
		}
	})
}

// TestQuestion asks a STUN server, which answers the second time only, after
// answers of others.
func TestQuestion(t *testing.T) {
	s := listenHere(t, anybody)
	server, at := stranger(t)
	other, _ := stranger(t)
	mapped := netip.MustParseAddrPort("203.0.113.7:4711")
	go func() {
		buf := make([]byte, 1500)
		for i := range 2 {
			n, _, err := server.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			m := stun.Message{Raw: buf[:n]}
			if m.Decode() != nil {
				continue
			}
			xor := &stun.XORMappedAddress{IP: mapped.Addr().AsSlice(), Port: int(mapped.Port())}
			answer := stun.MustBuild(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess, xor).Raw
			_, _ = other.WriteToUDPAddrPort(answer, s.local)
			_, _ = server.WriteToUDPAddrPort(stun.MustBuild(stun.TransactionID, stun.BindingSuccess, xor).Raw, s.local)
			_, _ = server.WriteToUDPAddrPort(buf[:n], s.local)
			if i == 1 {
				_, _ = server.WriteToUDPAddrPort(answer, s.local)
			}
		}
	}()
	got, err := s.ask(t.Context(), at)
	if err != nil || got != mapped {
		t.Errorf("%v, %v; want %v", got, err, mapped)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, io.ErrNoProgress)
	defer cancel()
	if _, err := s.ask(ctx, at); !errors.Is(err, io.ErrNoProgress) {
		t.Error(err)
	}
	if len(s.questions) != 0 {
		t.Errorf("%d questions are left", len(s.questions))
	}
}

// TestQuestionRefused gets an answer without an address.
func TestQuestionRefused(t *testing.T) {
	s := listenHere(t, anybody)
	server, at := stranger(t)
	go func() {
		buf := make([]byte, 1500)
		n, _, err := server.ReadFromUDPAddrPort(buf)
		m := stun.Message{Raw: buf[:n]}
		if err != nil || m.Decode() != nil {
			return
		}
		_, _ = server.WriteToUDPAddrPort(stun.MustBuild(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingError).Raw, s.local)
	}()
	if _, err := s.ask(t.Context(), at); err != errNoAddress {
		t.Error(err)
	}
}

// TestSocketFails finds that a failure is told once, and ends the reader.
func TestSocketFails(t *testing.T) {
	lost := make(chan error, 8)
	s, err := listen(netip.MustParseAddrPort("127.0.0.1:0"), anybody, func(err error) { lost <- err })
	if err != nil {
		t.Fatal(err)
	}
	_ = s.UDPConn.Close() // under it
	<-s.ended
	_ = s.Close()
	if len(lost) != 1 {
		t.Fatalf("told %d times, want once", len(lost))
	}
	t.Log(<-lost)
}
