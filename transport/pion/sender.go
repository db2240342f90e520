package pion

import (
	"fmt"
	"strings"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
)

// Track is a track to send, for overlay's Protocol.AddTrack, when its reports
// matter; without, pass the webrtc.TrackLocal itself.
type Track struct {
	webrtc.TrackLocal

	// RTCP gets what receivers say of the track, for instance that they need a
	// whole picture (*rtcp.PictureLossIndication). It is called on a goroutine of
	// the driver, one for each peer that the track is sent to.
	RTCP func([]rtcp.Packet)
}

// RemoteTrack gives what pion knows of a track that a peer sends (of an event,
// overlay.TrackAdded or overlay.TrackEnded); nil if another driver made it. Read it until it fails,
// which it does when the track or its session ends; what is not read is dropped.
func RemoteTrack(track interface{ Driver() any }) *webrtc.TrackRemote {
	if t, ok := track.Driver().(*remoteTrack); ok {
		return t.TrackRemote
	}
	return nil
}

// remoteTrack is a track with the way back to who sends it.
type remoteTrack struct {
	*webrtc.TrackRemote
	pc *webrtc.PeerConnection
}

// Report sends RTCP packets to who sends a track, for instance that the receiver
// needs a whole picture:
//
//	pion.Report(event.Track, &rtcp.PictureLossIndication{MediaSSRC: uint32(remote.SSRC())})
//
// What is lost is asked for, and the usual reports are sent, without it. Errors:
// a track of another driver, a session that is over.
func Report(track interface{ Driver() any }, packets ...rtcp.Packet) error {
	t, ok := track.Driver().(*remoteTrack)
	if !ok {
		return fmt.Errorf("pion: track of another driver: %T", track.Driver())
	}
	if err := t.pc.WriteRTCP(packets); err != nil {
		return fmt.Errorf("pion: report: %w", err)
	}
	return nil
}

// Sender gives what pion knows of a track that overlay's Protocol.AddTrack has
// added; nil if another driver made it. Do not stop it, and do not read its
// RTCP: the driver does.
func Sender(sending interface{ Driver() any }) *webrtc.RTPSender {
	s, _ := sending.Driver().(*webrtc.RTPSender)
	return s
}

// sender is one track of this end. Its fields belong to tracks.mu.
type sender struct {
	tracks *tracks
	track  webrtc.TrackLocal
	label  string
	report func([]rtcp.Packet) // may be nil

	rtp     *webrtc.RTPSender // nil until it has a section
	told    bool              // it stands in the description under way
	agreed  bool              // the last exchange had it
	removed bool
}

