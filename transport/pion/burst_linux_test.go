package pion

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// cutting gives a socket, a part of it that its goroutine does not flush until
// release is called, and a place to send to.
func cutting(t *testing.T) (s *socket, p *part, release func()) {
	t.Helper()
	s = listenHere(t, anybody)
	if !s.cuts.Load() {
		if os.Getenv("CI") == "true" {
			t.Fatal("this system has no UDP_SEGMENT")
		}
		t.Skip("this system has no UDP_SEGMENT")
	}
	held := newPart(s, "held", nil)
	held.burst.mu.Lock()
	s.late <- held
	for len(s.late) > 0 { // until the goroutine waits for it
		runtime.Gosched()
	}
	release = sync.OnceFunc(held.burst.mu.Unlock)
	t.Cleanup(release)
	return s, s.part("us", nil), release
}

// packetOf gives a packet that no other one is like.
func packetOf(size int, n byte) []byte { return bytes.Repeat([]byte{n}, size) }

func wantPackets(t *testing.T, at *net.UDPConn, packets ...[]byte) {
	t.Helper()
	buf := make([]byte, maxBurst)
	for i, want := range packets {
		_ = at.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := at.Read(buf)
		if err != nil || !bytes.Equal(buf[:n], want) {
			t.Fatalf("packet %d: %d bytes of %d, %v; want %d of %d", i, n, buf[0], err, len(want), want[0])
		}
	}
}

// TestBurst sends full packets: each ends where it did, in order, once a shorter
// one follows, a longer one, one to somebody else, more than a burst holds, or
// nothing.
func TestBurst(t *testing.T) {
	_, p, release := cutting(t)
	peer, to := stranger(t)
	other, elsewhere := stranger(t)
	var sent [][]byte
	write := func(size int, to netip.AddrPort) []byte {
		t.Helper()
		b := packetOf(size, byte(len(sent)))
		if n, err := p.WriteToAddrPort(b, to); n != size || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		return b
	}
	add := func(size, waiting int) {
		t.Helper()
		sent = append(sent, write(size, to))
		if p.burst.used != waiting {
			t.Errorf("after packet %d of %d bytes, %d wait; want %d", len(sent), size, p.burst.used, waiting)
		}
	}
	add(100, 0) // nothing to wait for
	add(1265, 1265)
	add(1265, 2530)
	add(60, 0) // ends them
	add(1265, 1265)
	add(1200, 0) // is the last, for it is shorter
	add(1200, 1200)
	add(1265, 1265) // is too long to be one of them
	for n := 2 * 1265; n <= maxBurst; n += 1265 {
		add(1265, n)
	}
	add(1265, 1265) // is one too many
	wantPackets(t, peer, sent[:len(sent)-1]...)
	away := write(1265, elsewhere)
	wantPackets(t, peer, sent[len(sent)-1])
	release()
	wantPackets(t, other, away)
}

// TestBurstRefused has a system that refuses to cut, as for a device that makes no
// checksums: the packets go one by one, and nobody asks again.
func TestBurstRefused(t *testing.T) {
	s, p, _ := cutting(t)
	conn, err := s.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = conn.Control(func(fd uintptr) {
		if err := syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_NO_CHECK, 1); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	peer, to := stranger(t)
	packets := [][]byte{packetOf(1265, 1), packetOf(1265, 2), packetOf(60, 3), packetOf(1265, 4), packetOf(1265, 5)}
	for i, b := range packets {
		if _, err := p.WriteToAddrPort(b, to); err != nil {
			t.Fatal(err)
		}
		if cut := s.cuts.Load(); cut != (i < 2) {
			t.Errorf("after packet %d: cuts is %v", i, cut)
		}
	}
	wantPackets(t, peer, packets...)
}

// TestBurstAlone: a full packet that nothing follows is sent all the same, and so
// is one that finds the socket's goroutine with too much to do.
func TestBurstAlone(t *testing.T) {
	s, p, release := cutting(t)
	peer, to := stranger(t)
	for s.later(newPart(s, "another", nil)) {
	}
	one := packetOf(1265, 1)
	if _, err := p.WriteToAddrPort(one, to); err != nil || p.burst.used != 0 {
		t.Errorf("%d wait, %v", p.burst.used, err)
	}
	wantPackets(t, peer, one)
	release()
	for i := range byte(100) {
		two := packetOf(1265, i)
		if _, err := p.WriteToAddrPort(two, to); err != nil {
			t.Fatal(err)
		}
		wantPackets(t, peer, two)
	}
}
