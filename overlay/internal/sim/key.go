package sim

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Fingerprint is a hash of a canonical encoding: of a few hundred million
// states, two have the same one with a probability below 10^-21.
type Fingerprint [16]byte

// Keyer makes fingerprints. It keeps buffers, and is for one goroutine.
type Keyer struct {
	core, world core.Key
	items       []byte
	parts       [][]byte
}

// NewKeyer gives a Keyer.
func NewKeyer() *Keyer {
	k := &Keyer{}
	k.core, k.world = core.Key{Peer: peerNumber}, core.Key{Peer: peerNumber}
	return k
}

func peerNumber(id transport.PeerID) byte { return id[0] }

// Fingerprint gives that of a world between two steps. Worlds have the same one
// if, and only if, nothing that may happen tells them apart: what order things
// were sent in does not matter where they may arrive in any, times are told from
// now, and what is only history is left out. Extra is hashed as well.
func (k *Keyer) Fingerprint(w *World, extra ...byte) Fingerprint {
	b := &k.world
	b.B = append(b.B[:0], extra...)
	b.Bool(w.fault != nil, w.shut)
	for _, p := range w.Peers {
		k.peer(w, p)
	}
	k.pending(w)
	k.calls(w)
	for i := range w.Peers {
		for j := range i {
			b.Bool(w.cut[[2]int{i, j}])
		}
	}
	return fingerprint(b.B)
}

func fingerprint(b []byte) (s Fingerprint) {
	h := sha256.Sum256(b)
	copy(s[:], h[:])
	return s
}

func (k *Keyer) peer(w *World, p *Peer) {
	b := &k.world
	b.Bool(p.Alive, p.Left, p.Old)
	b.Uint(p.boot)
	if !p.Alive {
		return
	}
	k.core.Chores = w.opts.Chores
	if now := w.Now + p.ahead; !p.fork.known || p.fork.at != now {
		k.core.B = k.core.B[:0]
		p.Core.AppendKey(&k.core, now)
		p.fork.known, p.fork.at, p.fork.sum = true, now, fingerprint(k.core.B)
	}
	b.B = append(b.B, p.fork.sum[:]...)
	for _, protocol := range w.opts.Protocols {
		b.Bool(p.gone[protocol])
	}
	ends := append(make([]*end, 0, 8), p.ends...)
	if len(ends) > 1 {
		slices.SortFunc(ends, func(s, t *end) int {
			return cmp.Or(s.id.Initiator.Compare(t.id.Initiator), cmp.Compare(s.id.Number, t.id.Number))
		})
	}
	b.Uint(uint64(len(ends)))
	for _, s := range ends {
		k.end(w, s)
	}
}

func (k *Keyer) end(w *World, s *end) {
	b := &k.world
	b.Session(s.id)
	b.Bool(s.offers, s.told, s.known, s.up, s.over)
	b.Description(s.remote) // this end's own one follows from its id
	b.Uint(uint64(len(s.inbox)))
	for _, m := range s.inbox {
		k.message(w, m)
	}
	b.Uint(uint64(len(s.channels)))
	for _, c := range s.channels {
		b.Uint(uint64(c.number))
		b.Bytes(c.protocol)
		b.Bool(c.open, c.usable)
	}
}

func (k *Keyer) message(w *World, m message) {
	k.world.Message(m.msg)
	if r, ok := m.msg.(*signal.Relay); ok {
		k.world.Signal(w.signals.get(int(binary.BigEndian.Uint64(r.Payload))))
	}
}

// pending adds what can happen as a set; only an application's channel keeps the
// order of what is on it.
func (k *Keyer) pending(w *World) {
	b := &k.world
	start := len(b.B)
	k.parts = k.parts[:0]
	ends := make([]int, 0, 16)
	for i, it := range w.pending {
		b.Uint(uint64(it.Kind))
		b.Uint(uint64(it.From))
		b.Uint(uint64(it.To))
		b.Session(it.Session)
		if it.Conn != 0 {
			b.Uint(it.Conn)
			rank := 0
			for _, first := range w.pending[:i] {
				if first.To == it.To && first.Conn == it.Conn {
					rank++
				}
			}
			b.Uint(uint64(rank))
		}
		b.Signal(it.Signal)
		if it.relay != nil {
			k.message(w, *it.relay)
		}
		ends = append(ends, len(b.B))
	}
	k.items = append(k.items[:0], b.B[start:]...)
	from := 0
	for _, to := range ends {
		k.parts = append(k.parts, k.items[from:to-start])
		from = to - start
	}
	slices.SortFunc(k.parts, bytes.Compare)
	b.B = b.B[:start]
	b.Uint(uint64(len(k.parts)))
	for _, part := range k.parts {
		b.B = append(b.B, part...)
	}
}

// calls adds how far calls have come.
func (k *Keyer) calls(w *World) {
	b := &k.world
	b.Uint(uint64(len(w.calls)))
	for _, c := range w.calls {
		b.Uint(uint64(c.Ended))
		b.Bool(c.Cancelled, c.Lost, c.AtOnce)
		b.Error(c.Err)
		if c.waitsForever() {
			b.Duration(w.Now - c.begun)
		}
	}
}
