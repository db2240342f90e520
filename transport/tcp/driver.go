package tcp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// Driver connects nodes of this machine over TCP. Make one with New.
type Driver struct {
	listener    net.Listener
	addr        netip.AddrPort
	cert        tls.Certificate
	fingerprint [32]byte
	ctx         context.Context // ends with Close
	cancel      context.CancelFunc
	wg          sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	sessions map[transport.SessionID]*session
	names    map[string]*session // by ufrag: for whom a connection comes in
}

// New makes a driver that listens on a free port of 127.0.0.1, with a certificate
// of its own.
func New() (*Driver, error) {
	cert, err := certificate()
	if err != nil {
		return nil, fmt.Errorf("tcp: certificate: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("tcp: %w", err)
	}
	d := &Driver{
		listener: l, addr: l.Addr().(*net.TCPAddr).AddrPort(),
		cert: cert, fingerprint: sha256.Sum256(cert.Certificate[0]),
		sessions: map[transport.SessionID]*session{}, names: map[string]*session{},
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.wg.Go(d.accept)
	return d, nil
}

// certificate says who the driver is, and nothing else: nobody looks at its names
// or dates, but at its hash, which is in each Description.
func certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// Offer begins a session as its initiator. Errors: transport.ErrClosed, an id in
// use.
func (d *Driver) Offer(id transport.SessionID, h transport.Handler) (transport.Session, error) {
	return d.begin(newSession(d, id, h, true))
}

// Answer begins a session that a peer has offered. Errors: transport.ErrClosed, an
// id in use, an offer that cannot work.
func (d *Driver) Answer(id transport.SessionID, offer transport.Description, h transport.Handler) (transport.Session, error) {
	if err := offer.Check(); err != nil {
		return nil, fmt.Errorf("tcp: offer: %w", err)
	}
	s := newSession(d, id, h, false)
	s.know(offer)
	return d.begin(s)
}

// begin makes a session known, and starts its goroutine.
func (d *Driver) begin(s *session) (transport.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return nil, transport.ErrClosed
	case d.sessions[s.id] != nil:
		return nil, fmt.Errorf("tcp: session %v: id in use", s.id)
	}
	d.sessions[s.id], d.names[s.local.Ufrag] = s, s
	d.wg.Go(s.run)
	return s, nil
}

// forget frees a session's id.
func (d *Driver) forget(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sessions[s.id] == s {
		delete(d.sessions, s.id)
	}
	delete(d.names, s.local.Ufrag)
}

// accept hands incoming connections to the sessions that they are for. It ends
// with the listener.
func (d *Driver) accept() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.wg.Go(func() { d.greet(conn) })
	}
}

// greet reads for whom a connection is. Whoever connects has a moment to say so.
func (d *Driver) greet(conn net.Conn) {
	c := tls.Server(conn, d.tls())
	if err := c.SetDeadline(time.Now().Add(helloTimeout)); err != nil {
		c.Close()
		return
	}
	stop := context.AfterFunc(d.ctx, func() { conn.Close() })
	h, err := readHello(c)
	stop()
	d.mu.Lock()
	s := d.names[h.to]
	d.mu.Unlock()
	if err != nil || s == nil {
		c.Close()
		return
	}
	s.greeted(c, h)
}

// tls is the configuration of both ends: certificates are wanted, and judged by
// the session, which knows the fingerprint.
func (d *Driver) tls() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{d.cert}, MinVersion: tls.VersionTLS13,
		ClientAuth: tls.RequireAnyClientCert, InsecureSkipVerify: true,
		SessionTicketsDisabled: true,
	}
}

// Close ends every session without calling their handlers, and waits for the
// driver's goroutines. It may be repeated.
func (d *Driver) Close() error {
	d.mu.Lock()
	d.closed = true
	for _, s := range d.sessions {
		s.silent.Store(true)
	}
	d.mu.Unlock()
	d.cancel()
	err := d.listener.Close()
	d.wg.Wait()
	if err != nil && !isClosed(err) {
		return fmt.Errorf("tcp: %w", err)
	}
	return nil
}
