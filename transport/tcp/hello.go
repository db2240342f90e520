package tcp

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// helloTimeout is for TLS and the hello of one connection.
const helloTimeout = 10 * time.Second

// What the ends say before a connection counts.
const (
	accepted = 'a' // the hello is right, says who was dialed; and so am I, says the answerer
	chosen   = 'c' // says the initiator: this connection it is
)

var errFingerprint = errors.New("the other end has another certificate than it signed")

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }

// hello is the first that who dials says: for which attempt the connection is, and
// by both passwords that it knows both descriptions. TLS keeps them from others.
type hello struct{ to, toPassword, from, fromPassword string }

func (h hello) fields() []string { return []string{h.to, h.toPassword, h.from, h.fromPassword} }

// write sends each field after a byte with its length: they have at most 64.
func (h hello) write(w io.Writer) error {
	var b []byte
	for _, f := range h.fields() {
		b = append(append(b, byte(len(f))), f...)
	}
	_, err := w.Write(b)
	return err
}

func readHello(r io.Reader) (h hello, err error) {
	for _, f := range []*string{&h.to, &h.toPassword, &h.from, &h.fromPassword} {
		var b [1 + transport.MaxPassword]byte
		if _, err := io.ReadFull(r, b[:1]); err != nil {
			return h, err
		}
		n := int(b[0])
		if n > transport.MaxPassword {
			return h, fmt.Errorf("field of %d bytes", n)
		}
		if _, err := io.ReadFull(r, b[1:1+n]); err != nil {
			return h, err
		}
		*f = string(b[1 : 1+n])
	}
	return h, nil
}

// same compares hellos without telling how much of a password was right.
func (h hello) same(want hello) bool {
	ok := 1
	for i, f := range h.fields() {
		ok &= subtle.ConstantTimeCompare([]byte(f), []byte(want.fields()[i]))
	}
	return ok == 1
}

// certified reports whether the other end has the certificate that its description
// names. TLS has proven that it has the key.
func certified(c *tls.Conn, want transport.Description) bool {
	certs := c.ConnectionState().PeerCertificates
	return len(certs) > 0 && sha256.Sum256(certs[0].Raw) == want.Fingerprint
}
