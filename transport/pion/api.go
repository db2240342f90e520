package pion

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/elliptic"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/transport/v5/stdnet"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
)

const (
	// checks is how often an unanswered connectivity check is sent, one each
	// 200 ms. Together with transport.MaxCandidates it bounds what a hostile
	// description makes this node send to strangers: 8 addresses x 17 checks x
	// about 110 bytes for each socket.
	checks = 16

	// relayWait is for how long a relayed path is passed over in case that a
	// direct one is found.
	relayWait = 500 * time.Millisecond

	// dtlsInterval is when a lost flight is sent again, twice that the next
	// time. At 10 % loss 100 ms instead of 1 s makes the slowest tenth of the
	// handshakes five times as fast.
	dtlsInterval = 100 * time.Millisecond

	// sctpWindow is how many bytes may be received and not read yet. With what SCTP
	// and DTLS add they must fit into a megabyte: what is beyond, the ICE agent drops
	// while its reader waits for a processor (pion/ice, maxBufferSize).
	sctpWindow = 896 << 10

	sctpRTOMax = time.Second // how long a lost tail may wait
)

// newAPI makes what PeerConnections are made of, all that use one mux. A nil
// mux is none: relays only. With serve an answerer is the DTLS server, else it
// takes the role that the offer leaves it, the client's if it may choose. An
// attempt finds a path within the given time, and an established session is
// silent for as long at the most. With media an API is for one session, and t are
// its tracks; else t is nil.
func (d *Driver) newAPI(m *mux, serve bool, silence time.Duration, t *tracks) *webrtc.API {
	cfg := &d.cfg
	var se webrtc.SettingEngine
	se.LoggerFactory = d.loggers
	se.SetNet(&stdnet.Net{}) // without the scan of the interfaces, which costs more than the rest of an agent

	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.DisableActiveTCP(true)
	se.SetRemoteIPFilter(func(ip net.IP) bool {
		addr, ok := netip.AddrFromSlice(ip)
		return ok && d.addresses.contactable(addr.Unmap())
	})
	if m != nil {
		se.SetICEUDPMux(m)
	}
	se.SetICEMaxBindingRequests(checks)
	se.SetHostAcceptanceMinWait(0)
	se.SetSrflxAcceptanceMinWait(0)
	se.SetPrflxAcceptanceMinWait(0)
	se.SetRelayAcceptanceMinWait(relayWait)
	if cfg.RelayOnly {
		se.SetRelayAcceptanceMinWait(0)
	}
	se.SetICEBindingRequestHandler(d.eager.check)
	// Disconnected has no meaning here, only the sum of both counts.
	se.SetICETimeouts(silence/2, silence-silence/2, cfg.KeepAlive)

	se.SetDTLSInsecureSkipHelloVerify(true) // ICE has proven the return path
	se.SetDTLSRetransmissionInterval(dtlsInterval)
	se.SetDTLSExtendedMasterSecret(dtls.RequireExtendedMasterSecret)
	se.SetDTLSEllipticCurves(elliptic.P256, elliptic.X25519) // on amd64 P-256 costs half as much
	se.SetDTLSCipherSuites(                                  // AES-128-GCM is the fastest; RSA is for peers that chose such a key
		dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	)
	se.SetDTLSConnectContextMaker(func() (context.Context, func()) {
		return context.WithTimeout(context.Background(), setupTimeout)
	})

	if serve {
		_ = se.SetAnsweringDTLSRole(webrtc.DTLSRoleServer) // fails for what is no role
	}

	// SCTP says that the peer has closed. DTLS would too, and close the
	// PeerConnection, which holds up what SCTP says by up to 400 ms.
	se.DisableCloseByDTLS(true)

	se.DetachDataChannels()
	se.EnableSctpSnap(true)
	se.SetSCTPMaxReceiveBufferSize(sctpWindow)
	se.SetSCTPMaxMessageSize(transport.MaxFrame)
	se.SetSCTPRTOMax(sctpRTOMax)

	engine, registry := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if t != nil { // else there is nothing to register
		registerMedia(engine, registry)
		se.BufferFactory = t.newBuffer
	}
	return webrtc.NewAPI(
		webrtc.WithSettingEngine(se),
		webrtc.WithMediaEngine(engine),
		webrtc.WithInterceptorRegistry(registry),
	)
}

// serves reports whether who answers an offer is to be the DTLS server. Usually
// it is the client, who speaks first: its path is open first. Where both ends
// are eager the offerer's is open when the answer arrives, at the same time as
// the answerer's first check; so it may speak first, and the last flight, with
// which it can begin to send, comes half a round trip sooner.
func serves(offer transport.Description) bool {
	return offer.Eager && offer.Setup == transport.SetupActPass
}

// configuration is what every PeerConnection of a driver is made with.
func configuration(cfg *settings, cert tls.Certificate) (webrtc.Configuration, error) {
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return webrtc.Configuration{}, fmt.Errorf("certificate: %w", err)
	}
	if time.Now().After(leaf.NotAfter) {
		return webrtc.Configuration{}, fmt.Errorf("certificate: expired on %v", leaf.NotAfter)
	}
	c := webrtc.Configuration{
		Certificates: []webrtc.Certificate{webrtc.CertificateFromX509(cert.PrivateKey, leaf)},
		ICEServers:   cfg.turn, // STUN servers are asked by the driver
	}
	if cfg.RelayOnly {
		c.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	}
	return c, nil
}
