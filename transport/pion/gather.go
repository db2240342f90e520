package pion

import (
	"net/netip"
	"slices"
	"sync"

	"github.com/n2n-overlay/n2n/transport"
)

// Of transport.MaxCandidates, so many places are kept for what servers tell.
const (
	reflexivePlaces = 2
	relayPlaces     = 2
)

// mux is the sockets that the session uses; nil: none, only relays.
func (s *session) mux() *mux {
	if s.own != nil {
		return s.own
	}
	return s.driver.mux
}

// known gives the candidates that are known without asking a server.
func (s *session) known() []transport.Candidate {
	d, m := s.driver, s.mux()
	if m == nil {
		return nil
	}
	hosts := transport.MaxCandidates
	if len(d.cfg.stun) > 0 {
		hosts -= reflexivePlaces
	}
	if len(d.cfg.turn) > 0 {
		hosts -= relayPlaces
	}
	all := m.hostCandidates(hosts)
	if cached, ok := d.reflexive.cached(); ok && m == d.mux {
		all = append(all, cached...)
	}
	return all
}

// newlyTold picks the candidates that can and need be told, and notes them.
func (s *session) newlyTold(found []transport.Candidate) (fresh []transport.Candidate) {
	for _, c := range found {
		same := func(o transport.Candidate) bool { return o.Addr == c.Addr }
		if len(s.told) >= transport.MaxCandidates || slices.ContainsFunc(s.told, same) {
			continue
		}
		if transport.CheckCandidates([]transport.Candidate{c}) != nil { // a server told nonsense
			continue
		}
		s.told = append(s.told, c)
		fresh = append(fresh, c)
	}
	return fresh
}

// gathered tells the handler what was found.
func (s *session) gathered(found []transport.Candidate, last bool) {
	fresh := s.newlyTold(found)
	if len(fresh) > 0 || last {
		s.tell(func() { s.handler.Gathered(s.id, fresh, last) })
	}
}

// gather asks the servers for more candidates, on goroutines of its own, which
// close s.found at the end.
func (s *session) gather() {
	d := s.driver
	if len(d.cfg.stun) == 0 && len(d.cfg.turn) == 0 {
		s.found = nil
		s.gathered(nil, true)
		return
	}
	d.wg.Go(func() {
		defer close(s.found)
		var both sync.WaitGroup
		defer both.Wait()
		if len(d.cfg.stun) > 0 {
			both.Go(func() { s.find(s.askForReflexive()) })
		}
		if len(d.cfg.turn) > 0 {
			both.Go(s.awaitRelays)
		}
	})
}

// awaitRelays ends after the agent's last relay.
func (s *session) awaitRelays() {
	for {
		select {
		case c, more := <-s.relays:
			if !more {
				return
			}
			s.find([]transport.Candidate{c})
		case <-s.ctx.Done():
			return
		}
	}
}

// find brings candidates to the session's goroutine.
func (s *session) find(c []transport.Candidate) {
	select {
	case s.found <- c:
	case <-s.ctx.Done():
	}
}

func (s *session) askForReflexive() []transport.Candidate {
	d := s.driver
	if s.own != nil {
		return d.ask(s.ctx, s.own)
	}
	return d.reflexive.get(s.ctx, d.wg.Go, func() []transport.Candidate { return d.ask(d.ctx, d.mux) })
}

// relayed are the relays that an ICE agent finds; hosts, and what STUN servers say,
// are known without it. The agent waits for each call, so none takes long.
type relayed struct {
	session *session

	mu   sync.Mutex // calls come one after the other, but from several goroutines
	last bool
}

// add tells one. One without an IP address becomes the zero Candidate, which is not
// told.
func (r *relayed) add(host string, port uint16, priority uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var c transport.Candidate
	if ip, err := netip.ParseAddr(host); err == nil {
		c = transport.Candidate{Type: transport.Relayed, Priority: priority, Addr: netip.AddrPortFrom(ip.Unmap(), port)}
	}
	if r.last {
		return
	}
	select {
	case r.session.relays <- c:
	default: // more than one for each server and IP version
	}
}

// end says that there are no more; later exchanges of descriptions say so again.
func (r *relayed) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.last {
		r.last = true
		close(r.session.relays)
	}
}
