package entrance

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers branch on, by errors.Is.
var (
	ErrEmptyRoom = errors.New("nobody else is in the room")
	ErrRefused   = errors.New("the entrance refuses") // also for overload: see RefusedError
)

// Reason is why a server refuses a client; the numbers are part of the protocol.
type Reason uint8

// The reasons.
const (
	EmptyRoom    Reason = 1 + iota // nobody else keeps a door open in the room
	RoomFull                       // no further door in the room
	TooManyRooms                   // no further room
	Busy                           // every door has as many newcomers as it takes
	Unanswered                     // those members that were asked did not answer
	TooLong                        // a newcomer took too long
	Malformed                      // not the protocol
	TooLarge                       // a frame of more than 4096 bytes
	TooFast                        // too many messages
	TooSlow                        // does not read what it is sent
	Silent                         // no sign of life, or no hello
	Replaced                       // the same client has a newer connection
	Version                        // no version of the protocol in common
	Origin                         // a web page of another origin
	Full                           // too many connections
	AddressFull                    // too many connections from one address
	Closing                        // the server is about to end
	reasons                        // how many there are
)

var reasonNames = [reasons]string{
	EmptyRoom: "empty room", RoomFull: "room full", TooManyRooms: "too many rooms", Busy: "busy",
	Unanswered: "no member answered", TooLong: "took too long", Malformed: "malformed", TooLarge: "too large",
	TooFast: "too many messages", TooSlow: "reads too slowly", Silent: "silent", Replaced: "replaced",
	Version: "no common version", Origin: "foreign origin", Full: "too many connections",
	AddressFull: "too many connections from one address", Closing: "closing",
}

func (r Reason) String() string {
	if r > 0 && r < reasons {
		return reasonNames[r]
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// lasting reports whether the same client would be refused again at once.
func (r Reason) lasting() bool {
	switch r {
	case EmptyRoom, RoomFull, TooManyRooms, Malformed, TooLarge, Version, Origin:
		return true
	}
	return false
}

// RefusedError says why the server refused. It is ErrRefused or, when nobody
// else is in the room, ErrEmptyRoom.
type RefusedError struct {
	Reason     Reason
	RetryAfter time.Duration // what the server wants; zero: it does not say
}

func (e *RefusedError) Error() string {
	if e.Reason == EmptyRoom {
		return ErrEmptyRoom.Error()
	}
	return ErrRefused.Error() + ": " + e.Reason.String()
}

// Is makes errors.Is hold for ErrEmptyRoom or ErrRefused.
func (e *RefusedError) Is(target error) bool {
	if e.Reason == EmptyRoom {
		return target == ErrEmptyRoom
	}
	return target == ErrRefused
}
