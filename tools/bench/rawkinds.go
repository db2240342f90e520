package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net"
	"time"

	"github.com/pion/dtls/v3"
	dtlselliptic "github.com/pion/dtls/v3/pkg/crypto/elliptic"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5/stdnet"
	"github.com/pion/webrtc/v4"
)

// rawDefault has pion/webrtc's default settings, but that it keeps to IPv4 on
// loopback.
var rawDefault = system{name: "raw default", grid: func(_ context.Context, left, right int, way way) (grid, error) {
	return newRawGrid(left, right, way, func() (*rawPeer, error) {
		var se webrtc.SettingEngine
		loopbackOnly(&se)
		return &rawPeer{api: webrtc.NewAPI(webrtc.WithSettingEngine(se)), close: func() {}}, nil
	})
}}

// rawBest is pion/webrtc by hand, with every setting that measured better than
// the default, those included that no browser would work with.
var rawBest = rawTuned("raw best", nil)

// rawTuned is raw best with a change.
func rawTuned(name string, change func(*webrtc.SettingEngine)) system {
	return system{name: name, grid: func(_ context.Context, left, right int, way way) (grid, error) {
		return newRawGrid(left, right, way, func() (*rawPeer, error) { return newBest(change) })
	}}
}

func newBest(change func(*webrtc.SettingEngine)) (*rawPeer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(4 << 20) // the system may allow less
	_ = conn.SetWriteBuffer(4 << 20)
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Logger: quiet{}})

	var se webrtc.SettingEngine
	loopbackOnly(&se)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.DisableActiveTCP(true)
	se.SetNet(&stdnet.Net{}) // without the list of interfaces: the socket's address is known
	se.SetICEUDPMux(mux)
	se.SetHostAcceptanceMinWait(0)
	se.SetPrflxAcceptanceMinWait(0)
	se.SetICEBindingRequestHandler(func(*stun.Message, ice.Candidate, ice.Candidate, *ice.CandidatePair) bool { return true })
	se.SetICETimeouts(time.Second, 2*time.Second, 250*time.Millisecond)
	_ = se.SetAnsweringDTLSRole(webrtc.DTLSRoleServer) // fails for what is no role
	se.SetDTLSInsecureSkipHelloVerify(true)
	se.SetDTLSEllipticCurves(dtlselliptic.P256)
	se.SetDTLSCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
	se.SetDTLSRetransmissionInterval(100 * time.Millisecond)
	se.EnableSctpSnap(true)
	se.SetSCTPMaxReceiveBufferSize(896 << 10) // more overflows the ICE agent, whose buffer has a megabyte
	se.DetachDataChannels()
	se.LoggerFactory = quiet{}
	if change != nil {
		change(&se)
	}
	return &rawPeer{
		api: webrtc.NewAPI(
			webrtc.WithSettingEngine(se),
			webrtc.WithMediaEngine(&webrtc.MediaEngine{}),
			webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
		),
		config: webrtc.Configuration{Certificates: []webrtc.Certificate{*cert}},
		detach: true,
		close:  func() { _ = mux.Close(); _ = conn.Close() },
	}, nil
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
