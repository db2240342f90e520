package main

import (
	"fmt"
	"strings"

	"github.com/n2n-overlay/n2n/transport"
)

// person is what is known of a peer. Names are what peers call themselves and
// prove nothing, so that the id is always shown beside it.
type person struct {
	name string // empty: not told
	how  string // its session came to be; empty: it never was a neighbor
}

// minPrefix is how much of an id may stand for it.
const minPrefix = 3

// person gives what is known of a peer, to be changed. The caller holds c.mu.
func (c *chat) person(id transport.PeerID) *person {
	p := c.people[id]
	if p == nil {
		p = &person{}
		if len(c.people) < maxBook {
			c.people[id] = p
		}
	}
	return p
}

// named notes what a peer calls itself.
func (c *chat) named(id transport.PeerID, name string) {
	if checkName(name) != nil {
		return
	}
	c.mu.Lock()
	p := c.person(id)
	news := p.name != name
	p.name = name
	c.mu.Unlock()
	if news && name != id.Short() {
		c.screen.say("  %s is %s", id.Short(), name)
	}
}

// heard notes what a neighbor says others are called, of whom nothing is known
// yet.
func (c *chat) heard(list []acquaintance) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range list {
		if p := c.person(a.ID); p.name == "" && checkName(a.Name) == nil {
			p.name = a.Name
		}
	}
}

// called gives a peer's name, and its short id.
func (c *chat) called(id transport.PeerID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calledNow(id)
}

func (c *chat) calledNow(id transport.PeerID) string {
	if p := c.people[id]; p != nil && p.name != "" && p.name != id.Short() {
		return p.name + " (" + id.Short() + ")"
	}
	return id.Short()
}

func (c *chat) myself() string {
	if id := c.node.ID().Short(); c.name != id {
		return c.name + " (" + id + ")"
	}
	return c.name
}

// fits reports whether somebody may be meant by a name or the beginning of an
// id.
func fits(query string, id transport.PeerID, name string) bool {
	if name != "" && strings.EqualFold(query, name) {
		return true
	}
	return len(query) >= minPrefix && strings.HasPrefix(id.String(), query)
}

// known lists the neighbors that fit a question, without who asks.
func (c *chat) known(query string, asker transport.PeerID) (list []acquaintance) {
	neighbors := c.neighbors()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range neighbors {
		name := ""
		if p := c.people[id]; p != nil {
			name = p.name
		}
		if id != asker && (query == "" || fits(query, id, name)) && len(list) < maxKnown {
			list = append(list, acquaintance{id, name})
		}
	}
	return list
}

// errNobody says that no peer fits.
type errNobody struct{ query string }

func (e *errNobody) Error() string { return fmt.Sprintf("nobody known is %q", clean(e.query, maxName)) }

// choose finds the one of some peers that is meant by a name, an id or the
// beginning of one. Errors: errNobody, or that several fit.
func (c *chat) choose(query string, among []transport.PeerID) (transport.PeerID, error) {
	if id, err := transport.ParsePeerID(query); err == nil {
		return id, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []transport.PeerID
	for _, id := range among {
		name := ""
		if p := c.people[id]; p != nil {
			name = p.name
		}
		if fits(query, id, name) {
			found = append(found, id)
		}
	}
	switch len(found) {
	case 0:
		return transport.PeerID{}, &errNobody{query}
	case 1:
		return found[0], nil
	}
	return transport.PeerID{}, c.ambiguous(query, found)
}

// ambiguous says who else is meant. The caller holds c.mu.
func (c *chat) ambiguous(query string, found []transport.PeerID) error {
	const most = 8 // are named
	var names []string
	for _, id := range found[:min(len(found), most)] {
		names = append(names, c.calledNow(id))
	}
	return fmt.Errorf("%q means %d peers (%s): say the beginning of an id", clean(query, maxName), len(found), strings.Join(names, ", "))
}

// book lists everybody of whom anything is known.
func (c *chat) book() (list []transport.PeerID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.people {
		list = append(list, id)
	}
	return list
}
