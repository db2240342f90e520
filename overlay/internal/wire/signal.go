package wire

import (
	"bytes"
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
	signed, err := c.signed(s, usualSize)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", s.Kind, err)
	}
	b, err := encoding.Marshal(envelope{Payload: signed[len(c.prefix):], Signature: ed25519.Sign(key, signed)})
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
	if len(e.Signature) != ed25519.SignatureSize {
		return nil, fmt.Errorf("signal: %w: signature of %d bytes", ErrMalformed, len(e.Signature))
	}
	// The cheap test comes before the dear one. What is signed but not
	// canonical is malformed all the same.
	signed, err := c.signed(s, len(e.Payload))
	if err != nil || len(b) != e.size() || !bytes.Equal(signed[len(c.prefix):], e.Payload) {
		return nil, fmt.Errorf("signal: %w: not the canonical encoding", ErrMalformed)
	}
	if !ed25519.Verify(s.From[:], signed, e.Signature) {
		return nil, fmt.Errorf("signal from %s: %w", s.From.Short(), ErrSignature)
	}
	return s, nil
}

// Hash names an offer: answers, candidates and rejects refer to it.
func (c *Codec) Hash(s *transport.Signal) [32]byte {
	signed, err := c.signed(s, usualSize)
	if err != nil {
		return [32]byte{} // cannot be: a payload has nothing that CBOR lacks
	}
	return sha256.Sum256(signed)
}

// signed gives what the signature of a signal is over: the prefix and the one
// encoding of its payload, for which there is room for size bytes at first.
func (c *Codec) signed(s *transport.Signal, size int) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(c.prefix) + size)
	b.Write(c.prefix)
	err := encoding.MarshalToBuffer(toPayload(s), &b)
	return b.Bytes(), err
}

// size is what the one encoding of an envelope takes. Any other that decodes to
// the same has a length in more bytes than it needs, and so is longer.
func (e *envelope) size() int {
	size := 1 // the array of two
	for _, n := range []int{len(e.Payload), len(e.Signature)} {
		size += n + headSize(n)
	}
	return size
}

// headSize is what the type and length of a string of n bytes take (RFC 8949
// section 3); MaxSignal has no more than 16 bits.
func headSize(n int) int {
	switch {
	case n < 24:
		return 1
	case n < 256:
		return 2
	}
	return 3
}
