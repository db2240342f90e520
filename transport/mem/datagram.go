package mem

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

type kind uint8

const (
	poke     kind = iota // an ICE check of the answerer, who waits for the initiator's
	setup                // step round of the set-up, by the initiator
	setupAck             // the answer to it
	data                 // a message, or word that message number seq was given up
	reset                // the channel's last, after all its messages
	credit               // how much of a channel was read so far
	bye                  // the session is over
)

// datagram is what travels. Once it was delivered nobody changes it.
type datagram struct {
	kind kind
	from netip.AddrPort

	// What ICE and DTLS would prove.
	ufrag, password string // the receiver's
	sender          string // the sender's ufrag
	fingerprint     [32]byte

	round   int // setup, setupAck
	channel channelKey
	seq     uint64 // data, reset: counted by channel, from 0
	data    []byte
	skip    bool   // data: given up, there is no message
	size    int    // data, reset: what it takes of buffer and window
	read    uint64 // credit: bytes

	attempt  int       // transmissions so far
	first    time.Time // the first of them
	limit    *uint16   // data: how many retransmissions are allowed; nil: any number
	deadline time.Time // data: when it is given up; zero: never
}

// givenUp reports whether a message that was lost is not sent again.
func (dg *datagram) givenUp(now time.Time) bool {
	if dg.kind != data || dg.skip {
		return false
	}
	return dg.limit != nil && dg.attempt > int(*dg.limit) || !dg.deadline.IsZero() && now.After(dg.deadline)
}

// transmit sends a datagram once and reports whether it will arrive. A real
// sender learns of a loss a retransmission time later, and that is when callers
// act on it.
func (n *Network) transmit(from *Driver, id transport.SessionID, dg *datagram, dest netip.AddrPort) bool {
	n.mu.Lock()
	n.stats.Sent++
	if dg.attempt > 1 {
		n.stats.Retransmitted++
	}
	to := n.byAddr[dest]
	if to == nil {
		n.stats.Lost++
		n.mu.Unlock()
		return false
	}
	path := n.pathTo(from, to)
	_, cut := n.cuts[pairOf(from, to)]
	luck := n.luck(from, to, id, dg)
	lost := luck.Float64() < path.Loss || cut
	delays := []time.Duration{n.delay(path, luck)}
	if luck.Float64() < path.Duplicate && !lost {
		n.stats.Duplicated++
		delays = append(delays, n.delay(path, luck))
	}
	if lost {
		n.stats.Lost++
	}
	n.mu.Unlock()
	if lost {
		return false
	}
	now := time.Now()
	for _, d := range delays {
		to.queue.push(now.Add(d), func() { to.receive(dg) })
	}
	return true
}

// delay draws how long a datagram takes.
func (n *Network) delay(p Path, luck *rand.Rand) time.Duration {
	d := p.Latency
	if p.Jitter > 0 {
		d += time.Duration(luck.Int64N(int64(p.Jitter)))
	}
	if luck.Float64() < p.Reorder {
		n.stats.Reordered++
		d += max(p.Latency, time.Millisecond)
	}
	return d
}

func (n *Network) pathTo(from, to *Driver) Path {
	if p, ok := n.paths[pairOf(from, to)]; ok {
		return p
	}
	return n.path
}

// luck is the source of the draws for one transmission of one datagram: the
// same for the same numbers, whatever else is sent meanwhile.
func (n *Network) luck(from, to *Driver, id transport.SessionID, dg *datagram) *rand.Rand {
	h := n.seed
	for _, x := range [...]uint64{
		uint64(from.number), uint64(to.number), id.Number, uint64(id.Initiator[0]), uint64(dg.kind),
		uint64(dg.channel.number), uint64(dg.channel.epoch), dg.seq, uint64(dg.round), dg.read, uint64(dg.attempt),
	} {
		h = mix(h ^ x)
	}
	return rand.New(rand.NewPCG(h, mix(h)))
}

// mix is the finalizer of SplitMix64, after its step.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Bounds of the retransmission time. SCTP's least is 1 s (RFC 9260 section
// 6.3.1), but today's stacks learn of a loss earlier, from what came after.
const (
	minRTO = 50 * time.Millisecond
	maxRTO = 2 * time.Second
)

// rto is when a loss is noticed, after the given number of transmissions.
func (n *Network) rto(from *Driver, dest netip.AddrPort, attempt int) time.Duration {
	n.mu.Lock()
	path := n.path
	if to := n.byAddr[dest]; to != nil {
		path = n.pathTo(from, to)
	}
	n.mu.Unlock()
	rto := max(3*(path.Latency+path.Jitter), minRTO)
	for ; attempt > 1 && rto < maxRTO; attempt-- {
		rto = min(2*rto, maxRTO)
	}
	return rto
}

func (n *Network) countRefused() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stats.Refused++
}

func (n *Network) countAbandoned() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stats.Abandoned++
}
