// Package cost has the steps that a node takes for a signal or a message, each by
// itself, so that programs can measure what they cost: the parts are internal
// packages of overlay.
//
//	for _, op := range cost.Ops() {
//		begun := time.Now()
//		op.Run(10_000)
//		fmt.Println(op.Name, time.Since(begun)/10_000)
//	}
//
// An Op is not safe for concurrent use; those of different calls are apart.
package cost

import (
	"crypto/ed25519"
	"fmt"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/sim"
	"github.com/n2n-overlay/n2n/overlay/internal/wire"
	"github.com/n2n-overlay/n2n/transport"
)

// Op is one thing that a node does. Run does it n times, or a
// few less.
type Op struct {
	Name string
	Run  func(n int)
}

// The names of the operations.
const (
	Machine = "step of a machine"
	Core    = "step of the core (a ping and its answer)"
	Encode  = "encoding a relay"
	Decode  = "decoding a relay"
	Seal    = "signing and encoding an offer"
	Open    = "decoding and verifying an offer"
	Forward = "forwarding a signal (decode, step, encode)"
)

// Ops gives every operation.
func Ops() []Op {
	codec, offer := wire.NewCodec("cost"), offer()
	sealed, err := codec.Seal(key, offer)
	must(err)
	w := world()
	broker, first := w.Peers[1].Core, w.Peers[1].Core.Neighbors()[0].Session
	relay := relay(w, sealed)
	encoded, err := wire.Encode(relay)
	must(err)
	return []Op{
		{Machine, machine},
		{Core, func(n int) { ping(broker, first, n) }},
		{Encode, func(n int) {
			for range n {
				_, err := wire.Encode(relay)
				must(err)
			}
		}},
		{Decode, func(n int) {
			for range n {
				_, err := wire.Decode(encoded)
				must(err)
			}
		}},
		{Seal, func(n int) {
			for range n {
				_, err := codec.Seal(key, offer)
				must(err)
			}
		}},
		{Open, func(n int) {
			for range n {
				_, err := codec.Open(sealed)
				must(err)
			}
		}},
		{Forward, func(n int) { forward(broker, first, encoded, n) }},
	}
}

// must is for what can only fail if this package is wrong.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("cost: %v", err))
	}
}

// machine takes a link through its life: an offer, its answer, a session, its end.
func machine(n int) {
	link, fx := signal.NewLink(true), signal.LinkEffects{}
	for range n / 4 {
		link.Seq = 0
		a := link.Step(signal.LinkConnect(1), &fx)
		b := link.Step(signal.LinkAnswer(1, 0), &fx)
		c := link.Step(signal.LinkUp(), &fx)
		if d := link.Step(signal.LinkHangup(), &fx); min(a, b, c, d) == signal.LinkNever {
			panic("cost: a link's life has a step that must not be")
		}
	}
}

// world is a broker, peer 1, between two neighbors.
func world() *sim.World {
	w := sim.New(3, sim.Options{})
	w.Connected(0, 1)
	w.Connected(1, 2)
	return w
}

func ping(c *core.Core, id transport.SessionID, n int) {
	in := core.Received{ID: id, Msg: &arc.Ping{Id: 1}}
	for range n {
		if len(c.Step(0, in)) != 1 {
			panic("cost: a ping has no answer")
		}
	}
}

func relay(w *sim.World, payload []byte) *signal.Relay {
	return &signal.Relay{
		Initiator: w.Peers[0].ID, Number: 1 << 40, Position: 1, Payload: payload,
		Path: [][32]byte{w.Peers[0].ID, w.Peers[1].ID, w.Peers[2].ID},
	}
}

// forward is all that a broker's node does for a signal, but for the driver's
// part.
func forward(c *core.Core, id transport.SessionID, encoded []byte, n int) {
	for range n {
		m, err := wire.Decode(encoded)
		must(err)
		fx := c.Step(0, core.Received{ID: id, Msg: m})
		if len(fx) != 1 {
			panic("cost: a relay is not forwarded")
		}
		_, err = wire.Encode(fx[0].(core.Send).Msg)
		must(err)
	}
}

var key = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

func offer() *transport.Signal {
	var from transport.PeerID
	copy(from[:], key.Public().(ed25519.PublicKey))
	return &transport.Signal{
		Kind: transport.Offer, From: from, To: transport.PeerID{1},
		Session: transport.SessionID{Initiator: from, Number: 1 << 40},
		Wish:    &transport.Wish{Arc: 1, Protocol: "cost"},
		Description: &transport.Description{
			Ufrag: "cost", Password: "cost+cost+cost+cost+cost", MaxMessage: transport.MaxFrame, Eager: true,
			SCTPInit: make([]byte, 32),
		},
	}
}
