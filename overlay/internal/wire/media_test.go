package wire

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

func twoSections() *transport.Media {
	return &transport.Media{Opus: 111, VP8: 96, TWCC: 3, Sections: []transport.Section{
		{Kind: transport.Audio, SSRC: 1 << 31, Label: "chat", Stream: "s", Track: "{a-1}"},
		{Kind: transport.Video},
	}}
}

// mostSections is the largest description.
func mostSections() *transport.Media {
	m := &transport.Media{Opus: 127, VP8: 126, TWCC: 14}
	for i := range transport.MaxSections {
		m.Sections = append(m.Sections, transport.Section{
			Kind: transport.Video, SSRC: 1<<32 - 1 - uint32(i), Label: strings.Repeat("é", transport.MaxLabel/2),
			Stream: strings.Repeat("s", transport.MaxTrackID), Track: strings.Repeat("t", transport.MaxTrackID),
		})
	}
	return m
}

func mediaBytes(m *transport.Media) []byte {
	b, err := EncodeMedia(m)
	if err != nil {
		panic(err) // a fault of the tables above
	}
	return b
}

func TestMedia(t *testing.T) {
	rules := loadCDDL(t)
	for name, m := range map[string]*transport.Media{"two": twoSections(), "most": mostSections()} {
		b := mediaBytes(m)
		t.Logf("%s: %d bytes", name, len(b))
		got, err := DecodeMedia(b)
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if err := rules.matches("media", b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(mediaBytes(mostSections())); n > MaxMedia {
		t.Errorf("the largest has %d bytes, a message takes %d", n, MaxMedia)
	}
}

// TestHostileMedia: each is refused, by its writer too where it can be written.
func TestHostileMedia(t *testing.T) {
	for name, change := range map[string]func(m *transport.Media){
		"static payload":    func(m *transport.Media) { m.Opus = 95 },
		"payload of 8 bits": func(m *transport.Media) { m.VP8 = 128 },
		"one payload":       func(m *transport.Media) { m.VP8 = m.Opus },
		"extension 15":      func(m *transport.Media) { m.TWCC = 15 },
		"17 sections":       func(m *transport.Media) { m.Sections = append(mostSections().Sections, transport.Section{}) },
		"kind 2":            func(m *transport.Media) { m.Sections[0].Kind = 2 },
		"SSRC twice":        func(m *transport.Media) { m.Sections[1] = m.Sections[0] },
		"label too long":    func(m *transport.Media) { m.Sections[0].Label = strings.Repeat("l", 65) },
		"stream too long":   func(m *transport.Media) { m.Sections[0].Stream = strings.Repeat("s", 65) },
		"no stream":         func(m *transport.Media) { m.Sections[0].Stream = "" },
		"no track":          func(m *transport.Media) { m.Sections[0].Track = "" },
		"a line of SDP":     func(m *transport.Media) { m.Sections[0].Track = "t\r\na=ice-ufrag:evil" },
		"a space":           func(m *transport.Media) { m.Sections[0].Stream = "s t" },
		"not ASCII":         func(m *transport.Media) { m.Sections[0].Track = "é" },
		"names for nothing": func(m *transport.Media) { m.Sections[1].Label = "chat" },
	} {
		t.Run(name, func(t *testing.T) {
			m := twoSections()
			change(m)
			if _, err := EncodeMedia(m); err == nil {
				t.Error("encodes")
			}
			w := sections{Opus: m.Opus, VP8: m.VP8, TWCC: m.TWCC}
			for _, s := range m.Sections {
				w.Sections = append(w.Sections, section{Kind: uint8(s.Kind), SSRC: s.SSRC, Label: s.Label, Stream: s.Stream, Track: s.Track})
			}
			b, err := encoding.Marshal(w)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := DecodeMedia(b); !errors.Is(err, ErrMalformed) {
				t.Errorf("reads as %+v, %v", got, err)
			}
		})
	}
	if _, err := DecodeMedia(make([]byte, MaxMedia+1)); !errors.Is(err, ErrMalformed) {
		t.Errorf("too long: %v", err)
	}
	if _, err := DecodeMedia(nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("nothing: %v", err)
	}
}

// TestMediaBits changes each byte of a description in every way that matters:
// what still reads encodes to the very same bytes.
func TestMediaBits(t *testing.T) {
	good := mediaBytes(twoSections())
	read := 0
	for i := range good {
		for _, x := range []byte{0, 1, 0x1f, 0x40, 0x60, 0x80, 0x9f, 0xa0, 0xf6, 0xff, good[i] ^ 1, good[i] + 1} {
			b := bytes.Clone(good)
			b[i] = x
			m, err := DecodeMedia(b)
			if err != nil {
				if !errors.Is(err, ErrMalformed) {
					t.Fatalf("%x: %v", b, err)
				}
				continue
			}
			read++
			if !bytes.Equal(mediaBytes(m), b) {
				t.Errorf("%x reads as %+v", b, m)
			}
		}
	}
	if read == 0 {
		t.Error("nothing reads")
	}
}

func FuzzDecodeMedia(f *testing.F) {
	f.Add(mediaBytes(twoSections()))
	f.Add(mediaBytes(mostSections()))
	f.Add([]byte(strings.Repeat("\x81", 64)))
	noise := make([]byte, 200)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(noise); i++ {
		noise[i] = byte(r.Uint32())
	}
	f.Add(noise)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m *transport.Media
		var err error
		if n := taken(allowance(len(b)), func() { m, err = DecodeMedia(b) }); n > allowance(len(b)) {
			t.Errorf("%d bytes take %d", len(b), n)
		}
		if err == nil && !bytes.Equal(mediaBytes(m), b) {
			t.Errorf("%x reads as %+v", b, m)
		}
	})
}
