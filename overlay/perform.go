package overlay

import (
	"errors"
	"sync"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/overlay/internal/wire"
	"github.com/n2n-overlay/n2n/transport"
)

// session is a driver session and what this node does with it. It is the
// driver's handler for it, too.
type session struct {
	node    *Node
	id      transport.SessionID
	driver  transport.Session
	control transport.Channel
	gone    chan struct{} // closed when the session is over
	failing sync.Once

	pipes pipes
	media tracks
}

// perform carries out what the core wants. It never waits: what takes time
// comes back as an input.
func (n *Node) perform(e core.Effect) {
	switch e := e.(type) {
	case core.MakeOffer:
		n.begin(e.ID, func(s *session) (transport.Session, error) { return n.driver.Offer(e.ID, s) })
	case core.MakeAnswer:
		n.begin(e.ID, func(s *session) (transport.Session, error) {
			if d, ok := n.driver.(transport.Patient); ok && e.Patience > 0 {
				return d.AnswerWithin(e.ID, e.Offer, e.Patience, s)
			}
			return n.driver.Answer(e.ID, e.Offer, s)
		})
	case core.Finish:
		n.drive(e.ID, func(s transport.Session) error { return s.Finish(e.Answer) })
	case core.AddCandidates:
		n.drive(e.ID, func(s transport.Session) error { return s.AddCandidates(e.C) })
	case core.CloseSession:
		n.end(e.ID)
	case core.Send:
		n.send(e.ID, e.Msg)
	case core.SendSignal:
		n.sendSignal(e)
	case core.OpenChannel:
		n.openChannel(e)
	case core.Usable:
		n.usable(e)
	case core.Opened, core.Reversed, core.Failed:
		n.tell(e)
	case core.Closed:
		n.tell(e)
		n.arcClosed(e)
	case core.Done:
		n.ended = append(n.ended, e)
	case core.DoorDone:
		if c := n.conduit(e.Conn); c != nil {
			c.finish(e.Peer, e.Err)
		}
	case core.Fault:
		n.fault(e)
	default:
		n.performMedia(e)
	}
}

// answer ends a call.
func (n *Node) answer(d core.Done) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if result := n.calls[d.Call]; result != nil {
		result <- d // has room: there is one Done for each call
		delete(n.calls, d.Call)
	}
}

func (n *Node) begin(id transport.SessionID, begin func(*session) (transport.Session, error)) {
	s := &session{node: n, id: id, gone: make(chan struct{})}
	d, err := begin(s)
	if err == nil {
		s.driver = d
		s.control, err = d.Channel(transport.ControlChannel, transport.ChannelConfig{})
	}
	n.sessions[id] = s
	if err != nil {
		n.log.Warn("driver", "session", id, "err", err)
		n.failed = append(n.failed, core.Down{ID: id, Err: err})
	}
}

func (n *Node) drive(id transport.SessionID, f func(transport.Session) error) {
	s := n.sessions[id]
	if s == nil || s.driver == nil {
		return
	}
	if err := f(s.driver); err != nil {
		n.failed = append(n.failed, core.Down{ID: id, Err: err})
	}
}

func (n *Node) end(id transport.SessionID) {
	s := n.sessions[id]
	if s == nil {
		return
	}
	delete(n.sessions, id)
	close(s.gone)
	for _, pp := range s.pipes.all() {
		pp.owner().dropPipe(pp)
		pp.mux.end(ErrNotNeighbor, true)
	}
	s.media.end(s, ErrNotNeighbor)
	if s.driver != nil {
		s.driver.Close()
	}
}

func (n *Node) send(id transport.SessionID, m core.Message) {
	s := n.sessions[id]
	if s == nil || s.control == nil {
		return
	}
	b, err := wire.Encode(m)
	if err == nil {
		err = s.control.Send(b)
	}
	if err != nil {
		n.failed = append(n.failed, core.Down{ID: id, Err: err})
	}
}

// sendSignal signs a signal: from here on nobody can change it.
func (n *Node) sendSignal(e core.SendSignal) {
	b, err := n.codec.Seal(n.cfg.Key, e.Signal)
	if err != nil {
		n.log.Error("signal", "kind", e.Signal.Kind, "err", err)
		return
	}
	if e.Conn != 0 {
		if c := n.conduit(e.Conn); c != nil && !c.put(e.Signal.Kind, b) {
			n.counts.SignalsDropped.Add(1)
		}
		return
	}
	path := make([][32]byte, len(e.Path))
	for i, p := range e.Path {
		path[i] = p
	}
	n.send(e.Via, &signal.Relay{
		Initiator: e.Signal.Session.Initiator, Number: e.Signal.Session.Number,
		Path: path, Position: 1, Payload: b,
	})
}

