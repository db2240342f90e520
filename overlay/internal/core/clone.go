package core

import (
	"container/heap"
	"maps"
	"slices"

	"github.com/n2n-overlay/n2n/transport"
)

// Clone gives a core that is in the same state and shares nothing with c that
// either of them changes. trace takes the place of Config.Trace. It is for
// searches: they clone a core between two steps, where nothing is left to do.
func (c *Core) Clone(trace func(Edge)) *Core {
	d := *c
	d.cfg.Trace = trace
	d.fx = nil
	d.peers = make(map[transport.PeerID]*peer, len(c.peers))
	d.sessions = maps.Clone(c.sessions)
	for id, p := range c.peers {
		q := p.clone()
		d.peers[id] = q
		if q.at != nil {
			d.sessions[q.at.id] = q
		}
	}
	d.guests = make(map[uint64]*guest, len(c.guests))
	for n, g := range c.guests {
		h := *g
		h.at = g.at.clone()
		d.guests[n] = &h
	}
	d.doors = maps.Clone(c.doors)
	d.meetings = make(map[uint64]*meeting, len(c.meetings))
	for id, m := range c.meetings {
		n := *m
		d.meetings[id] = &n
	}
	d.protocols = maps.Clone(c.protocols)
	d.timers = c.timers.clone()
	return &d
}

// SetTrace replaces Config.Trace: a core that is kept to be cloned need not keep
// alive whom it would tell.
func (c *Core) SetTrace(trace func(Edge)) { c.cfg.Trace = trace }

func (p *peer) clone() *peer {
	q := *p
	q.at = p.at.clone()
	q.arcs = make([]*anArc, len(p.arcs))
	for i, a := range p.arcs {
		b := *a
		q.arcs[i] = &b
	}
	q.holds = slices.Clone(p.holds)
	q.waiting = slices.Clone(p.waiting)
	return &q
}

// clone copies what an attempt changes: descriptions and the other end's
// signals never change, our own one is stamped whenever it is sent.
func (at *attempt) clone() *attempt {
	if at == nil {
		return nil
	}
	b := *at
	b.found = slices.Clip(at.found)
	if at.signal != nil {
		s := *at.signal
		b.signal = &s
	}
	b.used = maps.Clone(at.used)
	b.lines = make(map[string]*line, len(at.lines))
	for protocol, l := range at.lines {
		k := *l
		b.lines[protocol] = &k
	}
	return &b
}

func (t *timers) clone() timers {
	u := timers{due: maps.Clone(t.due), order: t.order, queue: make(entries, 0, len(t.due)+4)}
	for _, e := range t.due {
		u.queue = append(u.queue, e)
	}
	heap.Init(&u.queue)
	return u
}
