package pion

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/internal/sdp"
)

// setupPoll is how often an attempt looks at the clock, and whether SCTP has
// failed, which pion tells nobody.
const setupPoll = 250 * time.Millisecond

var (
	errFailed      = errors.New("failed") // as pion says it; why finds out more
	errFingerprint = errors.New("DTLS: the peer's certificate is not the one that it signed")
	errDTLS        = errors.New("DTLS: the handshake failed, or the peer refused it")
	errSCTP        = errors.New("SCTP: no association")
)

// drive makes the connection and serves it until it is open and nothing more is
// to be told of it, or returns why it is over.
func (s *session) drive() error {
	api, err := s.access()
	if err != nil {
		return fmt.Errorf("sockets: %w", err)
	}
	s.api = api
	pc, err := s.newPeerConnection(api)
	if err != nil {
		return fmt.Errorf("PeerConnection: %w", err)
	}
	s.resolveNames()
	if err := s.describe(pc); err != nil {
		return fmt.Errorf("PeerConnection: %w", err)
	}
	s.gather()
	return s.serve(pc)
}

// access gives the API with the sockets to use. Nothing in DTLS 1.2 tells which
// of two sessions between the same two sockets a packet is for, so the second
// one needs another socket at one end. That is the answerer's, since the
// initiator does not know yet whom it will talk to.
func (s *session) access() (*webrtc.API, error) {
	d, serve := s.driver, !s.initiator && serves(s.offered)
	alone := d.mux == nil || s.initiator || !s.rivals()
	switch {
	case alone && (s.silence != d.cfg.Silence || s.media != nil):
		return d.newAPI(d.mux, serve, s.silence, s.media), nil
	case alone && serve:
		return d.serving, nil
	case alone:
		return d.api, nil
	}
	own, err := newMux(netip.AddrPortFrom(d.addresses.bound, 0), d.addresses, s.fail)
	if err != nil {
		return nil, err
	}
	s.own = own
	return d.newAPI(own, serve, s.silence, s.media), nil
}

// newPeerConnection makes the PeerConnection with the channels that were asked
// for so far.
func (s *session) newPeerConnection(api *webrtc.API) (*webrtc.PeerConnection, error) {
	pc, err := api.NewPeerConnection(s.driver.connection)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pc = pc
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
		if err := s.accept(pc, c); err != nil {
			s.fail(err)
		}
	})
	if s.media != nil {
		pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { s.media.onTrack(pc, t, r) })
	}
	s.watchRelays(pc)
	for _, c := range s.channels {
		if err := c.open(pc); err != nil {
			return nil, err
		}
	}
	return pc, nil
}

// describe makes the local description and tells it, and as the answerer applies
// the offer before. The ICE agent begins to work when it is told: the sooner it
// is on its way, the better.
func (s *session) describe(pc *webrtc.PeerConnection) (err error) {
	var local webrtc.SessionDescription
	if s.initiator {
		local, err = pc.CreateOffer(nil)
	} else {
		if err = s.apply(pc, webrtc.SDPTypeOffer, s.offered); err != nil {
			return err
		}
		local, err = pc.CreateAnswer(nil)
	}
	if err != nil {
		return err
	}
	d, err := sdp.Local(local.SDP)
	if err != nil {
		return err
	}
	d.Eager = true
	if m := s.mux(); m != nil { // else the peer's first check is lost, and the next comes 200 ms later
		m.expect(d.Ufrag)
	}
	s.mu.Lock()
	s.ufrag = d.Ufrag
	s.mu.Unlock()
	if s.described = d; !s.initiator && s.offered.Eager {
		s.driver.eager.expect(d.Ufrag)
	}
	d.Candidates = s.newlyTold(s.known())
	s.tell(func() { s.handler.Described(s.id, d) })
	return pc.SetLocalDescription(local)
}

// apply gives the PeerConnection what is known of the peer; it begins to
// connect.
func (s *session) apply(pc *webrtc.PeerConnection, kind webrtc.SDPType, remote transport.Description) error {
	s.remote, s.applied = remote.Fingerprint, remote
	if s.initiator {
		s.hurry(remote)
	}
	s.giveCandidates(pc)
	return pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp.Remote(remote)})
}

// giveCandidates gives the ICE agent those of the peer's addresses that it has
// not yet. It fails only for a connection that is closed.
func (s *session) giveCandidates(pc *webrtc.PeerConnection) {
	s.mu.Lock()
	fresh := s.candidates[s.given:]
	s.given = len(s.candidates)
	s.mu.Unlock()
	for _, c := range fresh {
		_ = pc.SCTP().Transport().ICETransport().AddRemoteCandidate(iceCandidate(c))
	}
}

func iceCandidate(c transport.Candidate) *webrtc.ICECandidate {
	typ := webrtc.ICECandidateTypeHost
	switch c.Type {
	case transport.ServerReflexive:
		typ = webrtc.ICECandidateTypeSrflx
	case transport.Relayed:
		typ = webrtc.ICECandidateTypeRelay
	}
	return &webrtc.ICECandidate{
		Foundation: "1",
		Priority:   c.Priority,
		Address:    c.Addr.Addr().String(),
		Protocol:   webrtc.ICEProtocolUDP,
		Port:       c.Addr.Port(),
		Typ:        typ,
		Component:  1,
	}
}

// serve answers to all that happens until the session is open and its last
// candidate was told. Its error is why the session is over.
func (s *session) serve(pc *webrtc.PeerConnection) error {
	poll := time.NewTicker(setupPoll)
	defer poll.Stop()
	var known time.Time // when both descriptions were
	if !s.initiator {
		known = time.Now()
	}
	found, opened := s.found, s.opened
	limit := max(setupTimeout, s.silence)
	for opened != nil || found != nil {
		select {
		case <-s.ctx.Done():
			return s.why(pc)
		case answer := <-s.answer:
			if err := s.apply(pc, webrtc.SDPTypeAnswer, answer); err != nil {
				return fmt.Errorf("answer: %w", err)
			}
			known = time.Now()
		case <-s.added:
			s.look()
		case c, more := <-found:
			if !more {
				found = nil
			}
			s.gathered(c, !more)
		case <-opened:
			opened = nil
			poll.Stop()
			if !s.proven(pc) {
				return errFingerprint
			}
			if err := s.link(pc); err != nil {
				return err
			}
			s.tell(func() { s.handler.Up(s.id) })
			s.read()
		case <-poll.C:
			switch {
			case known.IsZero(): // it waits for an answer as long as the node likes
			case pc.SCTP().State() == webrtc.SCTPTransportStateClosed:
				return errSCTP
			case time.Since(known) > limit:
				return fmt.Errorf("no connection within %v", limit)
			}
		}
	}
	return nil
}

// proven reports whether the peer has the certificate that it signed. DTLS has
// found out already; that it did is not left to a library's options.
func (s *session) proven(pc *webrtc.PeerConnection) bool {
	return sha256.Sum256(pc.SCTP().Transport().GetRemoteCertificate()) == s.remote
}

// why is the reason for the end of the session, as exact as can be known.
func (s *session) why(pc *webrtc.PeerConnection) error {
	reason := context.Cause(s.ctx)
	switch {
	case reason != errFailed:
		return reason
	case pc.ICEConnectionState() == webrtc.ICEConnectionStateFailed:
		return fmt.Errorf("%w for %v%s", transport.ErrSilent, s.silence, s.hidden())
	case pc.SCTP().Transport().GetRemoteCertificate() != nil && !s.proven(pc):
		return errFingerprint
	}
	return errDTLS
}
