// Package core is one peer without I/O: the machines of fsm/signal and fsm/arc,
// put together. It reads no clock, takes no lock, opens no socket and starts no
// goroutine; the same code runs under overlay.Node, in tests over every
// interleaving, and in simulated worlds.
//
//	c := core.New(core.Config{ID: me, First: 1, Hash: wire.Hash})
//	for _, effect := range c.Step(now, core.Connect{Call: 1, Protocol: "chat", To: peer, Path: brokers}) {
//		perform(effect) // and feed what comes of it back as inputs
//	}
//	wakeAt, ok := c.Deadline() // then Step(now, core.Tick{})
//
// A Core is a plain value tree: it is not safe for concurrent use, and the
// effects that Step returns are valid until its next call.
//
// What each part does: link.go gets a session (offers, answers, glare),
// signals.go judges what others say about it, attempt.go knows one driver
// session, session.go keeps, leaves and closes it, arc.go counts what it is kept
// for, hold.go holds arcs, ends them and turns them round, channel.go numbers a
// session's channels, media.go adds and removes its tracks, broker.go passes the
// signals of others on, meeting.go asks neighbors to connect, guest.go meets
// peers over any channel, check.go says what must never be.
package core

import (
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// Version is the version of the protocol that hello carries.
const Version = 1

// bootBits is how far a boot is shifted in the numbers of its sessions: each
// boot has a million numbers, and boots are a millisecond apart. Numbers stay
// below 2^63 until the year 2248.
const bootBits = 20

// FirstNumber gives the first session number of a peer that starts at t.
// Numbers of a later boot are greater, so that nobody takes a restarted peer's
// offer for an old one.
func FirstNumber(t time.Time) uint64 { return uint64(t.UnixMilli()) << bootBits }

func boot(number uint64) uint64 { return number >> bootBits }

// Config says who the peer is. ID and Hash are required.
type Config struct {
	ID    transport.PeerID
	First uint64 // see FirstNumber
	Hash  func(*transport.Signal) [32]byte

	ConnectTimeout time.Duration // zero: arc.RequestTimeout, negative: a day
	Linger         time.Duration // zero: arc.LingerTimeout
	Heartbeat      time.Duration // between pings; three without a sign of life end a session; zero: 5 s, negative: none
	AdmitTimeout   time.Duration // for a newcomer that carries one offer and one answer by hand; zero: 1 min, negative: a day
	MaxPending     int           // attempts under way that others began; zero: 64
	MaxPeers       int           // peers remembered; zero: 4096
	MaxArcs        int           // arcs with one peer; zero: 1024
	Media          bool          // the driver has media
	Wishless       bool          // offers do not say which arc they are made for, as others' need not

	Trace func(Edge) // called for every edge that a machine takes; may be nil
}

func (c *Config) fill() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.ConnectTimeout, arc.RequestTimeout)
	set(&c.Linger, arc.LingerTimeout)
	set(&c.Heartbeat, 5*time.Second)
	set(&c.AdmitTimeout, time.Minute)
	if c.ConnectTimeout < 0 {
		c.ConnectTimeout = 24 * time.Hour
	}
	if c.AdmitTimeout < 0 {
		c.AdmitTimeout = 24 * time.Hour
	}
	if c.Linger < 0 {
		c.Linger = 0
	}
	for n, v := range map[*int]int{&c.MaxPending: 64, &c.MaxPeers: 4096, &c.MaxArcs: 1024} {
		if *n == 0 {
			*n = v
		}
	}
}

// setup is how long one attempt may take: two fit in one connect.
func (c *Config) setup() time.Duration {
	const share = float64(signal.SetupTimeout) / float64(arc.RequestTimeout)
	return time.Duration(share * float64(c.ConnectTimeout))
}

// Edge is one step of one machine, as Config.Trace gets it.
type Edge struct {
	Machine        string // link, broker, meeting, session, arc, exchange
	Peer           transport.PeerID
	From, Edge, To uint8
}

// Core is one peer.
type Core struct {
	cfg Config
	now time.Duration

	number    uint64 // the last session number that we used
	nextArc   uint64
	nextMeet  uint64
	peers     map[transport.PeerID]*peer
	sessions  map[transport.SessionID]*peer
	guests    map[uint64]*guest   // our offers that name nobody, by number
	doors     map[uint64]*door    // channels on which newcomers' offers may come
	meetings  map[uint64]*meeting // introductions and invitations that we asked for
	protocols map[string]bool
	broker    signal.Broker
	pending   int // attempts under way that others began
	leaving   bool

	timers timers
	hand   hand     // the signal that is being handled
	todo   []func() // what machines have to say to each other, in order; empty between steps
	fx     []Effect
	stats  Stats
}

