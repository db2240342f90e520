//go:build js && wasm

package browser

import (
	"fmt"
	"strconv"
	"syscall/js"

	"github.com/n2n-overlay/n2n/transport"
)

// Track is a track to send, for overlay's Protocol.AddTrack, as part of a stream:
// tracks of one MediaStream are played in step. Without a stream, pass the
// MediaStreamTrack itself, a js.Value.
type Track struct {
	Track  js.Value // MediaStreamTrack
	Stream js.Value // MediaStream
}

// RemoteTrack gives the MediaStreamTrack of a track that a peer sends (of an event,
// overlay.TrackAdded or overlay.TrackEnded), to be played by an element of the page. Tracks that come
// one after the other in the same section of a session are the same object.
func RemoteTrack(track interface{ Driver() any }) js.Value {
	v, _ := track.Driver().(js.Value)
	return v
}

// sender is one track of this end. Its fields belong to tracks.mu.
type sender struct {
	tracks *tracks
	track  js.Value
	stream js.Value
	label  string

	transceiver js.Value // undefined until it has a section
	told        bool     // it stands in the description under way
	agreed      bool     // the last exchange had it
	removed     bool
}

// Attach takes a MediaStreamTrack or a Track.
func (s mediaSession) Attach(track any, label string) (transport.Sender, error) {
	t := s.media
	x := &sender{tracks: t, label: label}
	switch track := track.(type) {
	case Track:
		x.track, x.stream = track.Track, track.Stream
	case js.Value:
		x.track = track
	}
	class := js.Global().Get("MediaStreamTrack")
	if !class.Truthy() || !x.track.InstanceOf(class) {
		return nil, fmt.Errorf("browser: track of type %T: want a MediaStreamTrack or a browser.Track", track)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	audio, video := t.count()
	switch {
	case t.ended || t.over || s.ctx.Err() != nil:
		return nil, transport.ErrClosed
	case audio+video >= transport.MaxSections:
		return nil, transport.ErrSections
	}
	t.senders = append(t.senders, x)
	return x, nil
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
		case s.kind() == "audio":
			audio++
		default:
			video++
		}
	}
	return audio, video
}

func (s *sender) kind() string { return s.track.Get("kind").String() }

// Agreed reports whether both ends agree that the track is sent.
func (s *sender) Agreed() bool {
	s.tracks.mu.Lock()
	defer s.tracks.mu.Unlock()
	return s.agreed && !s.removed
}

// Driver gives the RTCRtpSender, a js.Value, or nil.
func (s *sender) Driver() any {
	s.tracks.mu.Lock()
	defer s.tracks.mu.Unlock()
	if !s.transceiver.Truthy() {
		return nil
	}
	return s.transceiver.Get("sender")
}

// Detach ends the track: no packet is sent from now on, and the next description
// leaves it out.
func (s *sender) Detach() {
	s.tracks.mu.Lock()
	s.removed = true
	s.tracks.mu.Unlock()
	s.stop()
}

// stop ends what is sent, as soon as the browser gets to it.
func (s *sender) stop() {
	if s.transceiver.Truthy() {
		_, _ = call(s.transceiver.Get("sender"), "replaceTrack", js.Null()) // fails only for a connection that is over
	}
}

// section is the one that the track has; -1: none.
func (s *sender) section() int {
	if !s.transceiver.Truthy() {
		return -1
	}
	mid, err := strconv.Atoi(s.transceiver.Get("mid").String())
	if err != nil {
		return -1
	}
	return mid - 1
}

// place gives the tracks their sections before a description is made: as the
// offerer it adds sections, else it uses those that the peer has offered.
func (t *tracks) place(pc js.Value, offers bool, audio, video int) error {
	t.mu.Lock()
	kept := t.senders[:0:0]
	for _, s := range t.senders {
		s.told = false
		if !s.removed {
			kept = append(kept, s)
		} else if s.transceiver.Truthy() {
			s.transceiver.Set("direction", "recvonly")
		}
	}
	t.senders = kept
	mine, more := t.count()
	t.mu.Unlock()
	if offers {
		if err := grow(pc, max(mine, audio), max(more, video)); err != nil {
			return err
		}
	}
	for _, s := range kept {
		if !s.transceiver.Truthy() {
			if err := t.seat(pc, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// grow adds sections until there are so many, or as many as there may be.
func grow(pc js.Value, audio, video int) error {
	all := transceivers(pc)
	for _, x := range all {
		if kindOf(x) == "audio" {
			audio--
		} else {
			video--
		}
	}
	for n := len(all); n < transport.MaxSections && (audio > 0 || video > 0); n++ {
		kind := "audio"
		if audio > 0 {
			audio--
		} else {
			kind, video = "video", video-1
		}
		if _, err := call(pc, "addTransceiver", kind, map[string]any{"direction": "recvonly"}); err != nil {
			return err
		}
	}
	return nil
}

func kindOf(transceiver js.Value) string {
	return transceiver.Get("receiver").Get("track").Get("kind").String()
}

// seat puts a track into the first section that is free for it; if there is
// none, it stays without.
func (t *tracks) seat(pc js.Value, s *sender) error {
	for _, x := range transceivers(pc) {
		if kindOf(x) != s.kind() || t.taken(x) {
			continue
		}
		sender := x.Get("sender")
		if s.stream.Truthy() {
			if _, err := call(sender, "setStreams", s.stream); err != nil {
				return err
			}
		}
		x.Set("direction", "sendrecv")
		t.mu.Lock()
		s.transceiver = x
		t.mu.Unlock()
		_, err := t.session.driver.promises.try(t.session.ctx, sender, "replaceTrack", s.track)
		if t.gone(s) { // while the browser was at it
			s.stop()
		}
		return err
	}
	return nil
}

func (t *tracks) taken(transceiver js.Value) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.senders {
		if s.transceiver.Equal(transceiver) {
			return true
		}
	}
	return false
}

func (t *tracks) gone(s *sender) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return s.removed
}

// agree hears that an exchange is over: what it had is sent.
func (t *tracks) agree() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.senders {
		s.agreed = s.agreed || s.told
	}
}
