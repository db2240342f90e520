package mem

import (
	"net/netip"
	"sync"
	"time"
)

// Path is how datagrams fare between two drivers, in either direction. The zero
// value delivers everything at once. Values out of range count as the nearest
// one in it.
type Path struct {
	Latency time.Duration // one way
	Jitter  time.Duration // up to this much more, evenly distributed; so datagrams overtake each other
	Loss    float64       // share of the datagrams that are lost, 0 to 1
	// Duplicate is the share of datagrams that arrive twice, 0 to 1.
	Duplicate float64
	// Reorder is the share of datagrams that are held up for another latency,
	// at least 1 ms, so that later ones overtake them, 0 to 1.
	Reorder float64
}

// Stats counts datagrams since the network was made. Messages, their
// retransmissions, and what a session needs beside them are all datagrams.
type Stats struct {
	Sent          uint64
	Lost          uint64 // by Path.Loss, by a partition, or because nobody is there
	Duplicated    uint64
	Reordered     uint64 // held up by Path.Reorder; those that Jitter turns round are not counted
	Refused       uint64 // arrived, but belong to no session: other credentials, or one that is over
	Retransmitted uint64
	Abandoned     uint64 // messages that an unreliable channel gave up
}

// Defaults of the fields of Network.
const (
	DefaultSilence    = 30 * time.Second
	DefaultRoundTrips = 2
)

// Network is what the drivers made by it can reach each other through.
// Change its fields before the first driver is made.
type Network struct {
	// Silence is how long a session hears nothing from a peer that crashed or
	// is cut off before it goes Down, as when ICE fails. An attempt that comes to
	// nothing ends after the same time. Zero: DefaultSilence. Negative: never.
	//
	// A path with Loss 1 is not a cut: only a session with something to send
	// notices it.
	Silence time.Duration
	// RoundTrips is how many round trips a session takes from the moment when
	// one end knows the other's description and address until the initiator is
	// Up; the other end is Up half a round trip earlier. Zero: DefaultRoundTrips;
	// 1 counts as 2, for ICE and DTLS cannot share one.
	RoundTrips int
	// Gather is how long a driver takes to find its address. Zero: it is in
	// the description already. Otherwise it comes with Gathered.
	Gather time.Duration

	seed uint64

	mu     sync.Mutex // a leaf: held only for look-ups
	made   int
	byAddr map[netip.AddrPort]*Driver
	path   Path
	paths  map[pair]Path
	cuts   map[pair]time.Time // since when a pair is cut off
	stats  Stats
}

// pair names two drivers, whichever comes first, by their numbers.
type pair struct{ low, high int }

func pairOf(a, b *Driver) pair {
	return pair{min(a.number, b.number), max(a.number, b.number)}
}

// NewNetwork makes a network without faults. All its chances are drawn from
// seed. It needs no Close: goroutines belong to the drivers.
func NewNetwork(seed uint64) *Network {
	return &Network{
		seed:   seed,
		byAddr: make(map[netip.AddrPort]*Driver),
		paths:  make(map[pair]Path),
		cuts:   make(map[pair]time.Time),
	}
}

// SetPath sets the path between all drivers that have none of their own.
// It concerns datagrams sent from now on, as all changes of a network do.
func (n *Network) SetPath(p Path) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.path = p.clamp()
}

// SetPathBetween sets the path between two drivers, in both directions.
func (n *Network) SetPathBetween(a, b *Driver, p Path) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.paths[pairOf(a, b)] = p.clamp()
}

// Partition cuts two drivers off from each other, until Heal.
func (n *Network) Partition(a, b *Driver) {
	n.mu.Lock()
	p, since := pairOf(a, b), time.Now()
	_, already := n.cuts[p]
	if !already {
		n.cuts[p] = since
	}
	n.mu.Unlock()
	if already || a == b {
		return
	}
	still := func() bool { return n.cutSince(p).Equal(since) }
	a.noticeSilence(b, still)
	b.noticeSilence(a, still)
}

// Heal ends the partition of two drivers. What was sent meanwhile on reliable
// channels arrives when its next retransmission is due.
func (n *Network) Heal(a, b *Driver) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.cuts, pairOf(a, b))
}

// PartitionGroups cuts all drivers of different groups off from each other.
// Pairs within a group, and pairs with a driver in no group, stay as they are.
func (n *Network) PartitionGroups(groups ...[]*Driver) {
	for i, group := range groups {
		for _, a := range group {
			for _, other := range groups[i+1:] {
				for _, b := range other {
					n.Partition(a, b)
				}
			}
		}
	}
}

// HealAll ends every partition.
func (n *Network) HealAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.cuts)
}

// Stats gives the counts so far.
func (n *Network) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stats
}

// NewDriver makes a driver with an address and a fingerprint of its own. Close
// it when it is no longer needed.
func (n *Network) NewDriver() *Driver {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.made++
	d := newDriver(n, n.made)
	n.byAddr[d.addr] = d
	return d
}

// remove makes d unreachable for good, and gives the drivers that remain.
func (n *Network) remove(d *Driver) (others []*Driver) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.byAddr, d.addr)
	for p := range n.paths {
		if p.low == d.number || p.high == d.number {
			delete(n.paths, p)
		}
	}
	for p := range n.cuts {
		if p.low == d.number || p.high == d.number {
			delete(n.cuts, p)
		}
	}
	for _, other := range n.byAddr {
		others = append(others, other)
	}
	return others
}

func (n *Network) driverAt(addr netip.AddrPort) *Driver {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byAddr[addr]
}

func (n *Network) cutSince(p pair) time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cuts[p]
}

// silence is the field with its default; ok is false if there is none.
func (n *Network) silence() (d time.Duration, ok bool) {
	if n.Silence == 0 {
		return DefaultSilence, true
	}
	return n.Silence, n.Silence > 0
}

func (n *Network) roundTrips() int {
	if n.RoundTrips == 0 {
		return DefaultRoundTrips
	}
	return max(n.RoundTrips, 2)
}

func (p Path) clamp() Path {
	share := func(x float64) float64 {
		if x > 0 { // and not NaN
			return min(x, 1)
		}
		return 0
	}
	return Path{max(p.Latency, 0), max(p.Jitter, 0), share(p.Loss), share(p.Duplicate), share(p.Reorder)}
}