// hand is the data that goes with the numbers a machine sees.
type hand struct {
	signal *transport.Signal
	route  Route
	guest  *guest
	err    error // why it is rejected
}

// New makes a peer that knows nobody.
func New(cfg Config) *Core {
	cfg.fill()
	return &Core{
		cfg:       cfg,
		number:    cfg.First,
		peers:     map[transport.PeerID]*peer{},
		sessions:  map[transport.SessionID]*peer{},
		guests:    map[uint64]*guest{},
		doors:     map[uint64]*door{},
		meetings:  map[uint64]*meeting{},
		protocols: map[string]bool{},
		timers:    newTimers(),
	}
}

// Step takes one input at the given time, counted from any fixed moment, and
// returns what is to be done, in order. Time that runs backwards is ignored.
func (c *Core) Step(now time.Duration, in Input) []Effect {
	c.now = max(c.now, now)
	c.fx = nil
	c.handle(in)
	c.settle()
	return c.fx
}

// settle lets the machines hear of each other until nobody has news.
func (c *Core) settle() {
	for len(c.todo) > 0 {
		f := c.todo[0]
		c.todo = c.todo[1:]
		f()
	}
	c.todo = nil
}

func (c *Core) later(f func()) { c.todo = append(c.todo, f) }

func (c *Core) emit(e Effect) { c.fx = append(c.fx, e) }

// Deadline gives when Step wants a Tick; false: no timer runs.
func (c *Core) Deadline() (time.Duration, bool) { return c.timers.next() }

func (c *Core) handle(in Input) {
	switch in := in.(type) {
	case Tick:
		c.tick()
	case Connect:
		c.connect(in)
	case Disconnect:
		c.disconnect(in)
	case Reverse:
		c.reverse(in)
	case Hold:
		c.hold(in)
	case Release:
		c.release(in)
	case Cancel:
		c.cancel(in.Call)
	case Introduce:
		c.introduce(in)
	case Invite:
		c.invite(in)
	case Join:
		c.join(in)
	case OpenDoor:
		c.openDoor(in)
	case CloseDoor:
		c.closeDoor(in.Conn)
	case Register:
		c.protocols[in.Protocol] = true
	case Unregister:
		c.unregister(in.Protocol)
	case Leave:
		c.leave()
	case Described:
		c.described(in)
	case Gathered:
		c.gathered(in)
	case Up:
		c.driverUp(in.ID)
	case Down:
		c.driverDown(in.ID, in.Err)
	case Received:
		c.received(in)
	case Signaled:
		c.signaled(in)
	case MediaChanged:
		c.mediaChanged(in)
	case MediaDone:
		c.mediaDone(in)
	case Blame:
		if p := c.sessions[in.ID]; p != nil && p.at != nil && p.at.id == in.ID {
			c.violate(p, in.What)
		}
	}
}

// tick lets every timer that is due fire, the earliest first.
func (c *Core) tick() {
	for {
		ref, ok := c.timers.pop(c.now)
		if !ok {
			return
		}
		c.fire(ref)
		c.settle()
	}
}

func (c *Core) fire(t timer) {
	p := c.peers[t.peer]
	switch t.kind {
	case timerMeeting:
		c.stepMeeting(c.meetings[t.key], signal.MeetingWait())
		return
	case timerGuest:
		c.guestRetry(t.key)
		return
	}
	if p == nil {
		return
	}
	switch t.kind {
	case timerSetup:
		c.stepLink(p, signal.LinkSetup())
	case timerRetry:
		c.stepLink(p, signal.LinkRetry())
	case timerLinger:
		c.stepSession(p, arc.SessionLinger())
	case timerParting:
		c.stepSession(p, arc.SessionParting())
	case timerRequest:
		if a := p.find(true, t.key); a != nil {
			a.err = ErrTimeout
			c.endRequest(p, a, arc.ArcRequest())
		}
	case timerPing:
		c.beat(p)
	case timerMedia:
		c.stepExchange(p, media.ExchangePatience())
	case timerForget:
		c.forget(p)
	}
}

func (c *Core) trace(machine string, peer transport.PeerID, from, edge, to uint8) {
	if c.cfg.Trace != nil && edge != 0 {
		c.cfg.Trace(Edge{machine, peer, from, edge, to})
	}
}

// bug reports an event that the machines say cannot happen here.
func (c *Core) bug(machine, state, event string) {
	c.emit(Fault{Err: &BugError{machine, state, event}, Bug: true})
}
