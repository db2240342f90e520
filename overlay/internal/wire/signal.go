package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/n2n-overlay/n2n/transport"
)

// Codec seals and opens the signals of one network.
type Codec struct{ prefix []byte }

// NewCodec makes the codec of a network. Its name is signed with every signal,
// so that a signal of one network means nothing in another.
func NewCodec(network string) *Codec {
	name := sha256.Sum256([]byte(network))
	return &Codec{append([]byte("n2n/1 signal\x00"), name[:]...)}
}

// envelope is a signal as it travels: what From has signed, and the signature
// (RFC 8032) over prefix and payload. Payload is verified as received, before
// anything in it is believed but From.
type envelope struct {
	_         struct{} `cbor:",toarray"`
	Payload   []byte
	Signature []byte
}

// Seal signs a signal whose From is the key's and gives its bytes, at most
// MaxSignal. Its error says why the receiver would refuse the signal.
func (c *Codec) Seal(key ed25519.PrivateKey, s *transport.Signal) ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("signal: %w", err)
	}
	p, err := encoding.Marshal(toPayload(s))
	if err != nil {
		return nil, fmt.Errorf("%v: %w", s.Kind, err)
	}
	b, err := encoding.Marshal(envelope{Payload: p, Signature: ed25519.Sign(key, c.signed(p))})
	if err != nil {
		return nil, fmt.Errorf("%v: %w", s.Kind, err)
	}
	return b, nil
}

// Open reads a signal and verifies that s.From signed it for this network. It
// does not know whether s.To is this node, nor whether it came before. It keeps
// nothing of b. Its error is ErrMalformed or ErrSignature.
func (c *Codec) Open(b []byte) (*transport.Signal, error) {
	if len(b) > MaxSignal {
		return nil, fmt.Errorf("signal of %d bytes: %w: at most %d", len(b), ErrMalformed, MaxSignal)
	}
	var e envelope
	if err := decoding.Unmarshal(b, &e); err != nil {
		return nil, malformed("signal", err)
	}
	var p payload
	if err := decoding.Unmarshal(e.Payload, &p); err != nil {
		return nil, malformed("signal", err)
	}
	s := p.signal()
	if err := s.Check(); err != nil {
		return nil, malformed("signal", err)
	}
	// The cheap test comes before the dear one. What is signed but not
	// canonical is malformed all the same.
	if !canonical(b, e) || !canonical(e.Payload, toPayload(s)) {
		return nil, fmt.Errorf("signal: %w: not the canonical encoding", ErrMalformed)
	}
	if len(e.Signature) != ed25519.SignatureSize {
		return nil, fmt.Errorf("signal: %w: signature of %d bytes", ErrMalformed, len(e.Signature))
	}
	if !ed25519.Verify(s.From[:], c.signed(e.Payload), e.Signature) {
		return nil, fmt.Errorf("signal from %s: %w", s.From.Short(), ErrSignature)
	}
	return s, nil
}

// Hash names an offer: answers, candidates and rejects refer to it.
func (c *Codec) Hash(s *transport.Signal) [32]byte {
	p, err := encoding.Marshal(toPayload(s))
	if err != nil {
		return [32]byte{} // cannot be: a payload has nothing that CBOR lacks
	}
	return sha256.Sum256(c.signed(p))
}

func (c *Codec) signed(payload []byte) []byte {
	return append(c.prefix[:len(c.prefix):len(c.prefix)], payload...)
}

func canonical(b []byte, v any) bool {
	again, err := encoding.Marshal(v)
	return err == nil && bytes.Equal(again, b)
}
