package core

import (
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// Input is what Step takes: a call of the application, an event of the driver,
// a message of a neighbor, a signal, or Tick. Call numbers are the caller's; a
// call with number 0 gets no Done.
type Input interface{ input() }

// Message is a message of the control channel (fsm/signal, fsm/arc).
type Message interface {
	Tag() uint8
	Check() error
}

// Route is how signals reach a peer that is not a neighbor: through brokers,
// the first one being a neighbor, or over a channel of the application's.
type Route struct {
	Brokers []transport.PeerID
	Conn    uint64 // zero: through the brokers
}

// none reports whether there is no way left: the channel was closed.
func (r Route) none() bool { return r.Conn == 0 && len(r.Brokers) == 0 }

type (
	// Tick says that time has passed.
	Tick struct{}

	// Connect asks for an arc to a neighbor (no Path) or through brokers.
	Connect struct {
		Call     uint64
		Protocol string
		To       transport.PeerID
		Path     []transport.PeerID
		Timeout  time.Duration // zero: Config.ConnectTimeout
	}
	// Disconnect ends one arc of the outview.
	Disconnect struct {
		Call     uint64
		Protocol string
		To       transport.PeerID
	}
	// Reverse turns one arc of the outview round: it is one of the inview then.
	Reverse struct {
		Call     uint64
		Protocol string
		To       transport.PeerID
	}
	// Hold keeps Disconnect and Reverse from one arc of the outview. The call's
	// number is the hold's name, until Release, or until no such arc is left.
	Hold struct {
		Call     uint64
		Protocol string
		To       transport.PeerID
	}
	// Release ends a hold, if it is not over.
	Release struct {
		Hold uint64
		To   transport.PeerID
	}
	// Cancel says that nobody waits for a call any more.
	Cancel struct{ Call uint64 }
	// Introduce asks From for an arc to To, brokered by this peer.
	Introduce struct {
		Call     uint64
		Protocol string
		From, To transport.PeerID
	}
	// Invite asks From for an arc to this peer.
	Invite struct {
		Call     uint64
		Protocol string
		From     transport.PeerID
	}
	// Join asks for an arc to whoever answers on Conn. Without Trickle exactly
	// one offer goes out, when every candidate is known.
	Join struct {
		Call     uint64
		Protocol string
		Conn     uint64
		Trickle  bool
	}
	// OpenDoor lets offers that name nobody come in over Conn.
	OpenDoor struct {
		Conn    uint64
		Trickle bool
	}
	// CloseDoor forgets Conn; attempts that go over it go on without it.
	CloseDoor struct{ Conn uint64 }
	// Register makes arcs of a protocol welcome.
	Register struct{ Protocol string }
	// Unregister ends the arcs of a protocol, and makes new ones unwelcome.
	Unregister struct{ Protocol string }
	// Leave says farewell to every neighbor; nothing new begins after it.
	Leave struct{}

	// Described, Gathered, Up and Down are what a driver's handler was told.
	Described struct {
		ID transport.SessionID
		D  transport.Description
	}
	Gathered struct {
		ID   transport.SessionID
		C    []transport.Candidate
		Last bool
	}
	Up   struct{ ID transport.SessionID }
	Down struct {
		ID  transport.SessionID
		Err error
	}

	// Received is a message on a session's control channel. Signal is what a
	// Relay carries, if it was for this peer, and its signature was good; Media
	// what an offer or answer of media carries.
	Received struct {
		ID     transport.SessionID
		Msg    Message
		Signal *transport.Signal
		Media  *transport.Media
	}
	// MediaChanged says that tracks were attached to a session or detached; so
	// many are.
	MediaChanged struct {
		ID           transport.SessionID
		Audio, Video uint8
	}
	// MediaDone is the outcome of OfferMedia or AnswerMedia, with a description,
	// or of FinishMedia, without.
	MediaDone struct {
		ID    transport.SessionID
		Media *transport.Media
		Err   error
	}
	// Signaled is a signal, its signature checked, that came over Conn.
	Signaled struct {
		Conn   uint64
		Signal *transport.Signal
	}
	// Blame says that the peer of a session broke the rules outside of the
	// core's sight: a message that cannot be read, data beyond the window.
	Blame struct {
		ID   transport.SessionID
		What string
	}
)

func (Tick) input()       {}
func (Connect) input()    {}
func (Disconnect) input() {}
func (Reverse) input()    {}
func (Hold) input()       {}
func (Release) input()    {}
func (Cancel) input()     {}
func (Introduce) input()  {}
func (Invite) input()     {}
func (Join) input()       {}
func (OpenDoor) input()   {}
func (CloseDoor) input()  {}
func (Register) input()   {}
func (Unregister) input() {}
func (Leave) input()      {}
func (Described) input()  {}
func (Gathered) input()   {}
func (Up) input()         {}
func (Down) input()       {}
func (Received) input()   {}
func (Signaled) input()   {}
func (Blame) input()      {}

func (MediaChanged) input() {}
func (MediaDone) input()    {}
