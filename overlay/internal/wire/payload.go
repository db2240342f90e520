package wire

import (
	"bytes"
	"math"
	"net/netip"

	"github.com/n2n-overlay/n2n/transport"
)

// A signal as an array: what is signed.

const (
	signalFields      = 13
	descriptionFields = 8
	wishFields        = 2
	candidateFields   = 4
)

func appendSignal(b []byte, s *transport.Signal) []byte {
	b = appendArray(b, signalFields)
	b = appendUint(b, uint64(s.Kind))
	b = appendBool(b, s.Session.Initiator == s.From) // else it is To
	b = appendUint(b, s.Session.Number)
	b = appendBytes(b, s.From[:])
	b = appendIDOrNone(b, s.To)
	b = appendIDOrNone(b, s.Ref)
	b = appendUint(b, s.Mine)
	b = appendUint(b, s.Yours)
	b = appendUint(b, uint64(s.Reason))
	if d := s.Description; d != nil {
		b = appendDescription(b, d)
	} else {
		b = append(b, simpleNull)
	}
	if w := s.Wish; w != nil {
		b = appendText(appendUint(appendArray(b, wishFields), w.Arc), w.Protocol)
	} else {
		b = append(b, simpleNull)
	}
	b = appendCandidates(b, s.Candidates)
	return appendBool(b, s.Last)
}

// appendIDOrNone writes 32 zeros as no bytes.
func appendIDOrNone(b []byte, id [32]byte) []byte {
	if id == [32]byte{} {
		return appendBytes(b, nil)
	}
	return appendBytes(b, id[:])
}

func appendDescription(b []byte, d *transport.Description) []byte {
	b = appendArray(b, descriptionFields)
	b = appendBytes(b, d.Fingerprint[:])
	b = appendText(b, d.Ufrag)
	b = appendText(b, d.Password)
	b = appendUint(b, uint64(d.Setup))
	b = appendUint(b, uint64(d.MaxMessage))
	b = appendBool(b, d.Eager)
	b = appendBytes(b, d.SCTPInit)
	return appendCandidates(b, d.Candidates)
}

func appendCandidates(b []byte, list []transport.Candidate) []byte {
	b = appendArray(b, len(list))
	for _, c := range list {
		b = appendArray(b, candidateFields)
		b = appendUint(b, uint64(c.Type))
		b = appendUint(b, uint64(c.Priority))
		switch ip := c.Addr.Addr(); {
		case c.Name != "": // which hides the address
			b = appendText(b, c.Name)
		case ip.Is4():
			a := ip.As4()
			b = appendBytes(b, a[:])
		case ip.IsValid():
			a := ip.As16()
			b = appendBytes(b, a[:])
		default:
			b = appendBytes(b, nil)
		}
		b = appendUint(b, uint64(c.Addr.Port()))
	}
	return b
}

// signal takes a signal. What Check refuses is left to that.
func (r *reader) signal() *transport.Signal {
	s := &transport.Signal{}
	r.array(signalFields)
	s.Kind = transport.SignalKind(r.uint(math.MaxUint8))
	own := r.bool()
	s.Session.Number = r.uint(math.MaxUint64)
	s.From = r.id()
	s.To = r.idOrNone()
	s.Ref = r.idOrNone()
	s.Mine = r.uint(math.MaxUint64)
	s.Yours = r.uint(math.MaxUint64)
	s.Reason = transport.Reason(r.uint(math.MaxUint8))
	if !r.null() {
		s.Description = r.description()
	}
	if !r.null() {
		s.Wish = &transport.Wish{}
		r.array(wishFields)
		s.Wish.Arc, s.Wish.Protocol = r.uint(math.MaxUint64), r.text()
	}
	s.Candidates = r.candidates()
	s.Last = r.bool()
	if s.Session.Initiator = s.To; own {
		s.Session.Initiator = s.From
	}
	return s
}

// idOrNone takes what appendIDOrNone writes; 32 zeros it never does.
func (r *reader) idOrNone() (id [32]byte) {
	s := r.bytes()
	if len(s) == 0 {
		return id
	}
	if copy(id[:], s); len(s) != len(id) || id == [32]byte{} {
		r.fail(errType)
	}
	return id
}

func (r *reader) description() *transport.Description {
	d := &transport.Description{}
	r.array(descriptionFields)
	d.Fingerprint = r.id()
	d.Ufrag = r.text()
	d.Password = r.text()
	d.Setup = transport.Setup(r.uint(math.MaxUint8))
	d.MaxMessage = uint32(r.uint(math.MaxUint32))
	d.Eager = r.bool()
	if init := r.bytes(); len(init) > 0 {
		d.SCTPInit = bytes.Clone(init)
	}
	d.Candidates = r.candidates()
	return d
}

func (r *reader) candidates() []transport.Candidate {
	n := r.list()
	if n == 0 {
		return nil
	}
	list := make([]transport.Candidate, n)
	for i := range list {
		c := &list[i]
		r.array(candidateFields)
		c.Type = transport.CandidateType(r.uint(math.MaxUint8))
		c.Priority = uint32(r.uint(math.MaxUint32))
		var ip netip.Addr
		if len(r.b) > 0 && r.b[0]>>5 == typeText {
			if c.Name = r.text(); c.Name == "" {
				r.fail(errType)
			}
		} else {
			ip = r.ip()
		}
		c.Addr = netip.AddrPortFrom(ip, uint16(r.uint(math.MaxUint16)))
	}
	return list
}

// ip takes an address as 4 or 16 bytes.
func (r *reader) ip() netip.Addr {
	ip, ok := netip.AddrFromSlice(r.bytes())
	if !ok {
		r.fail(errType)
	}
	return ip
}
