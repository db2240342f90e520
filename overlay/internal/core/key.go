package core

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// Key builds the canonical encoding of a state: two states have the same one
// if, and only if, no input can tell them apart from now on. Every item is
// self-delimiting. It is for searches, which meet the same state on many ways.
// Peer gives each peer a number. Chores: peers may be forgotten, so it matters
// when they were last heard of.
type Key struct {
	B      []byte
	Peer   func(transport.PeerID) byte
	Chores bool
}

// Uint, Bool, Bytes, ID, Session, Error and Duration add one value each.
func (k *Key) Uint(n uint64) { k.B = binary.AppendUvarint(k.B, n) }

func (k *Key) Bool(flags ...bool) {
	var b byte
	for _, f := range flags {
		b <<= 1
		if f {
			b |= 1
		}
	}
	k.B = append(k.B, b)
}

func (k *Key) Bytes(s string) {
	k.Uint(uint64(len(s)))
	k.B = append(k.B, s...)
}

func (k *Key) ID(id transport.PeerID) { k.B = append(k.B, k.Peer(id)) }

func (k *Key) Session(id transport.SessionID) {
	k.ID(id.Initiator)
	k.Uint(id.Number)
}

func (k *Key) Error(err error) {
	if err == nil {
		k.Uint(0)
		return
	}
	k.Bytes(err.Error())
}

func (k *Key) Duration(d time.Duration) { k.B = binary.AppendVarint(k.B, int64(d)) }

func (k *Key) ids(list []transport.PeerID) {
	k.Uint(uint64(len(list)))
	for _, id := range list {
		k.ID(id)
	}
}

func (k *Key) route(r Route) {
	k.ids(r.Brokers)
	k.Uint(r.Conn)
}

// Description adds a description, or that there is none.
func (k *Key) Description(d *transport.Description) {
	if d == nil {
		k.Uint(0)
		return
	}
	k.Uint(1)
	k.Bytes(d.Ufrag)
	k.Uint(uint64(len(d.Candidates)))
}

// Signal adds a signal, or that there is none.
func (k *Key) Signal(s *transport.Signal) {
	if s == nil {
		k.Uint(0)
		return
	}
	k.Uint(uint64(s.Kind))
	k.Session(s.Session)
	k.ID(s.From)
	k.ID(s.To)
	k.ref(s.Ref)
	k.Uint(s.Mine)
	k.Uint(s.Yours)
	k.Uint(uint64(s.Reason))
	k.Description(s.Description)
	k.wish(s.Wish)
	k.Uint(uint64(len(s.Candidates)))
	k.Bool(s.Last)
}

func (k *Key) wish(w *transport.Wish) {
	if w == nil {
		k.Uint(0)
		return
	}
	k.Uint(w.Arc) // never zero
	k.Bytes(w.Protocol)
}

func (k *Key) ref(ref [32]byte) {
	if ref == ([32]byte{}) {
		k.Uint(0)
		return
	}
	k.Uint(1)
	k.B = append(k.B, ref[:]...)
}

