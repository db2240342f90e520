package pion

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"time"
)

// certificate gives the DTLS certificate to use and its fingerprint (RFC 8122). With
// mark a fresh one is marked.
func certificate(own *tls.Certificate, mark bool) (tls.Certificate, [32]byte, error) {
	if own == nil {
		fresh, err := newCertificate(mark)
		if err != nil {
			return tls.Certificate{}, [32]byte{}, fmt.Errorf("new certificate: %w", err)
		}
		own = fresh
	}
	key, ok := own.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() || len(own.Certificate) == 0 {
		return tls.Certificate{}, [32]byte{}, errors.New("certificate: want one with an ECDSA P-256 key")
	}
	return *own, sha256.Sum256(own.Certificate[0]), nil
}

// newCertificate makes a self-signed certificate. Peers look at nothing but its
// fingerprint and its key, so it names nobody.
func newCertificate(mark bool) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	number, err := serial(&key.PublicKey, mark)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := x509.Certificate{
		SerialNumber: number,
		Subject:      pkix.Name{CommonName: "WebRTC"},
		NotBefore:    now.AddDate(0, 0, -1), // the peer's clock may be late
		NotAfter:     now.AddDate(10, 0, 0), // pion begins nothing with one that has expired
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
