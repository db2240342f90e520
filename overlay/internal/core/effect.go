package core

import (
	"errors"
	"fmt"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// Effect is what Step wants done. Effects are to be carried out in order.
type Effect interface{ effect() }

type (
	// MakeOffer, MakeAnswer, Finish, AddCandidates and CloseSession are calls
	// of the driver. One that cannot be carried out is answered with Down.
	MakeOffer struct {
		ID   transport.SessionID
		Peer transport.PeerID // zero: not known yet
	}
	MakeAnswer struct {
		ID    transport.SessionID
		Peer  transport.PeerID
		Offer transport.Description
		// Patience is how long it may take until the other end can know the
		// answer; zero: no longer than signals take.
		Patience time.Duration
	}
	Finish struct {
		ID     transport.SessionID
		Answer transport.Description
	}
	AddCandidates struct {
		ID transport.SessionID
		C  []transport.Candidate
	}
	CloseSession struct{ ID transport.SessionID }

	// Send sends a message on a session's control channel.
	Send struct {
		ID  transport.SessionID
		Msg Message
	}
	// SendSignal signs a signal and sends it: over Conn, or, if that is zero,
	// as a relay on Via's control channel; Path is this peer, the brokers and
	// the receiver.
	SendSignal struct {
		Conn   uint64
		Via    transport.SessionID
		Path   []transport.PeerID
		Signal *transport.Signal
	}

	// OpenChannel opens a protocol's channel on a session, for receiving.
	OpenChannel struct {
		ID       transport.SessionID
		Peer     transport.PeerID
		Protocol string
		Channel  uint16
	}
	// Usable says that the other end has that channel open: data may be sent.
	Usable struct {
		ID       transport.SessionID
		Peer     transport.PeerID
		Protocol string
		Channel  uint16
	}

	// OfferMedia, AnswerMedia and FinishMedia are calls of the driver; each is
	// answered with MediaDone.
	OfferMedia struct {
		ID           transport.SessionID
		Audio, Video uint8 // sections at least
	}
	AnswerMedia struct {
		ID    transport.SessionID
		Offer transport.Media
	}
	FinishMedia struct {
		ID     transport.SessionID
		Answer transport.Media
	}
	// SendMedia sends an offer or answer of media on a session's control
	// channel; Media are its sections.
	SendMedia struct {
		ID    transport.SessionID
		Msg   Message
		Media *transport.Media
	}
	// MediaSettled says that both ends agree on which tracks are sent; All: on
	// every one that is attached here and can be. MediaOver says that there is no
	// media on the session from now on, and why.
	MediaSettled struct {
		ID  transport.SessionID
		All bool
	}
	MediaOver struct {
		ID  transport.SessionID
		Err error
	}

	// Opened, Closed, Reversed and Failed are news of a protocol's arcs.
	Opened struct {
		Protocol   string
		Peer       transport.PeerID
		Out        bool
		Via        []transport.PeerID // brokers of a new session, from this end on
		NewSession bool
	}
	Closed struct {
		Protocol string
		Peer     transport.PeerID
		Out      bool
		Cause    Cause
		Arcs     int // of this protocol with this peer that went at once; each has its own Closed
	}
	// Reversed says that an arc has turned round. It is one effect, not two, so
	// that nobody sees the peer without the arc.
	Reversed struct {
		Protocol string
		Peer     transport.PeerID
		Out      bool // it leaves here now; else it has until now
	}
	Failed struct {
		Protocol string
		Peer     transport.PeerID
		Via      []transport.PeerID
		State    string // of the link when it failed
		Err      error
	}

	// Done ends a call. Peer is whom a join reached.
	Done struct {
		Call uint64
		Peer transport.PeerID
		Err  *Failed // nil: it worked
	}
	// DoorDone says that the newcomer at the other end of Conn is in, or why it
	// was turned away. A newcomer whose attempt fails goes on over Conn, or
	// closes it.
	DoorDone struct {
		Conn uint64
		Peer transport.PeerID
		Err  error
	}
	// Fault is a peer's violation of the protocol, which costs it its session,
	// or a bug of our own.
	Fault struct {
		Peer transport.PeerID
		Err  error
		Bug  bool
	}
)

func (MakeOffer) effect()     {}
func (MakeAnswer) effect()    {}
func (Finish) effect()        {}
func (AddCandidates) effect() {}
func (CloseSession) effect()  {}
func (Send) effect()          {}
func (SendSignal) effect()    {}
func (OpenChannel) effect()   {}
func (Usable) effect()        {}
func (Opened) effect()        {}
func (Closed) effect()        {}
func (Reversed) effect()      {}
func (Failed) effect()        {}
func (Done) effect()          {}
func (DoorDone) effect()      {}
func (Fault) effect()         {}

func (OfferMedia) effect()   {}
func (AnswerMedia) effect()  {}
func (FinishMedia) effect()  {}
func (SendMedia) effect()    {}
func (MediaSettled) effect() {}
func (MediaOver) effect()    {}

// Cause is why an arc ended.
type Cause uint8

// The causes.
const (
	Here    Cause = iota // this end ended it
	There                // the other end ended it
	Left                 // the other end left the network
	Crashed              // the session was lost
	Idle                 // the session was given up: the other end fell silent
)

func (c Cause) String() string {
	switch c {
	case Here:
		return "here"
	case There:
		return "there"
	case Left:
		return "left"
	case Crashed:
		return "crashed"
	case Idle:
		return "idle"
	}
	return fmt.Sprintf("Cause(%d)", uint8(c))
}

// Errors that end a call.
var (
	ErrClosed      = errors.New("node or protocol is closed")
	ErrNotNeighbor = errors.New("not a neighbor")
	ErrRefused     = errors.New("refused by the peer")
	ErrBusy        = errors.New("refused by the peer: too many attempts under way")
	ErrBrokerLost  = errors.New("broker cannot reach the peer")
	ErrTimeout     = errors.New("timed out")
	ErrCancelled   = errors.New("cancelled")
	ErrFailed      = errors.New("no connection")
	ErrVersion     = errors.New("peer speaks another version of the protocol")
	ErrViolation   = errors.New("peer broke the protocol")
	ErrSelf        = errors.New("that is this node itself")
	ErrSilent      = transport.ErrSilent
	ErrHeld        = errors.New("arc is held")
	ErrNoMedia     = errors.New("no media with this peer")
)

// BugError says that a machine got an event that its spec rules out.
type BugError struct{ Machine, State, Event string }

func (e *BugError) Error() string {
	return fmt.Sprintf("machine %s: event %s in state %s cannot be", e.Machine, e.Event, e.State)
}

// Stats counts what a peer did and refused since it began.
type Stats struct {
	SignalsSent     uint64
	SignalsReceived uint64
	SignalsStale    uint64 // of attempts that are over, or repeated
	SignalsRefused  uint64 // wrong addressee, wrong offer, reflected, malformed
	Relayed         uint64 // signals of others passed on
	Bounced         uint64 // signals of others that went no further
	Forged          uint64 // relays whose path lied
	Glares          uint64 // offers that crossed
	SessionsOpened  uint64
	SessionsLost    uint64
	Violations      uint64
}
