package pion

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/pion/datachannel"
	"github.com/pion/sctp"
)

// sctpMTU leaves room for what DTLS, UDP and IP add: pion/webrtc's.
const sctpMTU = 1191

func (k *stack) sctpOptions() []sctp.ClientOption {
	return []sctp.ClientOption{
		sctp.WithLoggerFactory(k.session.driver.loggers),
		sctp.WithMTU(sctpMTU),
		sctp.WithMaxReceiveBufferSize(sctpWindow),
		sctp.WithRTOMax(float64(sctpRTOMax.Milliseconds())),
	}
}

// ahead reports whether both ends have sent their INIT ahead
// (draft-hancke-tsvwg-snap): then the association is there at once.
func (k *stack) ahead() bool { return len(k.init) > 0 && len(k.remote.SCTPInit) > 0 }

// associate makes the SCTP association.
func (k *stack) associate(ctx context.Context, conn net.Conn) (*sctp.Association, error) {
	options := append(k.sctpOptions(), sctp.WithNetConn(conn), sctp.WithMaxMessageSize(k.remote.MaxMessage))
	if k.ahead() {
		options = append(options, sctp.WithSNAP(k.init, k.remote.SCTPInit))
	}
	a, err := sctp.ClientContext(ctx, options...)
	if err != nil {
		return nil, errSCTP
	}
	return a, nil
}

// meet makes it with an end that has sent nothing ahead.
func (k *stack) meet(ctx context.Context, conn net.Conn) (*sctp.Association, error) {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	return k.associate(ctx, conn)
}

// use opens the channels that were asked for so far.
func (k *stack) use(a *sctp.Association) error {
	k.mu.Lock()
	k.association = a
	asked := k.asked
	k.asked = nil
	k.mu.Unlock()
	for _, c := range asked {
		stream, err := k.stream(a, c)
		if err != nil {
			return errPeerClosed
		}
		c.attach(stream)
	}
	return nil
}

func (k *stack) open(c *channel) error {
	c.made()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.association == nil {
		k.asked = append(k.asked, c)
		return nil
	}
	stream, err := k.stream(k.association, c)
	if err != nil {
		return err
	}
	k.work.Go(func() { c.attach(stream) })
	return nil
}

// stream is a channel's. The other end opens it under the same number, with what it
// wants of its own messages.
func (k *stack) stream(a *sctp.Association, c *channel) (*datachannel.DataChannel, error) {
	s, err := a.OpenStream(c.number, sctp.PayloadTypeWebRTCBinary)
	if err != nil {
		return nil, err
	}
	kind, most := sctp.ReliabilityTypeReliable, uint32(0)
	if n := retransmits(c.cfg); n != nil {
		kind, most = sctp.ReliabilityTypeRexmit, uint32(*n)
	}
	s.SetReliabilityParams(c.cfg.Unordered, kind, most)
	return datachannel.Client(s, &datachannel.Config{Negotiated: true, LoggerFactory: k.session.driver.loggers})
}

// await waits for the end of the association. The other end opens no channel by
// itself: both do.
func (k *stack) await(a *sctp.Association) error {
	for {
		s, err := a.AcceptStream()
		if errors.Is(err, io.EOF) {
			k.mu.Lock()
			k.ended = true
			k.mu.Unlock()
			return errPeerClosed
		}
		if err != nil {
			return fmt.Errorf("SCTP: %w", err)
		}
		if number := s.StreamIdentifier(); !k.session.has(number) {
			return fmt.Errorf("protocol violation: the peer opened channel %d by itself", number)
		}
		s.SetDefaultPayloadType(sctp.PayloadTypeWebRTCBinary)
	}
}
