package wire

import (
	"reflect"

	"github.com/n2n-overlay/n2n/transport"
)

// Signals and descriptions of media as structs whose fields may be anything, and a
// second encoder, slow and plain: what no codec writes can be written, too.

type envelope struct{ Payload, Signature []byte }

type payload struct {
	Kind        uint8
	Own         bool
	Number      uint64
	From        []byte
	To          []byte
	Ref         []byte
	Mine, Yours uint64
	Reason      uint8
	Description *description
	Wish        *wish
	Candidates  []candidate
	Last        bool
}

type description struct {
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
	Arc      uint64
	Protocol string
}

type candidate struct {
	Type     uint8
	Priority uint32
	Address  any // []byte or string
	Port     uint16
}

type sections struct {
	Opus, VP8, TWCC uint8
	Sections        []section
}

type section struct {
	Kind                 uint8
	SSRC                 uint32
	Label, Stream, Track string
}

// plain encodes integers, bools, strings, lists and structs; null is a nil
// pointer.
func plain(v any) []byte {
	switch f := reflect.ValueOf(v); f.Kind() {
	case reflect.Bool:
		if f.Bool() {
			return []byte{0xf5}
		}
		return []byte{0xf4}
	case reflect.String:
		return join(f.String())
	case reflect.Pointer:
		if f.IsNil() {
			return []byte{0xf6}
		}
		return plain(f.Elem().Interface())
	case reflect.Struct:
		b := array(f.NumField())
		for i := range f.NumField() {
			b = append(b, plain(f.Field(i).Interface())...)
		}
		return b
	case reflect.Array, reflect.Slice:
		if f.Type().Elem().Kind() == reflect.Uint8 {
			b := head(majorBytes, uint64(f.Len()))
			for i := range f.Len() {
				b = append(b, byte(f.Index(i).Uint()))
			}
			return b
		}
		b := array(f.Len())
		for i := range f.Len() {
			b = append(b, plain(f.Index(i).Interface())...)
		}
		return b
	default:
		return head(majorUint, f.Uint())
	}
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
		list[i] = candidate{Type: uint8(c.Type), Priority: c.Priority, Address: c.Addr.Addr().AsSlice(), Port: c.Addr.Port()}
		if c.Name != "" {
			list[i].Address = c.Name
		}
	}
	return list
}

func toSections(m *transport.Media) sections {
	w := sections{Opus: m.Opus, VP8: m.VP8, TWCC: m.TWCC}
	for _, s := range m.Sections {
		w.Sections = append(w.Sections, section{Kind: uint8(s.Kind), SSRC: s.SSRC, Label: s.Label, Stream: s.Stream, Track: s.Track})
	}
	return w
}
