package entrance

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/n2n-overlay/n2n/transport"
)

const (
	subprotocol = "n2n.entrance.v1"
	maxFrame    = 4096 // bytes
	maxSignal   = 2048 // bytes; what overlay.Signals carries
	maxRoom     = 64   // bytes
)

// kind is the first byte of a frame; see the package comment.
type kind uint8

const (
	hello   kind = 1
	welcome kind = 2
	begin   kind = 3
	signal  kind = 4
	end     kind = 5
	moved   kind = 6
	refused kind = 7
	goaway  kind = 8
	ping    kind = 9
	pong    kind = 10
)

// role is what a client says hello as.
type role uint8

const (
	keeper   role = 1
	newcomer role = 2
)

type token [16]byte

// frame is a message of the protocol. Which fields count depends on the kind.
type frame struct {
	kind   kind
	role   role             // hello
	peer   transport.PeerID // hello
	token  token            // hello
	room   string           // hello
	number uint32           // begin, signal, end
	signal []byte           // signal; part of the bytes that were decoded
	reason Reason           // refused
	after  time.Duration    // refused, goaway; in milliseconds on the wire
}

func (f frame) encode() []byte {
	b := []byte{byte(f.kind)}
	switch f.kind {
	case hello:
		b = append(b, byte(f.role))
		b = append(b, f.peer[:]...)
		b = append(b, f.token[:]...)
		b = append(b, f.room...)
	case signal:
		b = append(make([]byte, 0, 5+len(f.signal)), b...)
		b = binary.BigEndian.AppendUint32(b, f.number)
		b = append(b, f.signal...)
	case begin, end:
		b = binary.BigEndian.AppendUint32(b, f.number)
	case refused:
		b = append(b, byte(f.reason))
		b = appendMillis(b, f.after)
	case goaway:
		b = appendMillis(b, f.after)
	}
	return b
}

func appendMillis(b []byte, d time.Duration) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(min(max(0, d.Milliseconds()), math.MaxUint32)))
}

var errFrame = errors.New("not a frame")

// errUnknown is for a kind that a later version may have.
var errUnknown = errors.New("unknown kind")

// decode reads what encode gives, and nothing else. It keeps b.
func decode(b []byte) (frame, error) {
	if len(b) == 0 || len(b) > maxFrame {
		return frame{}, errFrame
	}
	f, rest := frame{kind: kind(b[0])}, b[1:]
	size := -1 // of the fields, if it is fixed
	switch f.kind {
	case hello:
		return decodeHello(rest)
	case signal:
		if len(rest) < 5 || len(rest) > 4+maxSignal {
			return frame{}, errFrame
		}
		f.number, f.signal = binary.BigEndian.Uint32(rest), rest[4:]
		return f, nil
	case begin, end, goaway:
		size = 4
	case refused:
		size = 5
	case welcome, moved, ping, pong:
		size = 0
	default:
		return frame{}, fmt.Errorf("%w: %w", errFrame, errUnknown)
	}
	if len(rest) != size {
		return frame{}, errFrame
	}
	switch f.kind {
	case begin, end:
		f.number = binary.BigEndian.Uint32(rest)
	case refused:
		f.reason, f.after = Reason(rest[0]), millis(rest[1:])
	case goaway:
		f.after = millis(rest)
	}
	return f, nil
}

func millis(b []byte) time.Duration {
	return time.Duration(binary.BigEndian.Uint32(b)) * time.Millisecond
}

func decodeHello(b []byte) (frame, error) {
	f := frame{kind: hello}
	const fixed = 1 + len(f.peer) + len(f.token)
	if len(b) < fixed {
		return frame{}, errFrame
	}
	f.role = role(b[0])
	b = b[1:]
	copy(f.peer[:], b)
	b = b[len(f.peer):]
	copy(f.token[:], b)
	f.room = string(b[len(f.token):])
	if f.role != keeper && f.role != newcomer || !validRoom(f.room) {
		return frame{}, errFrame
	}
	return f, nil
}

func validRoom(name string) bool {
	return name != "" && len(name) <= maxRoom && utf8.ValidString(name)
}

// renumber gives an encoded signal another conversation, in place.
func renumber(b []byte, number uint32) { binary.BigEndian.PutUint32(b[1:], number) }
