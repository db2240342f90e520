// Package wire turns messages and signals into bytes and back. The format is
// that of spec/wire.cddl: CBOR (RFC 8949) in its deterministic encoding, arrays
// instead of maps, and exactly one encoding for each value.
//
//	b, err := wire.Encode(&arc.Ping{Id: 7}) // a message between neighbors
//	m, err := wire.Decode(b)
//
//	codec := wire.NewCodec("my network")
//	b, err = codec.Seal(key, offer) // a signal, signed, from end to end
//	s, err := codec.Open(b)         // s.From has signed it
//
// What comes from a peer is refused unless every size, count and depth is
// within its limit and encoding the result again gives the very same bytes:
// options of the decoder alone are not that strict. (They let an array of ints
// pass for bytes, null for anything, and 31 bytes for 32.)
//
// spec/vectors has bytes that must be read, and bytes that must be refused.
//
// # Concurrency
//
// All functions and methods may be called from several goroutines at once;
// none blocks. Nothing given to them is changed, or kept.
package wire

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/signal"
)

// Limits in bytes, checked before anything is decoded.
const (
	MaxMessage = 4096 // on the control channel
	MaxSignal  = signal.MaxRelayPayload
)

// Errors that callers branch on.
var (
	ErrMalformed = errors.New("malformed")
	ErrSignature = errors.New("signature does not match")
)

// Message is a message of the control channel: one of fsm/arc's, fsm/signal's or fsm/media's.
type Message interface {
	Tag() uint8
	Check() error // what is beyond the limits of the spec
}

// frame is what the control channel carries: a tag and that message's fields.
type frame struct {
	_    struct{} `cbor:",toarray"`
	Tag  uint8
	Body Message
}

// rawFrame is a frame before its tag has told what to make of its body.
type rawFrame struct {
	_    struct{} `cbor:",toarray"`
	Tag  uint8
	Body rawMessage
}

// Encode gives the bytes of a message, at most MaxMessage. Its error says which
// limit of the spec a field is beyond. Text must be UTF-8: a peer refuses other.
func Encode(m Message) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("message %d: %w", m.Tag(), err)
	}
	b, err := encoding.Marshal(frame{Tag: m.Tag(), Body: m})
	if err != nil {
		return nil, fmt.Errorf("message %d: %w", m.Tag(), err)
	}
	return b, nil
}

// Decode reads a message and keeps nothing of b. Its error is ErrMalformed: no
// peer of this version sends such bytes.
func Decode(b []byte) (Message, error) {
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("message of %d bytes: %w: at most %d", len(b), ErrMalformed, MaxMessage)
	}
	var f rawFrame
	if err := decoding.Unmarshal(b, &f); err != nil {
		return nil, malformed("message", err)
	}
	m := newMessage(f.Tag)
	if m == nil {
		return nil, fmt.Errorf("message %d: %w: unknown", f.Tag, ErrMalformed)
	}
	if err := decoding.Unmarshal(f.Body, m); err != nil {
		return nil, malformed(fmt.Sprintf("message %d", f.Tag), err)
	}
	if err := m.Check(); err != nil {
		return nil, malformed(fmt.Sprintf("message %d", f.Tag), err)
	}
	if again, err := Encode(m); err != nil || !bytes.Equal(again, b) {
		return nil, fmt.Errorf("message %d: %w: not the canonical encoding", f.Tag, ErrMalformed)
	}
	return m, nil
}

func newMessage(tag uint8) Message {
	if m := arc.New(tag); m != nil {
		return m
	}
	if m := signal.New(tag); m != nil {
		return m
	}
	if m := media.New(tag); m != nil {
		return m
	}
	return nil
}

func malformed(what string, err error) error {
	return fmt.Errorf("%s: %w: %w", what, ErrMalformed, err)
}
