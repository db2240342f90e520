//go:build !js

package entrance

import (
	"github.com/gorilla/websocket"
)

// handle does what a client says.
func (s *Server) handle(c *socket, messageType int, b []byte) {
	s.mu.Lock()
	defer s.unlock()
	if c.leaving {
		return
	}
	f, err := decode(b)
	if err != nil || messageType != websocket.BinaryMessage {
		s.refuse(c, Malformed)
		return
	}
	switch {
	case f.kind == hello && c.role == 0 && f.role == keeper:
		s.enter(c, f)
	case f.kind == hello && c.role == 0:
		s.knockAt(c, f)
	case c.role == 0:
		s.refuse(c, Malformed)
	case f.kind == ping:
		s.send(c, frame{kind: pong}.encode())
	case f.kind == signal && c.role == keeper:
		s.answer(c.visits[f.number], b)
	case f.kind == signal && f.number == 0:
		s.ask(c, b)
	case f.kind == end && c.role == keeper:
		s.keeperDone(c.visits[f.number])
	case f.kind == end && f.number == 0:
		s.newcomerDone(c)
	default:
		s.refuse(c, Malformed)
	}
}

// ask passes a newcomer's signal on. The first one gives it to a member. What it
// says while it waits for one is dropped: it says it again when it is moved.
func (s *Server) ask(n *socket, b []byte) {
	if n.visit == nil && (n.waiting || n.done || !s.place(n)) {
		s.stats.Stale++
		return
	}
	s.stats.Signals++
	renumber(b, n.visit.number)
	s.send(n.visit.keeper, b)
}

// answer passes a member's signal on. From the first one on, the newcomer is
// this member's.
func (s *Server) answer(v *visitAt, b []byte) {
	if v == nil {
		s.stats.Stale++
		return
	}
	if !v.answered {
		v.answered = true
		stop(v.timer)
		s.stats.Answered++
	}
	s.stats.Signals++
	renumber(b, 0)
	s.send(v.newcomer, b)
}

// keeperDone: the member has no need of the conversation any more.
func (s *Server) keeperDone(v *visitAt) {
	if v == nil {
		return
	}
	s.endVisit(v, false, v.answered)
	if !v.answered {
		s.move(v.newcomer)
	}
}

// newcomerDone: nor has the newcomer.
func (s *Server) newcomerDone(n *socket) {
	n.done = true
	if n.visit != nil {
		s.endVisit(n.visit, true, false)
	}
}

// gone forgets a client whose connection has ended.
func (s *Server) gone(c *socket) {
	s.mu.Lock()
	if !c.leaving {
		c.leaving = true
		s.parted = append(s.parted, c)
	}
	delete(s.sockets, c)
	s.unlock()
	close(c.left)
	c.ws.Close() // in case the writer waits for the client to read
}
