package transport

import (
	"fmt"
	"unicode/utf8"
)

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
	Protocol string // 1 to MaxProtocol bytes of UTF-8
}

// MaxProtocol is the longest name of a protocol in bytes.
const MaxProtocol = 64

func (w *Wish) ok() bool {
	return w.Arc != 0 && w.Protocol != "" && len(w.Protocol) <= MaxProtocol && utf8.ValidString(w.Protocol)
}

// Check reports what no signal may be, neither one to send nor one received: a
// field that its kind needs is missing, one that it has no use for is set, or
// one is beyond its limit. So what is signed says one thing only.
func (s *Signal) Check() error {
	k, own, nobody := s.Kind, s.Session.Initiator == s.From, s.To.IsZero()
	switch {
	case k < Offer || k > Reject:
		return fmt.Errorf("%v unknown", k)
	case s.From.IsZero():
		return fmt.Errorf("%v from nobody", k)
	case s.From == s.To:
		return fmt.Errorf("%v to its sender", k)
	case !own && s.Session.Initiator != s.To:
		return fmt.Errorf("%v of a session of others", k)
	case own && (k == Answer || k == Reject), !own && k == Offer:
		return fmt.Errorf("%v by the wrong end of the session", k)
	case nobody && !(own && (k == Offer || k == Candidates)):
		return fmt.Errorf("%v to nobody", k)
	case (s.Description != nil) != (k == Offer || k == Answer):
		return fmt.Errorf("%v: description missing or out of place", k)
	case (s.Ref != [32]byte{}) != (k == Answer || k == Candidates || k == Reject):
		return fmt.Errorf("%v: ref missing or out of place", k)
	case s.Mine != 0 && k != Answer && k != Reset, s.Yours != 0 && k != Reset:
		return fmt.Errorf("%v voids offers", k)
	case s.Reason > Refused, s.Reason != NoReason && k != Reject:
		return fmt.Errorf("%v: %v", k, s.Reason)
	case (len(s.Candidates) > 0 || s.Last) && k != Candidates:
		return fmt.Errorf("%v: candidates out of place", k)
	}
	if s.Wish != nil && (k != Offer || !s.Wish.ok()) {
		return fmt.Errorf("%v: wish out of place or beyond its limits", k)
	}
	if s.Description != nil {
		if err := s.Description.Check(); err != nil {
			return err
		}
	}
	return CheckCandidates(s.Candidates)
}
