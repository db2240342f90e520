package pion

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
)

func read(t *testing.T, b *inbox) []byte {
	t.Helper()
	p := make([]byte, maxDatagram)
	n, _, err := b.ReadFrom(p)
	if err != nil {
		t.Fatal(err)
	}
	return p[:n]
}

// TestInboxTakes finds that what is DTLS's goes to the inbox, from whom the part
// has spoken with only, and all else to the agent.
func TestInboxTakes(t *testing.T) {
	s := listenHere(t, anybody)
	peer, at := stranger(t)
	b := newInbox()
	p := s.part("us", b)
	record, check, other := []byte{22, 1, 2, 3}, checkFor("us"), []byte{64, 1, 2, 3}
	send(t, peer, s, []byte{22, 0}, check)
	want(t, p, check, at) // what came before is from nobody
	if _, err := p.WriteToAddrPort([]byte("hello"), at); err != nil {
		t.Fatal(err)
	}
	send(t, peer, s, record, other, []byte{20}, []byte{63}, []byte{19})
	want(t, p, other, at)
	want(t, p, []byte{19}, at)
	for _, packet := range [][]byte{record, {20}, {63}} {
		if got := read(t, b); !bytes.Equal(got, packet) {
			t.Errorf("the inbox got %v, want %v", got, packet)
		}
	}
	if s.part("us", nil) != p || p.inbox != b {
		t.Error("the part has lost its inbox")
	}
}

// TestInboxJoins: one read gives several packets, as far as they are whole records
// and fit.
func TestInboxJoins(t *testing.T) {
	record := func(size int) []byte {
		p := make([]byte, 13+size)
		p[0] = 23
		binary.BigEndian.PutUint16(p[11:], uint16(size))
		return p
	}
	whole, two, short, strange := record(900), append(record(1), record(2)...), record(40)[:20], record(3)
	strange[0] = 63
	for i, c := range []struct {
		come, want [][]byte
	}{
		{[][]byte{whole, two, record(0), whole}, [][]byte{slices.Concat(whole, two, record(0), whole)}},
		{[][]byte{whole, short, whole}, [][]byte{whole, short, whole}},
		{[][]byte{strange, whole, strange}, [][]byte{strange, whole, strange}},
		{[][]byte{whole, whole, whole}, [][]byte{slices.Concat(whole, whole), whole}}, // a read has maxDatagram bytes
	} {
		b := newInbox()
		for _, packet := range c.come {
			b.put(packet, netip.AddrPort{})
		}
		for _, want := range c.want {
			if got := read(t, b); !bytes.Equal(got, want) {
				t.Errorf("%d: a read gave %d bytes, want %d", i, len(got), len(want))
			}
		}
		if b.waiting != 0 {
			t.Errorf("%d: %d packets are left", i, b.waiting)
		}
	}
}

// TestInboxBounds finds what strangers can make an inbox hold, before there is a
// path and later.
func TestInboxBounds(t *testing.T) {
	b := newInbox()
	fill := func() int {
		for range 2 * maxPackets {
			b.put(make([]byte, maxDatagram), netip.AddrPort{})
		}
		return b.waiting
	}
	if n := fill(); n != maxEarly {
		t.Errorf("%d packets wait for a path, want %d", n, maxEarly)
	}
	b.open(nil)
	if n := fill(); n != maxPackets {
		t.Errorf("%d packets wait, want %d", n, maxPackets)
	}
}

// TestInboxEnds finds that a deadline and Close end a read, and that without a path
// nothing can be sent.
func TestInboxEnds(t *testing.T) {
	b := newInbox()
	got := make(chan error, 1)
	again := func() {
		go func() {
			_, _, err := b.ReadFrom(make([]byte, 10))
			got <- err
		}()
	}
	again()
	if err := b.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	err := <-got
	var timeout net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("after the deadline: %v", err)
	}
	if err := b.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	again()
	b.put([]byte{22}, netip.AddrPort{})
	if err := <-got; err != nil {
		t.Errorf("without a deadline: %v", err)
	}
	if _, err := b.WriteTo([]byte{22}, nowhere); err != io.ErrClosedPipe {
		t.Errorf("write without a path: %v", err)
	}
	again()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != io.EOF {
		t.Errorf("after Close: %v", err)
	}
}

// TestGate: before the handshake is over nobody reads or writes, and Close ends the
// waiting.
func TestGate(t *testing.T) {
	cert, err := newCertificate(false)
	if err != nil {
		t.Fatal(err)
	}
	b := newInbox()
	conn, err := dtls.ClientWithOptions(b, nowhere, dtls.WithCertificates(*cert), dtls.WithInsecureSkipVerify(true))
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(conn)
	errs := make(chan error, 2)
	for _, use := range []func([]byte) (int, error){g.Read, g.Write} {
		go func() {
			_, err := use(make([]byte, 10))
			errs <- err
		}()
	}
	select {
	case err := <-errs:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	_ = b.Close()
	_ = g.Close()
	for range 2 {
		if err := <-errs; err != io.EOF && err != io.ErrClosedPipe {
			t.Error(err)
		}
	}
	g.open() // too late
	if _, err := g.Write(nil); err != io.ErrClosedPipe {
		t.Errorf("after Close: %v", err)
	}
}
