package pion_test

import (
	"testing"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

// newDriver makes a driver on loopback that is closed with the test. A change may be
// nil.
func newDriver(t testing.TB, changes ...func(*pion.Config)) *pion.Driver {
	t.Helper()
	cfg := pion.Config{ListenAddr: "127.0.0.1:0"}
	for _, change := range changes {
		if change != nil {
			change(&cfg)
		}
	}
	d, err := pion.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return d
}

// eachKind runs a test with each kind of session: what a driver builds out of ICE,
// DTLS and SCTP, and with media, what pion/webrtc does.
func eachKind(t *testing.T, test func(t *testing.T, kind func(*pion.Config))) {
	t.Run("stack", func(t *testing.T) { test(t, nil) })
	t.Run("peerConnection", func(t *testing.T) { test(t, withMedia) })
}

func TestConformance(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		transporttest.Run(t, transporttest.Config{
			New:   func(t testing.TB) transport.Driver { return newDriver(t, kind) },
			Crash: func(d transport.Driver) { d.(*pion.Driver).Crash() },
		})
	})
}
