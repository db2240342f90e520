// Package overlaytest is a world in which an overlay protocol can be tested:
// real nodes on a simulated network with faults, in virtual time, from a seed.
// A minute of fifty peers takes about a second.
//
//	func TestRing(t *testing.T) {
//		overlaytest.Run(t, overlaytest.Config{Peers: 50, Path: mem.Path{Loss: 0.05}}, func(w *overlaytest.World) {
//			w.Line()                     // each peer knows the next one
//			w.Go(program)                // a func(ctx context.Context, p *overlaytest.Peer), at each peer
//			w.Sleep(time.Minute)         // virtual
//			w.Crash(w.Sample(10)...)
//			w.Until(time.Minute, func() bool { return w.Graph().Connected() })
//		})
//	}
//
// Peers are named by their numbers, 0 to Config.Peers-1. A peer has a node and,
// under the name Config.Protocol, the protocol that the test is about: a [Peer]
// can all that an overlay.Protocol can. A program runs at a peer until the peer
// crashes or the world ends; its context ends then, and so must the program.
//
// # What is checked
//
// When the test's function returns, programs are stopped and the world is given
// Config.Settle to come to rest, with the faults as they are. Then the two ends
// of every arc must agree on it, and nobody may have an arc to a peer that is
// down. No node may have counted a bug, a divergence between the machines and
// their looplab referee, or a message that no peer of this version sends. No
// goroutine may be left. A test that has failed already is not checked further.
//
// # Seeds
//
// A test that fails tells its seed. These flags of the test binary repeat it:
//
//	-overlaytest.seed N    use seed N in place of Config.Seed
//	-overlaytest.seeds N   run N seeds, from that one on, each as a subtest
//	-overlaytest.log       log what the nodes log, at level debug
//
// # Determinism
//
// From the seed come: the keys, and so the PeerIDs; what [World.Random],
// [World.Sample], [Peer.Pick], [Peer.IntN] and [Peer.Enter] draw; the fate of
// every datagram and how long it takes, by its place in its session and not by
// the order in which goroutines run. Virtual time passes only when everybody
// waits, so how fast the machine is shows nowhere.
//
// The order of what happens at one and the same instant is the scheduler's. That
// is why the world lets little happen at one instant: paths have a jitter of at
// least [MinJitter], so that hardly two datagrams arrive together; a node is told
// one thing at a time, some microseconds apart; peers and programs start at
// different moments, and [Peer.Sleep] adds up to [Stagger]. What is left is up to
// the program: two of its goroutines that one event wakes, or that sleep
// without Peer.Sleep; a view that is read at the very instant at which an arc changes (to
// look after p.Sleep(ctx, 0) is to look when all is handled); the order of a
// map; and chances that are not drawn from its Peer. A program without these
// gives the same graphs, statistics and times in each run with the same seed and
// the same version of this module; this package's tests hold it to that.
// Under the race detector, which makes the order of goroutines random, a long
// history still differs now and then: repeat a seed without it.
//
// # Concurrency
//
// The methods of World, but for Logf and Errorf, are for the goroutine of the
// test's function. Those of Peer may be called from any goroutine of the bubble.
// Run uses testing/synctest, with its rules: no real network, no t.Run in the
// function, and channels of the bubble stay in it.
package overlaytest
