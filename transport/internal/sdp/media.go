package sdp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/n2n-overlay/n2n/transport"
)

// Section i of a transport.Media is the media section with mid i+1; mid 0 is the
// one for data channels. All are one bundle (RFC 9143), so they use the transport
// that the session has. What a section says, beyond a transport.Section, is the
// same for all peers: one codec, RTCP feedback that every driver understands,
// rtcp-mux.

// twcc names the header extension that tells a sender how packets fare.
const twcc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

// The payload types of who has no reason for others.
const (
	DefaultOpus = 111
	DefaultVP8  = 96
)

// RemoteOffer is the SDP of a peer that offers m on a session that is open. d is
// what the session began with.
func RemoteOffer(d transport.Description, m transport.Media) (string, error) {
	directions := make([]string, len(m.Sections))
	for i, s := range m.Sections {
		directions[i] = direction(s.SSRC != 0, true)
	}
	return remoteMedia(d, m, directions)
}

// RemoteAnswer is the SDP of a peer that answers m to an offer of this end.
func RemoteAnswer(d transport.Description, offer, m transport.Media) (string, error) {
	if err := m.MatchAnswer(&offer); err != nil {
		return "", err
	}
	directions := make([]string, len(m.Sections))
	for i, s := range m.Sections {
		directions[i] = direction(s.SSRC != 0, offer.Sections[i].SSRC != 0)
	}
	return remoteMedia(d, m, directions)
}

func direction(sends, receives bool) string {
	switch {
	case sends && receives:
		return "sendrecv"
	case sends:
		return "sendonly"
	case receives:
		return "recvonly"
	}
	return "inactive"
}

func remoteMedia(d transport.Description, m transport.Media, directions []string) (string, error) {
	if err := m.Check(); err != nil {
		return "", err // so no field can hold a line break
	}
	bundle := "0"
	for i := range m.Sections {
		bundle += " " + strconv.Itoa(i+1)
	}
	var b strings.Builder
	b.WriteString(remote(d, bundle))
	for i, s := range m.Sections {
		w := writer{&b}
		w.section(d, m, i, directions[i])
		if s.SSRC != 0 {
			w.line("a=msid:%s %s", s.Stream, s.Track)
			w.line("a=ssrc:%d cname:%s", s.SSRC, s.Stream)
		}
	}
	return b.String(), nil
}

type writer struct{ b *strings.Builder }

func (w writer) line(format string, args ...any) {
	fmt.Fprintf(w.b, format, args...)
	w.b.WriteString("\r\n")
}

func (w writer) section(d transport.Description, m transport.Media, i int, direction string) {
	payload := m.Opus
	if m.Sections[i].Kind == transport.Video {
		payload = m.VP8
	}
	w.line("m=%v 9 UDP/TLS/RTP/SAVPF %d", m.Sections[i].Kind, payload)
	w.line("c=IN IP4 0.0.0.0")
	w.line("a=mid:%d", i+1)
	w.line("a=ice-ufrag:%s", d.Ufrag)
	w.line("a=ice-pwd:%s", d.Password)
	w.line("a=ice-options:trickle")
	w.line("a=setup:%v", d.Setup)
	w.line("a=rtcp-mux")
	w.line("a=rtcp-rsize")
	w.line("a=%s", direction)
	if m.Sections[i].Kind == transport.Audio {
		w.line("a=rtpmap:%d opus/48000/2", payload) // RFC 7587 section 7
		w.line("a=fmtp:%d minptime=10;useinbandfec=1", payload)
	} else {
		w.line("a=rtpmap:%d VP8/90000", payload) // RFC 7741 section 6
		w.line("a=rtcp-fb:%d ccm fir", payload)
		w.line("a=rtcp-fb:%d nack", payload)
		w.line("a=rtcp-fb:%d nack pli", payload)
	}
	if m.TWCC != 0 {
		w.line("a=rtcp-fb:%d transport-cc", payload)
		w.line("a=extmap:%d %s", m.TWCC, twcc)
	}
}
