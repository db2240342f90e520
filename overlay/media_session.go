package overlay

import (
	"slices"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// tracks are the audio and video of one session. They belong to who has the turn.
type tracks struct {
	senders []*Sender
	heard   map[*transport.Track]heard
	err     error // why there is no media any more
}

// heard is a track of the peer's that a protocol was told of.
type heard struct {
	protocol *Protocol
	peer     transport.PeerID
	track    *Track
}

// performMedia carries out what the core wants of a session's media.
func (n *Node) performMedia(e core.Effect) {
	switch e := e.(type) {
	case core.OfferMedia:
		n.driveMedia(e.ID, func(m transport.MediaSession) { m.OfferMedia(int(e.Audio), int(e.Video)) })
	case core.AnswerMedia:
		n.driveMedia(e.ID, func(m transport.MediaSession) { m.AnswerMedia(e.Offer) })
	case core.FinishMedia:
		n.driveMedia(e.ID, func(m transport.MediaSession) { m.FinishMedia(e.Answer) })
	case core.SendMedia:
		n.sendMedia(e)
	case core.MediaSettled:
		if s := n.sessions[e.ID]; s != nil {
			s.media.settle(e.All)
		}
	case core.MediaOver:
		n.mediaOver(e)
	}
}

func (n *Node) driveMedia(id transport.SessionID, f func(transport.MediaSession)) {
	if s := n.sessions[id]; s != nil {
		if m, ok := s.driver.(transport.MediaSession); ok {
			f(m)
		}
	}
}

// settle tells who waits for a track whether it is sent. all: those that are not
// by now found no room.
func (t *tracks) settle(all bool) {
	for _, s := range slices.Clone(t.senders) {
		switch {
		case s.decided:
		case s.sender.Agreed():
			s.decide(nil)
		case all:
			t.drop(s, transport.ErrSections)
		}
	}
}

// drop ends a track of this end's. The next exchange leaves it out; if that was
// to tell of it, remove asks for one.
func (t *tracks) drop(s *Sender, err error) bool {
	i := slices.Index(t.senders, s)
	if i < 0 {
		return false
	}
	t.senders = slices.Delete(t.senders, i, i+1)
	s.sender.Detach()
	s.end(err)
	return true
}

// remove drops a track, and gives the input by which the core lets the peer know;
// nil: it was gone.
func (t *tracks) remove(s *session, x *Sender, err error) core.Input {
	m, ok := s.driver.(transport.MediaSession)
	if !ok || !t.drop(x, err) {
		return nil
	}
	return changed(s, m)
}

// mediaOver ends all tracks of a session that goes on without.
func (n *Node) mediaOver(e core.MediaOver) {
	s := n.sessions[e.ID]
	if s == nil {
		return
	}
	n.log.Warn("media", "session", e.ID, "err", e.Err)
	s.media.end(s, e.Err)
	n.driveMedia(e.ID, transport.MediaSession.EndMedia)
}

// end ends all tracks of a session.
func (t *tracks) end(s *session, err error) {
	t.err = err
	for _, x := range t.senders {
		x.sender.Detach()
		x.end(err)
	}
	t.senders = nil
	for track := range t.heard {
		s.trackGone(track)
	}
}

// arcClosed ends the tracks of a protocol that has no arc with the peer any more.
func (n *Node) arcClosed(e core.Closed) {
	p := n.protocol(e.Protocol)
	id, open := n.core.Open(e.Peer)
	s := n.sessions[id]
	if p == nil || !open || s == nil || p.arcs(e.Peer) > 0 {
		return
	}
	for _, x := range slices.Clone(s.media.senders) {
		if x.protocol == p {
			if in := s.media.remove(s, x, ErrNotNeighbor); in != nil {
				n.failed = append(n.failed, in)
			}
		}
	}
	for track, h := range s.media.heard {
		if h.protocol == p {
			s.trackGone(track)
		}
	}
}

// MediaDone, TrackBegan and TrackEnded are what the driver says.

func (s *session) MediaDone(id transport.SessionID, m transport.Media, err error) {
	in := core.MediaDone{ID: id, Err: err}
	if err != nil {
		s.node.log.Warn("media", "session", id, "err", err)
	} else if m.Opus != 0 { // a description, and not the end of an exchange
		in.Media = &m
		in.Err = m.Check() // a driver that is wrong does not cost the session
	}
	s.node.post(in)
}

// TrackBegan tells the protocol that the peer named. There may be no such
// protocol, or no arc of it by now: then nobody listens.
func (s *session) TrackBegan(_ transport.SessionID, t *transport.Track) {
	s.node.post(func() {
		p, peer := s.node.protocol(t.Label), s.node.core.Peer(s.id)
		if s.node.sessions[s.id] != s || s.media.err != nil || p == nil || p.arcs(peer) == 0 {
			return
		}
		track := &Track{Kind: t.Kind, ID: t.ID, Stream: t.Stream, driver: t.Driver}
		if s.media.heard == nil {
			s.media.heard = map[*transport.Track]heard{}
		}
		s.media.heard[t] = heard{p, peer, track}
		p.tell(TrackAdded{Peer: peer, Track: track}, true, peer, 0)
	})
}

func (s *session) TrackEnded(_ transport.SessionID, t *transport.Track) {
	s.node.post(func() { s.trackGone(t) })
}

// trackGone tells a protocol that a track is over, if it has heard of it.
func (s *session) trackGone(t *transport.Track) {
	h, ok := s.media.heard[t]
	if !ok {
		return
	}
	delete(s.media.heard, t)
	h.protocol.tell(TrackEnded{Peer: h.peer, Track: h.track}, true, h.peer, 0)
}
