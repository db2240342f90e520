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
// The order of what happens at one and the same instant is the scheduler's. So
// the world sees to it that one thing happens at an instant. Paths have a jitter of
// at least [MinJitter]. A node is told one thing at a time. A program that has
// waited in a method of its Peer goes on at an instant of its own: if one event
// ends the calls of several goroutines, a session that is lost or a context that
// ends, they go on one after the other, some microseconds apart. Peers and programs
// start at different moments, and [Peer.Sleep] adds up to [Stagger]. A program
// that waits in no other way gives the same graphs, statistics and times in each
// run with the same seed and the same version of this module, with the race
// detector too; this package's tests hold it to that.
//
// A seed does not hold where a program has an order of its own to lose: goroutines
// that one event wakes elsewhere than in a method of their Peer, on a channel or
// mutex of the program's, with time.Sleep, or in a stream, a listener or a protocol
// of [Peer.Open] without [Peer.Do] around it; goroutines that are started without
// [Peer.Go]; variables that programs of different peers share; the order of a map;
// chances that are not drawn from the Peer. And by chance two things that have
// nothing to do with each other can fall on the same nanosecond: a node's timer
// and a program that looks at a view of that node, say.
//
// # Concurrency
//
// The methods of World, but for Logf and Errorf, are for the goroutine of the
// test's function. Those of Peer may be called from any goroutine of the bubble.
// Run uses testing/synctest, with its rules: no real network, no t.Run in the
// function, and channels of the bubble stay in it.
package overlaytest
