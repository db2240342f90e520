package wire

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// TestMessageLimits: each limit of a message, at it and one above; neither end
// takes more, and the error names the field.
func TestMessageLimits(t *testing.T) {
	limited := 0
	for _, zero := range everyMessage() {
		for i := 1; i < reflect.TypeOf(zero).Elem().NumField(); i++ {
			limit := limitOf(zero, i)
			if limit < 0 {
				continue
			}
			limited++
			m := newMessage(zero.Tag())
			field := strings.ToLower(reflect.TypeOf(m).Elem().Field(i).Name)
			set := func(n int) { setSize(reflect.ValueOf(m).Elem().Field(i), n) }
			set(limit)
			b, err := Encode(m)
			if err != nil {
				t.Errorf("%s.%s of %d: %v", nameOf(m), field, limit, err)
			}
			if _, err := Decode(b); err != nil {
				t.Errorf("%s.%s of %d: %v", nameOf(m), field, limit, err)
			}
			set(limit + 1)
			_, err = Encode(m)
			wantLimit(t, err, nameOf(m), field, limit)
			b, err = encoding.Marshal(frame{Tag: m.Tag(), Body: m})
			if err != nil {
				t.Fatal(err)
			}
			_, err = Decode(b)
			wantLimit(t, err, nameOf(m), field, limit)
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%s.%s: %v", nameOf(m), field, err)
			}
		}
	}
	if limited != 10 { // three protocols, two paths, a payload, a result, two of sections, a reason
		t.Errorf("%d fields with a limit, want 10: look at spec/*.fsm and here", limited)
	}
}

func setSize(f reflect.Value, n int) {
	switch f.Kind() {
	case reflect.String:
		f.SetString(strings.Repeat("n", n))
	case reflect.Slice:
		f.Set(reflect.MakeSlice(f.Type(), n, n))
	default:
		f.SetUint(uint64(n))
	}
}

func wantLimit(t *testing.T, err error, message, field string, limit int) {
	t.Helper()
	var a *arc.LimitError
	var s *signal.LimitError
	var d *media.LimitError
	var got [4]any
	if errors.As(err, &d) {
		got = [4]any{strings.ToLower(d.Message), d.Field, d.Size, d.Limit}
	}
	if errors.As(err, &a) {
		got = [4]any{strings.ToLower(a.Message), a.Field, a.Size, a.Limit}
	}
	if errors.As(err, &s) {
		got = [4]any{strings.ToLower(s.Message), s.Field, s.Size, s.Limit}
	}
	if want := [4]any{message, field, limit + 1, limit}; got != want {
		t.Errorf("%v, want a LimitError of %v", err, want)
	}
}

// TestSignalLimits: each limit of a description and of candidates, at it and
// beyond; what the sender refuses to seal, the receiver refuses to open.
func TestSignalLimits(t *testing.T) {
	codec := NewCodec(network)
	for name, x := range map[string]struct {
		good, bad []uint64
		set       func(d *transport.Description, n uint64)
	}{
		"ufrag": {[]uint64{4, transport.MaxUfrag}, []uint64{0, 3, transport.MaxUfrag + 1},
			func(d *transport.Description, n uint64) { d.Ufrag = strings.Repeat("u", int(n)) }},
		"password": {[]uint64{transport.MinPassword, transport.MaxPassword}, []uint64{0, transport.MinPassword - 1, transport.MaxPassword + 1},
			func(d *transport.Description, n uint64) { d.Password = strings.Repeat("p", int(n)) }},
		"setup": {[]uint64{0, 2}, []uint64{3, 255},
			func(d *transport.Description, n uint64) { d.Setup = transport.Setup(n) }},
		"max message": {[]uint64{transport.MaxFrame, 1<<32 - 1}, []uint64{0, transport.MaxFrame - 1},
			func(d *transport.Description, n uint64) { d.MaxMessage = uint32(n) }},
		"sctp init": {[]uint64{1, transport.MaxSCTPInit}, []uint64{transport.MaxSCTPInit + 1},
			func(d *transport.Description, n uint64) { d.SCTPInit = make([]byte, n) }},
		"candidates": {[]uint64{0, transport.MaxCandidates}, []uint64{transport.MaxCandidates + 1, 17},
			func(d *transport.Description, n uint64) { d.Candidates = slices.Repeat(fourCandidates()[:1], int(n)) }},
		"candidate type": {[]uint64{0, 2}, []uint64{3, 255},
			func(d *transport.Description, n uint64) { d.Candidates[0].Type = transport.CandidateType(n) }},
	} {
		try := func(n uint64, ok bool) {
			d := describe(transport.SetupActPass, fourCandidates()...)
			x.set(d, n)
			s := offerOf(d)
			if _, err := codec.Seal(alice, s); (err == nil) != ok {
				t.Errorf("%s %d: Seal: %v", name, n, err)
			}
			_, err := codec.Open(sealed(payloadOf(t, s)))
			if (err == nil) != ok || !ok && !errors.Is(err, ErrMalformed) {
				t.Errorf("%s %d: Open: %v", name, n, err)
			}
		}
		for _, n := range x.good {
			try(n, true)
		}
		for _, n := range x.bad {
			try(n, false)
		}
	}
}

