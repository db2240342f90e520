package pion

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v4"

	"github.com/n2n-overlay/n2n/transport"
)

const (
	// reflexiveAge is for how long an answer of a STUN server is used again.
	// Routers keep an idle mapping for 30 s at the least, mostly for 2 min
	// (RFC 4787 section 4.3).
	reflexiveAge = 20 * time.Second

	// reflexiveTimeout is how long an answer is awaited.
	reflexiveTimeout = 3 * time.Second
)

// reflexive keeps the public addresses of the driver's sockets, so that not
// each session asks for them. The ICE agent need not know them: what it sends
// leaves through the same sockets, from the same addresses (RFC 8445 section
// 6.1.2.2 replaces such candidates by their base for the same reason).
type reflexive struct {
	mu     sync.Mutex
	found  []transport.Candidate
	at     time.Time     // of found; zero: never asked
	flight chan struct{} // not nil while servers are asked; closed at the end
}

// cached gives what is known without asking.
func (r *reflexive) cached() ([]transport.Candidate, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.found, !r.at.IsZero() && time.Since(r.at) < reflexiveAge
}

// get waits for an answer, ctx or reflexiveTimeout. The question is asked with
// run, on behalf of all who wait for it.
func (r *reflexive) get(ctx context.Context, run func(func()), ask func() []transport.Candidate) []transport.Candidate {
	r.mu.Lock()
	if !r.at.IsZero() && time.Since(r.at) < reflexiveAge {
		defer r.mu.Unlock()
		return r.found
	}
	flight := r.flight
	if flight == nil {
		flight = make(chan struct{})
		r.flight = flight
		run(func() {
			found := ask()
			r.mu.Lock()
			defer r.mu.Unlock()
			r.flight = nil
			if r.found = found; len(found) > 0 { // a failure is tried again by the next session
				r.at = time.Now()
			}
			close(flight)
		})
	}
	r.mu.Unlock()
	select {
	case <-flight:
	case <-ctx.Done():
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.found
}

// ask asks the STUN servers for the public address of each socket of m. One
// answer for a socket is enough.
func (d *Driver) ask(ctx context.Context, m *mux) []transport.Candidate {
	ctx, cancel := context.WithTimeoutCause(ctx, reflexiveTimeout, errors.New("no answer in time"))
	defer cancel()
	mapped := make([]netip.AddrPort, len(m.sockets))
	var all sync.WaitGroup
	for i := range m.sockets {
		all.Go(func() { mapped[i] = d.askFor(ctx, m.sockets[i]) })
	}
	all.Wait()

	var found []transport.Candidate
	for i, addr := range mapped {
		if addr.IsValid() {
			found = append(found, transport.Candidate{
				Type:     transport.ServerReflexive,
				Priority: priority(preferReflexive, i),
				Addr:     addr,
			})
		}
	}
	return found
}

// askFor gives the first answer of any server.
func (d *Driver) askFor(ctx context.Context, s *socket) netip.AddrPort {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan netip.AddrPort, len(d.cfg.stun))
	var all sync.WaitGroup
	defer all.Wait()
	for _, uri := range d.cfg.stun {
		all.Go(func() {
			addr, err := askServer(ctx, s, uri)
			if err != nil && ctx.Err() == nil && d.cfg.Logger != nil {
				d.cfg.Logger.Debug("STUN server", "url", uri.String(), "error", err)
			}
			answers <- addr
		})
	}
	for range d.cfg.stun {
		if addr := <-answers; addr.IsValid() {
			cancel()
			return addr
		}
	}
	return netip.AddrPort{}
}

func askServer(ctx context.Context, s *socket, uri *stun.URI) (netip.AddrPort, error) {
	network := "ip6"
	if s.local.Addr().Is4() {
		network = "ip4"
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, network, uri.Host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return s.ask(ctx, netip.AddrPortFrom(ips[0].Unmap(), uint16(uri.Port)))
}
