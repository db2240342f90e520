package wire

import (
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// goodMessages has each message, and what is at a limit.
func goodMessages() []*vector {
	a, b, c := [32]byte(idOf(alice)), [32]byte(idOf(bob)), [32]byte(idOf(carol))
	longest := [][32]byte{a, b, c, id32(4), id32(5), id32(6)}
	name := strings.Repeat("é", arc.MaxBindProtocol/2)
	return []*vector{
		messageVector("hello", "the first message of a session", &arc.Hello{Version: 1, Boot: 262144, Initiator: a, Number: 1 << 40}),
		messageVector("hello-largest", "every number at its limit", &arc.Hello{Version: 65535, Boot: 1<<64 - 1, Initiator: id32(0xff), Number: 1<<64 - 1}),
		messageVector("hello-heads", "numbers at the borders of the lengths of heads", &arc.Hello{Version: 24, Boot: 23, Initiator: a, Number: 65536}),
		messageVector("deny", "hello of another version", &arc.Deny{Version: 1}),
		messageVector("bind", "an arc begins, in a session made for it", &arc.Bind{Arc: 5, Protocol: "spray", Channel: 1, Fresh: true}),
		messageVector("bind-longest", "a name of 64 bytes; not ASCII", &arc.Bind{Arc: 255, Protocol: name, Channel: 65535}),
		messageVector("bind-unnamed", "the empty name: the format takes it, a node has no such protocol", &arc.Bind{Arc: 256}),
		messageVector("bound", "the arc exists", &arc.Bound{Arc: 5, Channel: 1}),
		messageVector("refused", "the arc does not, for no reason that is said", &arc.Refused{Arc: 5}),
		messageVector("unbind", "an arc ends that the sender had asked for", &arc.Unbind{Arc: 5, Mine: true}),
		messageVector("unbind-theirs", "an arc ends that the receiver had asked for", &arc.Unbind{Arc: 5}),
		messageVector("bye", "may the session close?", &arc.Bye{}),
		messageVector("agree", "it may", &arc.Agree{}),
		messageVector("stay", "it may not", &arc.Stay{}),
		messageVector("ping", "are you there?", &arc.Ping{Id: 7}),
		messageVector("pong", "yes", &arc.Pong{Id: 7}),
		messageVector("farewell", "the sender leaves the network", &arc.Farewell{}),
		messageVector("turn", "an arc turns round that the sender had asked for", &arc.Turn{Arc: 5, Mine: true}),
		messageVector("turn-theirs", "an arc turns round that the receiver had asked for", &arc.Turn{Arc: 1<<64 - 1}),
		messageVector("relay", "a signal (here: any bytes) at its only broker",
			&signal.Relay{Initiator: a, Number: 1 << 40, Path: [][32]byte{a, b, c}, Position: 1, Payload: []byte("not read by brokers")}),
		messageVector("relay-largest", "six peers, a payload of 2048 bytes",
			&signal.Relay{Initiator: a, Number: 1<<64 - 1, Path: longest, Position: 255, Payload: []byte(strings.Repeat("\xa5", signal.MaxRelayPayload))}),
		messageVector("relay-empty", "no path, no payload: the format takes it, a broker does not", &signal.Relay{}),
		messageVector("bounce", "the only broker could not pass it on", &signal.Bounce{Initiator: a, Number: 1 << 40, Path: [][32]byte{a, b, c}}),
		messageVector("meet", "please open an arc to that peer, through me", &signal.Meet{Meeting: 9, Protocol: "spray", To: c, Budget: 8000}),
		messageVector("invite", "please open an arc to me", &signal.Invite{Meeting: 10, Protocol: "spray", Budget: 1<<32 - 1}),
		messageVector("met", "the arc that was asked for is open", &signal.Met{Meeting: 9}),
		messageVector("met-timeout", "it did not come about in time", &signal.Met{Meeting: 9, Result: signal.OutcomeTimeout}),
		messageVector("mediawant", "an audio track and two of video", &media.MediaWant{N: 1, Audio: 1, Video: 2}),
		messageVector("mediaoffer", "an audio track, and a video section without one", &media.MediaOffer{N: 1, H: 1, Sections: mediaBytes(twoSections())}),
		messageVector("mediaoffer-largest", "sixteen sections, every name at its limit", &media.MediaOffer{N: 1<<32 - 1, H: 1<<32 - 1, Sections: mediaBytes(mostSections())}),
		messageVector("mediaanswer", "its answer", &media.MediaAnswer{N: 1, Sections: mediaBytes(twoSections())}),
		messageVector("mediastop", "its sender has no media", &media.MediaStop{}),
		messageVector("mediastop-timeout", "it took too long", &media.MediaStop{Why: media.HaltTimeout}),
	}
}

func messageVector(name, what string, m Message) *vector {
	b, err := Encode(m)
	if err != nil {
		panic(err) // a fault of the table above
	}
	return &vector{
		name: name, what: what, kind: "message", expect: "ok",
		tag: strconv.Itoa(int(m.Tag())), fields: messageFields(m), bytes: b,
	}
}

// goodVectors has each message and each kind of signal.
func goodVectors(t testing.TB) []*vector {
	t.Helper()
	what := map[string]string{
		"offer":                 "to a peer that is known, with four candidates",
		"offer-to-nobody":       "to whoever is at the other end of a channel",
		"offer-snap":            "with an SCTP INIT chunk",
		"offer-bare":            "without candidates: they come later",
		"offer-wish":            "made for an arc, and eager",
		"offer-longest":         "made for the last arc, of a protocol with a name of 64 bytes; not ASCII",
		"answer":                "the answerer's offers up to 3 are dead",
		"answer-largest":        "every field at its limit, with addresses",
		"answer-hidden-largest": "every field at its limit, with names instead of addresses: no signal is larger",
		"candidates":            "of the initiator",
		"candidates-to-nobody":  "of an initiator that does not know yet who answers",
		"candidates-of-answer":  "of the answerer; all eight, and the last",
		"candidates-hidden":     "of a browser, which hides the addresses of its host",
		"candidates-none":       "there are no more",
		"reset":                 "by the answerer",
		"reset-own":             "by the initiator",
		"reject":                "too many attempts under way",
	}
	list := goodMessages()
	signals := allKinds()
	for _, name := range slices.Sorted(maps.Keys(signals)) {
		s := signals[name]
		b, err := NewCodec(network).Seal(keyFor(t, s), s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v := &vector{
			name: "signal-" + name, what: what[name], kind: "signal", expect: "ok", network: network,
			seed: hex.EncodeToString(keyFor(t, s).Seed()), fields: signalFields(s), bytes: b,
		}
		if s.Kind == transport.Offer {
			h := NewCodec(network).Hash(s)
			v.hash = hex.EncodeToString(h[:])
		}
		list = append(list, v)
	}
	return list
}
