package pion

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
)

// How unordered and unreliable channels are opened.
//
// A channel that both ends open (RFC 8831: negotiated) has its config at each
// end. But pion tells a negotiated channel's SCTP stream nothing of it: that it
// does only when DCEP (RFC 8832) has opened the channel, at one end when the
// DATA_CHANNEL_OPEN comes, at the other with its ACK. So between two drivers of
// this package the initiator opens such channels with DCEP, under the number that
// both ends know, and the answerer waits for that.
//
// A browser opens negotiated channels only: with DCEP it would choose the number
// itself. It never sends an OPEN, and drops ours, since it has the channel
// already. So an end must know what the other one is, before it waits. It knows
// by the certificate, which the session has proven: see kin.

// special reports whether a channel is not the reliable and ordered one.
func special(cfg transport.ChannelConfig) bool {
	return cfg.Unordered || cfg.MaxRetransmits != nil || cfg.MaxLifetime != 0
}

// open makes the data channel, if it is time for it. The caller holds session.mu.
func (c *channel) open(pc *webrtc.PeerConnection) error {
	if !special(c.cfg) {
		return c.create(pc, true)
	}
	switch s := c.session; {
	case !s.linked, c.isOpen():
		return nil // see link
	case !s.kin(pc):
		s.driver.log.Info("the peer is no driver of this package: what this end sends is reliable and ordered", "channel", c.number)
		return c.create(pc, true)
	case s.initiator:
		return c.create(pc, false)
	}
	return nil // see accept
}

func (c *channel) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dc != nil
}

func (c *channel) create(pc *webrtc.PeerConnection, negotiated bool) error {
	ordered := !c.cfg.Unordered
	init := webrtc.DataChannelInit{
		Negotiated:     &negotiated,
		ID:             &c.number,
		Ordered:        &ordered,
		MaxRetransmits: c.cfg.MaxRetransmits,
	}
	if c.cfg.MaxLifetime > 0 {
		init.MaxRetransmits = within(c.cfg.MaxLifetime)
	}
	dc, err := pc.CreateDataChannel("", &init)
	if err != nil {
		return err
	}
	c.use(dc)
	return nil
}

// within gives how many retransmissions a lifetime is worth: one when later
// packets show the loss, and one for each retransmission timeout. SCTP would have
// a limit of its own (RFC 7496 section 4.1), but pion/sctp v1.12.0 counts the time
// anew with each transmission and so never reaches it.
func within(lifetime time.Duration) *uint16 {
	n := uint16(1 + lifetime/sctpRTOMax) // lifetimes end at 65.5 s
	return &n
}

func (c *channel) use(dc *webrtc.DataChannel) {
	c.mu.Lock()
	c.dc = dc
	c.mu.Unlock()
	dc.OnOpen(c.attach)
}

// link opens what had to wait until the peer's certificate was known.
func (s *session) link(pc *webrtc.PeerConnection) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.linked = true
	for _, c := range s.channels {
		if !special(c.cfg) {
			continue
		}
		if err := c.open(pc); err != nil {
			return err
		}
	}
	return nil
}

// accept takes a channel that the peer opened with DCEP. It may come before this
// end asks for it: then it waits, and what it brings waits in the window.
func (s *session) accept(pc *webrtc.PeerConnection, dc *webrtc.DataChannel) error {
	number := *dc.ID()
	plain := dc.Ordered() && dc.MaxRetransmits() == nil && dc.MaxPacketLifeTime() == nil
	if s.initiator || plain || !s.kin(pc) {
		return fmt.Errorf("protocol violation: the peer opened channel %d by itself", number)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[number]
	switch {
	case c == nil && len(s.channels) >= maxChannels:
		return fmt.Errorf("protocol violation: more than %d channels", maxChannels)
	case c == nil:
		c = &channel{session: s, number: number, cfg: transport.ChannelConfig{Unordered: true}} // special; dc knows the rest
		s.channels[number] = c
	case !special(c.cfg) || c.isOpen():
		return fmt.Errorf("protocol violation: the peer opened channel %d again", number)
	}
	c.use(dc)
	return nil
}

// kin reports whether both ends' drivers are of this package, by the same rule at
// both ends: neither waits for a DCEP that the other does not send.
func (s *session) kin(pc *webrtc.PeerConnection) bool {
	return s.driver.marked && marked(pc.SCTP().Transport().GetRemoteCertificate())
}

// marked reports whether a certificate was made by this package: it has the
// serial number that serial gives. Those that Config.Certificate brings have
// another, as a rule.
func marked(der []byte) bool {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return false
	}
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return false
	}
	want, err := serial(key)
	return err == nil && cert.SerialNumber.Cmp(want) == 0
}

// serial is the serial number of a certificate of this package. To whoever does
// not look for it, it is as random as any other: certificates of DTLS 1.2 are sent
// in the clear.
func serial(key *ecdsa.PublicKey) (*big.Int, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, errors.New("serial number: a key that X.509 does not know")
	}
	sum := sha256.Sum256(append([]byte("n2n transport/pion 1\x00"), der...))
	sum[0] = sum[0]&0x7f | 0x40 // positive (RFC 5280 section 4.1.2.2), and of 15 bytes
	return new(big.Int).SetBytes(sum[:15]), nil
}
