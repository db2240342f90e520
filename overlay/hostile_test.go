package overlay_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/internal/wire"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

// hostile is a peer without a node: a driver and a key, and no manners.
type hostile struct {
	k       *kit
	key     ed25519.PrivateKey
	id      transport.PeerID
	codec   *wire.Codec
	session transport.Session
	name    transport.SessionID
	rec     *transporttest.Recorder
}

// enter connects to node i, up to and including hello.
func (k *kit) enter(i int) *hostile {
	k.t.Helper()
	h := k.stranger()
	answer, err := k.nodes[i].Admit(k.ctx, h.offer(transport.PeerID{}))
	k.must(err)
	s, err := h.codec.Open(answer)
	k.must(err)
	k.must(h.session.Finish(*s.Description))
	h.wait(transporttest.Up)
	h.say(&arc.Hello{Version: 1, Boot: 1, Initiator: h.name.Initiator, Number: h.name.Number})
	k.rest(time.Second)
	if !k.knows(i, h.id) {
		k.t.Fatal("the hostile peer did not get in")
	}
	return h
}

func (k *kit) stranger() *hostile {
	pub, key, _ := newKey()
	h := &hostile{k: k, key: key, codec: wire.NewCodec(""), rec: transporttest.NewRecorder("hostile")}
	copy(h.id[:], pub)
	d := k.net.NewDriver()
	k.t.Cleanup(func() { d.Close() })
	h.name = transport.SessionID{Initiator: h.id, Number: 1 << 22}
	var err error
	h.session, err = d.Offer(h.name, h.rec)
	k.must(err)
	return h
}

func (k *kit) knows(i int, id transport.PeerID) bool {
	for _, n := range k.nodes[i].Neighbors() {
		if n.Peer == id {
			return true
		}
	}
	return false
}

func (h *hostile) offer(to transport.PeerID) []byte {
	d := h.wait(transporttest.Described).Description
	return h.seal(&transport.Signal{Kind: transport.Offer, Session: h.name, From: h.id, To: to, Description: &d})
}

func (h *hostile) wait(kind transporttest.Kind) (found transporttest.Event) {
	h.rec.Wait(h.k.t, time.Minute, kind.String(), func(events []transporttest.Event) bool {
		i := slices.IndexFunc(events, func(e transporttest.Event) bool { return e.Kind == kind })
		if i >= 0 {
			found = events[i]
		}
		return i >= 0
	})
	return found
}

func (h *hostile) seal(s *transport.Signal) []byte {
	b, err := h.codec.Seal(h.key, s)
	h.k.must(err)
	return b
}

func (h *hostile) say(m wire.Message) {
	b, err := wire.Encode(m)
	h.k.must(err)
	h.send(transport.ControlChannel, b)
}

func (h *hostile) send(channel uint16, b []byte) {
	c, err := h.session.Channel(channel, transport.ChannelConfig{})
	h.k.must(err)
	h.k.must(c.Send(b))
}

func TestHostilePeersLoseTheirSessionAndNothingElse(t *testing.T) {
	bind := func(h *hostile) { h.say(&arc.Bind{Arc: 1, Protocol: "chat", Channel: 1}) }
	for name, attack := range map[string]func(h *hostile){
		"garbage":             func(h *hostile) { h.send(0, []byte("\xff\x00garbage")) },
		"oversized":           func(h *hostile) { h.send(0, make([]byte, 5000)) },
		"second hello":        func(h *hostile) { h.say(&arc.Hello{Version: 1, Initiator: h.name.Initiator, Number: h.name.Number}) },
		"bound to nothing":    func(h *hostile) { bind(h); h.say(&arc.Agree{}); h.say(&arc.Stay{}); h.send(0, nil) },
		"wrong channel":       func(h *hostile) { h.say(&arc.Bind{Arc: 1, Protocol: "chat", Channel: 3}) },
		"channel too high":    func(h *hostile) { h.say(&arc.Bind{Arc: 1, Protocol: "chat", Channel: 1024}) },
		"control as channel":  func(h *hostile) { h.say(&arc.Bind{Arc: 1, Protocol: "chat", Channel: 0}) },
		"data beyond window":  func(h *hostile) { bind(h); h.flood() },
		"frame of no kind":    func(h *hostile) { bind(h); h.send(1, []byte{9}) },
		"empty batch":         func(h *hostile) { bind(h); h.send(1, []byte{4}) },
		"batch that is cut":   func(h *hostile) { bind(h); h.send(1, []byte{4, 1, 'x', 2, 'x'}) },
		"batch of no length":  func(h *hostile) { bind(h); h.send(1, []byte{4, 0x80}) },
		"batch in a message":  func(h *hostile) { bind(h); h.send(1, []byte{1, 'x'}); h.send(1, []byte{4, 1, 'x'}) },
		"empty frame":         func(h *hostile) { bind(h); h.send(1, nil) },
		"endless message":     func(h *hostile) { bind(h); h.send(1, []byte{1}) },
		"credit from nowhere": func(h *hostile) { bind(h); h.send(1, []byte{2, 10}) },
		"credit of zero":      func(h *hostile) { bind(h); h.send(1, []byte{2, 0}) },
		"path without us":     func(h *hostile) { h.relay(h.id, h.k.id(1), h.k.id(0)) },
		"path of another":     func(h *hostile) { h.relay(h.k.id(1), h.k.id(0), h.k.id(1)) },
		"path in a circle":    func(h *hostile) { h.relay(h.id, h.k.id(0), h.k.id(0)) },
		"bounce of a lie":     func(h *hostile) { h.say(&signal.Bounce{Path: [][32]byte{{1}, {2}, {3}}, Number: 7}) },
	} {
		t.Run(name, func(t *testing.T) {
			bubbleWith(t, 2, func(k *kit) {
				k.join(0, 1)
				h := k.enter(0)
				attack(h)
				k.rest(2 * time.Second)
				if k.knows(0, h.id) {
					t.Error("it still has its session")
				}
				s := k.nodes[0].Stats()
				if s.Violations != 1 || s.Bugs != 0 {
					t.Errorf("counted: %+v", s)
				}
				// The others feel nothing.
				k.must(k.chat[1].Connect(k.ctx, k.id(0)))
				k.agree()
			}, false)
		})
	}
}