// Attach takes a webrtc.TrackLocal or a Track. Its codec must be Opus or VP8, its
// ID and StreamID such as transport.CheckTrackID takes.
func (s mediaSession) Attach(track any, label string) (transport.Sender, error) {
	t := s.media
	x := &sender{tracks: t, label: label}
	switch track := track.(type) {
	case Track:
		x.track, x.report = track.TrackLocal, track.RTCP
	case webrtc.TrackLocal:
		x.track = track
	}
	if err := checkTrack(x.track, track); err != nil {
		return nil, fmt.Errorf("pion: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ended || t.over || s.ctx.Err() != nil:
		return nil, transport.ErrClosed
	case t.attached() >= transport.MaxSections:
		return nil, transport.ErrSections
	}
	t.senders = append(t.senders, x)
	return x, nil
}

func checkTrack(t webrtc.TrackLocal, given any) error {
	if t == nil {
		return fmt.Errorf("track of type %T: want a webrtc.TrackLocal or a pion.Track", given)
	}
	want := webrtc.MimeTypeOpus
	switch t.Kind() {
	case webrtc.RTPCodecTypeAudio:
	case webrtc.RTPCodecTypeVideo:
		want = webrtc.MimeTypeVP8
	default:
		return fmt.Errorf("track %q is neither audio nor video", t.ID())
	}
	if c, ok := t.(interface {
		Codec() webrtc.RTPCodecCapability
	}); ok && !strings.EqualFold(c.Codec().MimeType, want) {
		return fmt.Errorf("track %q is %s: want %s", t.ID(), c.Codec().MimeType, want)
	}
	for _, name := range []string{t.StreamID(), t.ID()} {
		if err := transport.CheckTrackID(name); err != nil {
			return fmt.Errorf("track: %w", err)
		}
	}
	return nil
}

// attached counts the tracks that are not removed. The caller holds t.mu.
func (t *tracks) attached() (n int) {
	for _, s := range t.senders {
		if !s.removed {
			n++
		}
	}
	return n
}

// Tracks counts the tracks that are attached.
func (s mediaSession) Tracks() (audio, video int) {
	s.media.mu.Lock()
	defer s.media.mu.Unlock()
	return s.media.count()
}

func (t *tracks) count() (audio, video int) {
	for _, s := range t.senders {
		switch {
		case s.removed:
		case s.track.Kind() == webrtc.RTPCodecTypeAudio:
			audio++
		default:
			video++
		}
	}
	return audio, video
}

// Agreed reports whether both ends agree that the track is sent.
func (s *sender) Agreed() bool {
	s.tracks.mu.Lock()
	defer s.tracks.mu.Unlock()
	return s.agreed && !s.removed
}

// Driver gives the *webrtc.RTPSender, or nil.
func (s *sender) Driver() any {
	s.tracks.mu.Lock()
	defer s.tracks.mu.Unlock()
	if s.rtp == nil {
		return nil
	}
	return s.rtp
}

// Detach ends the track: no packet is sent from now on, and the next description
// leaves it out. One that an exchange under way may begin to send is stopped
// when that is over: pion does not begin to send what was stopped.
func (s *sender) Detach() {
	s.tracks.mu.Lock()
	defer s.tracks.mu.Unlock()
	s.removed = true
	if s.agreed {
		s.stop()
	}
}

// stop ends what is sent; the caller holds tracks.mu.
func (s *sender) stop() {
	if rtp := s.rtp; rtp != nil && !s.tracks.ended {
		s.tracks.work.Go(func() { _ = rtp.Stop() }) // fails only for a connection that is over
	}
}

// place gives the tracks their sections before a description is made: as the
// offerer it adds sections, else it uses those that the peer has offered.
func (t *tracks) place(pc *webrtc.PeerConnection, offers bool, audio, video int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := t.senders[:0:0]
	for _, s := range t.senders {
		s.told = false
		if !s.removed {
			kept = append(kept, s)
		} else if s.rtp != nil {
			if err := pc.RemoveTrack(s.rtp); err != nil {
				return err
			}
		}
	}
	t.senders = kept
	if offers {
		mine, more := t.count()
		if err := t.grow(pc, max(mine, audio), max(more, video)); err != nil {
			return err
		}
	}
	for _, s := range t.senders {
		if s.rtp == nil {
			if err := t.seat(pc, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// grow adds sections until there are so many, or as many as there may be.
func (t *tracks) grow(pc *webrtc.PeerConnection, audio, video int) error {
	all := pc.GetTransceivers()
	for _, x := range all {
		if x.Kind() == webrtc.RTPCodecTypeAudio {
			audio--
		} else {
			video--
		}
	}
	receive := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	for n := len(all); n < transport.MaxSections && (audio > 0 || video > 0); n++ {
		kind := webrtc.RTPCodecTypeAudio
		if audio > 0 {
			audio--
		} else {
			kind, video = webrtc.RTPCodecTypeVideo, video-1
		}
		if _, err := pc.AddTransceiverFromKind(kind, receive); err != nil {
			return err
		}
	}
	return nil
}

// seat puts a track into the first section that is free for it; if there is
// none, it stays without.
func (t *tracks) seat(pc *webrtc.PeerConnection, s *sender) error {
	for _, x := range pc.GetTransceivers() {
		if x.Kind() != s.track.Kind() || x.Sender() != nil {
			continue
		}
		rtp, err := t.api.NewRTPSender(s.track, pc.SCTP().Transport())
		if err != nil {
			return err
		}
		if err := x.SetSender(rtp, s.track); err != nil {
			_ = rtp.Stop() // it has sent nothing
			return err
		}
		s.rtp = rtp
		t.work.Go(func() { s.hear(rtp) })
		return nil
	}
	return nil
}

// hear reads what receivers report until the sender stops. Pion sends lost
// packets again only while somebody reads.
func (s *sender) hear(rtp *webrtc.RTPSender) {
	for {
		packets, _, err := rtp.ReadRTCP()
		if err != nil {
			return
		}
		if s.report != nil {
			s.report(packets)
		}
	}
}

// agree hears that an exchange is over: what it had is sent.
func (t *tracks) agree() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.senders {
		s.agreed = s.agreed || s.told
		if s.removed {
			s.stop()
		}
	}
}
