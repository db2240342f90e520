package pion_test

import (
	"testing"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

// newDriver makes a driver on loopback that is closed with the test.
func newDriver(t testing.TB, change func(*pion.Config)) *pion.Driver {
	t.Helper()
	cfg := pion.Config{ListenAddr: "127.0.0.1:0"}
	if change != nil {
		change(&cfg)
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

func TestConformance(t *testing.T) {
	transporttest.Run(t, transporttest.Config{
		New:   func(t testing.TB) transport.Driver { return newDriver(t, nil) },
		Crash: func(d transport.Driver) { d.(*pion.Driver).Crash() },
	})
}
