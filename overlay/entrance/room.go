//go:build !js

package entrance

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// room is those that keep a door open under one name, and the newcomers that
// wait for a place at one. It exists as long as it has a keeper.
type room struct {
	keepers []*socket
	tokens  map[token]*socket
	waiting []*socket // in the order of their coming
}

// visitAt is a newcomer's conversation with one keeper.
type visitAt struct {
	newcomer, keeper *socket
	number           uint32
	answered         bool
	timer            *time.Timer // of the answer
}

// All functions below run under Server.mu.

// pick chooses by chance among the doors that this newcomer can be given to;
// nil: there is none, or (full) none that has a place.
func (s *Server) pick(n *socket) (k *socket, full bool) {
	r := s.rooms[n.room]
	if r == nil {
		return nil, false
	}
	count := 0
	for _, c := range r.keepers {
		switch {
		case !fit(n, c):
		case len(c.visits) >= s.cfg.MaxVisits:
			full = true
		default:
			if count++; rand.IntN(count) == 0 {
				k = c
			}
		}
	}
	return k, full
}

// fit reports whether the newcomer may be given to this keeper: nobody meets
// itself, and nobody the same member twice.
func fit(n, k *socket) bool {
	_, tried := n.tried[k]
	return !tried && !n.leaving && !k.leaving && k.peer != n.peer
}

// place gives the newcomer to a member, or lets it wait for one; false: there
// is none now.
func (s *Server) place(n *socket) bool {
	if n.leaving {
		return false
	}
	if s.closing {
		s.refuse(n, Closing)
		return false
	}
	if len(n.tried) >= s.cfg.MaxTries {
		s.refuse(n, Unanswered)
		return false
	}
	k, full := s.pick(n)
	switch {
	case k != nil:
		s.visit(n, k)
		return true
	case full:
		n.waiting = true
		r := s.rooms[n.room]
		r.waiting = append(r.waiting, n)
	case len(n.tried) == 0:
		s.refuse(n, EmptyRoom)
	default:
		s.refuse(n, Unanswered)
	}
	return false
}

func (s *Server) visit(n, k *socket) {
	k.last++
	v := &visitAt{newcomer: n, keeper: k, number: k.last}
	k.visits[v.number] = v
	n.visit = v
	n.tried[k] = struct{}{}
	s.send(k, frame{kind: begin, number: v.number}.encode())
	k.bucket.grant(s.cfg.MessageBurst, s.cfg.MaxVisits)
	v.timer = after(s.cfg.AnswerTimeout, func() {
		s.mu.Lock()
		defer s.unlock()
		if n.visit == v && !v.answered {
			s.endVisit(v, true, false)
			s.move(n)
		}
	})
}

// endVisit takes a conversation off both, tells whom it concerns, and gives the
// place at the door to somebody else.
func (s *Server) endVisit(v *visitAt, tellKeeper, tellNewcomer bool) {
	stop(v.timer)
	delete(v.keeper.visits, v.number)
	v.newcomer.visit = nil
	if tellKeeper {
		s.send(v.keeper, frame{kind: end, number: v.number}.encode())
	}
	if tellNewcomer {
		v.newcomer.done = true
		s.send(v.newcomer, frame{kind: end}.encode())
	}
	s.admitWaiting(v.keeper)
}

// move gives a newcomer that was not answered to another member.
func (s *Server) move(n *socket) {
	if s.place(n) {
		s.moved(n)
	}
}

// moved lets the newcomer say again what nobody has heard.
func (s *Server) moved(n *socket) {
	s.stats.Moved++
	s.send(n, frame{kind: moved}.encode())
}

// admitWaiting fills the places at a door with those that wait.
func (s *Server) admitWaiting(k *socket) {
	r := s.rooms[k.room]
	if r == nil || s.closing {
		return
	}
	for i := 0; i < len(r.waiting) && len(k.visits) < s.cfg.MaxVisits; {
		n := r.waiting[i]
		if !fit(n, k) {
			i++
			continue
		}
		r.waiting = slices.Delete(r.waiting, i, i+1)
		n.waiting = false
		s.visit(n, k)
		s.moved(n)
	}
}

