package sim

import (
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// memo remembers what cores do. A core's answer to an input depends on nothing
// but its state and the time, and in a search the same core in the same state
// gets the same input in thousands of worlds that differ elsewhere. All worlds
// share the cores in it, which nobody changes any more.
type memo struct {
	mu    sync.RWMutex
	cores map[coreKey]*known
	done  map[string]*answer
	last  uint64

	chores bool
}

// coreKey tells states of cores apart. The time is in it, because timers are
// kept by the clock.
type coreKey struct {
	sum Fingerprint
	now time.Duration
}

type known struct {
	core *core.Core
	key  coreKey
	id   uint64
	err  error // what Check says

	alarm, chore clock
	driven       []transport.SessionID
}

// answer is what a core does on an input.
type answer struct {
	*known
	edges   []core.Edge
	effects []core.Effect
}

// memoLimit bounds the answers that are kept: they take some 5 KiB each.
const memoLimit = 40_000

// Remember has this world and its clones share what their cores do, from now on.
func (w *World) Remember() {
	w.memo = &memo{cores: map[coreKey]*known{}, done: map[string]*answer{}, chores: w.opts.Chores}
	w.signals.unique = true
}

// step has a core take an input.
func (w *World) step(p *Peer, in core.Input) []core.Effect {
	p.changed, p.fork.known = true, false
	if w.memo != nil {
		return w.memo.step(w, p, in)
	}
	if p.fork.shared {
		p.fork.shared = false
		p.Core = p.Core.Clone(func(e core.Edge) { w.trace(p, e) })
	}
	return p.Core.Step(w.Now+p.ahead, in)
}

func (m *memo) step(w *World, p *Peer, in core.Input) []core.Effect {
	now := w.Now + p.ahead
	if p.fork.from == nil {
		if !p.fork.shared {
			p.Core.SetTrace(nil) // it is everybody's from now on
		}
		m.hold(p, m.intern(p.Core, now))
	}
	var space [512]byte
	k := core.Key{B: space[:0], Peer: peerNumber}
	k.Uint(p.fork.from.id)
	k.Duration(now)
	if !input(&k, in) {
		a := m.answer(p.Core, now, in)
		return m.take(w, p, a)
	}
	m.mu.RLock()
	a := m.done[string(k.B)]
	m.mu.RUnlock()
	if a == nil {
		a = m.answer(p.Core, now, in)
		m.mu.Lock()
		if len(m.done) >= memoLimit {
			clear(m.done)
			clear(m.cores)
		}
		m.done[string(k.B)] = a
		m.mu.Unlock()
	}
	return m.take(w, p, a)
}

// answer finds out what a core does.
func (m *memo) answer(c *core.Core, now time.Duration, in core.Input) *answer {
	a := &answer{}
	c = c.Clone(func(e core.Edge) { a.edges = append(a.edges, e) })
	a.effects = c.Step(now, in)
	c.SetTrace(nil)
	a.known = m.intern(c, now)
	return a
}

// take lets a peer be as an answer says.
func (m *memo) take(w *World, p *Peer, a *answer) []core.Effect {
	m.hold(p, a.known)
	for _, e := range a.edges {
		w.trace(p, e)
	}
	if a.err != nil {
		w.failed(p, "%w", a.err)
	}
	return a.effects
}

func (m *memo) hold(p *Peer, k *known) {
	p.Core = k.core
	p.fork = fork{shared: true, known: true, at: k.key.now, sum: k.key.sum, from: k}
}

// intern gives the core of those that are known which is in the same state.
func (m *memo) intern(c *core.Core, now time.Duration) *known {
	b := core.Key{B: make([]byte, 0, 1024), Peer: peerNumber, Chores: m.chores}
	c.AppendKey(&b, now)
	key := coreKey{fingerprint(b.B), now}
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.cores[key]; k != nil {
		return k
	}
	m.last++
	k := &known{core: c, key: key, id: m.last, err: c.Check()}
	k.alarm.at, k.alarm.runs = c.Alarm()
	k.chore.at, k.chore.runs = c.Chore()
	k.driven = c.Driven()
	m.cores[key] = k
	return k
}

func (p *Peer) driven() []transport.SessionID {
	if k := p.fork.from; k != nil {
		return k.driven
	}
	return p.Core.Driven()
}

// input adds an input; false: it comes too rarely to be remembered.
func input(k *core.Key, in core.Input) bool {
	switch in := in.(type) {
	case core.Tick:
		k.Uint(1)
	case core.Up:
		k.Uint(2)
		k.Session(in.ID)
	case core.Down:
		k.Uint(3)
		k.Session(in.ID)
		k.Error(in.Err)
	case core.Described:
		k.Uint(4)
		k.Session(in.ID)
		k.Description(&in.D)
	case core.Gathered:
		k.Uint(5)
		k.Session(in.ID)
		k.Uint(uint64(len(in.C)))
		k.Bool(in.Last)
	case core.Received:
		k.Uint(6)
		k.Session(in.ID)
		k.Message(in.Msg)
		k.Signal(in.Signal)
		payload(k, in.Msg)
	case core.Signaled:
		k.Uint(7)
		k.Uint(in.Conn)
		k.Signal(in.Signal)
	case core.CloseDoor:
		k.Uint(8)
		k.Uint(in.Conn)
	case core.Connect:
		k.Uint(9)
		k.Uint(in.Call)
		k.Bytes(in.Protocol)
		k.ID(in.To)
		k.Duration(in.Timeout)
		for _, id := range in.Path {
			k.ID(id)
		}
	case core.Reverse:
		k.Uint(11)
		k.Uint(in.Call)
		k.Bytes(in.Protocol)
		k.ID(in.To)
	case core.Hold:
		k.Uint(12)
		k.Uint(in.Call)
		k.Bytes(in.Protocol)
		k.ID(in.To)
	case core.Release:
		k.Uint(13)
		k.Uint(in.Hold)
		k.ID(in.To)
	case core.Disconnect:
		k.Uint(10)
		k.Uint(in.Call)
		k.Bytes(in.Protocol)
		k.ID(in.To)
	default:
		return false
	}
	return true
}

// signals are what relays carry: a relay names one by its number. Worlds with a
// memo share them, and equal ones have one number.
type signals struct {
	mu     sync.RWMutex
	list   []*transport.Signal
	unique bool
	number map[string]int
}

func (s *signals) put(sig *transport.Signal) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := ""
	if s.unique {
		k := core.Key{Peer: peerNumber}
		k.Signal(sig)
		key = string(k.B)
		if n, ok := s.number[key]; ok {
			return n
		}
		if s.number == nil {
			s.number = map[string]int{}
		}
		s.number[key] = len(s.list)
	}
	s.list = append(s.list, sig)
	return len(s.list) - 1
}

func (s *signals) get(n int) *transport.Signal {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.list[n]
}

func (s *signals) len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.list)
}
