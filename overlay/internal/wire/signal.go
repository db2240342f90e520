package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"unicode/utf8"

	"github.com/n2n-overlay/n2n/fsm/arc"
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
	if err := check(s); err != nil {
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
	if err := check(s); err != nil {
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

// check reports what no signal may be, neither one to send nor one received: a
// field that its kind needs is missing, one that it has no use for is set, or
// one is beyond its limit. So what is signed says one thing only.
func check(s *transport.Signal) error {
	k, own, nobody := s.Kind, s.Session.Initiator == s.From, s.To.IsZero()
	switch {
	case k < transport.Offer || k > transport.Reject:
		return fmt.Errorf("%v unknown", k)
	case s.From.IsZero():
		return fmt.Errorf("%v from nobody", k)
	case s.From == s.To:
		return fmt.Errorf("%v to its sender", k)
	case !own && s.Session.Initiator != s.To:
		return fmt.Errorf("%v of a session of others", k)
	case own && (k == transport.Answer || k == transport.Reject), !own && k == transport.Offer:
		return fmt.Errorf("%v by the wrong end of the session", k)
	case nobody && !(own && (k == transport.Offer || k == transport.Candidates)):
		return fmt.Errorf("%v to nobody", k)
	case (s.Description != nil) != (k == transport.Offer || k == transport.Answer):
		return fmt.Errorf("%v: description missing or out of place", k)
	case (s.Ref != [32]byte{}) != (k == transport.Answer || k == transport.Candidates || k == transport.Reject):
		return fmt.Errorf("%v: ref missing or out of place", k)
	case s.Mine != 0 && k != transport.Answer && k != transport.Reset, s.Yours != 0 && k != transport.Reset:
		return fmt.Errorf("%v voids offers", k)
	case s.Reason > transport.Refused, s.Reason != transport.NoReason && k != transport.Reject:
		return fmt.Errorf("%v: %v", k, s.Reason)
	case (len(s.Candidates) > 0 || s.Last) && k != transport.Candidates:
		return fmt.Errorf("%v: candidates out of place", k)
	}
	if w := s.Wish; w != nil {
		if k != transport.Offer || w.Arc == 0 || w.Protocol == "" || len(w.Protocol) > arc.MaxBindProtocol || !utf8.ValidString(w.Protocol) {
			return fmt.Errorf("%v: wish out of place or beyond its limits", k)
		}
	}
	if s.Description != nil {
		if err := s.Description.Check(); err != nil {
			return err
		}
	}
	return transport.CheckCandidates(s.Candidates)
}