// TestSealRefuses: a sender does not sign what the receiver would refuse.
func TestSealRefuses(t *testing.T) {
	codec, other := NewCodec(network), idOf(carol)
	for _, x := range []struct {
		name, of string
		change   func(*transport.Signal)
	}{
		{"kind 0", "offer", func(s *transport.Signal) { s.Kind = 0 }},
		{"kind 6", "offer", func(s *transport.Signal) { s.Kind = 6 }},
		{"kind 0, bare", "reset", func(s *transport.Signal) { s.Kind, s.Mine, s.Yours = 0, 0, 0 }},
		{"kind 6, bare", "reset", func(s *transport.Signal) { s.Kind, s.Mine, s.Yours = 6, 0, 0 }},
		{"from nobody", "offer", func(s *transport.Signal) { s.From, s.Session.Initiator = transport.PeerID{}, transport.PeerID{} }},
		{"to its sender", "offer", func(s *transport.Signal) { s.To = s.From }},
		{"session of others", "reset", func(s *transport.Signal) { s.Session.Initiator = other }},
		{"offer of the other end's session", "offer", func(s *transport.Signal) { s.Session.Initiator = s.To }},
		{"answer of one's own session", "answer", func(s *transport.Signal) { s.Session.Initiator = s.From }},
		{"reject of one's own session", "reject", func(s *transport.Signal) { s.Session.Initiator = s.From }},
		{"reset to nobody", "reset-own", func(s *transport.Signal) { s.To = transport.PeerID{} }},
		{"offer without description", "offer", func(s *transport.Signal) { s.Description = nil }},
		{"reset with description", "reset", func(s *transport.Signal) { s.Description = describe(transport.SetupActPass) }},
		{"offer with ref", "offer", func(s *transport.Signal) { s.Ref[0] = 1 }},
		{"answer without ref", "answer", func(s *transport.Signal) { s.Ref = [32]byte{} }},
		{"reject without ref", "reject", func(s *transport.Signal) { s.Ref = [32]byte{} }},
		{"candidates that void", "candidates", func(s *transport.Signal) { s.Mine = 1 }},
		{"answer that voids the other's", "answer", func(s *transport.Signal) { s.Yours = 1 }},
		{"answer with a reason", "answer", func(s *transport.Signal) { s.Reason = transport.Busy }},
		{"reject with reason 4", "reject", func(s *transport.Signal) { s.Reason = transport.Refused + 1 }},
		{"answer with candidates", "answer", func(s *transport.Signal) { s.Candidates = fourCandidates() }},
		{"reset that says last", "reset", func(s *transport.Signal) { s.Last = true }},
		{"offer for arc 0", "offer-wish", func(s *transport.Signal) { s.Wish.Arc = 0 }},
		{"offer for an arc of no protocol", "offer-wish", func(s *transport.Signal) { s.Wish.Protocol = "" }},
		{"offer for an arc of a long name", "offer-longest", func(s *transport.Signal) { s.Wish.Protocol += "x" }},
		{"answer that wishes", "answer", func(s *transport.Signal) { s.Wish = &transport.Wish{Arc: 1, Protocol: "spray"} }},
		{"nine candidates", "candidates", func(s *transport.Signal) { s.Candidates = slices.Repeat(fourCandidates()[:1], 9) }},
		{"no address", "candidates", func(s *transport.Signal) { s.Candidates[0] = transport.Candidate{} }},
	} {
		s := allKinds()[x.of]
		key := keyFor(t, s)
		x.change(s)
		if b, err := codec.Seal(key, s); err == nil {
			t.Errorf("%s: seals to %x", x.name, b)
		}
	}
}

// TestHash: an offer's hash is another for each network and each field, so that
// an answer to one fits no other.
func TestHash(t *testing.T) {
	codec := NewCodec(network)
	seen := map[[32]byte]string{}
	see := func(name string, h [32]byte) {
		if seen[h] != "" {
			t.Errorf("%s has the hash of %s", name, seen[h])
		}
		seen[h] = name
	}
	see("offer", codec.Hash(allKinds()["offer"]))
	see("offer of another network", NewCodec("another").Hash(allKinds()["offer"]))
	for name, change := range map[string]func(*transport.Signal){
		"number":      func(s *transport.Signal) { s.Session.Number++ },
		"to":          func(s *transport.Signal) { s.To[0]++ },
		"fingerprint": func(s *transport.Signal) { s.Description.Fingerprint[31]++ },
		"ufrag":       func(s *transport.Signal) { s.Description.Ufrag += "x" },
		"password":    func(s *transport.Signal) { s.Description.Password += "x" },
		"setup":       func(s *transport.Signal) { s.Description.Setup++ },
		"max message": func(s *transport.Signal) { s.Description.MaxMessage++ },
		"eager":       func(s *transport.Signal) { s.Description.Eager = true },
		"wish":        func(s *transport.Signal) { s.Wish = &transport.Wish{Arc: 1, Protocol: "spray"} },
		"sctp init":   func(s *transport.Signal) { s.Description.SCTPInit = []byte{0} },
		"priority":    func(s *transport.Signal) { s.Description.Candidates[3].Priority++ },
		"order": func(s *transport.Signal) {
			slices.Reverse(s.Description.Candidates)
		},
	} {
		s := allKinds()["offer"]
		change(s)
		see(name, codec.Hash(s))
	}
}

// TestUnknownTags: exactly the declared tags have a message.
func TestUnknownTags(t *testing.T) {
	for tag := range 256 {
		m := newMessage(uint8(tag))
		known := tag >= arc.HelloTag && tag <= arc.TurnTag || tag >= signal.RelayTag && tag <= signal.MetTag ||
			tag >= media.MediaWantTag && tag <= media.MediaStopTag
		if known != (m != nil) || known && int(m.Tag()) != tag {
			t.Errorf("tag %d: %v", tag, m)
		}
	}
}

// TestMaxProtocol: transport, which knows no spec, has the limit of the spec.
func TestMaxProtocol(t *testing.T) {
	if transport.MaxProtocol != arc.MaxBindProtocol {
		t.Errorf("transport.MaxProtocol is %d, a Bind takes %d", transport.MaxProtocol, arc.MaxBindProtocol)
	}
}
