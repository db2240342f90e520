package pion

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestRedundant: a check is not sent right after another one was answered, unless it
// goes elsewhere or nominates.
func TestRedundant(t *testing.T) {
	s := listenHere(t, anybody)
	peer, at := stranger(t)
	other, elsewhere := stranger(t)
	p := s.part("us", nil)
	check := func(attributes ...stun.Setter) []byte {
		return stun.MustBuild(append([]stun.Setter{stun.BindingRequest, stun.TransactionID}, attributes...)...).Raw
	}
	nominates := stun.RawAttribute{Type: stun.AttrUseCandidate}
	answer := stun.MustBuild(stun.BindingSuccess, stun.TransactionID).Raw
	first, second, nomination, third := check(), check(), check(nominates), check()
	write := func(b []byte) {
		if n, err := p.WriteToAddrPort(b, at); n != len(b) || err != nil {
			t.Fatal(n, err)
		}
	}
	write(first)
	write(second) // no answer yet
	comes(t, peer, first)
	comes(t, peer, second)
	send(t, peer, s, answer)
	want(t, p, answer, at)
	write(check())
	write(nomination)
	comes(t, peer, nomination)
	if _, err := p.WriteToAddrPort(third, elsewhere); err != nil {
		t.Fatal(err)
	}
	comes(t, other, third)
	p.answered.Store(&answered{at, time.Now().Add(-settled - time.Millisecond)})
	write(third)
	comes(t, peer, third)
}

// comes finds that a packet is the next one at a socket.
func comes(t *testing.T, at *net.UDPConn, packet []byte) {
	t.Helper()
	if err := at.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, maxDatagram)
	if n, err := at.Read(buf); err != nil || !bytes.Equal(buf[:n], packet) {
		t.Errorf("%x came (%v), want %x", buf[:n], err, packet)
	}
}
