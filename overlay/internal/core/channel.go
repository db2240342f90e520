package core

import (
	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/transport"
)

// maxChannel is half of the numbers that every browser takes (Chromium: up to
// 1023). A protocol that delivers otherwise than reliably and in order has the
// channel 512 above: which one that is, the node knows.
const maxChannel = 511

// line is a protocol's channel on one session. The first Bind that names the
// protocol settles the number, even if it is refused: channel 1, which exists
// from the start, for the initiator's first protocol, further even numbers for
// its others, odd ones for the other end's. If such Binds cross, the
// initiator's number counts. A number is never used for anything else. An offer
// that wishes for an arc has settled channel 1 already.
type line struct {
	number uint16
	mine   bool   // this end proposed it, and the other end has not named it yet
	by     uint64 // in the Bind of that arc, or in the wish for it
	open   bool   // here
	usable bool   // the other end has it open
}

// lineFor gives the channel on p's session for the Bind of an arc, and opens it;
// false: the numbers are used up.
func (c *Core) lineFor(p *peer, a *anArc) (uint16, bool) {
	l := p.at.lines[a.protocol]
	if l == nil {
		n := p.at.nextNumber()
		if n > maxChannel {
			return 0, false
		}
		l = &line{number: n, mine: true, by: a.number}
		p.at.lines[a.protocol] = l
		p.at.used[n] = true
	}
	c.openLine(p, a.protocol, l)
	return l.number, true
}

// nextNumber gives the lowest number that this end may propose.
func (at *attempt) nextNumber() uint16 {
	n := uint16(3)
	if at.mine {
		n = transport.FirstChannel
		if at.used[n] {
			n = 2
		}
	}
	for at.used[n] {
		n += 2
	}
	return n
}

// mayPropose reports whether the other end may propose a number.
func (at *attempt) mayPropose(n uint16) bool {
	switch {
	case n == 0 || n > maxChannel:
		return false
	case at.mine:
		return n > 1 && n%2 == 1
	}
	return n%2 == 0 || n == transport.FirstChannel
}

// settleLine takes the number that the other end names for a protocol in a
// Bind; nil: it has no right to.
func (at *attempt) settleLine(protocol string, n uint16) *line {
	l := at.lines[protocol]
	switch {
	case l != nil && l.number == n:
		l.mine = false
		return l
	case !at.mayPropose(n) || at.used[n]:
		return nil
	case l != nil && !l.mine:
		return nil // it is settled
	case l != nil && at.mine:
		return l // crossed: ours counts, and the other end hears of it by our Bind
	}
	l = &line{number: n}
	at.lines[protocol] = l
	at.used[n] = true
	return l
}

func (c *Core) openLine(p *peer, protocol string, l *line) {
	if !l.open {
		l.open = true
		c.emit(OpenChannel{p.at.id, p.id, protocol, l.number})
	}
}

// usableLine hears that the other end has the channel open.
func (c *Core) usableLine(p *peer, protocol string, l *line) {
	if l.open && !l.usable {
		l.usable = true
		c.emit(Usable{p.at.id, p.id, protocol, l.number})
	}
}

// acknowledged hears that the other end has taken the Bind of an arc of ours, and
// so has opened the channel that it proposed. The arc may be gone by now.
func (c *Core) acknowledged(p *peer, number uint64) {
	for protocol, l := range p.at.lines {
		if l.by == number {
			l.mine = false
			c.usableLine(p, protocol, l)
		}
	}
}

// closeLines forgets that a protocol's channels are open: whoever registers it
// again opens them again.
func (c *Core) closeLines(p *peer, protocol string) {
	if p.at == nil {
		return
	}
	if l := p.at.lines[protocol]; l != nil {
		l.open, l.usable = false, false
	}
}

// bind begins an arc of the other end's.
func (c *Core) bind(p *peer, m *arc.Bind) bool {
	c.welcome(p)
	if p.at.early && m.Arc == p.at.wish.Arc {
		return c.confirmed(p, m)
	}
	if a := p.find(false, m.Arc); a != nil {
		return c.tryArc(p, a, arc.ArcBind())
	}
	return c.begins(p, m, true)
}

// begins takes an arc of the other end's. heard: it says so on the session, and
// so has the channel open; otherwise its offer says so.
func (c *Core) begins(p *peer, m *arc.Bind, heard bool) bool {
	l := p.at.settleLine(m.Protocol, m.Channel)
	if l == nil {
		return false
	}
	if !c.protocols[m.Protocol] || c.leaving {
		c.send(p, &arc.Refused{Arc: m.Arc})
		return true
	}
	c.openLine(p, m.Protocol, l)
	if l.number == m.Channel && heard {
		c.usableLine(p, m.Protocol, l)
	}
	if len(p.arcs) >= c.cfg.MaxArcs {
		c.send(p, &arc.Unbind{Arc: m.Arc}) // not refused: the channel is open
		return true
	}
	a := &anArc{number: m.Arc, protocol: m.Protocol, fresh: m.Fresh}
	p.arcs = append(p.arcs, a)
	c.stepArc(p, a, arc.ArcBind())
	c.stepSession(p, arc.SessionBound())
	return true
}

// confirmed takes the Bind of an arc that its offer has begun: it says that the
// other end has the channel open, and nothing else that is new.
func (c *Core) confirmed(p *peer, m *arc.Bind) bool {
	if m.Protocol != p.at.wish.Protocol || m.Channel != transport.FirstChannel {
		return false
	}
	c.usableLine(p, m.Protocol, p.at.lines[m.Protocol])
	return true
}

// bound hears that an arc of ours has begun.
func (c *Core) bound(p *peer, m *arc.Bound) bool {
	c.acknowledged(p, m.Arc)
	a := p.find(true, m.Arc)
	switch {
	case a == nil && p.at.wishes(m.Arc) && !p.at.wished:
		p.at.wished = true // it was cancelled before there was a session to say so
		c.send(p, &arc.Unbind{Arc: m.Arc, Mine: true})
		return true
	case a == nil:
		return true // it was cancelled meanwhile, and our Unbind is under way
	}
	l := p.at.lines[a.protocol]
	if l == nil || l.number != m.Channel || !c.tryArc(p, a, arc.ArcBound()) {
		return false
	}
	c.usableLine(p, a.protocol, l)
	c.stepSession(p, arc.SessionOpened())
	return true
}
