// Package transporttest holds the tests that every transport.Driver must pass,
// and [Recorder], a transport.Handler for tests that wait for what happens.
//
// A driver's package runs them all from one test of its own:
//
//	func TestConformance(t *testing.T) {
//		transporttest.Run(t, transporttest.Config{
//			New: func(t testing.TB) transport.Driver {
//				d, err := pion.New(pion.Config{})
//				if err != nil {
//					t.Fatal(err)
//				}
//				return d
//			},
//		})
//	}
//
// Each subtest names one sentence of the contract in package transport. A
// failure prints what every handler was told, in order and with the time.
//
// # Concurrency
//
// Subtests run one after the other: each looks for goroutines that it left
// behind, so nothing else may start or end any while Run runs. A Recorder may be
// used from any goroutine.
package transporttest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// Config says how to make the drivers under test, and how fast they are.
type Config struct {
	// New makes a fresh driver that can reach all the others that New made for
	// the same t. Run closes it before what New gave to t.Cleanup runs.
	New func(t testing.TB) transport.Driver

	// Crash makes a driver silent, as if its process had died: nothing is sent,
	// nothing is told to any handler. Nil: crashes are not tested. That the
	// other end goes Down after a silence is allowed but not required within
	// any bound: the node has a heartbeat of its own.
	Crash func(d transport.Driver)

	// Timeout is how long an expected event may take. Zero: 10 s. What must
	// not happen is awaited for a fortieth of it, or in a bubble for all of it.
	Timeout time.Duration

	// Seed is where random descriptions come from; the tests print it.
	Seed uint64

	// Bubble runs each test in a bubble of testing/synctest, where time is
	// virtual: for drivers without sockets.
	Bubble bool
}

// Run runs every test of the suite as a subtest of t.
func Run(t *testing.T, cfg Config) {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	for _, group := range [][]testCase{setupCases, trickleCases, hostileCases, messageCases, channelCases, flowCases, closeCases, handlerCases, crashCases} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				if cfg.Bubble {
					synctest.Test(t, func(t *testing.T) { c.runIn(t, cfg) })
				} else {
					c.runIn(t, cfg)
				}
			})
		}
	}
}

// testCase is one rule of the contract and the test that holds it.
type testCase struct {
	name string
	rule string
	run  func(k *kit)
}

func (c testCase) runIn(t *testing.T, cfg Config) {
	k := newKit(t, cfg)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the rule: %s\n%s", c.rule, k.log())
		}
	})
	c.run(k)
	for _, r := range k.recorders {
		r.Check(t)
	}
}
