package sdp

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

func mediaDescription() transport.Description {
	return transport.Description{
		Ufrag: "u1Fr", Password: "pa55wordpa55wordpa55wo", Setup: transport.SetupActive, MaxMessage: transport.MaxFrame,
	}
}

// TestMediaBack reads what was written for a peer: the same comes back, whatever
// it is, but for what the offer says of labels.
func TestMediaBack(t *testing.T) {
	const seed = 1
	r := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		m := transport.Media{Opus: 96 + uint8(r.IntN(16)), VP8: 112 + uint8(r.IntN(16)), TWCC: uint8(r.IntN(15))}
		kinds := map[transport.MediaKind]bool{}
		for i := range 1 + r.IntN(transport.MaxSections) {
			s := transport.Section{Kind: transport.MediaKind(r.IntN(2))}
			if r.IntN(3) > 0 {
				s.SSRC, s.Stream, s.Track = uint32(i)+1, "stream-"+string(rune('a'+i)), "{t}"
			}
			kinds[s.Kind] = true
			m.Sections = append(m.Sections, s)
		}
		text, err := RemoteOffer(mediaDescription(), m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := LocalMedia(text, &transport.Media{Opus: m.Opus, VP8: m.VP8})
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("seed %d: %+v, %v, want %+v of:\n%s", seed, got, err, m, text)
		}
		if d, err := Local(text); err != nil || d.Ufrag != "u1Fr" || d.Setup != transport.SetupActive {
			t.Fatalf("%+v, %v", d, err)
		}
	}
}

// TestMediaDirections: who sends and who does not, in offers and in answers.
func TestMediaDirections(t *testing.T) {
	sends := transport.Section{SSRC: 7, Stream: "s", Track: "t"}
	media := func(s transport.Section) transport.Media {
		return transport.Media{Opus: 111, VP8: 96, Sections: []transport.Section{s}}
	}
	for _, x := range []struct {
		offer, answer     transport.Section
		inOffer, inAnswer string
	}{
		{sends, sends, "a=sendrecv", "a=sendrecv"},
		{sends, transport.Section{}, "a=sendrecv", "a=recvonly"},
		{transport.Section{}, sends, "a=recvonly", "a=sendonly"},
		{transport.Section{}, transport.Section{}, "a=recvonly", "a=inactive"},
	} {
		offer, err := RemoteOffer(mediaDescription(), media(x.offer))
		if err != nil || !strings.Contains(offer, x.inOffer+"\r\n") || !strings.Contains(offer, "a=group:BUNDLE 0 1\r\n") {
			t.Errorf("no %s, %v in:\n%s", x.inOffer, err, offer)
		}
		answer, err := RemoteAnswer(mediaDescription(), media(x.offer), media(x.answer))
		if err != nil || !strings.Contains(answer, x.inAnswer+"\r\n") {
			t.Errorf("no %s, %v in:\n%s", x.inAnswer, err, answer)
		}
	}
}

// TestMediaSame: whatever a peer says of media, the transport that its SDP names
// is that of the session.
func TestMediaSame(t *testing.T) {
	d := mediaDescription()
	for _, name := range []string{"t\r\na=ice-ufrag:evil", "t\na=fingerprint:sha-256 00", "t a=candidate", "\r", ""} {
		for _, s := range []transport.Section{{SSRC: 1, Stream: name, Track: "t"}, {SSRC: 1, Stream: "s", Track: name}} {
			m := transport.Media{Opus: 111, VP8: 96, Sections: []transport.Section{s}}
			if text, err := RemoteOffer(d, m); err == nil {
				t.Errorf("%q is written:\n%s", name, text)
			}
			if text, err := RemoteAnswer(d, m, m); err == nil {
				t.Errorf("%q is written:\n%s", name, text)
			}
		}
	}
	good := transport.Media{Opus: 111, VP8: 96, Sections: []transport.Section{{SSRC: 1, Label: "x\r\na=evil", Stream: "s", Track: "t"}}}
	text, err := RemoteOffer(d, good) // a label never is in SDP
	if err != nil || strings.Contains(text, "evil") || strings.Count(text, "a=ice-ufrag:u1Fr\r\n") != 2 {
		t.Errorf("%v:\n%s", err, text)
	}
}

// TestMediaOfBrowsers reads what Chromium says of itself, as far as it matters.
func TestMediaOfBrowsers(t *testing.T) {
	text := strings.Join([]string{
		"v=0", "a=group:BUNDLE 0 1 2", "a=extmap-allow-mixed",
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:0", "a=sctp-port:5000",
		"m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9", "a=mid:1",
		"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "a=extmap:3/sendrecv " + twcc,
		"a=sendrecv", "a=msid:stream track-a", "a=rtpmap:63 red/48000/2", "a=rtpmap:111 opus/48000/2", "a=rtpmap:9 G722/8000",
		"a=ssrc:4040 cname:x", "a=ssrc:4040 msid:stream track-a",
		"m=video 0 UDP/TLS/RTP/SAVPF 96 97", "a=bundle-only", "a=mid:2", "a=sendonly", "a=msid:stream track-v",
		"a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=ssrc-group:FID 5050 6060", "a=ssrc:5050 cname:x", "a=ssrc:6060 cname:x",
	}, "\r\n") + "\r\n"
	got, err := LocalMedia(text, nil)
	want := transport.Media{Opus: 111, VP8: 96, TWCC: 3, Sections: []transport.Section{
		{Kind: transport.Audio, SSRC: 4040, Stream: "stream", Track: "track-a"},
		{Kind: transport.Video, SSRC: 5050, Stream: "stream", Track: "track-v"},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	for name, change := range map[string][2]string{
		"rejected":    {"a=bundle-only\r\n", ""},
		"another mid": {"a=mid:2", "a=mid:video"},
		"no codec":    {"VP8/90000", "VP9/90000"},
		"bad SSRC":    {"a=ssrc:4040 ", "a=ssrc:4294967296 "},
		"bad payload": {"a=rtpmap:111 opus", "a=rtpmap:300 opus"},
		"no name":     {"a=msid:stream track-a", "a=msid:stream"},
		"media line":  {"m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9", "m=audio"},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if changed == text {
			t.Fatalf("%s: nothing changed", name)
		}
		if m, err := LocalMedia(changed, nil); err == nil {
			t.Errorf("%s: reads as %+v", name, m)
		}
	}
}
