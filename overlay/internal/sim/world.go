// Package sim runs many cores in one single-threaded world: their drivers, the
// messages between them and the time are simulated, and whoever runs the world
// decides what happens next. So every interleaving of deliveries, timers and
// faults can be produced, and produced again.
//
//	w := sim.New(3, sim.Options{})
//	w.Connected(0, 1) // a session between two peers, as after an entrance
//	w.Connected(1, 2)
//	call := w.Connect(0, 2, 1) // brokered by 1
//	w.Settle()
//	err, ended := w.Result(call)
//
// What may happen next is in Pending; Deliver, Drop, Duplicate and Hold make it
// happen, Advance lets the next timer fire, Early fires one too soon. Choices
// lists all of it, faults and calls included. Check tells what must never be,
// CheckQuiet what must not be left over once nothing is under way. The same
// choices give the same world, always.
//
// A world is not safe for concurrent use.
package sim

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Options of a world. The zero value works.
type Options struct {
	Protocols []string                      // registered at every peer; nil: "p"
	Config    func(i int, c *core.Config)   // changes a peer's config
	Trickle   bool                          // candidates are found after the description, not before
	Log       func(line string)             // gets a line for each thing that happens; nil: none
	About     string                        // what the trace is about
	Record    func(line string)             // gets a trace (see spec/chart), which Play plays again; nil: none
	Trace     func(peer int, e core.Edge)   // gets every edge
	Referee   *referee.Referee              // replays every edge; nil: none
	Liars     []int                         // peers that may break the protocol, and what they break is no fault
	Chores    bool                          // for Fingerprint: time may pass until peers forget each other
	Spy       func(peer int, e core.Effect) // gets every effect; may be nil
}

// World is a network of cores.
type World struct {
	Peers     []*Peer
	Now       time.Duration
	pending   []*Item
	signals   *signals // payloads of relays, by number
	memo      *memo    // of what cores do; nil: none
	nextID    uint64   // of the next call; zero: as they come
	room      []end    // for the ends of a clone
	calls     []*Call
	made      int  // calls
	shut      bool // the entrance
	order     uint64
	opts      Options
	steps     int
	fault     error           // the first thing that must not have been
	cut       map[[2]int]bool // pairs between which nothing comes through
	story     story
	cause     core.Input          // what the step under way is about
	left      core.Edge           // the link's edge of that step that left an attempt
	before    arc.SessionState    // of the session that the step's message came on
	replies   int                 // to Bye and Agree, in this step
	described transport.SessionID // whose description was sent last in this step
}

// Peer is one core and its driver.
type Peer struct {
	Index int
	ID    transport.PeerID
	Core  *core.Core
	Alive bool
	Left  bool // it has said farewell
	Old   bool // it speaks another version of the protocol than those that are not

	Out, In map[Arc]int // what its events say of its views
	Faults  []core.Fault
	held    map[uint64]Arc // what its holds hold, by their calls
	ends    []*end         // of driver sessions, by age
	boot    uint64
	ahead   time.Duration // of its clock before the world's
	gone    map[string]bool
	fork    fork
	changed bool // since the world was cloned

	opened   core.Opened   // the last one
	closed   core.Closed   // the last one
	shut     []uint64      // channels of the application that are closed
	patience time.Duration // how long a call may take
}

// Arc names a view's entry.
type Arc struct {
	Protocol string
	Peer     transport.PeerID
}

// New makes a world of n peers that do not know each other.
func New(n int, opts Options) *World {
	if opts.Protocols == nil {
		opts.Protocols = []string{"p"}
	}
	w := &World{opts: opts, cut: map[[2]int]bool{}, signals: &signals{}}
	w.preface(n)
	for i := range n {
		p := &Peer{Index: i}
		p.ID[0] = byte(i + 1)
		w.Peers = append(w.Peers, p)
		w.boot(p, 1)
	}
	return w
}

// boot starts a peer afresh: it remembers nothing.
func (w *World) boot(p *Peer, boot uint64) {
	p.boot = boot
	cfg := w.config(p.Index)
	cfg.ID, cfg.First, cfg.Hash = p.ID, p.boot<<22, hash
	cfg.Trace = func(e core.Edge) { w.trace(p, e) }
	p.patience = cfg.ConnectTimeout
	if p.patience == 0 {
		p.patience = arc.RequestTimeout
	}
	p.Core, p.fork = core.New(cfg), fork{}
	p.Alive, p.Left = true, false
	p.Out, p.In, p.held = map[Arc]int{}, map[Arc]int{}, nil
	p.ends, p.gone, p.shut = nil, map[string]bool{}, nil
	for _, name := range w.opts.Protocols {
		w.Input(p.Index, core.Register{Protocol: name})
	}
}

// config gives what a peer's options say.
func (w *World) config(i int) core.Config {
	cfg := core.Config{Heartbeat: -1}
	if w.opts.Config != nil {
		w.opts.Config(i, &cfg)
	}
	return cfg
}

