package overlay

import (
	"context"
	"fmt"

	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/wire"
	"github.com/n2n-overlay/n2n/transport"
)

// Track is audio or video that a peer sends. The driver says how to read it:
// with transport/pion, pion.RemoteTrack(t) is a *webrtc.TrackRemote.
type Track struct {
	Kind   transport.MediaKind
	ID     string // as its sender named it; 1 to 64 characters
	Stream string // likewise; tracks of one stream are played in step
	driver any
}

// Driver gives what the driver knows the track by.
func (t *Track) Driver() any { return t.driver }

// TrackAdded says that a peer sends a track from now on, by Protocol.AddTrack of
// this protocol. It comes with the first packet of the track at the latest.
type TrackAdded struct {
	Peer  transport.PeerID
	Track *Track
}

// TrackEnded says that a track which was added is over: its sender has closed
// it, the last arc of this protocol with that peer is gone, or the session is.
type TrackEnded struct {
	Peer  transport.PeerID
	Track *Track // the same pointer as in TrackAdded
}

func (TrackAdded) event() {}
func (TrackEnded) event() {}

// Sender is a track that this node sends to one peer.
type Sender struct {
	protocol *Protocol
	session  *session
	peer     transport.PeerID
	ready    chan struct{} // closed when both ends agree, or never will
	done     chan struct{} // closed when it is over

	sender transport.Sender

	// Of whoever has the turn.
	decided bool
	over    bool
	failed  error // why it was never sent; for who waits for ready
	err     error // why it is over; for who waits for done
}

// AddTrack sends a track of audio or video to a peer of either view, and returns
// when the peer has agreed: packets that were written before do not arrive. The
// driver says what a track is: for transport/pion, with Config.Media at both
// ends, a webrtc.TrackLocal or a pion.Track, Opus or VP8.
//
// The peer gets a TrackAdded event of the same protocol. The track ends with
// Sender.Close, with the last arc of this protocol between the two nodes, or with
// their session; the session's other tracks, channels and messages do not notice
// any of it. A session has at most 16 tracks in each direction, all protocols
// together.
//
// AddTrack waits for three steps at most, each of which ends within 10 s. If one
// fails, the session goes on without media. When ctx ends, the track is removed.
// Errors: ErrNotNeighbor, ErrNoMedia (one of the two nodes has none),
// ErrFailed, ErrTimeout, transport.ErrSections, ErrClosed, the driver's for a
// track that it cannot send, or the context's.
func (p *Protocol) AddTrack(ctx context.Context, to transport.PeerID, track any) (*Sender, error) {
	var s *Sender
	var err error
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !p.node.ask(func() { s, err = p.attach(to, track) }):
		return nil, ErrClosed
	case err != nil:
		return nil, fmt.Errorf("track to %s: %w", to.Short(), err)
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
		_ = s.Close()
		return nil, ctx.Err()
	case <-p.node.stop:
		return nil, ErrClosed
	}
	if s.failed != nil {
		return nil, fmt.Errorf("track to %s: %w", to.Short(), s.failed)
	}
	return s, nil
}

// attach runs in its turn.
func (p *Protocol) attach(to transport.PeerID, track any) (*Sender, error) {
	n := p.node
	if n.protocol(p.name) != p {
		return nil, ErrClosed
	}
	id, open := n.core.Open(to)
	s := n.sessions[id]
	if !open || s == nil || p.arcs(to) == 0 {
		return nil, ErrNotNeighbor
	}
	m, ok := s.driver.(transport.MediaSession)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: the driver of this node", ErrNoMedia)
	case s.media.err != nil:
		return nil, s.media.err
	}
	attached, err := m.Attach(track, p.name)
	if err != nil {
		return nil, err
	}
	x := &Sender{protocol: p, session: s, peer: to, sender: attached, ready: make(chan struct{}), done: make(chan struct{})}
	s.media.senders = append(s.media.senders, x)
	n.step(changed(s, m))
	return x, nil
}

func changed(s *session, m transport.MediaSession) core.Input {
	audio, video := m.Tracks()
	return core.MediaChanged{ID: s.id, Audio: uint8(audio), Video: uint8(video)}
}

// arcs counts those with a peer, of both views.
func (p *Protocol) arcs(with transport.PeerID) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out[with] + p.in[with]
}

// Driver gives what the driver knows the track by: with transport/pion,
// pion.Sender(s) is a *webrtc.RTPSender.
func (s *Sender) Driver() any { return s.sender.Driver() }

// Done gives a channel that is closed when the track is sent no more.
func (s *Sender) Done() <-chan struct{} { return s.done }

// Err says why, after Done: ErrClosed after Close, ErrNotNeighbor when the arcs
// or the session ended, else what ended the session's media.
func (s *Sender) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Close ends the track at once. It does not wait for the peer, which learns of
// it in a round trip. It may be repeated.
func (s *Sender) Close() error {
	n := s.protocol.node
	n.ask(func() {
		if in := s.session.media.remove(s.session, s, ErrClosed); in != nil {
			n.step(in)
		}
	})
	return nil
}

// end closes what waits for the sender, once.
func (s *Sender) end(err error) {
	if s.over {
		return
	}
	s.over, s.err = true, err
	s.decide(err)
	close(s.done)
}

// decide tells who waits in AddTrack, once.
func (s *Sender) decide(err error) {
	if !s.decided {
		s.decided, s.failed = true, err
		close(s.ready)
	}
}

// sendMedia puts the sections into a message. They have passed Check.
func (n *Node) sendMedia(e core.SendMedia) {
	b, err := wire.EncodeMedia(e.Media)
	if err != nil {
		n.failed = append(n.failed, core.Down{ID: e.ID, Err: err})
		return
	}
	switch m := e.Msg.(type) {
	case *media.MediaOffer:
		m.Sections = b
	case *media.MediaAnswer:
		m.Sections = b
	}
	n.send(e.ID, e.Msg)
}

// sections reads what a message about media carries, if it does.
func sections(m core.Message) (*transport.Media, error) {
	switch m := m.(type) {
	case *media.MediaOffer:
		return wire.DecodeMedia(m.Sections)
	case *media.MediaAnswer:
		return wire.DecodeMedia(m.Sections)
	}
	return nil, nil
}
