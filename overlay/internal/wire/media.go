package wire

import (
	"bytes"
	"fmt"

	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/transport"
)

// MaxMedia is the largest description of media, in bytes.
const MaxMedia = media.MaxMediaOfferSections

// sections is a transport.Media as an array.
type sections struct {
	_        struct{} `cbor:",toarray"`
	Opus     uint8
	VP8      uint8
	TWCC     uint8
	Sections []section
}

type section struct {
	_      struct{} `cbor:",toarray"`
	Kind   uint8
	SSRC   uint32
	Label  string
	Stream string
	Track  string
}

// EncodeMedia gives the bytes of a description of media, at most MaxMedia. Its
// error says which limit is passed.
func EncodeMedia(m *transport.Media) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	w := sections{Opus: m.Opus, VP8: m.VP8, TWCC: m.TWCC, Sections: make([]section, len(m.Sections))}
	for i, s := range m.Sections {
		w.Sections[i] = section{Kind: uint8(s.Kind), SSRC: s.SSRC, Label: s.Label, Stream: s.Stream, Track: s.Track}
	}
	b, err := encoding.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	return b, nil
}

// DecodeMedia reads a description of media. Its error is ErrMalformed.
func DecodeMedia(b []byte) (*transport.Media, error) {
	if len(b) > MaxMedia {
		return nil, fmt.Errorf("media of %d bytes: %w: at most %d", len(b), ErrMalformed, MaxMedia)
	}
	var w sections
	if err := decoding.Unmarshal(b, &w); err != nil {
		return nil, malformed("media", err)
	}
	m := &transport.Media{Opus: w.Opus, VP8: w.VP8, TWCC: w.TWCC, Sections: make([]transport.Section, len(w.Sections))}
	for i, s := range w.Sections {
		m.Sections[i] = transport.Section{Kind: transport.MediaKind(s.Kind), SSRC: s.SSRC, Label: s.Label, Stream: s.Stream, Track: s.Track}
	}
	again, err := EncodeMedia(m)
	switch {
	case err != nil:
		return nil, malformed("media", err)
	case !bytes.Equal(again, b):
		return nil, fmt.Errorf("media: %w: not the canonical encoding", ErrMalformed)
	}
	return m, nil
}
