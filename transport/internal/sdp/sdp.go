// Package sdp writes and reads the little of SDP that a connection with data
// channels has (RFC 8829, RFC 8841, RFC 8839), and what it has for audio and
// video. It never crosses a network: what
// a PeerConnection must read is made from a transport.Description, and what it
// writes becomes one. Candidates go beside it.
//
//	err := pc.SetRemoteDescription(sdp.Remote(answer))
//	offer, err := sdp.Local(pc.LocalDescription())
//
// # Concurrency
//
// There are functions only, which any goroutine may call.
package sdp

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/n2n-overlay/n2n/transport"
)

// Remote is the SDP of a peer with data channels only, without candidates. d has
// passed Check, so that no field can hold a line break.
func Remote(d transport.Description) string { return remote(d, "0") }

// remote has the media sections with these mids in its bundle, of which it has
// the first.
func remote(d transport.Description, bundle string) string {
	var b strings.Builder
	b.Grow(640) // enough for the usual one
	line := func(parts ...string) {
		for _, p := range parts {
			b.WriteString(p)
		}
		b.WriteString("\r\n")
	}
	line("v=0")
	line("o=- 1 1 IN IP4 0.0.0.0")
	line("s=-")
	line("t=0 0")
	line("a=group:BUNDLE ", bundle)
	line("a=fingerprint:sha-256 ", colons(d.Fingerprint))
	line("m=application 9 UDP/DTLS/SCTP webrtc-datachannel")
	line("c=IN IP4 0.0.0.0")
	line("a=mid:0")
	line("a=ice-options:trickle")
	line("a=ice-ufrag:", d.Ufrag)
	line("a=ice-pwd:", d.Password)
	line("a=setup:", d.Setup.String())
	line("a=sctp-port:5000")
	line("a=max-message-size:", strconv.FormatUint(uint64(d.MaxMessage), 10))
	if len(d.SCTPInit) > 0 {
		line("a=sctp-init:", base64.StdEncoding.EncodeToString(d.SCTPInit))
	}
	return b.String()
}

// colons writes a fingerprint as RFC 8122 section 5 has it.
func colons(fingerprint [32]byte) string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, 3*len(fingerprint))
	for i, x := range fingerprint {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, digits[x>>4], digits[x&15])
	}
	return string(b)
}

// Local reads what a PeerConnection says of itself. Candidates are passed over.
func Local(sdp string) (transport.Description, error) {
	var d transport.Description
	for line := range strings.Lines(sdp) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if err := readAttribute(&d, key, value); err != nil {
			return d, fmt.Errorf("local SDP: %s: %w", key, err)
		}
	}
	if err := d.Check(); err != nil {
		return d, fmt.Errorf("local SDP: %w", err)
	}
	return d, nil
}

func readAttribute(d *transport.Description, key, value string) (err error) {
	switch key {
	case "a=fingerprint":
		digits := strings.ReplaceAll(strings.TrimPrefix(value, "sha-256 "), ":", "")
		if len(digits) != hex.EncodedLen(len(d.Fingerprint)) {
			return fmt.Errorf("%q is not SHA-256", value)
		}
		_, err = hex.Decode(d.Fingerprint[:], []byte(digits))
	case "a=ice-ufrag":
		d.Ufrag = value
	case "a=ice-pwd":
		d.Password = value
	case "a=setup":
		d.Setup, err = readSetup(value)
	case "a=max-message-size":
		var n uint64
		n, err = strconv.ParseUint(value, 10, 32)
		d.MaxMessage = uint32(n)
	case "a=sctp-init":
		d.SCTPInit, err = base64.StdEncoding.DecodeString(value)
	}
	return err
}

func readSetup(value string) (transport.Setup, error) {
	for _, s := range []transport.Setup{transport.SetupActPass, transport.SetupActive, transport.SetupPassive} {
		if s.String() == value {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%q unknown", value)
}
