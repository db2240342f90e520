package pion_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	dtlselliptic "github.com/pion/dtls/v3/pkg/crypto/elliptic"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/transport/v5/stdnet"
	"github.com/pion/webrtc/v4"
)

// raw is one peer made of webrtc.PeerConnection: what the driver is measured
// against.
type raw struct {
	api    *webrtc.API
	config webrtc.Configuration
	detach bool
}

// loopbackOnly keeps traffic on loopback, which the defaults would not.
func loopbackOnly(se *webrtc.SettingEngine) {
	se.SetIncludeLoopbackCandidate(true)
	se.SetInterfaceFilter(func(name string) bool {
		i, err := net.InterfaceByName(name)
		return err == nil && i.Flags&net.FlagLoopback != 0
	})
}

// rawDefault are two peers with the defaults of pion/webrtc.
func rawDefault(testing.TB) [2]raw {
	var se webrtc.SettingEngine
	loopbackOnly(&se)
	r := raw{api: webrtc.NewAPI(webrtc.WithSettingEngine(se))}
	return [2]raw{r, r}
}

// rawBest are two peers with the settings that measured best, but for those
// that no browser would work with.
func rawBest(t testing.TB) [2]raw {
	var both [2]raw
	for i := range both {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		cert, err := webrtc.GenerateCertificate(key)
		must(t, err)
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		must(t, err)
		must(t, conn.SetReadBuffer(4<<20))
		must(t, conn.SetWriteBuffer(4<<20))
		mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Logger: quiet{}})
		t.Cleanup(func() { _ = mux.Close() })
		network, err := stdnet.NewNet()
		must(t, err)

		var se webrtc.SettingEngine
		loopbackOnly(&se)
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
		se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
		se.DisableActiveTCP(true)
		se.SetNet(network)
		se.SetICEUDPMux(mux)
		se.EnableSctpSnap(true)
		se.SetDTLSInsecureSkipHelloVerify(true)
		se.SetDTLSEllipticCurves(dtlselliptic.P256)
		se.SetDTLSCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
		se.SetDTLSRetransmissionInterval(100 * time.Millisecond)
		se.SetSCTPMaxReceiveBufferSize(1 << 20)
		se.SetHostAcceptanceMinWait(0)
		se.SetPrflxAcceptanceMinWait(0)
		se.DetachDataChannels()
		se.LoggerFactory = quiet{}
		both[i] = raw{
			api: webrtc.NewAPI(
				webrtc.WithSettingEngine(se),
				webrtc.WithMediaEngine(&webrtc.MediaEngine{}),
				webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
			),
			config: webrtc.Configuration{Certificates: []webrtc.Certificate{*cert}},
			detach: true,
		}
	}
	return both
}

// rawConn is one end of a raw connection.
type rawConn struct {
	pc     *webrtc.PeerConnection
	dc     *webrtc.DataChannel
	opened chan struct{}
}

func (r raw) connection(t testing.TB) *rawConn {
	pc, err := r.api.NewPeerConnection(r.config)
	must(t, err)
	negotiated, id := true, uint16(0)
	dc, err := pc.CreateDataChannel("", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	must(t, err)
	c := &rawConn{pc: pc, dc: dc, opened: make(chan struct{})}
	dc.OnOpen(func() { close(c.opened) })
	return c
}

// rawConnect opens a connection with trickled candidates.
func rawConnect(t testing.TB, both [2]raw) (a, b *rawConn) {
	a, b = both[0].connection(t), both[1].connection(t)
	candidates := make(chan webrtc.ICECandidateInit, 64) // of a, until b has the offer
	gathered := make(chan struct{})
	a.pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c == nil {
			close(gathered)
			return
		}
		candidates <- c.ToJSON()
	})
	described := make(chan struct{})
	b.pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			<-described
			_ = a.pc.AddICECandidate(c.ToJSON())
		}
	})
	offer, err := a.pc.CreateOffer(nil)
	must(t, err)
	must(t, a.pc.SetLocalDescription(offer))
	must(t, b.pc.SetRemoteDescription(offer))
	answer, err := b.pc.CreateAnswer(nil)
	must(t, err)
	must(t, b.pc.SetLocalDescription(answer))
	must(t, a.pc.SetRemoteDescription(answer))
	close(described)
	<-gathered
	for len(candidates) > 0 {
		must(t, b.pc.AddICECandidate(<-candidates))
	}
	<-a.opened
	<-b.opened
	return a, b
}

func openRaw(b *testing.B, both [2]raw) opener {
	return func(*testing.B) func() {
		x, y := rawConnect(b, both)
		return func() {
			must(b, x.pc.GracefulClose())
			must(b, y.pc.GracefulClose())
		}
	}
}

func benchmarkRaw(b *testing.B, both [2]raw) {
	x, y := rawConnect(b, both)
	defer func() { _, _ = x.pc.GracefulClose(), y.pc.GracefulClose() }()
	received := make(chan struct{}, 1<<16)
	write := x.dc.Send
	if both[0].detach {
		out, err := x.dc.Detach()
		must(b, err)
		write = func(p []byte) error {
			_, err := out.Write(p)
			return err
		}
		in, err := y.dc.Detach()
		must(b, err)
		go func() {
			for buf := make([]byte, benchMessage); ; received <- struct{}{} {
				if _, err := in.Read(buf); err != nil {
					return
				}
			}
		}()
	} else {
		y.dc.OnMessage(func(webrtc.DataChannelMessage) { received <- struct{}{} })
	}
	b.SetBytes(benchMessage)
	p := make([]byte, benchMessage)
	outstanding := 0
	for b.Loop() {
		for outstanding >= 64 {
			<-received
			outstanding--
		}
		must(b, write(p))
		outstanding++
	}
	for ; outstanding > 0; outstanding-- {
		<-received
	}
}

// quiet is a logger that writes nothing.
type quiet struct{}

func (q quiet) NewLogger(string) logging.LeveledLogger { return q }
func (quiet) Trace(string)                             {}
func (quiet) Tracef(string, ...any)                    {}
func (quiet) Debug(string)                             {}
func (quiet) Debugf(string, ...any)                    {}
func (quiet) Info(string)                              {}
func (quiet) Infof(string, ...any)                     {}
func (quiet) Warn(string)                              {}
func (quiet) Warnf(string, ...any)                     {}
func (quiet) Error(string)                             {}
func (quiet) Errorf(string, ...any)                    {}
