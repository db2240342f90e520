package transport

import "fmt"

// SignalKind is what a signal says; the numbers are those of spec/signal.fsm.
type SignalKind uint8

// The kinds of signals.
const (
	Offer      SignalKind = 1
	Answer     SignalKind = 2
	Candidates SignalKind = 3
	Reset      SignalKind = 4
	Reject     SignalKind = 5
)

func (k SignalKind) String() string {
	switch k {
	case Offer:
		return "offer"
	case Answer:
		return "answer"
	case Candidates:
		return "candidates"
	case Reset:
		return "reset"
	case Reject:
		return "reject"
	}
	return fmt.Sprintf("SignalKind(%d)", uint8(k))
}

// Reason is why a peer rejects an offer.
type Reason uint8

// The reasons.
const (
	NoReason Reason = iota
	Known           // there is a session with the sender already
	Busy            // too many attempts under way
	Refused         // not wanted
)

func (r Reason) String() string {
	switch r {
	case NoReason:
		return "no reason"
	case Known:
		return "already connected"
	case Busy:
		return "busy"
	case Refused:
		return "refused"
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// Signal is one word of a handshake between two peers that are not connected
// yet. It travels signed by From, so that who carries it can drop it but not
// change it. Which fields count depends on the kind.
type Signal struct {
	Kind    SignalKind
	Session SessionID // the attempt it is about; its initiator is From or To
	From    PeerID
	To      PeerID // zero in an offer to whoever gets it

	// Ref is the hash of the offer, in an answer, candidates and a reject: it
	// binds them to that one offer.
	Ref [32]byte

	// Mine voids the sender's offers up to that number (answer, reset), Yours
	// the receiver's (reset).
	Mine, Yours uint64

	Reason      Reason       // reject
	Description *Description // offer, answer
	Wish        *Wish        // offer: the arc that it is made for; nil: none is told
	Candidates  []Candidate  // candidates: all that were found since the description
	Last        bool         // candidates: no more will be found
}

// Wish is the arc that an offer is made for. Who answers can take it together
// with its hello, a round trip before a request on the session would reach it;
// and both ends know that FirstChannel is that protocol's.
type Wish struct {
	Arc      uint64 // as in the Bind that will follow; not zero
	Protocol string // 1 to 64 bytes of UTF-8
}
