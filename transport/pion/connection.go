package pion

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"

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
	// and DTLS add they must fit into a queue, and into the megabyte of a
	// PeerConnection's ICE agent (pion/ice, maxBufferSize): what is beyond is dropped
	// while the reader waits for a processor.
	sctpWindow = 896 << 10

	sctpRTOMax = time.Second // how long a lost tail may wait
)

// connection is what a session runs over, between the sockets and the channels:
// ICE, DTLS and SCTP. A stack puts them together by itself; a peerConnection has
// pion/webrtc do that, which can carry media, and costs more.
//
// Its methods are called by the session's goroutine, but for open, and none waits
// for the network but close.
type connection interface {
	// describe gives this end's description, without candidates. The answerer is
	// given the offer.
	describe(offer *transport.Description) (transport.Description, error)
	// begin has it gather and, as the answerer, connect.
	begin() error
	// answered has it connect as the initiator.
	answered(transport.Description) error
	// add gives it an address of the other end.
	add(transport.Candidate)
	// open has it open a channel, now or as soon as it can, and attach that to its
	// stream. Its caller holds session.mu.
	open(*channel) error
	// link opens channels that had to wait until the other end's certificate was
	// known.
	link() error
	// certificate is the other end's, as DTLS has it (DER); nil until then.
	certificate() []byte
	// fault is what went wrong that it did not say by itself: it is asked now and
	// then until the session is open.
	fault() error
	// lost reports whether ICE has lost all paths.
	lost() bool
	// close ends it and waits for its goroutines. The other end is told, as far as
	// there is a path.
	close()
}

// connect makes the session's connection.
func (s *session) connect() (connection, error) {
	m, err := s.sockets()
	if err != nil {
		return nil, fmt.Errorf("sockets: %w", err)
	}
	if s.media != nil {
		return newPeerConnection(s, m)
	}
	return newStack(s, m), nil
}

// candidate is an address as an ICE agent takes it; priority zero: the usual one.
func candidate(c transport.Candidate) (ice.Candidate, error) {
	const foundation, component = "1", 1
	host, port := c.Addr.Addr().String(), int(c.Addr.Port())
	switch c.Type {
	case transport.ServerReflexive:
		return ice.NewCandidateServerReflexive(&ice.CandidateServerReflexiveConfig{
			Network: "udp", Address: host, Port: port, Component: component, Priority: c.Priority, Foundation: foundation,
		})
	case transport.Relayed:
		return ice.NewCandidateRelay(&ice.CandidateRelayConfig{
			Network: "udp", Address: host, Port: port, Component: component, Priority: c.Priority, Foundation: foundation,
		})
	}
	return ice.NewCandidateHost(&ice.CandidateHostConfig{
		Network: "udp", Address: host, Port: port, Component: component, Priority: c.Priority, Foundation: foundation,
	})
}

// serves reports whether who answers an offer is to be the DTLS server. Usually
// it is the client, who speaks first: its path is open first. Where both ends
// are eager the offerer's is open when the answer arrives, at the same time as
// the answerer's first check; so it may speak first, and the last flight, with
// which it can begin to send, comes half a round trip sooner.
func serves(offer transport.Description) bool {
	return offer.Eager && offer.Setup == transport.SetupActPass
}

// contactable says it to pion, which has no ports.
func (d *Driver) contactable(ip net.IP) bool {
	addr, ok := netip.AddrFromSlice(ip)
	return ok && d.addresses.contactable(addr.Unmap())
}