func (h *hostile) relay(path ...transport.PeerID) {
	m := &signal.Relay{Position: 1, Payload: []byte{1}}
	for _, p := range path {
		m.Path = append(m.Path, p)
	}
	h.say(m)
}

func (h *hostile) flood() {
	for range 80 {
		h.send(1, make([]byte, transport.MaxFrame))
	}
}

// A broker may drop what it carries. What it changes, repeats or makes up is
// dropped by the receiver, and counted.
func TestBrokerCannotCheat(t *testing.T) {
	bubbleWith(t, 2, func(k *kit) {
		h := k.enter(0)
		relay := func(payload []byte, from transport.PeerID) {
			h.say(&signal.Relay{Position: 2, Payload: payload, Path: [][32]byte{from, h.id, k.id(0)}})
			k.rest(time.Second)
		}
		victim := k.stranger()
		genuine := victim.offer(k.id(0))

		changed := bytes.Clone(genuine)
		changed[len(changed)/2] ^= 1
		relay(changed, victim.id)
		relay(victim.offer(k.id(1)), victim.id) // for somebody else
		relay(genuine, k.id(1))                 // said to be from somebody else
		forged := *must(h.codec.Open(genuine))
		forged.From, forged.Session.Initiator = k.id(1), k.id(1)
		relay(h.seal(&forged), k.id(1)) // signed by the broker
		if s := k.nodes[0].Stats(); s.SessionsOpened != 1 || s.BadSignatures+s.Malformed+s.SignalsRefused < 4 {
			t.Errorf("counted: %+v", s)
		}

		// The genuine one is answered once, however often it is repeated.
		relay(genuine, victim.id)
		sent := k.nodes[0].Stats().SignalsSent
		k.rest(6 * time.Second) // it comes to nothing: the broker keeps the answer
		relay(genuine, victim.id)
		s := k.nodes[0].Stats()
		if s.SignalsStale == 0 || s.SessionsOpened != 1 {
			t.Errorf("a repeated offer: %d signals before, %+v", sent, s)
		}
		if !k.knows(0, h.id) {
			t.Error("the broker lost its session: others' signals are not its fault")
		}
	}, false)
}

func TestAdmitRefuses(t *testing.T) {
	bubbleWith(t, 2, func(k *kit) {
		k.join(0, 1)
		h := k.stranger()
		offer := h.offer(transport.PeerID{})
		elsewhere := wire.NewCodec("another network")
		other, err := elsewhere.Seal(h.key, must(h.codec.Open(offer)))
		k.must(err)
		cut, changed := offer[:len(offer)-1], bytes.Clone(offer)
		changed[len(changed)-1] ^= 1
		for name, c := range map[string]struct {
			offer []byte
			want  error
		}{
			"nothing":         {nil, overlay.ErrMalformed},
			"half":            {cut, overlay.ErrMalformed},
			"changed":         {changed, overlay.ErrSignature},
			"another network": {other, overlay.ErrSignature},
		} {
			if _, err := k.nodes[0].Admit(k.ctx, c.offer); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		_, err = k.nodes[0].Admit(k.ctx, offer)
		k.must(err)
		k.rest(2 * time.Minute) // the newcomer never came
		if _, err := k.nodes[0].Admit(k.ctx, offer); !errors.Is(err, overlay.ErrRefused) {
			t.Errorf("replayed offer: %v", err)
		}
	}, false)
}

func TestAnotherVersionIsRefused(t *testing.T) {
	bubbleWith(t, 1, func(k *kit) {
		h := k.stranger()
		answer, err := k.nodes[0].Admit(k.ctx, h.offer(transport.PeerID{}))
		k.must(err)
		k.must(h.session.Finish(*must(h.codec.Open(answer)).Description))
		h.wait(transporttest.Up)
		h.say(&arc.Hello{Version: 2, Initiator: h.name.Initiator, Number: h.name.Number})
		h.rec.Wait(t, time.Minute, "deny", func(events []transporttest.Event) bool {
			for _, e := range events {
				if m, err := wire.Decode(e.Data); err == nil {
					if d, ok := m.(*arc.Deny); ok && d.Version == 1 {
						return true
					}
				}
			}
			return false
		})
		if k.knows(0, h.id) {
			t.Error("it got in")
		}
	}, false)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