// Message adds a message. What a relay carries is for the caller to add.
func (k *Key) Message(m Message) {
	if m == nil {
		k.Uint(0)
		return
	}
	k.Uint(uint64(m.Tag()))
	path := func(path [][32]byte) {
		k.Uint(uint64(len(path)))
		for _, id := range path {
			k.ID(id)
		}
	}
	switch m := m.(type) {
	case *arc.Hello:
		k.Uint(uint64(m.Version))
		k.Uint(m.Boot)
		k.ID(m.Initiator)
		k.Uint(m.Number)
	case *arc.Deny:
		k.Uint(uint64(m.Version))
	case *arc.Bind:
		k.Uint(m.Arc)
		k.Bytes(m.Protocol)
		k.Uint(uint64(m.Channel))
		k.Bool(m.Fresh)
	case *arc.Bound:
		k.Uint(m.Arc)
		k.Uint(uint64(m.Channel))
	case *arc.Refused:
		k.Uint(m.Arc)
		k.Uint(uint64(m.Reason))
	case *arc.Unbind:
		k.Uint(m.Arc)
		k.Bool(m.Mine)
	case *arc.Turn:
		k.Uint(m.Arc)
		k.Bool(m.Mine)
	case *arc.Ping:
		k.Uint(m.Id)
	case *arc.Pong:
		k.Uint(m.Id)
	case *signal.Relay:
		k.ID(m.Initiator)
		k.Uint(m.Number)
		path(m.Path)
		k.Uint(uint64(m.Position))
	case *signal.Bounce:
		k.ID(m.Initiator)
		k.Uint(m.Number)
		path(m.Path)
		k.Uint(uint64(m.Position))
	case *signal.Meet:
		k.Uint(m.Meeting)
		k.Bytes(m.Protocol)
		k.ID(m.To)
		k.Uint(uint64(m.Budget))
	case *signal.Invite:
		k.Uint(m.Meeting)
		k.Bytes(m.Protocol)
		k.Uint(uint64(m.Budget))
	case *signal.Met:
		k.Uint(m.Meeting)
		k.Uint(uint64(m.Result))
	case *media.MediaWant:
		k.Uint(uint64(m.N))
		k.Uint(uint64(m.Audio))
		k.Uint(uint64(m.Video))
	case *media.MediaOffer:
		k.Uint(uint64(m.N))
		k.Uint(uint64(m.H))
		k.Bytes(string(m.Sections))
	case *media.MediaAnswer:
		k.Uint(uint64(m.N))
		k.Bytes(string(m.Sections))
	case *media.MediaStop:
		k.Uint(uint64(m.Why))
	}
}

// AppendKey adds who a core is and its state between two steps; now is the time by its
// clock, and all times are told from there.
//
// Left out is what only tells of the past (counters, when a session opened, the
// state that an attempt failed in), what follows from the rest (Check compares
// them: sessions, pending), and, unless k.Chores, when a peer was last heard of:
// nothing asks for it within ten minutes, unless MaxPeers are known.
func (c *Core) AppendKey(k *Key, now time.Duration) {
	k.ID(c.cfg.ID)
	k.Uint(c.number)
	k.Uint(c.nextArc)
	k.Uint(c.nextMeet)
	k.Bool(c.leaving)
	k.Uint(uint64(len(c.protocols)))
	for _, name := range slices.Sorted(maps.Keys(c.protocols)) {
		k.Bytes(name)
	}
	list := make([]*peer, 0, 8)
	for _, p := range c.peers {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *peer) int { return cmp.Compare(k.Peer(a.id), k.Peer(b.id)) })
	k.Uint(uint64(len(list)))
	for _, p := range list {
		c.keyPeer(k, p, now)
	}
	k.Uint(uint64(len(c.guests)))
	for _, n := range slices.Sorted(maps.Keys(c.guests)) {
		g := c.guests[n]
		k.Uint(g.call)
		k.Bytes(g.protocol)
		k.Uint(g.arc)
		k.Uint(uint64(g.sent))
		k.attempt(g.at)
	}
	k.Uint(uint64(len(c.doors)))
	doors := make([]uint64, 0, 4)
	for n, d := range c.doors {
		x := n << 1
		if d.trickle {
			x |= 1
		}
		doors = append(doors, x)
	}
	slices.Sort(doors)
	for _, x := range doors {
		k.Uint(x)
	}
	k.Uint(uint64(len(c.meetings)))
	for _, id := range slices.Sorted(maps.Keys(c.meetings)) {
		m := c.meetings[id]
		k.Uint(id)
		k.Uint(m.call)
		k.Uint(uint64(m.m.State))
		k.Bytes(m.protocol)
		k.ID(m.from)
		k.ID(m.to)
		k.Error(m.err)
		k.Message(m.msg)
	}
	c.timers.key(k, now)
}

func (c *Core) keyPeer(k *Key, p *peer, now time.Duration) {
	k.ID(p.id)
	l := &p.link
	k.Uint(uint64(l.State))
	k.Bool(l.Polite, l.Mine, l.Setup, l.Retry)
	k.Uint(l.Seq)
	k.Uint(l.Hi)
	k.Uint(uint64(l.Sent))
	s := &p.session
	k.Uint(uint64(s.State))
	k.Uint(uint64(s.Arcs))
	k.Uint(uint64(s.Wants))
	k.Uint(uint64(s.Tries))
	k.Bool(s.Linger, s.Parting)
	k.attempt(p.at)
	k.Uint(uint64(len(p.arcs)))
	for _, a := range p.arcs {
		k.arc(a)
	}
	k.Uint(uint64(len(p.holds)))
	for _, h := range p.holds {
		k.Uint(h.call)
		k.Bytes(h.protocol)
	}
	k.Uint(p.boot)
	if l.State != signal.LinkIdle { // the next attempt sets it anew
		k.route(p.route)
	}
	k.Error(p.failure)
	k.Uint(uint64(p.cause))
	k.Uint(uint64(len(p.waiting)))
	for _, w := range p.waiting {
		k.route(w.route)
		k.Bool(w.told)
		k.Signal(w.offer)
		k.Signal(w.candidates)
	}
	if k.Chores {
		k.Duration(p.used - now)
	}
	if c.cfg.Heartbeat > 0 && l.State == signal.LinkOpen {
		k.Duration(p.beat.heard - now)
		k.Duration(p.beat.due - now)
		k.Uint(p.beat.id)
	}
}

func (k *Key) arc(a *anArc) {
	k.Uint(uint64(a.m.State))
	k.Bool(a.mine, a.m.Out, a.fresh)
	k.Uint(a.number)
	k.Bytes(a.protocol)
	k.route(a.route)
	k.Uint(uint64(a.dials))
	k.Session(a.since)
	k.Error(a.err)
	k.Uint(a.call)
	if a.asked == nil {
		k.Uint(0)
		return
	}
	k.Uint(1)
	k.ID(a.asked.by)
	k.Session(a.asked.session)
	k.Uint(a.asked.id)
}

// exchange adds what is known of a session's media.
func (k *Key) exchange(x *exchange) {
	m := &x.m
	k.Uint(uint64(m.State))
	k.Bool(m.Offers, m.Able, m.More, m.Patience)
	for _, n := range []uint32{m.Seq, m.Mine, m.Heard, m.Told, uint32(x.audio), uint32(x.video), uint32(x.asks[0]), uint32(x.asks[1])} {
		k.Uint(uint64(n))
	}
}

func (k *Key) attempt(at *attempt) {
	if at == nil {
		k.Uint(0)
		return
	}
	k.Uint(1)
	k.Session(at.id)
	k.ID(at.to)
	k.Bool(at.mine, at.theirs, at.bulk, at.last, at.owe, at.up, at.greeted, at.early, at.wished)
	k.route(at.route)
	k.exchange(&at.media)
	k.Description(at.local)
	k.Uint(uint64(len(at.found)))
	k.Uint(at.void)
	k.Signal(at.signal)
	k.Signal(at.offer)
	k.ref(at.ref)
	k.wish(at.wish)
	k.Uint(uint64(len(at.used))) // those of lines, and of lines that were
	for _, n := range slices.Sorted(maps.Keys(at.used)) {
		k.Uint(uint64(n))
	}
	k.Uint(uint64(len(at.lines)))
	for _, protocol := range slices.Sorted(maps.Keys(at.lines)) {
		l := at.lines[protocol]
		k.Bytes(protocol)
		k.Uint(uint64(l.number))
		k.Uint(l.by)
		k.Bool(l.mine, l.open, l.usable)
	}
}

// key adds the running timers in the order in which they fire.
func (t *timers) key(k *Key, now time.Duration) {
	list := make([]entry, 0, 16)
	for _, e := range t.due {
		if e.timer.kind != timerForget || k.Chores {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order))
	})
	k.Uint(uint64(len(list)))
	for _, e := range list {
		k.Duration(e.at - now)
		k.Uint(uint64(e.timer.kind))
		k.ID(e.timer.peer)
		k.Uint(e.timer.key)
	}
}

// Alarm gives when the next timer fires that something waits for.
func (c *Core) Alarm() (at time.Duration, ok bool) {
	return c.timers.first(func(k timerKind) bool { return !k.recurs() })
}

// Chore gives when the next timer fires that runs for as long as a session or a
// memory of somebody is kept: a heartbeat is due, or somebody may be forgotten.
func (c *Core) Chore() (at time.Duration, ok bool) { return c.timers.first(timerKind.recurs) }

func (k timerKind) recurs() bool { return k == timerPing || k == timerForget }

func (t *timers) first(is func(timerKind) bool) (at time.Duration, ok bool) {
	for _, e := range t.due {
		if is(e.timer.kind) && (!ok || e.at < at) {
			at, ok = e.at, true
		}
	}
	return at, ok
}
