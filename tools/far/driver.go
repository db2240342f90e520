package far

import (
	"net/netip"

	"github.com/n2n-overlay/n2n/transport"
)

// Driver is a driver on a Network. Its sockets must be bound to Loopback.
type Driver struct {
	transport.Driver
	Network *Network
	Label   string // of its sockets

	// Others is the label of peers whose own driver is on no network, as that of
	// a tab: the addresses that they tell are taken onto it. Empty: there are none.
	Others string
}

// Offer begins a session as the driver beneath does.
func (d *Driver) Offer(id transport.SessionID, h transport.Handler) (transport.Session, error) {
	return d.session(d.Driver.Offer(id, &handler{h, d}))
}

// Answer answers an offer as the driver beneath does.
func (d *Driver) Answer(id transport.SessionID, offer transport.Description, h transport.Handler) (transport.Session, error) {
	offer.Candidates = d.theirs(offer.Candidates)
	return d.session(d.Driver.Answer(id, offer, &handler{h, d}))
}

func (d *Driver) session(s transport.Session, err error) (transport.Session, error) {
	if err != nil {
		return nil, err
	}
	return &session{s, d}, nil
}

// theirs puts the addresses of peers onto the network.
func (d *Driver) theirs(list []transport.Candidate) []transport.Candidate {
	if d.Others == "" {
		return list
	}
	return d.Network.told(d.Others, list)
}

// told gives candidates with the addresses at which the network takes packets for
// them. Those that are not on loopback are left out: no packet would be delayed.
func (n *Network) told(label string, list []transport.Candidate) []transport.Candidate {
	outer := make([]transport.Candidate, 0, len(list))
	for _, c := range list {
		if c.Name != "" || !c.Addr.Addr().Is4() || !c.Addr.Addr().IsLoopback() {
			continue
		}
		addr, err := n.Add(label, netip.AddrPortFrom(Loopback, c.Addr.Port()))
		if err != nil {
			continue // the session finds no path, which is told
		}
		c.Addr = addr
		outer = append(outer, c)
	}
	return outer
}

// session hears of the peer's addresses.
type session struct {
	transport.Session
	driver *Driver
}

func (s *session) Finish(answer transport.Description) error {
	answer.Candidates = s.driver.theirs(answer.Candidates)
	return s.Session.Finish(answer)
}

func (s *session) AddCandidates(c []transport.Candidate) error {
	return s.Session.AddCandidates(s.driver.theirs(c))
}

// handler tells the network's addresses.
type handler struct {
	transport.Handler
	driver *Driver
}

func (h *handler) Described(id transport.SessionID, d transport.Description) {
	d.Candidates = h.driver.Network.told(h.driver.Label, d.Candidates)
	h.Handler.Described(id, d)
}

func (h *handler) Gathered(id transport.SessionID, c []transport.Candidate, last bool) {
	h.Handler.Gathered(id, h.driver.Network.told(h.driver.Label, c), last)
}