// hash stands in for the one over the signed bytes.
func hash(s *transport.Signal) (h [32]byte) {
	copy(h[:], s.From[:4])
	copy(h[4:], s.To[:4])
	binary.BigEndian.PutUint64(h[8:], s.Session.Number)
	if s.Description != nil {
		copy(h[16:], s.Description.Ufrag)
	}
	h[31] = 1
	return h
}

// Input gives a core an input and carries out what it says.
func (w *World) Input(i int, in core.Input) {
	p := w.Peers[i]
	if !p.Alive {
		return
	}
	w.steps++
	w.cause, w.left = in, core.Edge{}
	w.replies, w.described = 0, transport.SessionID{}
	switch in := in.(type) {
	case core.Received:
		w.before = p.Core.Session(p.Core.Peer(in.ID))
	case core.Unregister:
		p.closeChannels(in.Protocol)
	case core.CloseDoor:
		p.shut = append(slices.Clip(p.shut), in.Conn)
	}
	fx := w.step(p, in)
	for _, e := range fx {
		w.perform(p, e)
	}
	w.checkTogether(p, fx)
	w.cause = nil
	w.told()
}

// Steps counts the inputs that cores have taken.
func (w *World) Steps() int { return w.steps }

// failed keeps the first thing that must not have been.
func (w *World) failed(p *Peer, format string, args ...any) {
	if w.fault == nil {
		w.fault = fmt.Errorf("%s: "+format, append([]any{w.Name(p.ID)}, args...)...)
		w.news("WRONG: %v", w.fault)
	}
}

func (w *World) perform(p *Peer, e core.Effect) {
	if w.opts.Spy != nil {
		w.opts.Spy(p.Index, e)
	}
	w.contract(p, e)
	switch e := e.(type) {
	case core.MakeOffer:
		w.begin(&end{peer: p, id: e.ID, offers: true})
	case core.MakeAnswer:
		offer := e.Offer
		w.begin(&end{peer: p, id: e.ID, remote: &offer, known: len(offer.Candidates) > 0})
	case core.Finish:
		if s := p.end(e.ID); s != nil {
			if s.remote != nil {
				w.failed(p, "answered twice: %v", w.session(e.ID))
			}
			answer := e.Answer
			s.remote, s.known = &answer, s.known || len(answer.Candidates) > 0
			w.join(s)
		}
	case core.AddCandidates:
		if s := p.end(e.ID); s != nil {
			s.known = true
			w.join(s)
		}
	case core.CloseSession:
		w.checkLeft(p, e.ID)
		w.close(p, e.ID)
	case core.Send:
		w.send(p, e.ID, message{e.Msg, nil})
	case core.SendSignal:
		w.sendSignal(p, e)
	case core.OpenChannel:
		w.openChannel(p, e)
	case core.Usable:
		w.checkUsable(p, e)
	case core.Opened:
		w.news("%s opened%s", w.arrow(e.Out, e.Peer), w.protocol(e.Protocol))
		p.own(e.Out)[Arc{e.Protocol, e.Peer}]++
	case core.Closed:
		w.news("%s closed%s: %v", w.arrow(e.Out, e.Peer), w.protocol(e.Protocol), because(e))
		p.lose(e.Out, Arc{e.Protocol, e.Peer})
	case core.Reversed:
		w.news("%s is an %s now%s", w.arrow(!e.Out, e.Peer), w.arrow(e.Out, e.Peer), w.protocol(e.Protocol))
		p.lose(!e.Out, Arc{e.Protocol, e.Peer})
		p.own(e.Out)[Arc{e.Protocol, e.Peer}]++
	case core.Failed:
		w.news("%s failed%s: %v", w.arrow(true, e.Peer), w.protocol(e.Protocol), e.Err)
	case core.Done:
		w.done(p, e)
	case core.DoorDone:
		w.doorDone(p, e)
	case core.Fault:
		w.news("fault of %s: %v", w.Name(e.Peer), e.Err)
		p.Faults = append(p.Faults, e)
		if e.Bug || !w.liar(e.Peer) && !w.liar(p.ID) {
			w.failed(p, "fault: %v", e.Err)
		}
	}
}

func (w *World) liar(id transport.PeerID) bool {
	for _, i := range w.opts.Liars {
		if i < len(w.Peers) && w.Peers[i].ID == id {
			return true
		}
	}
	return false
}

// own gives a view to be changed: clones of the world share the old one.
func (p *Peer) own(out bool) map[Arc]int {
	if out {
		p.Out = maps.Clone(p.Out)
		return p.Out
	}
	p.In = maps.Clone(p.In)
	return p.In
}

// lose takes an arc out of a view.
func (p *Peer) lose(out bool, a Arc) {
	v := p.own(out)
	if v[a]--; v[a] > 0 {
		return
	}
	delete(v, a)
	if out {
		p.endHolds(a)
	}
}
