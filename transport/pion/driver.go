package pion

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
)

// Driver performs WebRTC over UDP. Make one with New.
type Driver struct {
	cfg         settings
	fingerprint [32]byte
	marked      bool // the certificate is: see delivery.go
	loggers     logging.LoggerFactory
	log         *slog.Logger
	addresses   *addresses
	reflexive   reflexive
	resolver    resolver
	mux         *mux // nil with RelayOnly
	eager       eager
	claims      claims
	own         tls.Certificate
	connection  webrtc.Configuration // of every PeerConnection

	ctx    context.Context // ends with the driver
	cancel context.CancelFunc
	wg     sync.WaitGroup // the sessions' goroutines

	mu       sync.Mutex
	closed   bool
	sessions map[transport.SessionID]*session
}

var _ transport.MediaDriver = (*Driver)(nil)

// New opens the sockets of a driver. Errors: a Config that cannot work, an
// address that cannot be listened to. Close frees the sockets.
func New(cfg Config) (*Driver, error) {
	d, err := newDriver(cfg)
	if err != nil {
		return nil, fmt.Errorf("pion: %w", err)
	}
	return d, nil
}

func newDriver(cfg Config) (*Driver, error) {
	s, err := cfg.settings()
	if err != nil {
		return nil, err
	}
	cert, fingerprint, err := certificate(cfg.Certificate, cfg.Media)
	if err != nil {
		return nil, err
	}
	connection, err := configuration(&s, cert)
	if err != nil {
		return nil, err
	}
	bound, err := listenAddr(s.ListenAddr)
	if err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Driver{
		cfg:         s,
		fingerprint: fingerprint,
		marked:      cfg.Media && marked(cert.Certificate[0]),
		own:         cert,
		loggers:     loggers{to: s.Logger},
		log:         cfg.Logger,
		addresses:   newAddresses(bound.Addr(), cfg),
		connection:  connection,
		sessions:    make(map[transport.SessionID]*session),
	}
	if !s.RelayOnly {
		if d.mux, err = newMux(bound, d.addresses, d.lost); err != nil {
			return nil, err
		}
	}
	d.resolver.loopback, d.resolver.loggers = d.addresses.known.Load().loopback, d.loggers
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d, nil
}

// listenAddr reads Config.ListenAddr. An empty host is the IPv6 unspecified
// address, which stands for both IP versions.
func listenAddr(s string) (netip.AddrPort, error) {
	if len(s) > 0 && s[0] == ':' {
		s = "[::]" + s
	}
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return a, fmt.Errorf("listen address: %w", err)
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}

// Media reports whether sessions carry audio and video: Config.Media.
func (d *Driver) Media() bool { return d.cfg.Media }

// lost ends all sessions when a socket fails under them.
func (d *Driver) lost(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sessions {
		s.fail(err)
	}
}

// Offer begins a session as its initiator. Errors: transport.ErrClosed, an id in use.
func (d *Driver) Offer(id transport.SessionID, h transport.Handler) (transport.Session, error) {
	s := d.newSession(id, h)
	s.initiator = true
	return d.start(s)
}

// Answer begins a session that a peer has offered. Errors: transport.ErrClosed,
// an id in use, an offer that cannot work.
func (d *Driver) Answer(id transport.SessionID, offer transport.Description, h transport.Handler) (transport.Session, error) {
	return d.AnswerWithin(id, offer, d.cfg.Silence, h)
}

// AnswerWithin is Answer for an answer that takes long to reach the peer. This end
// looks for a path in the first seconds, and whenever the peer does. Pion knows
// one timeout: should the peer fall silent later, that is noticed after patience
// as well, and sooner by the node's heartbeat only.
func (d *Driver) AnswerWithin(id transport.SessionID, offer transport.Description, patience time.Duration, h transport.Handler) (transport.Session, error) {
	if err := offer.Check(); err != nil {
		return nil, fmt.Errorf("offer: %w", err)
	}
	s := d.newSession(id, h)
	s.silence = max(patience, d.cfg.Silence)
	s.offered = copied(offer)
	s.add(offer.Candidates)
	x, err := d.start(s)
	if err != nil {
		s.release()
	}
	return x, err
}

// start makes a session known and drives it on a goroutine of its own.
func (d *Driver) start(s *session) (transport.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, transport.ErrClosed
	}
	if d.sessions[s.id] != nil {
		return nil, fmt.Errorf("session %v: id in use", s.id)
	}
	s.ctx, s.cancel = context.WithCancelCause(d.ctx)
	d.sessions[s.id] = s
	d.wg.Go(s.run)
	if s.media != nil {
		return mediaSession{s}, nil
	}
	return s, nil
}

// end frees the id of a session and its part of the sockets, so that the next
// session with that peer does not wait until the connection is torn down.
func (d *Driver) end(s *session) {
	d.mu.Lock()
	if d.sessions[s.id] == s {
		delete(d.sessions, s.id)
	}
	d.mu.Unlock()
	s.release()
	d.eager.forget(s.localUfrag())
	s.leave(d.mux)
}

// Close ends every session without calling their handlers, and frees the
// sockets. It waits for calls of handlers that are under way, and for every
// goroutine. It may be repeated.
func (d *Driver) Close() error {
	d.mu.Lock()
	d.closed = true
	all := make([]*session, 0, len(d.sessions))
	for _, s := range d.sessions {
		all = append(all, s)
	}
	d.mu.Unlock()
	for _, s := range all {
		_ = s.Close()
	}
	d.cancel()
	d.wg.Wait()
	d.resolver.close()
	if d.mux != nil {
		_ = d.mux.Close()
	}
	return nil
}
