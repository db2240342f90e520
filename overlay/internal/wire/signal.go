package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/n2n-overlay/n2n/transport"
)

// usualSize is room for nearly every payload: an offer with eight addresses
// takes about 400 bytes.
const usualSize = 448

// Codec seals and opens the signals of one network.
type Codec struct{ prefix []byte }

// NewCodec makes the codec of a network. Its name is signed with every signal,
// so that a signal of one network means nothing in another.
func NewCodec(network string) *Codec {
	name := sha256.Sum256([]byte(network))
	return &Codec{append([]byte("n2n/1 signal\x00"), name[:]...)}
}

// A signal travels in an envelope: an array of its payload, which is what From
// has signed, and the signature (RFC 8032) over prefix and payload. The payload
// is verified as received, before anything in it is believed but From.
const envelopeFields = 2

// Seal signs a signal whose From is the key's and gives its bytes, at most
// MaxSignal. Its error says why the receiver would refuse the signal.
func (c *Codec) Seal(key ed25519.PrivateKey, s *transport.Signal) ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("signal: %w", err)
	}
	signed := c.signed(s)
	payload, signature := signed[len(c.prefix):], ed25519.Sign(key, signed)
	b := make([]byte, 0, 8+len(payload)+len(signature))
	return appendBytes(appendBytes(appendArray(b, envelopeFields), payload), signature), nil
}

// Open reads a signal and verifies that s.From signed it for this network. It
// does not know whether s.To is this node, nor whether it came before. It keeps
// nothing of b. Its error is ErrMalformed or ErrSignature.
func (c *Codec) Open(b []byte) (*transport.Signal, error) {
	if len(b) > MaxSignal {
		return nil, fmt.Errorf("signal of %d bytes: %w: at most %d", len(b), ErrMalformed, MaxSignal)
	}
	envelope := reader{b: b}
	envelope.array(envelopeFields)
	payload, signature := envelope.bytes(), envelope.bytes()
	if err := envelope.end(); err != nil {
		return nil, malformed("signal", err)
	}
	if len(signature) != ed25519.SignatureSize {
		return nil, fmt.Errorf("signal: %w: signature of %d bytes", ErrMalformed, len(signature))
	}
	r := reader{b: payload}
	s := r.signal()
	err := r.end()
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		return nil, malformed("signal", err)
	}
	signed := append(c.prefix[:len(c.prefix):len(c.prefix)], payload...)
	if !ed25519.Verify(s.From[:], signed, signature) {
		return nil, fmt.Errorf("signal from %s: %w", s.From.Short(), ErrSignature)
	}
	return s, nil
}

// Hash names an offer: answers, candidates and rejects refer to it.
func (c *Codec) Hash(s *transport.Signal) [32]byte { return sha256.Sum256(c.signed(s)) }

// signed gives what the signature of a signal is over: the prefix and the one
// encoding of its payload.
func (c *Codec) signed(s *transport.Signal) []byte {
	b := make([]byte, 0, len(c.prefix)+usualSize)
	return appendSignal(append(b, c.prefix...), s)
}
