package overlay

import (
	"iter"
	"maps"
	"slices"

	"github.com/n2n-overlay/n2n/transport"
)

// View is a snapshot of a multiset of arcs: how many with which peer.
type View struct{ count map[transport.PeerID]int }

// Count gives the number of arcs with a peer.
func (v View) Count(p transport.PeerID) int { return v.count[p] }

// Len gives the number of arcs with all peers.
func (v View) Len() (n int) {
	for _, c := range v.count {
		n += c
	}
	return n
}

// All gives each peer and its count, in the order of the PeerIDs.
func (v View) All() iter.Seq2[transport.PeerID, int] {
	return func(yield func(transport.PeerID, int) bool) {
		for _, p := range slices.SortedFunc(maps.Keys(v.count), transport.PeerID.Compare) {
			if !yield(p, v.count[p]) {
				return
			}
		}
	}
}
