// Package mem is a transport.Driver in memory, with the faults of a network:
// latency, loss, duplication, reordering, partitions and crashes.
//
// Drivers of one [Network] reach each other by descriptions, exactly as real
// ones do, and nothing else: ufrag and password must belong to the attempt, the
// fingerprint to the driver, and one end must know an address of the other.
//
//	n := mem.NewNetwork(1)
//	n.SetPath(mem.Path{Latency: 20 * time.Millisecond, Loss: 0.01})
//	a, b := n.NewDriver(), n.NewDriver()
//	defer a.Close()
//	defer b.Close()
//	s, err := a.Offer(id, handler) // and on as with any transport.Driver
//	n.Partition(a, b)              // both get Down when Silence has passed
//
// # What is modeled
//
// Everything travels as datagrams, each with its own draw of fate. A session is
// set up in RoundTrips round trips; a lost step is repeated after a
// retransmission time. Reliable channels lose time where datagrams are lost, but
// no message; unreliable ones give messages up as SCTP does (RFC 3758). A
// receiver takes 1 MiB of unread messages for each channel, and a sender queues
// 4 MiB for each channel above that. The retransmission time is three one-way
// delays but at least 50 ms, and doubles with each loss up to 2 s.
//
// What has arrived before a session ends is handled before Down, unless that
// takes the handlers more than a second.
//
// Bandwidth is not modeled, nor are congestion, NATs and the cost of crypto.
//
// A message on a channel that the receiver has not opened is a mistake of the
// layer above (see transport.Session). A real stack loses it in one way or
// another; here it ends the session with Down, so that tests find the mistake.
// Bytes given to Handler.Message are cleared when it returns, for the same reason.
//
// # Determinism
//
// The fate of a datagram is drawn from the network's seed, the pair, and the
// numbers of session, channel, message and transmission, so that it does not
// depend on how goroutines take turns. In a bubble of testing/synctest the times
// are exact as well. The order of two things that happen at the same instant
// remains the scheduler's.
//
// # Concurrency
//
// All methods may be called from any goroutine. A driver has one goroutine for
// the datagrams that arrive, one for each session and one for each channel that
// was asked for; all have ended when Driver.Close returns. Driver.Close waits
// for handler calls that are under way, so it must not be called within one.
// A network and its drivers may live inside a bubble or outside of any, but not
// in two.
package mem