// enter opens a door.
func (s *Server) enter(c *socket, f frame) {
	r := s.rooms[f.room]
	if r == nil {
		if len(s.rooms) >= s.cfg.MaxRooms {
			s.refuse(c, TooManyRooms)
			return
		}
		r = &room{tokens: map[token]*socket{}}
	}
	old := r.tokens[f.token]
	if old == nil && len(r.keepers) >= s.cfg.MaxDoors {
		s.refuse(c, RoomFull)
		return
	}
	if old != nil {
		s.refuse(old, Replaced)
	}
	s.rooms[f.room] = r
	r.tokens[f.token] = c
	c.role, c.room, c.peer, c.token = keeper, f.room, f.peer, f.token
	c.visits = map[uint32]*visitAt{}
	c.position = len(r.keepers)
	r.keepers = append(r.keepers, c)
	s.send(c, frame{kind: welcome}.encode())
	s.admitWaiting(c)
}

// knockAt welcomes a newcomer, if there is anybody to meet. It is given to a
// member with its first signal.
func (s *Server) knockAt(c *socket, f frame) {
	c.peer, c.room = f.peer, f.room
	if k, full := s.pick(c); k == nil && !full {
		s.refuse(c, EmptyRoom)
		return
	}
	c.role = newcomer
	c.tried = map[*socket]struct{}{}
	c.limit = after(s.cfg.NewcomerTimeout, func() {
		s.mu.Lock()
		defer s.unlock()
		why := TooLong
		if c.waiting {
			why = Busy
		}
		s.refuse(c, why)
	})
	s.stats.Joins++
	s.send(c, frame{kind: welcome}.encode())
}

// leave takes a client out of its room. It was marked as leaving before, so
// that nobody is given to it meanwhile.
func (s *Server) leave(c *socket) {
	switch c.role {
	case keeper:
		s.leaveKeeper(c)
	case newcomer:
		stop(c.limit)
		if c.waiting {
			r := s.rooms[c.room]
			r.waiting = slices.DeleteFunc(r.waiting, func(n *socket) bool { return n == c })
			c.waiting = false
		}
		if c.visit != nil {
			s.endVisit(c.visit, true, false)
		}
	}
	c.role = 0
}

func (s *Server) leaveKeeper(c *socket) {
	r := s.rooms[c.room]
	last := r.keepers[len(r.keepers)-1]
	r.keepers[c.position], last.position = last, c.position
	r.keepers = r.keepers[:len(r.keepers)-1]
	if r.tokens[c.token] == c {
		delete(r.tokens, c.token)
	}
	if len(r.keepers) == 0 {
		delete(s.rooms, c.room)
	}
	for _, v := range c.visits {
		s.endVisit(v, false, v.answered)
		if !v.answered {
			s.move(v.newcomer)
		}
	}
	if len(r.keepers) == 0 {
		for _, n := range r.waiting {
			n.waiting = false
			s.move(n) // which refuses it
		}
		r.waiting = nil
	}
}

// send gives a client a frame; one that has too many waiting is dropped.
func (s *Server) send(c *socket, b []byte) {
	if c.leaving {
		return
	}
	select {
	case c.out <- b:
	default:
		s.drop(c, TooSlow)
	}
}

// refuse tells a client why it must go.
func (s *Server) refuse(c *socket, why Reason) {
	if c.leaving {
		return
	}
	var after time.Duration
	if why == Closing {
		after = s.comeBack()
	}
	s.send(c, frame{kind: refused, reason: why, after: after}.encode())
	s.bye(c, why, true)
}

// drop ends a connection that is not worth another word.
func (s *Server) drop(c *socket, why Reason) { s.bye(c, why, false) }

func (s *Server) bye(c *socket, why Reason, flush bool) {
	if c.leaving {
		return
	}
	s.stats.Refused[why]++
	s.log.Debug("connection ended", "reason", why)
	code := websocket.ClosePolicyViolation
	switch why {
	case TooSlow:
		code = websocket.CloseTryAgainLater
	case Closing:
		code = websocket.CloseServiceRestart
	}
	f := farewell{code: code, text: why.String(), flush: flush}
	if flush {
		f.wait = linger
	}
	s.part(c, f)
}

// part lets the writer end the connection; unlock takes the client out of its
// room.
func (s *Server) part(c *socket, f farewell) {
	c.leaving = true
	c.farewell <- f // has room: this is the only one
	s.parted = append(s.parted, c)
}
