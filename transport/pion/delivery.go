package pion

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
)

// How unordered and unreliable channels are opened.
//
// A channel that both ends open (RFC 8831: negotiated) has its config at each end,
// and a stack does with it what it says. But a PeerConnection tells a negotiated
// channel's SCTP stream nothing of it: that it does only when DCEP (RFC 8832) has
// opened the channel, at one end when the DATA_CHANNEL_OPEN comes, at the other with
// its ACK. So between two drivers with media the initiator opens such channels with
// DCEP, under the number that both ends know, and the answerer waits for that.
//
// A browser opens negotiated channels only: with DCEP it would choose the number
// itself. It never sends an OPEN, and drops ours, since it has the channel
// already. So an end must know what the other one is, before it waits. It knows
// by the certificate, which the session has proven: see kin.

// special reports whether a channel is not the reliable and ordered one.
func special(cfg transport.ChannelConfig) bool {
	return cfg.Unordered || cfg.MaxRetransmits != nil || cfg.MaxLifetime != 0
}

// open makes the data channel, if it is time for it.
func (p *peerConnection) open(c *channel) error {
	if !special(c.cfg) {
		return p.create(c, true)
	}
	switch s := p.session; {
	case !p.linked, c.isMade():
		return nil // see link
	case !p.kin():
		s.driver.log.Info("the peer is no driver with media of this package: what this end sends is reliable and ordered", "channel", c.number)
		return p.create(c, true)
	case s.initiator:
		return p.create(c, false)
	}
	return nil // see accept
}

func (p *peerConnection) create(c *channel, negotiated bool) error {
	ordered := !c.cfg.Unordered
	init := webrtc.DataChannelInit{
		Negotiated:     &negotiated,
		ID:             &c.number,
		Ordered:        &ordered,
		MaxRetransmits: retransmits(c.cfg),
	}
	dc, err := p.CreateDataChannel("", &init)
	if err != nil {
		return err
	}
	p.use(c, dc)
	return nil
}

// retransmits is how often a message of a channel may be sent again; nil: until it
// has arrived. SCTP would have a limit in time, too (RFC 7496 section 4.1), but
// pion/sctp v1.12.0 counts the time anew with each transmission and so never reaches
// it. So a lifetime is worth one retransmission when later packets show the loss,
// and one for each retransmission timeout.
func retransmits(cfg transport.ChannelConfig) *uint16 {
	if cfg.MaxLifetime == 0 {
		return cfg.MaxRetransmits
	}
	n := uint16(1 + cfg.MaxLifetime/sctpRTOMax) // lifetimes end at 65.5 s
	return &n
}

// use has the channel attach to the data channel's stream, on a goroutine of pion,
// once that is open.
func (p *peerConnection) use(c *channel, dc *webrtc.DataChannel) {
	c.made()
	dc.OnOpen(func() {
		detached, err := dc.Detach()
		stream, ok := detached.(*datachannel.DataChannel)
		if err != nil || !ok { // pion would have broken its word
			p.session.fail(fmt.Errorf("channel %d: not detached: %v", c.number, err))
			return
		}
		c.attach(stream)
	})
}

// link opens what had to wait until the peer's certificate was known.
func (p *peerConnection) link() error {
	s := p.session
	s.mu.Lock()
	defer s.mu.Unlock()
	p.linked = true
	for _, c := range s.channels {
		if !special(c.cfg) {
			continue
		}
		if err := p.open(c); err != nil {
			return err
		}
	}
	return nil
}

// accept takes a channel that the peer opened with DCEP. It may come before this
// end asks for it: then it waits, and what it brings waits in the window.
func (p *peerConnection) accept(dc *webrtc.DataChannel) error {
	s, number := p.session, *dc.ID()
	plain := dc.Ordered() && dc.MaxRetransmits() == nil && dc.MaxPacketLifeTime() == nil
	if s.initiator || plain || !p.kin() {
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
	case !special(c.cfg) || c.isMade():
		return fmt.Errorf("protocol violation: the peer opened channel %d again", number)
	}
	p.use(c, dc)
	return nil
}

// kin reports whether both ends' drivers are of this package, and with media, by
// the same rule at both ends: neither waits for a DCEP that the other does not send.
func (p *peerConnection) kin() bool {
	return p.session.driver.marked && marked(p.certificate())
}

// marked reports whether a certificate was made by a driver with media: it has the
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
	want, err := serial(key, true)
	return err == nil && cert.SerialNumber.Cmp(want) == 0
}

// serial is the serial number of a certificate, which may be marked. To whoever does
// not look for it, a marked one is as random as any other: certificates of DTLS 1.2
// are sent in the clear.
func serial(key *ecdsa.PublicKey, mark bool) (*big.Int, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, errors.New("serial number: a key that X.509 does not know")
	}
	sum := sha256.Sum256(append([]byte("n2n transport/pion 1\x00"), der...))
	if !mark {
		_, _ = rand.Read(sum[:]) // never fails
	}
	sum[0] = sum[0]&0x7f | 0x40 // positive (RFC 5280 section 4.1.2.2), and of 15 bytes
	return new(big.Int).SetBytes(sum[:15]), nil
}
