package sdp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/n2n-overlay/n2n/transport"
)

// LocalMedia reads the media sections of what a PeerConnection says of itself. Labels are left empty.
// For a codec that no section has, the payload type is that of like, or the
// default if like is nil.
func LocalMedia(sdp string, like *transport.Media) (transport.Media, error) {
	r := reader{m: transport.Media{Opus: DefaultOpus, VP8: DefaultVP8}}
	if like != nil {
		r.m.Opus, r.m.VP8 = like.Opus, like.VP8
	}
	for line := range strings.Lines(sdp) {
		line = strings.TrimRight(line, "\r\n")
		if kind, ok := strings.CutPrefix(line, "m="); ok {
			r.end()
			r.begin(kind)
			continue
		}
		if r.in {
			r.attribute(line)
		}
	}
	r.end()
	if r.err != nil {
		return r.m, fmt.Errorf("local SDP: %w", r.err)
	}
	if err := r.m.Check(); err != nil {
		return r.m, fmt.Errorf("local SDP: %w", err)
	}
	return r.m, nil
}

type reader struct {
	m   transport.Media
	err error

	in       bool // a section for audio or video
	s        transport.Section
	mid      string
	payload  uint64 // of our codec; zero: not found yet
	twcc     uint64
	sends    bool
	rejected bool // port 0, and not because the bundle has the port (RFC 9143)
	ssrc     uint64
}

func (r *reader) begin(line string) {
	fields := strings.Fields(line)
	*r = reader{m: r.m, err: r.err, sends: true}
	switch {
	case len(fields) < 2:
		r.fail("media line %q", line)
	case fields[0] == "audio":
		r.in, r.s.Kind = true, transport.Audio
	case fields[0] == "video":
		r.in, r.s.Kind = true, transport.Video
	}
	r.rejected = r.in && fields[1] == "0"
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *reader) attribute(line string) {
	key, value, _ := strings.Cut(line, ":")
	switch key {
	case "a=mid":
		r.mid = value
	case "a=bundle-only":
		r.rejected = false
	case "a=recvonly", "a=inactive":
		r.sends = false
	case "a=rtpmap":
		r.rtpmap(value)
	case "a=extmap":
		id, uri, _ := strings.Cut(value, " ")
		if uri == twcc {
			id, _, _ = strings.Cut(id, "/")
			r.twcc = r.number(id, 8)
		}
	case "a=msid":
		r.s.Stream, r.s.Track, _ = strings.Cut(value, " ")
	case "a=ssrc":
		if first, _, _ := strings.Cut(value, " "); r.ssrc == 0 { // the others are of retransmissions
			r.ssrc = r.number(first, 32)
		}
	}
}

func (r *reader) rtpmap(value string) {
	number, codec, _ := strings.Cut(value, " ")
	want := "opus/48000/2"
	if r.s.Kind == transport.Video {
		want = "vp8/90000"
	}
	if r.payload == 0 && strings.ToLower(codec) == want {
		r.payload = r.number(number, 8)
	}
}

func (r *reader) number(s string, bits int) uint64 {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		r.fail("%w", errors.Unwrap(err))
	}
	return n
}

// end takes the section that was read.
func (r *reader) end() {
	if !r.in {
		return
	}
	r.in = false
	if want := strconv.Itoa(len(r.m.Sections) + 1); r.mid != want {
		r.fail("media section %q where %s is expected", r.mid, want)
	}
	if r.payload == 0 || r.rejected {
		r.fail("%v section is rejected, or without its codec", r.s.Kind)
	}
	if r.s.Kind == transport.Audio {
		r.m.Opus = uint8(r.payload)
	} else {
		r.m.VP8 = uint8(r.payload)
	}
	if r.twcc != 0 {
		r.m.TWCC = uint8(r.twcc)
	}
	if r.sends && r.ssrc != 0 {
		r.s.SSRC = uint32(r.ssrc)
	} else {
		r.s = transport.Section{Kind: r.s.Kind}
	}
	r.m.Sections = append(r.m.Sections, r.s)
}
