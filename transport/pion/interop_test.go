package pion_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// These tests connect the driver with webrtc.PeerConnection, which speaks as
// browsers do: what the driver leaves out (SDP, DCEP) must not be missed.

// sdpOf writes a description as SDP (RFC 8829).
func sdpOf(d transport.Description) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0")
	line("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sctp-port:5000")
	line("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=setup:%v", d.Ufrag, d.Password, d.Setup)
	line("a=max-message-size:%d", d.MaxMessage)
	digits := make([]string, len(d.Fingerprint))
	for i, x := range d.Fingerprint {
		digits[i] = fmt.Sprintf("%02X", x)
	}
	line("a=fingerprint:sha-256 %s", strings.Join(digits, ":"))
	if len(d.SCTPInit) > 0 {
		line("a=sctp-init:%s", base64.StdEncoding.EncodeToString(d.SCTPInit))
	}
	for i, c := range d.Candidates {
		line("a=candidate:%d 1 udp %d %v %d typ %v", i+1, c.Priority, c.Addr.Addr(), c.Addr.Port(), c.Type)
	}
	return b.String()
}

// descriptionOf reads the SDP of a PeerConnection that has gathered.
func descriptionOf(t *testing.T, sdp string) transport.Description {
	t.Helper()
	d := transport.Description{MaxMessage: 1 << 16}
	for line := range strings.Lines(sdp) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		var err error
		switch key {
		case "a=ice-ufrag":
			d.Ufrag = value
		case "a=ice-pwd":
			d.Password = value
		case "a=setup":
			d.Setup = map[string]transport.Setup{
				"actpass": transport.SetupActPass, "active": transport.SetupActive, "passive": transport.SetupPassive,
			}[value]
		case "a=fingerprint":
			_, err = hex.Decode(d.Fingerprint[:], []byte(strings.ReplaceAll(strings.TrimPrefix(value, "sha-256 "), ":", "")))
		case "a=sctp-init":
			d.SCTPInit, err = base64.StdEncoding.DecodeString(value)
		case "a=candidate":
			f := strings.Fields(value)
			var addr netip.AddrPort
			addr, err = netip.ParseAddrPort(f[4] + ":" + f[5])
			if err == nil && addr.Addr().Is4() && len(d.Candidates) < transport.MaxCandidates {
				d.Candidates = append(d.Candidates, transport.Candidate{Priority: 1, Addr: addr})
			}
		}
		must(t, err)
	}
	must(t, d.Check())
	return d
}

// browser is a PeerConnection with an open control channel.
type browser struct {
	*rawConn
	messages chan webrtc.DataChannelMessage
}

func newBrowser(t *testing.T, snap bool, certificates ...webrtc.Certificate) *browser {
	t.Helper()
	return newBrowserWith(t, func(se *webrtc.SettingEngine) { se.EnableSctpSnap(snap) }, certificates...)
}

func newBrowserWith(t *testing.T, change func(*webrtc.SettingEngine), certificates ...webrtc.Certificate) *browser {
	t.Helper()
	var se webrtc.SettingEngine
	loopbackOnly(&se)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.LoggerFactory = quiet{}
	change(&se)
	r := raw{api: webrtc.NewAPI(webrtc.WithSettingEngine(se)), config: webrtc.Configuration{Certificates: certificates}}
	b := &browser{r.connection(t), make(chan webrtc.DataChannelMessage, 64)}
	b.dc.OnMessage(func(m webrtc.DataChannelMessage) { b.messages <- m })
	t.Cleanup(func() { must(t, b.pc.GracefulClose()) })
	return b
}

// describe sets the local description and waits for its candidates.
func (b *browser) describe(t *testing.T, d webrtc.SessionDescription, err error) transport.Description {
	t.Helper()
	must(t, err)
	gathered := webrtc.GatheringCompletePromise(b.pc)
	must(t, b.pc.SetLocalDescription(d))
	receive(t, gathered, "last candidate of the PeerConnection")
	return descriptionOf(t, b.pc.LocalDescription().SDP)
}

// meet connects a PeerConnection and the driver.
func meet(t *testing.T, driver transport.Driver, b *browser, p *peer, browserOffers bool) transport.Session {
	t.Helper()
	var s transport.Session
	if browserOffers {
		offer, err := b.pc.CreateOffer(nil)
		s, err = driver.Answer(sessionID(1), b.describe(t, offer, err), p)
		must(t, err)
		answer := sdpOf(receive(t, p.described, "answer"))
		must(t, b.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}))
	} else {
		var err error
		s, err = driver.Offer(sessionID(1), p)
		must(t, err)
		offer := sdpOf(receive(t, p.described, "offer"))
		must(t, b.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}))
		answer, err := b.pc.CreateAnswer(nil)
		must(t, s.Finish(b.describe(t, answer, err)))
	}
	receive(t, p.up, "Up")
	receive(t, b.opened, "open channel of the PeerConnection")
	return s
}

