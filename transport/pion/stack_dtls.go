package pion

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"io"
	"sync"
	"sync/atomic"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/elliptic"
)

var (
	curves = []elliptic.Curve{elliptic.P256, elliptic.X25519} // on amd64 P-256 costs half as much
	suites = []dtls.CipherSuiteID{                            // AES-128-GCM is the fastest; RSA is for peers that chose such a key
		dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	}
	// profiles is for media, which a stack has not: but a PeerConnection of pion
	// goes on only where one was agreed on.
	profiles = []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80}
)

// secure has the other end prove that it has the certificate that it signed.
func (k *stack) secure(ctx context.Context, conn *dtls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	if conn.HandshakeContext(ctx) == nil {
		return nil
	}
	if leaf := k.certificate(); leaf != nil && sha256.Sum256(leaf) != k.remote.Fingerprint {
		return errFingerprint
	}
	return errDTLS
}

func (k *stack) newDTLS() (*dtls.Conn, error) {
	d := k.session.driver
	both := []dtls.Option{
		dtls.WithLoggerFactory(d.loggers),
		dtls.WithCertificates(d.own),
		dtls.WithInsecureSkipVerify(true), // of a chain; verify looks at the fingerprint
		dtls.WithVerifyPeerCertificate(k.verify),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithEllipticCurves(curves...),
		dtls.WithCipherSuites(suites...),
		dtls.WithFlightInterval(dtlsInterval),
		dtls.WithSRTPProtectionProfiles(profiles...),
	}
	if !k.serve {
		options := make([]dtls.ClientOption, len(both))
		for i, o := range both {
			options[i] = o
		}
		return dtls.ClientWithOptions(k.inbox, k.inbox.LocalAddr(), options...)
	}
	options := []dtls.ServerOption{
		dtls.WithClientAuth(dtls.RequireAnyClientCert),
		dtls.WithInsecureSkipVerifyHello(true), // ICE has proven the return path
	}
	for _, o := range both {
		options = append(options, o)
	}
	return dtls.ServerWithOptions(k.inbox, k.inbox.LocalAddr(), options...)
}

// verify is called during the handshake, once the other end has proven that it has
// the certificate's key.
func (k *stack) verify(raw [][]byte, _ [][]*x509.Certificate) error {
	if len(raw) == 0 {
		return errFingerprint
	}
	k.mu.Lock()
	k.leaf = raw[0]
	k.mu.Unlock()
	if sha256.Sum256(raw[0]) != k.remote.Fingerprint {
		return errFingerprint
	}
	return nil
}

func (k *stack) certificate() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.leaf
}

// gate is a DTLS connection that SCTP gets before the handshake: who reads or
// writes waits for that.
type gate struct {
	*dtls.Conn
	once   sync.Once
	passed atomic.Bool
	over   chan struct{} // closed when the handshake is over
}

func newGate(conn *dtls.Conn) *gate { return &gate{Conn: conn, over: make(chan struct{})} }

// open says that the handshake has been successful.
func (g *gate) open() {
	g.once.Do(func() {
		g.passed.Store(true)
		close(g.over)
	})
}

func (g *gate) pass() bool {
	if !g.passed.Load() {
		<-g.over
	}
	return g.passed.Load()
}

func (g *gate) Read(p []byte) (int, error) {
	if !g.pass() {
		return 0, io.EOF
	}
	return g.Conn.Read(p)
}

func (g *gate) Write(p []byte) (int, error) {
	if !g.pass() {
		return 0, io.ErrClosedPipe
	}
	return g.Conn.Write(p)
}

// Close ends the connection, and the waiting.
func (g *gate) Close() error {
	g.once.Do(func() { close(g.over) })
	return g.Conn.Close()
}
