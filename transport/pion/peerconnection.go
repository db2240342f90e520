package pion

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/transport/v5/stdnet"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/internal/sdp"
)

// peerConnection is a connection with a webrtc.PeerConnection, which can carry
// media.
type peerConnection struct {
	*webrtc.PeerConnection
	session *session
	mux     *mux // nil: relays only
	local   webrtc.SessionDescription
	linked  bool // the peer's certificate is known; guarded by session.mu
}

func newPeerConnection(s *session, m *mux) (*peerConnection, error) {
	api := s.driver.newAPI(m, !s.initiator && serves(s.offered), s.silence, s.media)
	pc, err := api.NewPeerConnection(s.driver.connection)
	if err != nil {
		return nil, fmt.Errorf("PeerConnection: %w", err)
	}
	p := &peerConnection{PeerConnection: pc, session: s, mux: m}
	s.media.use(api, pc)
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateFailed {
			s.fail(errFailed)
		}
	})
	pc.SCTP().OnClose(func(err error) {
		if err != nil {
			s.fail(fmt.Errorf("protocol violation: %w", err))
			return
		}
		s.fail(errPeerClosed)
	})
	pc.OnDataChannel(func(c *webrtc.DataChannel) {
		if err := p.accept(c); err != nil {
			s.fail(err)
		}
	})
	relays := &relayed{session: s}
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		switch {
		case c == nil:
			relays.end()
		case c.Typ == webrtc.ICECandidateTypeRelay:
			relays.add(c.Address, c.Port, c.Priority)
		}
	})
	return p, nil
}

func (p *peerConnection) describe(offer *transport.Description) (d transport.Description, err error) {
	if offer == nil {
		p.local, err = p.CreateOffer(nil)
	} else {
		if err := p.apply(webrtc.SDPTypeOffer, *offer); err != nil {
			return d, err
		}
		p.local, err = p.CreateAnswer(nil)
	}
	if err != nil {
		return d, err
	}
	if d, err = sdp.Local(p.local.SDP); err != nil {
		return d, err
	}
	if p.mux != nil {
		p.mux.expect(d.Ufrag, nil)
	}
	return d, nil
}

func (p *peerConnection) begin() error { return p.SetLocalDescription(p.local) }

func (p *peerConnection) answered(d transport.Description) error {
	return p.apply(webrtc.SDPTypeAnswer, d)
}

func (p *peerConnection) apply(kind webrtc.SDPType, d transport.Description) error {
	p.session.giveCandidates(p)
	return p.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp.Remote(d)})
}

func (p *peerConnection) add(c transport.Candidate) {
	typ := webrtc.ICECandidateTypeHost
	switch c.Type {
	case transport.ServerReflexive:
		typ = webrtc.ICECandidateTypeSrflx
	case transport.Relayed:
		typ = webrtc.ICECandidateTypeRelay
	}
	_ = p.SCTP().Transport().ICETransport().AddRemoteCandidate(&webrtc.ICECandidate{ // fails only for a connection that is closed
		Foundation: "1",
		Priority:   c.Priority,
		Address:    c.Addr.Addr().String(),
		Protocol:   webrtc.ICEProtocolUDP,
		Port:       c.Addr.Port(),
		Typ:        typ,
		Component:  1,
	})
}

func (p *peerConnection) certificate() []byte { return p.SCTP().Transport().GetRemoteCertificate() }

func (p *peerConnection) lost() bool {
	return p.ICEConnectionState() == webrtc.ICEConnectionStateFailed
}

// fault says that SCTP has failed, which pion/webrtc tells nobody.
func (p *peerConnection) fault() error {
	if p.SCTP().State() == webrtc.SCTPTransportStateClosed {
		return errSCTP
	}
	return nil
}

func (p *peerConnection) close() {
	_ = p.GracefulClose() // what is wrong with a connection does not matter at its end
}

// newAPI makes what a PeerConnection with these tracks is made of. A nil mux is
// none: relays only. With serve an answerer is the DTLS server, else it takes the
// role that the offer leaves it, the client's if it may choose. An attempt finds a
// path within the given time, and an established session is silent for as long at
// the most.
func (d *Driver) newAPI(m *mux, serve bool, silence time.Duration, t *tracks) *webrtc.API {
	cfg := &d.cfg
	var se webrtc.SettingEngine
	se.LoggerFactory = d.loggers
	se.SetNet(&stdnet.Net{}) // without the scan of the interfaces, which costs more than the rest of an agent

	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.DisableActiveTCP(true)
	se.SetRemoteIPFilter(d.contactable)
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
	se.SetDTLSEllipticCurves(curves...)
	se.SetDTLSCipherSuites(suites...)
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
	registerMedia(engine, registry)
	se.BufferFactory = t.newBuffer
	return webrtc.NewAPI(
		webrtc.WithSettingEngine(se),
		webrtc.WithMediaEngine(engine),
		webrtc.WithInterceptorRegistry(registry),
	)
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
	}
	for _, relay := range cfg.turn { // STUN servers are asked by the driver
		c.ICEServers = append(c.ICEServers, webrtc.ICEServer{URLs: []string{relay.String()}, Username: relay.Username, Credential: relay.Password})
	}
	if cfg.RelayOnly {
		c.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	}
	return c, nil
}
