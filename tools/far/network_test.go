package far

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestNetwork: packets come late, in order, and from the sender's second
// address; answers go the same way.
func TestNetwork(t *testing.T) {
	const late = 30 * time.Millisecond
	n := New(func(from, to string) time.Duration {
		if from == "a" && to == "b" {
			return late
		}
		return 0
	})
	defer n.Close()
	a, b := socket(t), socket(t)
	toA, err := n.Add("a", address(a))
	if err != nil {
		t.Fatal(err)
	}
	toB, err := n.Add("b", address(b))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := n.Add("b", address(b)); err != nil || again != toB {
		t.Fatalf("added twice: %v, %v", again, err)
	}
	if again, err := n.Add("b", toB); err != nil || again != toB {
		t.Fatalf("the second address added: %v, %v", again, err)
	}
	begun := time.Now()
	const packets = 50
	for i := range packets {
		if _, err := a.WriteToUDPAddrPort([]byte{byte(i)}, toB); err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]byte, 10)
	for i := range packets {
		size, from, err := b.ReadFromUDPAddrPort(buf)
		if err != nil || size != 1 || buf[0] != byte(i) || from != toA {
			t.Fatalf("packet %d: %d bytes %v from %v, want %v; %v", i, size, buf[:size], from, toA, err)
		}
	}
	if took := time.Since(begun); took < late {
		t.Errorf("took %v", took)
	}
	if _, err := b.WriteToUDPAddrPort([]byte("back"), toA); err != nil {
		t.Fatal(err)
	}
	if size, from, err := a.ReadFromUDPAddrPort(buf); err != nil || string(buf[:size]) != "back" || from != toB {
		t.Errorf("%q from %v, %v", buf[:size], from, err)
	}
}

// TestStrangers: a socket that nobody has added gets its second address when it
// sends, if it may.
func TestStrangers(t *testing.T) {
	for _, label := range []string{"", "stranger"} {
		n := New(func(from, to string) time.Duration {
			if from != label {
				t.Errorf("from %q", from)
			}
			return 0
		})
		defer n.Close()
		n.Strangers = label
		a, b := socket(t), socket(t)
		toB, err := n.Add("b", address(b))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.WriteToUDPAddrPort([]byte("hello"), toB); err != nil {
			t.Fatal(err)
		}
		if label == "" {
			if err := b.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		}
		buf := make([]byte, 10)
		size, from, err := b.ReadFromUDPAddrPort(buf)
		toA, _ := n.Add("a", address(a))
		if got := err == nil && string(buf[:size]) == "hello" && from == toA; got != (label != "") {
			t.Errorf("strangers %q: %q from %v, %v", label, buf[:size], from, err)
		}
	}
}

func socket(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(Loopback, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func address(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }
