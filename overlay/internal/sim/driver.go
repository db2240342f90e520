package sim

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// end is one end of a driver session. Two ends connect when each has the
// other's description and knows a candidate of it.
type end struct {
	peer     *Peer
	id       transport.SessionID
	offers   bool
	local    *transport.Description
	remote   *transport.Description
	told     bool // the core has local
	known    bool // a candidate of the other end
	up, over bool
	said     int                // how often its description was sent
	last     bool               // the core knows every candidate
	way      []transport.PeerID // the brokers that its description was last sent by
	inbox    []message          // of the control channel, in order
	channels []channelOf        // that were ever open here, by number
}

// channelOf is a protocol's channel on a session, as effects tell of it.
type channelOf struct {
	number       uint16
	protocol     string
	open, usable bool
}

type message struct {
	msg    core.Message
	signal *transport.Signal
}

func (p *Peer) end(id transport.SessionID) *end {
	for _, s := range p.ends {
		if s.id == id {
			return s
		}
	}
	return nil
}

// begin makes one end of a driver session. Its description is one that says
// which end it is, so that the simulated ICE can tell.
func (w *World) begin(s *end) {
	p := s.peer
	if p.end(s.id) != nil {
		w.failed(p, "session %v begun twice", w.session(s.id))
	}
	p.ends = append(p.ends, s)
	s.local = &transport.Description{
		Ufrag: s.ufrag(), Password: "0123456789012345678901", MaxMessage: transport.MaxFrame,
	}
	if !w.opts.Trickle {
		s.local.Candidates = p.candidates()
	}
	w.put(&Item{Kind: Described, To: p.Index, Session: s.id})
}

// ufrag tells this end of a session from every other: a peer that is started
// anew may answer an offer again.
func (s *end) ufrag() string {
	return fmt.Sprintf("%c%d%c%d", 'a'+s.peer.Index, s.peer.boot, 'a'+s.id.Initiator[0]-1, s.id.Number)
}

func (p *Peer) candidates() []transport.Candidate {
	return []transport.Candidate{{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, 0, p.ID[0]}), 5000)}}
}

// join connects two ends that know each other.
func (w *World) join(s *end) {
	o := w.other(s)
	if o == nil || s.remote == nil || o.remote == nil || !s.known || !o.known || s.up || o.up || s.over || o.over {
		return
	}
	if s.remote.Ufrag != o.local.Ufrag || o.remote.Ufrag != s.local.Ufrag || w.isCut(s.peer, o.peer) {
		return
	}
	for _, e := range []*end{s, o} {
		e.up = true
		w.put(&Item{Kind: Up, To: e.peer.Index, Session: e.id})
	}
}

// other finds the other end of a session.
func (w *World) other(s *end) *end {
	for _, q := range w.Peers {
		if o := q.end(s.id); o != nil && s.fits(o) {
			return o
		}
	}
	return nil
}

// fits reports whether two ends of the same name are of one session: a peer whose
// clock was set back may use a name again.
func (s *end) fits(o *end) bool {
	return o.offers != s.offers &&
		(s.remote == nil || s.remote.Ufrag == o.local.Ufrag) && (o.remote == nil || o.remote.Ufrag == s.local.Ufrag)
}

// close ends a session at p; the other end hears of it.
func (w *World) close(p *Peer, id transport.SessionID) {
	s := p.end(id)
	if s == nil {
		w.failed(p, "session %v closed, but there is none", w.session(id))
		return
	}
	o := w.other(s)
	p.ends = slices.DeleteFunc(p.ends, func(e *end) bool { return e == s })
	w.pending = slices.DeleteFunc(w.pending, func(it *Item) bool {
		return it.To == p.Index && it.Session == id && it.Kind != Signal
	})
	if o != nil && s.up && o.up && !o.over && !w.isCut(p, o.peer) {
		o.over = true
		w.put(&Item{Kind: Down, To: o.peer.Index, Session: id})
	}
}

func (w *World) send(p *Peer, id transport.SessionID, m message) {
	s := p.end(id)
	if s == nil || !s.up {
		w.failed(p, "message %s on session %v, which is not there", w.describe(m), w.session(id))
		return
	}
	o := w.other(s)
	if o == nil || o.over || w.isCut(p, o.peer) {
		return
	}
	if h, ok := m.msg.(*arc.Hello); ok && p.Old != o.peer.Old {
		old := *h
		old.Version++
		m.msg = &old
	}
	o.inbox = append(o.inbox, m)
	if len(o.inbox) == 1 {
		w.put(&Item{Kind: Message, From: p.Index, To: o.peer.Index, Session: id})
	}
}

func (w *World) sendSignal(p *Peer, e core.SendSignal) {
	if e.Conn != 0 {
		to := door(e.Conn)
		w.put(&Item{Kind: Signal, From: p.Index, To: to, Conn: channel(p.Index, e.Conn), Signal: e.Signal})
		w.carried(p, e)
		return
	}
	r := &signal.Relay{Initiator: e.Signal.Session.Initiator, Number: e.Signal.Session.Number, Position: 1}
	for _, id := range e.Path {
		r.Path = append(r.Path, id)
	}
	r.Payload = binary.BigEndian.AppendUint64(nil, uint64(w.signals.put(e.Signal)))
	w.send(p, e.Via, message{r, e.Signal})
}

// openChannel opens a protocol's channel at one end, once. A number is for one
// protocol, as long as the session lives.
func (w *World) openChannel(p *Peer, e core.OpenChannel) {
	s := p.end(e.ID)
	if s == nil {
		w.failed(p, "channel on session %v, which is not there", w.session(e.ID))
		return
	}
	old := s.channel(e.Channel)
	switch {
	case old.protocol != "" && old.protocol != e.Protocol:
		w.failed(p, "channel %d of %s is opened for %s", e.Channel, old.protocol, e.Protocol)
	case old.open:
		w.failed(p, "channel %d of %s is opened again", e.Channel, e.Protocol)
	}
	s.set(channelOf{number: e.Channel, protocol: e.Protocol, open: true})
}

// channel gives a channel; the zero value: it never was.
func (s *end) channel(n uint16) channelOf {
	for _, c := range s.channels {
		if c.number == n {
			return c
		}
	}
	return channelOf{}
}

// set changes a channel: clones of the world share the old list.
func (s *end) set(c channelOf) {
	i, old := slices.BinarySearchFunc(s.channels, c.number, func(c channelOf, n uint16) int { return cmp.Compare(c.number, n) })
	s.channels = slices.Clone(s.channels)
	if !old {
		s.channels = slices.Insert(s.channels, i, c)
	}
	s.channels[i] = c
}

// closeChannels closes the channels of a protocol that its application gives up.
func (p *Peer) closeChannels(protocol string) {
	for _, s := range p.ends {
		for _, c := range s.channels {
			if c.protocol == protocol {
				s.set(channelOf{number: c.number, protocol: protocol})
			}
		}
	}
}

// checkUsable sees that the other end has opened the channel, too, and that this
// end hears of it once.
func (w *World) checkUsable(p *Peer, e core.Usable) {
	s := p.end(e.ID)
	if s == nil || s.channel(e.Channel).protocol != e.Protocol || !s.channel(e.Channel).open {
		w.failed(p, "channel %d usable for %s, but it is not open here", e.Channel, e.Protocol)
		return
	}
	if s.channel(e.Channel).usable {
		w.failed(p, "channel %d usable for %s again", e.Channel, e.Protocol)
	}
	s.set(channelOf{e.Channel, e.Protocol, true, true})
	if o := w.other(s); o != nil && !o.over && o.channel(e.Channel).protocol != e.Protocol && !w.liar(o.peer.ID) {
		w.failed(p, "channel %d usable for %s, but it is not open at %s", e.Channel, e.Protocol, w.Name(o.peer.ID))
	}
}
