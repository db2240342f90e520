package transport

import "fmt"

// Limits of a Media. They are checked before a driver sees it.
const (
	MaxSections = 16 // of one session, both directions together
	MaxTrackID  = 64 // bytes of a stream's or a track's name
	MaxLabel    = 64 // bytes of Section.Label
)

// MediaKind is what a track carries.
type MediaKind uint8

// The kinds; there is one codec for each.
const (
	Audio MediaKind = iota // Opus (RFC 7587), 48 kHz, stereo
	Video                  // VP8 (RFC 7741)
)

func (k MediaKind) String() string {
	switch k {
	case Audio:
		return "audio"
	case Video:
		return "video"
	}
	return fmt.Sprintf("MediaKind(%d)", uint8(k))
}

// Media is what an end must know of the audio and video that the other end
// sends: what the media sections of SDP would say (RFC 8829), without its text.
// Nothing in it says where packets go, and who may send them: that was settled
// when the session began.
type Media struct {
	Opus, VP8 uint8     // RTP payload types, 96 to 127
	TWCC      uint8     // id of the header extension transport-wide-cc-02, 1 to 14; zero: none
	Sections  []Section // in an answer as many as in its offer, of the same kinds
}

// Section is one audio or video section of a session: at most one track in each
// direction. A section stays for as long as the session does; when its track is
// gone, another one may use it.
type Section struct {
	Kind   MediaKind
	SSRC   uint32 // of the sender's RTP packets; zero: the sender of this sends nothing here
	Label  string // of the track, for the layer above
	Stream string // name of the stream that the track belongs to
	Track  string // name of the track
}

// Check reports what makes m unusable.
func (m *Media) Check() error {
	switch {
	case !dynamic(m.Opus) || !dynamic(m.VP8) || m.Opus == m.VP8:
		return fmt.Errorf("media: payload types %d and %d: want two of 96 to 127", m.Opus, m.VP8)
	case m.TWCC > 14: // RFC 8285 section 4.2
		return fmt.Errorf("media: header extension %d: at most 14", m.TWCC)
	case len(m.Sections) > MaxSections:
		return fmt.Errorf("media: %d sections: at most %d", len(m.Sections), MaxSections)
	}
	seen := map[uint32]bool{}
	for i, s := range m.Sections {
		if err := s.check(); err != nil {
			return fmt.Errorf("media: section %d: %w", i, err)
		}
		if s.SSRC != 0 && seen[s.SSRC] {
			return fmt.Errorf("media: section %d: SSRC %d twice", i, s.SSRC)
		}
		seen[s.SSRC] = true
	}
	return nil
}

func dynamic(payload uint8) bool { return payload >= 96 && payload <= 127 }

func (s *Section) check() error {
	switch {
	case s.Kind > Video:
		return fmt.Errorf("%v unknown", s.Kind)
	case s.SSRC == 0 && s.Label+s.Stream+s.Track != "":
		return fmt.Errorf("names for a track that is not there")
	case s.SSRC == 0:
		return nil
	case len(s.Label) > MaxLabel:
		return fmt.Errorf("label of %d bytes: at most %d", len(s.Label), MaxLabel)
	}
	for _, name := range []string{s.Stream, s.Track} {
		if err := CheckTrackID(name); err != nil {
			return err
		}
	}
	return nil
}

// CheckTrackID reports what makes the name of a stream or track unusable: it has
// 1 to 64 characters of those that a=msid may have (token-char of RFC 8866
// section 9).
func CheckTrackID(name string) error {
	if len(name) == 0 || len(name) > MaxTrackID {
		return fmt.Errorf("name of %d bytes: want 1 to %d", len(name), MaxTrackID)
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c <= ' ', c >= 0x7f, c == '"', c == '(', c == ')', c == ',', c == '/', c >= ':' && c <= '@', c >= '[' && c <= ']':
			return fmt.Errorf("name %q: character %q cannot be in it", name, c)
		}
	}
	return nil
}

// MatchOffer reports why m cannot be the next offer of an end whose last one had
// these sections: sections stay, and keep their kinds.
func (m *Media) MatchOffer(before []Section) error {
	if len(m.Sections) < len(before) {
		return fmt.Errorf("media: offer of %d sections after one of %d", len(m.Sections), len(before))
	}
	for i, s := range before {
		if m.Sections[i].Kind != s.Kind {
			return fmt.Errorf("media: section %d was %v and is %v", i, s.Kind, m.Sections[i].Kind)
		}
	}
	return nil
}

// MatchAnswer reports why m cannot be the answer to an offer.
func (m *Media) MatchAnswer(offer *Media) error {
	if len(m.Sections) != len(offer.Sections) {
		return fmt.Errorf("media: answer of %d sections to %d", len(m.Sections), len(offer.Sections))
	}
	if m.Opus != offer.Opus || m.VP8 != offer.VP8 || m.TWCC != 0 && m.TWCC != offer.TWCC {
		return fmt.Errorf("media: answer with other payload types than the offer")
	}
	return m.MatchOffer(offer.Sections)
}

// MediaDriver is a Driver that may have media.
type MediaDriver interface {
	Driver
	Media() bool // its sessions are MediaSessions
}

// A MediaSession is a Session that can carry audio and video. Drivers may do
// without. Its methods do not wait either; the outcome of OfferMedia,
// AnswerMedia and FinishMedia comes as MediaDone, and the caller has one of them
// under way at a time, between Up and Down. The session's initiator offers and
// finishes, the other end answers.
//
//	sender, err := s.Attach(track, "chat")
//	s.OfferMedia(0, 0)      // handler.MediaDone gives the offer
//	s.FinishMedia(answer)   // handler.MediaDone: both ends agree
type MediaSession interface {
	Session
	// Attach takes a track, of a type that the driver names, to be part of the
	// next description. Errors: ErrClosed; a track of another type, of another
	// codec, without a good name; ErrSections.
	Attach(track any, label string) (Sender, error)
	// Tracks counts the tracks that are attached.
	Tracks() (audio, video int)
	// OfferMedia makes an offer, with at least so many sections, as far as there
	// may be more.
	OfferMedia(audio, video int)
	// AnswerMedia makes the answer to an offer.
	AnswerMedia(offer Media)
	// FinishMedia applies the answer to the last offer.
	FinishMedia(answer Media)
	// EndMedia stops all tracks for good; the session stays.
	EndMedia()
}

// Sender is a track that one end sends.
type Sender interface {
	Agreed() bool // the last exchange has settled that it is sent
	Driver() any  // what the driver knows it by; nil before it is agreed
	Detach()      // it is no part of the next description, and is sent no more
}

// Track is a track that the other end sends.
type Track struct {
	Kind   MediaKind
	Label  string // as the other end has attached it
	Stream string
	ID     string
	Driver any // what the driver knows it by
}

// MediaHandler is a Handler that is told of media, too. A driver that has media
// looks whether its Handler is one. The calls are sequential, and stop when
// those of Handler do.
type MediaHandler interface {
	Handler
	// MediaDone is the outcome of OfferMedia, AnswerMedia (m is the description)
	// or FinishMedia (m is empty), or why it could not be.
	MediaDone(id SessionID, m Media, err error)
	// TrackBegan says that the other end sends a track, at its first packet at
	// the latest; TrackEnded that it sends it no more. Both get the same pointer.
	// A session that ends ends its tracks without a word.
	TrackBegan(id SessionID, t *Track)
	TrackEnded(id SessionID, t *Track)
}
