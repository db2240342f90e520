//go:build js && wasm

package browser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall/js"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/internal/sdp"
)

// firstWait is how long an offer waits for a candidate to take along.
const firstWait = 10 * time.Millisecond

// gatherPause is how long candidates wait for others after some were told, and
// after the description. A browser finds those of a host one after the other within
// a few milliseconds, and each time that they are told costs a signature at both
// ends. In a network without delay, a session mostly has its path by then.
const gatherPause = 10 * time.Millisecond

var errFailed = errors.New("no path to the peer, or nothing heard of it any more")

// drive makes the connection and serves it, and returns why it is over.
func (s *session) drive() error {
	pc, err := s.newPeerConnection()
	if err != nil {
		return fmt.Errorf("RTCPeerConnection: %w", err)
	}
	if !s.initiator { // the offer has to be known
		if err := s.awaited(); err != nil {
			return err
		}
	}
	described, err := s.describe(pc)
	if err != nil {
		return fmt.Errorf("RTCPeerConnection: %w", err)
	}
	if err := s.awaited(); err != nil {
		return err
	}
	if s.initiator { // an answerer's checks tell its address, too (RFC 8445 section 7.3.1.3)
		s.awaitFirst()
	}
	var last bool
	described.Candidates, last = s.newlyFound()
	s.tell(func() { s.handler.Described(s.id, described) })
	s.wasDescribed = true
	if last {
		s.gathered(true)
	}
	return s.serve(pc)
}

// newPeerConnection makes the connection with the channels that were asked for so
// far.
func (s *session) newPeerConnection() (js.Value, error) {
	configuration, err := s.driver.configured(s.ctx)
	if err != nil {
		return configuration, fmt.Errorf("certificate: %w", err)
	}
	pc, err := s.driver.connection(s.ctx, configuration)
	if err != nil {
		return pc, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil { // nobody else would close it
		pc.Call("close")
		return pc, context.Cause(s.ctx)
	}
	s.pc = pc
	s.events.on(pc, "icecandidate", func(ev js.Value) { s.candidate(ev.Get("candidate")) })
	s.events.on(pc, "connectionstatechange", func(js.Value) {
		if pc.Get("connectionState").String() == "failed" {
			s.fail(errFailed)
		}
		s.poke()
	})
	s.events.on(pc, "datachannel", func(ev js.Value) {
		s.fail(fmt.Errorf("protocol violation: the peer opened channel %d by itself", ev.Get("channel").Get("id").Int()))
	})
	for _, c := range s.channels {
		if err := c.open(pc); err != nil {
			return pc, err
		}
	}
	return pc, nil
}

// candidate is called with each candidate of this end, and with null after the
// last.
func (s *session) candidate(c js.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.Truthy() {
		s.last = true
	} else if own, ok := sdp.ReadCandidate(c.Get("candidate").String()); ok && s.count < s.driver.places(own.Type) {
		s.found = append(s.found, own)
		s.count++
	}
	s.poke()
}

// describe makes the local description, without candidates, and as the answerer
// applies the offer before.
func (s *session) describe(pc js.Value) (d transport.Description, err error) {
	if !s.initiator {
		if err = s.apply(pc, "offer", s.offered); err != nil {
			return d, err
		}
	}
	if _, err = s.driver.promises.try(s.ctx, pc, "setLocalDescription"); err != nil {
		return d, err
	}
	s.watchTransport(pc)
	return sdp.Local(pc.Get("localDescription").Get("sdp").String())
}

// awaitFirst waits for the first candidate of this end, but not for long.
func (s *session) awaitFirst() {
	timer := time.NewTimer(firstWait)
	defer timer.Stop()
	defer s.poke() // what else has changed is still to be looked at
	for !s.hasFound() {
		select {
		case <-s.wake:
		case <-timer.C:
			return
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *session) hasFound() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.found) > 0 || s.last
}

// watchTransport hears of the end of the SCTP association: the peer has closed.
func (s *session) watchTransport(pc js.Value) {
	sctp := pc.Get("sctp")
	if !sctp.Truthy() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events.on(sctp, "statechange", func(js.Value) {
		if sctp.Get("state").String() == "closed" {
			s.collect() // what came before
			s.fail(errPeerClosed)
		}
	})
}

// apply gives the connection what is known of the peer; it begins to connect.
func (s *session) apply(pc js.Value, kind string, remote transport.Description) error {
	s.described = remote
	var b strings.Builder
	b.WriteString(sdp.Remote(remote))
	for _, c := range s.newlyAdded() {
		b.WriteString("a=" + sdp.Candidate(c) + "\r\n")
	}
	_, err := s.driver.promises.try(s.ctx, pc, "setRemoteDescription", map[string]any{"type": kind, "sdp": b.String()})
	return err
}

// newlyAdded gives those of the peer's candidates that the browser has not yet.
func (s *session) newlyAdded() []transport.Candidate {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.candidates[s.given:]
	s.given = len(s.candidates)
	return fresh
}

// newlyFound gives those of this end's candidates that were not told yet, and
// whether they are the last.
func (s *session) newlyFound() (fresh []transport.Candidate, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh = s.found
	s.found = nil
	return fresh, s.last
}

// serve answers to all that happens, until the session is over.
func (s *session) serve(pc js.Value) error {
	timeout := time.NewTimer(setupTimeout)
	defer timeout.Stop()
	known := !s.initiator // both descriptions are
	if !known {
		timeout.Stop() // it waits for an answer as long as the node likes
	}
	next := time.NewTimer(gatherPause) // when candidates may be told again
	defer next.Stop()
	due, up := false, false
	for {
		select {
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case answer := <-s.answer:
			if err := s.apply(pc, "answer", answer); err != nil {
				return fmt.Errorf("answer: %w", err)
			}
			known = true
			timeout.Reset(setupTimeout)
		case <-timeout.C:
			return errSetup
		case <-next.C:
			due = true
		case <-s.wake:
		}
		if known {
			s.giveCandidates(pc)
		}
		if !up && s.isOpen() {
			up = true
			timeout.Stop()
			s.newlyFound() // is of no use any more
			s.gathered(true)
			s.tell(func() { s.handler.Up(s.id) })
			s.read()
			s.driver.prepareSoon(settleDelay)
		}
		if due && s.ofUse(pc) && s.gathered(false) {
			due = false
			next.Reset(gatherPause)
		}
	}
}

// giveCandidates gives the browser further addresses of the peer. It does not wait
// for each, and one that the browser does not like costs nothing else.
func (s *session) giveCandidates(pc js.Value) {
	for _, c := range s.newlyAdded() {
		promise, err := call(pc, "addIceCandidate", map[string]any{"candidate": sdp.Candidate(c), "sdpMid": "0"})
		if err == nil {
			promise.Call("catch", js.Global().Get("Boolean")) // any function: a rejection is not to be reported
		}
	}
}

// ofUse reports whether the peer is to hear of further candidates now: not while
// there is a path, on which the session will be open before they are there, unless
// they are the last.
func (s *session) ofUse(pc js.Value) bool {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	state := pc.Get("iceConnectionState").String()
	return last || state != "connected" && state != "completed"
}

// gathered tells the handler what was found, if there is anything, or the last call
// is due. It reports whether it did.
func (s *session) gathered(last bool) bool {
	if s.allTold {
		return false
	}
	fresh, done := s.newlyFound()
	last = last || done
	if len(fresh) == 0 && !last {
		return false
	}
	s.allTold = last
	s.tell(func() { s.handler.Gathered(s.id, slices.Clip(fresh), last) })
	return true
}

// isOpen reports whether the first channels are.
func (s *session) isOpen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending == 0
}
