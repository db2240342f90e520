package wire

import (
	"fmt"
	"math"

	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/transport"
)

// MaxMedia is the largest description of media, in bytes.
const MaxMedia = media.MaxMediaOfferSections

const (
	mediaFields   = 4
	sectionFields = 5
)

// EncodeMedia gives the bytes of a description of media, at most MaxMedia. Its
// error says which limit is passed.
func EncodeMedia(m *transport.Media) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	return appendMedia(nil, m), nil
}

func appendMedia(b []byte, m *transport.Media) []byte {
	b = appendArray(b, mediaFields)
	b = appendUint(b, uint64(m.Opus))
	b = appendUint(b, uint64(m.VP8))
	b = appendUint(b, uint64(m.TWCC))
	b = appendArray(b, len(m.Sections))
	for _, s := range m.Sections {
		b = appendArray(b, sectionFields)
		b = appendUint(b, uint64(s.Kind))
		b = appendUint(b, uint64(s.SSRC))
		b = appendText(b, s.Label)
		b = appendText(b, s.Stream)
		b = appendText(b, s.Track)
	}
	return b
}

// DecodeMedia reads a description of media. Its error is ErrMalformed.
func DecodeMedia(b []byte) (*transport.Media, error) {
	if len(b) > MaxMedia {
		return nil, fmt.Errorf("media of %d bytes: %w: at most %d", len(b), ErrMalformed, MaxMedia)
	}
	r := reader{b: b}
	m := r.media()
	err := r.end()
	if err == nil {
		err = m.Check()
	}
	if err != nil {
		return nil, malformed("media", err)
	}
	return m, nil
}

func (r *reader) media() *transport.Media {
	m := &transport.Media{}
	r.array(mediaFields)
	m.Opus = uint8(r.uint(math.MaxUint8))
	m.VP8 = uint8(r.uint(math.MaxUint8))
	m.TWCC = uint8(r.uint(math.MaxUint8))
	m.Sections = make([]transport.Section, r.list())
	for i := range m.Sections {
		s := &m.Sections[i]
		r.array(sectionFields)
		s.Kind = transport.MediaKind(r.uint(math.MaxUint8))
		s.SSRC = uint32(r.uint(math.MaxUint32))
		s.Label = r.text()
		s.Stream = r.text()
		s.Track = r.text()
	}
	return m
}
