// Package transport names what a WebRTC stack must do for a node, and the
// nouns that everything above it shares.
//
// A [Driver] makes one [Session] (a WebRTC connection) per attempt and reports
// what becomes of it to a [Handler]. transport/pion does so over the network,
// transport/mem in memory with faults; transport/transporttest holds the tests
// that every driver must pass.
//
//	s, err := driver.Offer(id, handler)   // handler.Described gives the offer
//	err = s.Finish(answer)                // what the other end answered
//	...                                   // handler.Up: channel 0 is open
//	c, err := s.Channel(transport.ControlChannel, transport.ChannelConfig{})
//	err = c.Send([]byte("hello"))
//
// # Concurrency
//
// All methods may be called from any goroutine, and none waits for the network:
// work that takes time happens on goroutines of the driver, and its outcome
// reaches the Handler. A driver never calls the Handler from inside a method
// that the node called. For one session the calls of Described, Gathered, Up
// and Down are sequential, Down is the last, and the calls of Message are
// sequential for each channel. After Session.Close returns no new call is made
// for that session; one that is under way may still finish.
package transport

import (
	"errors"
	"time"
)

// Channels that exist at both ends as soon as a session is made, so that no
// message can arrive before its channel does.
const (
	ControlChannel uint16 = 0 // the node's own messages; ordered and reliable
	FirstChannel   uint16 = 1 // for the first protocol of a session; ordered and reliable
)

// MaxFrame is the largest message in bytes that Channel.Send takes: 16 KiB and
// a header of the layer above. It is far
// below what WebRTC stacks allow, because a large message holds up the other
// channels of its session (RFC 8831 section 6.6), and one above the receiver's
// SCTP window stalls them for ever. The layer above cuts larger messages.
const MaxFrame = 16<<10 + 64

// Errors that callers branch on.
var (
	ErrClosed     = errors.New("closed")
	ErrSilent     = errors.New("nothing heard from the other end") // why Down: neither data nor consent came for too long (RFC 7675)
	ErrTooLarge   = errors.New("message larger than transport.MaxFrame")
	ErrBufferFull = errors.New("send buffer full")
	ErrSections   = errors.New("no media section left in this session")
)

// Driver performs WebRTC for one node.
type Driver interface {
	// Offer begins a session as its initiator.
	Offer(id SessionID, h Handler) (Session, error)
	// Answer begins a session that another peer has offered.
	Answer(id SessionID, offer Description, h Handler) (Session, error)
	// Close ends every session without calling their handlers, and frees the
	// sockets. When it returns, no goroutine of the driver is left: it waits for
	// handler calls that are under way, and must not be called from one.
	Close() error
}

// Patient is a driver whose attempts find no path for long and go on all the same.
// A node uses it for an answer that a person carries: until it has reached the
// other end, nothing can come from there.
type Patient interface {
	// AnswerWithin is Answer, but while no path is found the attempt lasts for
	// as long as patience.
	AnswerWithin(id SessionID, offer Description, patience time.Duration, h Handler) (Session, error)
}

// Session is one WebRTC connection, or the attempt at one.
type Session interface {
	// Finish applies the answer to a session that was begun with Offer, once.
	// A description that cannot work ends the session with Down.
	Finish(answer Description) error
	// AddCandidates adds addresses of the other end, also before Finish;
	// repeated ones change nothing.
	AddCandidates(c []Candidate) error
	// Channel opens a channel, or gives the one that is open under that number.
	// Both ends open the same number with the same config (RFC 8831: negotiated
	// out of band), the receiver before the sender sends; a message that finds
	// its channel not open ends the session. ControlChannel and FirstChannel may
	// be asked for before Up. The handler gets the messages of a channel only
	// from the first call of Channel on; until then they wait in the receive
	// window. Numbers are at most 65534 (browsers: 1023), and one that was
	// closed is not used again. Errors: a config that cannot be, ErrClosed.
	Channel(number uint16, cfg ChannelConfig) (Channel, error)
	// Close ends the session at once; the other end gets Down. It may be repeated.
	Close() error
}

// Channel carries messages of at most MaxFrame bytes in both directions.
type Channel interface {
	// Send queues one message and returns without waiting for the network;
	// p may be reused then. An empty message arrives as an empty message
	// (RFC 8831 section 6.6). Errors: ErrTooLarge, ErrBufferFull when more than
	// a driver's bound (at least 4 MiB for each channel) is queued, ErrClosed.
	Send(p []byte) error
	Close() error
}

// Queue is what a Channel may be, too: one that tells how many bytes it has
// queued, or sent without word that they have arrived. Who has several messages
// for a channel with much in it can send them as one.
type Queue interface{ Queued() int }

// ChannelConfig is how a channel delivers what this end sends (RFC 8831 section
// 6.4). The zero value is reliable and ordered. At most one of MaxRetransmits and
// MaxLifetime may be set. Nothing arrives twice, or in part. A driver that cannot
// do what a config allows it to, for want of a stack or of a peer that can, delivers
// more: reliably, in order. Its documentation says when.
type ChannelConfig struct {
	Unordered      bool
	MaxRetransmits *uint16       // nil: not limited
	MaxLifetime    time.Duration // zero: not limited; in milliseconds on the wire
}

// Handler is told what becomes of a session. Its methods must return soon.
type Handler interface {
	// Described gives this end's description, once. Candidates found before
	// are in it, later ones come with Gathered.
	Described(id SessionID, d Description)
	// Gathered gives further addresses of this end. The call with last set
	// (possibly without candidates) is the last; it always comes. Addresses
	// that were not told when the session is up need not be.
	Gathered(id SessionID, c []Candidate, last bool)
	// Up says that ControlChannel can carry messages both ways, once.
	Up(id SessionID)
	// Down says that the session is over, and why, once. It is not called
	// when this end closed the session itself.
	Down(id SessionID, reason error)
	// Message gives one message, the first after Up has returned. data is only
	// valid until Message returns. While it does not return, no further message
	// of that channel is read; Down does not wait for it.
	Message(id SessionID, channel uint16, data []byte)
}
