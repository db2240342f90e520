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
// What comes from a peer is refused unless every size and count is within its
// limit, before memory is taken for it, and every item is of its type and in its
// one encoding.
//
// spec/vectors has bytes that must be read, and bytes that must be refused.
//
// # Concurrency
//
// All functions and methods may be called from several goroutines at once;
// none blocks. Nothing given to them is changed, or kept.
package wire

import (
	"errors"
	"fmt"
	"math"
	"slices"

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

// fields is what every message of fsm is, as a pointer.
type fields interface {
	Fields(to []any) []any
}

// Encode gives the bytes of a message, at most MaxMessage. Its error says which
// limit of the spec a field is beyond. Text must be UTF-8: a peer refuses other.
func Encode(m Message) ([]byte, error) { return Append(nil, m) }

// Append is Encode behind what is in b.
func Append(b []byte, m Message) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("message %d: %w", m.Tag(), err)
	}
	return appendMessage(b, m), nil
}

// appendMessage appends the tag of a message and its fields.
func appendMessage(b []byte, m Message) []byte {
	list := m.(fields).Fields(make([]any, 0, mostFields))
	size := 0
	for _, f := range list {
		size += room(f)
	}
	b = slices.Grow(b, 4+size)
	b = appendUint(appendArray(b, 2), uint64(m.Tag()))
	b = appendArray(b, len(list))
	for _, f := range list {
		b = appendField(b, f)
	}
	return b
}

// mostFields is what no message has more of.
const mostFields = 8

// Decode reads a message and keeps nothing of b. Its error is ErrMalformed: no
// peer of this version sends such bytes.
func Decode(b []byte) (Message, error) {
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("message of %d bytes: %w: at most %d", len(b), ErrMalformed, MaxMessage)
	}
	r := reader{b: b}
	r.array(2)
	tag := uint8(r.uint(math.MaxUint8))
	if r.err != nil {
		return nil, malformed("message", r.err)
	}
	m := newMessage(tag)
	if m == nil {
		return nil, fmt.Errorf("message %d: %w: unknown", tag, ErrMalformed)
	}
	list := m.(fields).Fields(make([]any, 0, mostFields))
	r.array(uint64(len(list)))
	for _, f := range list {
		r.field(f)
	}
	err := r.end()
	if err == nil {
		err = m.Check()
	}
	if err != nil {
		return nil, malformed(fmt.Sprintf("message %d", tag), err)
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