func (n *Node) openChannel(e core.OpenChannel) {
	s, p := n.sessions[e.ID], n.protocol(e.Protocol)
	if s == nil || p == nil {
		return
	}
	number := p.channelOf(e.Channel)
	if pp := s.pipes.get(number); pp != nil { // the protocol was registered before
		pp.adopt(p)
		p.setPipe(e.Peer, pp)
		return
	}
	pp := newPipe(s, e.Peer, p, number)
	s.pipes.put(pp) // before the channel can bring anything
	if err := pp.open(s.driver); err != nil {
		n.failed = append(n.failed, core.Down{ID: e.ID, Err: err})
		return
	}
	p.setPipe(e.Peer, pp)
}

func (n *Node) usable(e core.Usable) {
	s, p := n.sessions[e.ID], n.protocol(e.Protocol)
	if s == nil || p == nil {
		return
	}
	if pp := s.pipes.get(p.channelOf(e.Channel)); pp != nil {
		pp.setUsable()
	}
}

func (n *Node) fault(e core.Fault) {
	if e.Bug {
		n.counts.Bugs.Add(1)
		n.log.Error("bug", "err", e.Err)
		return
	}
	n.log.Warn("peer broke the protocol", "peer", e.Peer.Short(), "err", e.Err)
}

// trace shows an edge to who watches, and lets the referee replay it.
func (n *Node) trace(e core.Edge) {
	if n.cfg.Trace != nil {
		n.cfg.Trace(n.stepOf(e))
	}
	if n.referee == nil {
		return
	}
	n.counts.Edges.Add(1)
	if err := replay(n.referee, e); err != nil {
		n.counts.Divergences.Add(1)
		n.log.Error("referee", "machine", e.Machine, "peer", e.Peer.Short(), "err", err)
	}
}

// fail ends a session that this end cannot go on with.
func (s *session) fail(err error) {
	s.failing.Do(func() {
		// The caller may hold a lock that the work takes.
		s.node.help(func() { s.node.post(core.Down{ID: s.id, Err: err}) })
	})
}

// Described, Gathered, Up, Down and Message are what the driver says.

func (s *session) Described(id transport.SessionID, d transport.Description) {
	s.node.post(core.Described{ID: id, D: d})
}

func (s *session) Gathered(id transport.SessionID, c []transport.Candidate, last bool) {
	s.node.post(core.Gathered{ID: id, C: c, Last: last})
}

func (s *session) Up(id transport.SessionID) { s.node.post(core.Up{ID: id}) }

func (s *session) Down(id transport.SessionID, reason error) {
	s.node.log.Debug("session down", "session", id, "err", reason)
	s.node.post(core.Down{ID: id, Err: reason})
}

// Message runs on the driver's goroutine: decoding and the check of signatures
// hold up nobody.
func (s *session) Message(id transport.SessionID, channel uint16, data []byte) {
	if channel != transport.ControlChannel {
		v := "a protocol delivers otherwise at the peer than here"
		if pp := s.pipes.get(channel); pp != nil {
			s.node.counts.received(len(data))
			v = pp.receive(data)
		}
		if v != "" {
			s.node.post(core.Blame{ID: id, What: v})
		}
		return
	}
	m, err := wire.Decode(data)
	if err != nil {
		s.node.counts.Malformed.Add(1)
		s.node.post(core.Blame{ID: id, What: err.Error()})
		return
	}
	in := core.Received{ID: id, Msg: m}
	if in.Media, err = sections(m); err != nil {
		s.node.counts.Malformed.Add(1)
		s.node.post(core.Blame{ID: id, What: err.Error()})
		return
	}
	if r, ok := m.(*signal.Relay); ok && len(r.Path) > 0 && int(r.Position) == len(r.Path)-1 {
		in.Signal = s.node.open(r.Payload)
	}
	s.node.post(in)
}

// open reads and verifies a signal; nil: it is not what it claims to be.
func (n *Node) open(b []byte) *transport.Signal {
	s, err := n.codec.Open(b)
	switch {
	case errors.Is(err, wire.ErrSignature):
		n.counts.BadSignatures.Add(1)
	case err != nil:
		n.counts.Malformed.Add(1)
	}
	if err != nil {
		n.log.Warn("signal refused", "err", err)
		return nil
	}
	return s
}
