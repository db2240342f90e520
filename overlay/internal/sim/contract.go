package sim

import (
	"slices"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// contract sees that an effect is one that its performer can carry out: what a
// core may say, and when. What it breaks is a fault of that core, whatever
// others do to it.
func (w *World) contract(p *Peer, e core.Effect) {
	switch e := e.(type) {
	case core.SendSignal:
		w.checkSignal(p, e)
	case core.Send:
		if err := e.Msg.Check(); err != nil {
			w.failed(p, "message beyond its limits: %v", err)
		}
		w.checkClosing(p, e)
	case core.AddCandidates:
		if s := p.end(e.ID); s == nil || len(e.C) == 0 || transport.CheckCandidates(e.C) != nil {
			w.failed(p, "candidates %v of session %s are given to the driver", e.C, w.session(e.ID))
		}
	case core.Opened:
		w.checkOpened(p, e)
	case core.Closed:
		p.closed = e
	}
}

// checkSignal: a signal is well formed, goes a way that there is, and comes in
// its time.
func (w *World) checkSignal(p *Peer, e core.SendSignal) {
	sig := e.Signal
	if err := sig.Check(); err != nil {
		w.failed(p, "signal: %v", err)
		return
	}
	if sig.Kind == transport.Offer && slices.Contains(p.shut, e.Conn) {
		w.failed(p, "%s goes over a channel that is closed", w.word(sig))
	}
	if e.Conn == 0 {
		via, path := p.end(e.Via), e.Path
		if via == nil || !via.up || len(path) < 3 || path[0] != p.ID || path[len(path)-1] != sig.To {
			w.failed(p, "%s goes by way of %v, session %s", w.word(sig), path, w.session(e.Via))
		}
	}
	s := p.end(sig.Session)
	switch sig.Kind {
	case transport.Offer, transport.Answer:
		if s == nil || !s.told {
			w.failed(p, "%s before it is described", w.word(sig))
			return
		}
		w.checkDescription(p, s, e)
		w.described = sig.Session
		s.said++
		s.way = nil
		if e.Conn == 0 {
			s.way = e.Path[1 : len(e.Path)-1]
		}
	case transport.Candidates:
		if s == nil || !s.told || len(sig.Candidates) == 0 || w.byHand(e.Conn) || sig.Last != s.last {
			w.failed(p, "%s out of place (%d, last %v)", w.word(sig), len(sig.Candidates), sig.Last)
		}
		w.checkPrompted(p, sig)
	}
}

// checkPrompted: candidates are told when they are found, when a timer says so,
// and right behind the description that they belong to.
func (w *World) checkPrompted(p *Peer, sig *transport.Signal) {
	switch w.cause.(type) {
	case core.Described, core.Gathered, core.Tick:
		return
	}
	if w.described != sig.Session {
		w.failed(p, "%s, and nothing was found", w.word(sig))
	}
}

// checkDescription: an offer or answer is sent again only when a timer or its
// receiver asks for it, and where one message is all, it is sent once and says
// all.
func (w *World) checkDescription(p *Peer, s *end, e core.SendSignal) {
	asked := false
	switch w.cause.(type) {
	case core.Signaled, core.Received:
		asked = true
	case core.Described, core.Gathered:
		if s.said > 0 {
			w.failed(p, "%s is sent again, and nobody asked for it", w.word(e.Signal))
		}
	}
	if s.offers && s.said > signal.Retries {
		w.failed(p, "%s is sent %d times", w.word(e.Signal), s.said+1)
	}
	if w.byHand(e.Conn) && (s.said > 0 && !asked || !s.last || len(e.Signal.Description.Candidates) == 0) {
		w.failed(p, "%s by hand, for the %d. time, last %v, %d candidates",
			w.word(e.Signal), s.said+1, s.last, len(e.Signal.Description.Candidates))
	}
}

// byHand reports whether a channel carries one message each way.
func (w *World) byHand(conn uint64) bool {
	return conn != 0 && !w.calls[conn&0xffff-1].trickle
}

// checkClosing: a session's end is asked for by a timer, and each question and
// each agreement is answered at most once, in the same step.
func (w *World) checkClosing(p *Peer, e core.Send) {
	in, _ := w.cause.(core.Received)
	_, tick := w.cause.(core.Tick)
	_, bye := in.Msg.(*arc.Bye)
	_, agree := in.Msg.(*arc.Agree)
	may := true
	switch e.Msg.(type) {
	case *arc.Bye:
		may = tick
	case *arc.Agree:
		may = bye && w.before != arc.SessionLeaving && w.replies == 0
		w.replies++
	case *arc.Stay:
		may = (bye || agree) && w.replies == 0
		w.replies++
	}
	if !may {
		w.failed(p, "says %s", w.describe(message{msg: e.Msg}))
	}
}

// checkOpened: an arc is told to be on a new session, and over whom that came,
// only if it is.
func (w *World) checkOpened(p *Peer, e core.Opened) {
	id, ok := p.Core.Open(e.Peer)
	s := p.end(id)
	if !ok || s == nil {
		w.failed(p, "%s opened, but there is no session", w.arrow(e.Out, e.Peer))
		return
	}
	way := s.way
	if !e.NewSession {
		way = nil
	}
	if !slices.Equal(e.Via, way) {
		w.failed(p, "%s opened via %v, but the session came via %v", w.arrow(e.Out, e.Peer), e.Via, way)
	}
	if in, ok := w.cause.(core.Received); ok && !e.Out {
		if m, ok := in.Msg.(*arc.Bind); ok && m.Fresh != e.NewSession {
			w.failed(p, "%s opened on a new session: %v; the other end says %v", w.arrow(e.Out, e.Peer), e.NewSession, m.Fresh)
		}
	}
	p.opened = e
}

// checkDone: a call ends in its time and by what concerns it, and says about
// whom; an arc is told to be on a new session if there was another one, or none,
// when it was asked for.
func (w *World) checkDone(p *Peer, c *Call, e core.Done) {
	switch in := w.cause.(type) {
	case core.Cancel:
		if in.Call != e.Call {
			w.failed(p, "%q ended because another call was cancelled", c.Text)
		}
	case core.Unregister:
		if in.Protocol != c.protocol {
			w.failed(p, "%q ended because another protocol was", c.Text)
		}
	}
	to := w.Peers[c.To].ID
	switch c.Kind {
	case "connect":
		w.checkConnected(p, c, e)
	case "disconnect":
		if want := (core.Closed{Protocol: c.protocol, Peer: to, Out: true, Arcs: 1}); e.Err == nil && p.closed != want {
			w.failed(p, "%q ended %+v", c.Text, p.closed)
		}
	case "introduce", "invite":
	default:
		return // a join waits for as long as its application likes
	}
	if w.Now-c.begun > p.patience {
		w.failed(p, "%q took %v", c.Text, w.Now-c.begun)
	}
}

func (w *World) checkConnected(p *Peer, c *Call, e core.Done) {
	to := w.Peers[c.To].ID
	if e.Peer != to {
		w.failed(p, "%q ended with %s", c.Text, w.Name(e.Peer))
	}
	if f := e.Err; f != nil {
		if f.Err == nil || f.Peer != to || f.Protocol != c.protocol || len(f.Via) != len(c.Via) {
			w.failed(p, "%q failed: %+v", c.Text, *f)
		}
		return
	}
	if o := p.opened; !o.Out || o.Peer != to || o.Protocol != c.protocol {
		w.failed(p, "%q opened %+v", c.Text, o)
	}
	if id, _ := p.Core.Open(to); p.opened.NewSession != (id != c.session) {
		w.failed(p, "%q opened on a new session: %v; it was asked for on %s and is on %s",
			c.Text, p.opened.NewSession, w.session(c.session), w.session(id))
	}
}
