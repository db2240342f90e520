package overlay_test

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// TestStreamIsANetConn runs the suite of golang.org/x/net for net.Conn, over
// both drivers.
func TestStreamIsANetConn(t *testing.T) {
	network := mem.NewNetwork(1)
	for name, driver := range map[string]func() transport.Driver{
		"mem":  func() transport.Driver { return network.NewDriver() },
		"pion": func() transport.Driver { return loopback(t) },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, driver, overlay.ProtocolConfig{})
			l := b.Listen()
			defer l.Close()
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				if c1, err = a.Dial(t.Context(), b.Node().ID()); err != nil {
					return nil, nil, nil, err
				}
				if c2, err = l.Accept(); err != nil {
					return nil, nil, nil, err
				}
				return c1, c2, func() { c1.Close(); c2.Close() }, nil
			})
			for _, p := range []*overlay.Protocol{a, b} {
				if s := p.Node().Stats(); s.Streams > 0 || s.Violations+s.Bugs > 0 {
					t.Errorf("left over: %+v", s)
				}
			}
		})
	}
}

func loopback(t testing.TB) transport.Driver {
	t.Helper()
	d, err := pion.New(pion.Config{ListenAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// pair is two nodes with an arc from a to b, in real time. They are closed with
// the test.
func pair(t testing.TB, driver func() transport.Driver, cfg overlay.ProtocolConfig) (a, b *overlay.Protocol) {
	t.Helper()
	var list []*overlay.Protocol
	for range 2 {
		n, err := overlay.New(overlay.Config{Driver: driver(), Audit: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		p, err := n.Protocol("test", cfg)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	a, b = list[0], list[1]
	if _, err := a.Join(t.Context(), b.Node().Admit); err != nil {
		t.Fatal(err)
	}
	return a, b
}
