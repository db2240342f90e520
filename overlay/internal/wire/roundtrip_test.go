package wire

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"net/netip"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/transport"
)

// TestMessageRoundTrip: any message within its limits comes back as it was, and
// is what wire.cddl says.
func TestMessageRoundTrip(t *testing.T) {
	rules := loadCDDL(t)
	for _, zero := range everyMessage() {
		t.Run(nameOf(zero), rapid.MakeCheck(func(t *rapid.T) {
			m := newMessage(zero.Tag())
			v := reflect.ValueOf(m).Elem()
			for i := 1; i < v.NumField(); i++ {
				drawField(t, v.Field(i), v.Type().Field(i).Name, limitOf(zero, i))
			}
			b, err := Encode(m)
			if err != nil || len(b) > MaxMessage {
				t.Fatalf("%d bytes, %v", len(b), err)
			}
			if err := rules.matches(nameOf(m), b); err != nil {
				t.Fatal(err)
			}
			back, err := Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(messageFields(back), messageFields(m)) {
				t.Fatalf("%+v comes back as %+v", m, back)
			}
		}))
	}
}

func drawField(t *rapid.T, f reflect.Value, name string, limit int) {
	switch f.Kind() {
	case reflect.Bool:
		f.SetBool(rapid.Bool().Draw(t, name))
	case reflect.String:
		f.SetString(rapid.StringN(0, limit, limit).Draw(t, name))
	case reflect.Array:
		f.Set(reflect.ValueOf(drawID(t, name)))
	case reflect.Slice:
		if f.Type().Elem().Kind() == reflect.Uint8 {
			f.SetBytes(rapid.SliceOfN(rapid.Byte(), 0, limit).Draw(t, name))
			return
		}
		for range rapid.IntRange(0, limit).Draw(t, name) {
			f.Set(reflect.Append(f, reflect.ValueOf(drawID(t, name))))
		}
	default:
		most := uint64(1)<<f.Type().Bits() - 1 // 64 bits: 0 - 1
		if limit >= 0 {
			most = uint64(limit)
		}
		f.SetUint(drawUint(t, name, most))
	}
}

// drawUint draws often from where the length of a head changes.
func drawUint(t *rapid.T, name string, most uint64) uint64 {
	border := rapid.SampledFrom([]uint64{0, 23, 24, 1<<8 - 1, 1 << 8, 1<<16 - 1, 1 << 16, 1<<32 - 1, 1 << 32, 1<<64 - 1})
	return min(rapid.OneOf(border, rapid.Uint64()).Draw(t, name), most)
}

func drawID(t *rapid.T, name string) (id [32]byte) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, name))
	return id
}

// TestSignalRoundTrip: any signal that may be sent opens as it was; nobody else
// could have sealed it, and it is what wire.cddl says.
func TestSignalRoundTrip(t *testing.T) {
	rules, codec := loadCDDL(t), NewCodec(network)
	for kind := transport.Offer; kind <= transport.Reject; kind++ {
		t.Run(kind.String(), rapid.MakeCheck(func(t *rapid.T) {
			key, s := drawSignal(t, kind)
			b, err := codec.Seal(key, s)
			if err != nil || len(b) > MaxSignal {
				t.Fatalf("%+v: %d bytes, %v", s, len(b), err)
			}
			if err := rules.signal(b); err != nil {
				t.Fatal(err)
			}
			back, err := codec.Open(b)
			if err != nil || !reflect.DeepEqual(back, s) {
				t.Fatalf("%+v opens as %+v, %v", s, back, err)
			}
			if codec.Hash(back) != codec.Hash(s) {
				t.Fatal("another hash")
			}
			again, err := codec.Seal(key, back)
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("seals again to %x, %v", again, err)
			}
			if _, err := NewCodec("another").Open(b); !errors.Is(err, ErrSignature) {
				t.Fatalf("in another network: %v", err)
			}
			if b, err = codec.Seal(carol, s); err != nil {
				t.Fatal(err)
			}
			if _, err := codec.Open(b); !errors.Is(err, ErrSignature) {
				t.Fatalf("signed by carol: %v", err)
			}
		}))
	}
}

