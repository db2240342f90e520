package mem

import (
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

// config makes one network for each subtest.
func config(setup func(n *Network)) transporttest.Config {
	var network *Network
	var owner testing.TB
	return transporttest.Config{
		New: func(t testing.TB) transport.Driver {
			if owner != t {
				owner, network = t, NewNetwork(1)
				setup(network)
			}
			return network.NewDriver()
		},
		Crash: func(d transport.Driver) { d.(*Driver).Crash() },
	}
}

func TestConformance(t *testing.T) {
	for name, setup := range map[string]func(n *Network){
		"ideal": func(*Network) {},
		"slow": func(n *Network) {
			n.SetPath(Path{Latency: 20 * time.Millisecond})
			n.Gather = 30 * time.Millisecond
			n.RoundTrips = 4
		},
		"jittery": func(n *Network) {
			n.SetPath(Path{Latency: 5 * time.Millisecond, Jitter: 10 * time.Millisecond, Duplicate: 0.2, Reorder: 0.2})
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(setup)
			cfg.Bubble = true
			transporttest.Run(t, cfg)
		})
	}
	t.Run("in real time", func(t *testing.T) {
		cfg := config(func(n *Network) { n.SetPath(Path{Latency: time.Millisecond}) })
		cfg.Timeout = 4 * time.Second
		transporttest.Run(t, cfg)
	})
}
