package transport

import (
	"strings"
	"testing"
)

func twoSections() Media {
	return Media{Opus: 111, VP8: 96, Sections: []Section{{SSRC: 1, Stream: "s", Track: "t"}, {Kind: Video}}}
}

func TestMediaCheck(t *testing.T) {
	good := twoSections()
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Media){
		"payload types 95 and 96":  func(m *Media) { m.Opus = 95 },
		"payload types 96 and 96":  func(m *Media) { m.Opus = 96 },
		"payload types 111 and 12": func(m *Media) { m.VP8 = 128 },
		"header extension 15":      func(m *Media) { m.TWCC = 15 },
		"17 sections":              func(m *Media) { m.Sections = make([]Section, 17) },
		"MediaKind(2) unknown":     func(m *Media) { m.Sections[1].Kind = 2 },
		"SSRC 1 twice":             func(m *Media) { m.Sections[1].SSRC, m.Sections[1].Stream, m.Sections[1].Track = 1, "s", "t" },
		"label of 65":              func(m *Media) { m.Sections[0].Label = strings.Repeat("l", 65) },
		"name of 65":               func(m *Media) { m.Sections[0].Track = strings.Repeat("t", 65) },
		"name of 0":                func(m *Media) { m.Sections[0].Stream = "" },
		"not there":                func(m *Media) { m.Sections[1].Track = "t" },
	} {
		m := twoSections()
		change(&m)
		if err := m.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestTrackID: exactly the token characters.
func TestTrackID(t *testing.T) {
	const token = "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~"
	for c := range 256 {
		name := string([]byte{byte(c)})
		if err := CheckTrackID(name); (err == nil) != strings.Contains(token, name) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestMediaMatch(t *testing.T) {
	offer := twoSections()
	for want, change := range map[string]func(*Media){
		"":                      func(*Media) {},
		"answer of 1 sections":  func(m *Media) { m.Sections = m.Sections[:1] },
		"answer of 3 sections":  func(m *Media) { m.Sections = append(m.Sections, Section{}) },
		"was audio and is vide": func(m *Media) { m.Sections[0].Kind = Video },
		"other payload types":   func(m *Media) { m.Opus++ },
	} {
		m := twoSections()
		change(&m)
		err := m.MatchAnswer(&offer)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	fewer, more := twoSections(), twoSections()
	fewer.Sections, more.Sections = fewer.Sections[:1], append(more.Sections, Section{})
	if err := fewer.MatchOffer(offer.Sections); err == nil {
		t.Error("an offer that forgets a section")
	}
	if err := more.MatchOffer(offer.Sections); err != nil {
		t.Error(err)
	}
}