func TestPeerConnection(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		for _, browserOffers := range []bool{true, false} {
			for _, snap := range []bool{true, false} {
				t.Run(fmt.Sprintf("offers=%v snap=%v", browserOffers, snap), func(t *testing.T) {
					p := newPeer()
					b := newBrowser(t, snap)
					s := meet(t, newDriver(t, kind), b, p, browserOffers)
					c, err := s.Channel(transport.ControlChannel, transport.ChannelConfig{})
					must(t, err)

					must(t, b.dc.Send([]byte("binary")))
					must(t, b.dc.Send(nil))
					must(t, b.dc.SendText("text"))
					must(t, b.dc.SendText(""))
					for _, want := range []string{"binary", "", "text", ""} {
						if m := receive(t, p.messages, "message"); m != want {
							t.Fatalf("got %q, want %q", m, want)
						}
					}
					must(t, c.Send([]byte("back")))
					must(t, c.Send(nil))
					for _, want := range []string{"back", ""} {
						if m := receive(t, b.messages, "message"); string(m.Data) != want || m.IsString {
							t.Fatalf("got %q, string %v, want %q", m.Data, m.IsString, want)
						}
					}
					must(t, b.pc.Close())
					t.Logf("Down: %v", receive(t, p.down, "Down"))
				})
			}
		}
	})
}

// TestNominates: a peer that waits for a nomination, as browsers do, has one with the
// first check of a driver that has offered, and a driver that answers nominates nothing.
func TestNominates(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		for _, browserOffers := range []bool{true, false} {
			t.Run(fmt.Sprintf("offers=%v", browserOffers), func(t *testing.T) {
				checks := make(chan bool, 64) // whether they nominate
				b := newBrowserWith(t, func(se *webrtc.SettingEngine) {
					se.SetICEBindingRequestHandler(func(m *stun.Message, _, _ ice.Candidate, _ *ice.CandidatePair) bool {
						select {
						case checks <- m.Contains(stun.AttrUseCandidate):
						default:
						}
						return false
					})
				})
				meet(t, newDriver(t, kind), b, newPeer(), browserOffers)
				for first := true; first || len(checks) > 0; first = false {
					if nominates := receive(t, checks, "check"); nominates == browserOffers {
						t.Errorf("a check that nominates: %v", nominates)
					}
				}
				if pair, err := b.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair(); err != nil || pair == nil {
					t.Errorf("selected: %v, %v", pair, err)
				}
			})
		}
	})
}

// TestPeerConnectionNotices has the driver close, and the PeerConnection notice.
func TestPeerConnectionNotices(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		p, b := newPeer(), newBrowser(t, true)
		closed := make(chan struct{})
		b.dc.OnClose(func() { close(closed) })
		s := meet(t, newDriver(t, kind), b, p, true)
		must(t, s.Close())
		receive(t, closed, "close at the PeerConnection")
	})
}

// TestViolations has a peer do what the contract rules out.
func TestViolations(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		negotiated, number := true, uint16(9)
		for name, violate := range map[string]func(*testing.T, *browser, transport.Session){
			"channel by DCEP": func(t *testing.T, b *browser, _ transport.Session) {
				_, err := b.pc.CreateDataChannel("mine", &webrtc.DataChannelInit{ID: &number})
				must(t, err)
			},
			"channel not open": func(t *testing.T, b *browser, _ transport.Session) {
				dc, err := b.pc.CreateDataChannel("", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &number})
				must(t, err)
				dc.OnOpen(func() { _ = dc.SendText("anybody?") })
			},
			"message too large": func(t *testing.T, b *browser, _ transport.Session) {
				must(t, b.dc.Send(make([]byte, transport.MaxFrame+1)))
			},
		} {
			t.Run(name, func(t *testing.T) {
				p, b := newPeer(), newBrowser(t, true)
				driver := newDriver(t, kind)
				offer, err := b.pc.CreateOffer(nil)
				s, err := driver.Answer(sessionID(1), b.describe(t, offer, err), p)
				must(t, err)
				answer := receive(t, p.described, "answer")
				answer.MaxMessage = 1 << 18 // lets the peer do it
				must(t, b.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdpOf(answer)}))
				receive(t, p.up, "Up")
				receive(t, b.opened, "open channel of the PeerConnection")
				_, err = s.Channel(transport.ControlChannel, transport.ChannelConfig{})
				must(t, err)
				violate(t, b, s)
				reason := receive(t, p.down, "Down")
				if !strings.Contains(reason.Error(), "protocol violation") {
					t.Errorf("Down: %v", reason)
				}
			})
		}
	})
}
