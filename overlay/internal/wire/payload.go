package wire

import (
	"net/netip"

	"github.com/n2n-overlay/n2n/transport"
)

// payload is a signal as an array: what is signed.
type payload struct {
	_           struct{} `cbor:",toarray"`
	Kind        uint8
	Own         bool // From is the session's initiator; else To is
	Number      uint64
	From        []byte
	To          []byte // empty: to whoever gets it
	Ref         []byte // empty: none
	Mine, Yours uint64
	Reason      uint8
	Description *description
	Wish        *wish
	Candidates  []candidate
	Last        bool
}

type description struct {
	_           struct{} `cbor:",toarray"`
	Fingerprint []byte
	Ufrag       string
	Password    string
	Setup       uint8
	MaxMessage  uint32
	Eager       bool
	SCTPInit    []byte
	Candidates  []candidate
}

type wish struct {
	_        struct{} `cbor:",toarray"`
	Arc      uint64
	Protocol string
}

type candidate struct {
	_        struct{} `cbor:",toarray"`
	Type     uint8
	Priority uint32
	Address  address
	Port     uint16
}

func toPayload(s *transport.Signal) *payload {
	p := &payload{
		Kind: uint8(s.Kind), Own: s.Session.Initiator == s.From, Number: s.Session.Number,
		From: s.From[:], Mine: s.Mine, Yours: s.Yours, Reason: uint8(s.Reason),
		Candidates: toCandidates(s.Candidates), Last: s.Last,
	}
	if !s.To.IsZero() {
		p.To = s.To[:]
	}
	if s.Ref != [32]byte{} {
		p.Ref = s.Ref[:]
	}
	if d := s.Description; d != nil {
		p.Description = &description{
			Fingerprint: d.Fingerprint[:], Ufrag: d.Ufrag, Password: d.Password, Setup: uint8(d.Setup),
			MaxMessage: d.MaxMessage, Eager: d.Eager, SCTPInit: d.SCTPInit, Candidates: toCandidates(d.Candidates),
		}
	}
	if w := s.Wish; w != nil {
		p.Wish = &wish{Arc: w.Arc, Protocol: w.Protocol}
	}
	return p
}

func toCandidates(cs []transport.Candidate) []candidate {
	list := make([]candidate, len(cs))
	for i, c := range cs {
		list[i] = candidate{Type: uint8(c.Type), Priority: c.Priority, Address: address{c.Addr.Addr(), c.Name}, Port: c.Addr.Port()}
	}
	return list
}

// signal is the inverse of toPayload. It checks nothing: what is no id of 32
// bytes, and no address, comes out as something else, and who encodes that again
// does not get p's bytes.
func (p *payload) signal() *transport.Signal {
	s := &transport.Signal{
		Kind: transport.SignalKind(p.Kind), Mine: p.Mine, Yours: p.Yours,
		Reason: transport.Reason(p.Reason), Candidates: fromCandidates(p.Candidates), Last: p.Last,
	}
	copy(s.From[:], p.From)
	copy(s.To[:], p.To)
	copy(s.Ref[:], p.Ref)
	s.Session = transport.SessionID{Initiator: s.To, Number: p.Number}
	if p.Own {
		s.Session.Initiator = s.From
	}
	if p.Description != nil {
		s.Description = p.Description.description()
	}
	if w := p.Wish; w != nil {
		s.Wish = &transport.Wish{Arc: w.Arc, Protocol: w.Protocol}
	}
	return s
}

func (d *description) description() *transport.Description {
	t := &transport.Description{
		Ufrag: d.Ufrag, Password: d.Password, Setup: transport.Setup(d.Setup), MaxMessage: d.MaxMessage,
		Eager: d.Eager, Candidates: fromCandidates(d.Candidates),
	}
	copy(t.Fingerprint[:], d.Fingerprint)
	if len(d.SCTPInit) > 0 {
		t.SCTPInit = d.SCTPInit
	}
	return t
}

func fromCandidates(list []candidate) []transport.Candidate {
	if len(list) == 0 {
		return nil
	}
	cs := make([]transport.Candidate, len(list))
	for i, c := range list {
		cs[i] = transport.Candidate{
			Type: transport.CandidateType(c.Type), Priority: c.Priority,
			Addr: netip.AddrPortFrom(c.Address.ip, c.Port), Name: c.Address.name,
		}
	}
	return cs
}