// drawSignal draws a signal of a kind, and its sender's key.
func drawSignal(t *rapid.T, kind transport.SignalKind) (ed25519.PrivateKey, *transport.Signal) {
	own := kind == transport.Offer || (kind == transport.Candidates || kind == transport.Reset) && rapid.Bool().Draw(t, "own")
	s := &transport.Signal{
		Kind: kind, Session: transport.SessionID{Initiator: idOf(bob), Number: drawUint(t, "number", 1<<64-1)},
		From: idOf(alice), To: idOf(bob),
	}
	if own {
		s.Session.Initiator = s.From
		if kind != transport.Reset && rapid.Bool().Draw(t, "to nobody") {
			s.To = transport.PeerID{}
		}
	}
	switch kind {
	case transport.Answer, transport.Candidates, transport.Reject:
		s.Ref = drawID(t, "ref")
		s.Ref[0] |= 1 // not zero
	}
	switch kind {
	case transport.Offer:
		s.Description = drawDescription(t)
		if rapid.Bool().Draw(t, "wishes") {
			s.Wish = &transport.Wish{
				Arc:      1 + drawUint(t, "arc", 1<<64-2),
				Protocol: rapid.StringOfN(rapid.Rune(), 1, arc.MaxBindProtocol, arc.MaxBindProtocol).Draw(t, "protocol"),
			}
		}
	case transport.Answer:
		s.Description, s.Mine = drawDescription(t), drawUint(t, "mine", 1<<64-1)
	case transport.Candidates:
		s.Candidates, s.Last = drawCandidates(t), rapid.Bool().Draw(t, "last")
	case transport.Reset:
		s.Mine, s.Yours = drawUint(t, "mine", 1<<64-1), drawUint(t, "yours", 1<<64-1)
	case transport.Reject:
		s.Reason = transport.Reason(rapid.IntRange(0, int(transport.Refused)).Draw(t, "reason"))
	}
	return alice, s
}

func drawDescription(t *rapid.T) *transport.Description {
	d := &transport.Description{
		Fingerprint: drawID(t, "fingerprint"),
		Ufrag:       rapid.StringMatching(`[A-Za-z0-9+/]{4,64}`).Draw(t, "ufrag"),
		Password:    rapid.StringMatching(`[A-Za-z0-9+/]{22,64}`).Draw(t, "password"),
		Setup:       transport.Setup(rapid.IntRange(0, int(transport.SetupPassive)).Draw(t, "setup")),
		MaxMessage:  rapid.Uint32Min(transport.MaxFrame).Draw(t, "max message"),
		Eager:       rapid.Bool().Draw(t, "eager"),
		Candidates:  drawCandidates(t),
	}
	if init := rapid.SliceOfN(rapid.Byte(), 0, transport.MaxSCTPInit).Draw(t, "sctp init"); len(init) > 0 {
		d.SCTPInit = init
	}
	return d
}

func drawCandidates(t *rapid.T) (list []transport.Candidate) {
	for range rapid.IntRange(0, transport.MaxCandidates).Draw(t, "candidates") {
		if rapid.IntRange(0, 3).Draw(t, "hidden") == 0 {
			list = append(list, transport.Candidate{
				Priority: uint32(drawUint(t, "priority", 1<<32-1)),
				Addr:     netip.AddrPortFrom(netip.Addr{}, rapid.Uint16Min(1024).Draw(t, "port")),
				Name:     rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`).Draw(t, "name"),
			})
			continue
		}
		size := rapid.SampledFrom([]int{4, 16}).Draw(t, "size")
		ip := rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "address")
		if nobodys(ip) {
			ip[0] = 1
		}
		a, _ := netip.AddrFromSlice(ip)
		list = append(list, transport.Candidate{
			Type:     transport.CandidateType(rapid.IntRange(0, int(transport.Relayed)).Draw(t, "type")),
			Priority: uint32(drawUint(t, "priority", 1<<32-1)),
			Addr:     netip.AddrPortFrom(a, rapid.Uint16Min(1024).Draw(t, "port")),
		})
	}
	return list
}
