package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/tools/far"
)

// rawGrid is peers made of webrtc.PeerConnection: what n2n is measured against.
// Descriptions and candidates are handed over by calls, as soon as they are
// known.
type rawGrid struct {
	way         way
	left, right []*rawPeer
	network     *far.Network // nil: packets are not delayed

	mu    sync.Mutex
	all   []*webrtc.PeerConnection
	conns []*rawConn
}

// rawPeer is one peer: what its PeerConnections are made of.
type rawPeer struct {
	api    *webrtc.API
	config webrtc.Configuration
	detach bool // channels are read and written, not called back
	close  func()
}

// newRawGrid makes a grid of peers that make creates.
func newRawGrid(left, right int, way way, make func() (*rawPeer, error)) (grid, error) {
	g := &rawGrid{way: way}
	if way.packets > 0 {
		g.network = far.New(func(string, string) time.Duration { return way.packets })
	}
	for i := range left + right {
		p, err := make()
		if err != nil {
			g.close()
			return nil, err
		}
		if i < left {
			g.left = append(g.left, p)
		} else {
			g.right = append(g.right, p)
		}
	}
	return g, nil
}

func (g *rawGrid) close() {
	var wg sync.WaitGroup
	for _, pc := range g.all {
		wg.Go(func() { _ = pc.GracefulClose() })
	}
	wg.Wait()
	for _, p := range append(g.left, g.right...) {
		p.close()
	}
	if g.network != nil {
		g.network.Close()
	}
}

// open does what a careful program does: the candidates of both ends go out as
// they are found, each signal takes as long as the way does.
func (g *rawGrid) open(ctx context.Context, left, right int) (x, y end, err error) {
	a, err := g.newConn(g.left[left], true)
	if err != nil {
		return nil, nil, err
	}
	b, err := g.newConn(g.right[right], false)
	if err != nil {
		return nil, nil, err
	}
	toA, toB := g.newMail(ctx, a), g.newMail(ctx, b)
	a.pc.OnICECandidate(func(c *webrtc.ICECandidate) { toB.candidate(c) })
	b.pc.OnICECandidate(func(c *webrtc.ICECandidate) { toA.candidate(c) })
	offer, err := a.pc.CreateOffer(nil)
	if err != nil {
		return nil, nil, err
	}
	toB.hold() // no answer may come before the offer is set
	toB.put(func() error {
		if err := b.pc.SetRemoteDescription(offer); err != nil {
			return err
		}
		answer, err := b.pc.CreateAnswer(nil)
		if err != nil {
			return err
		}
		toA.put(func() error { return a.pc.SetRemoteDescription(answer) })
		return b.pc.SetLocalDescription(answer)
	})
	if err := a.pc.SetLocalDescription(offer); err != nil {
		return nil, nil, err
	}
	toB.release()
	for _, c := range []*rawConn{a, b} {
		select {
		case <-c.opened:
		case err := <-toA.failed:
			return nil, nil, err
		case err := <-toB.failed:
			return nil, nil, err
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	return a, b, errors.Join(a.err, b.err)
}

func (g *rawGrid) newConn(p *rawPeer, offers bool) (*rawConn, error) {
	pc, err := p.api.NewPeerConnection(p.config)
	if err != nil {
		return nil, err
	}
	c, err := newRawConn(pc, p.detach, offers)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = append(g.all, pc)
	if err == nil {
		g.conns = append(g.conns, c)
	}
	return c, err
}

// serve takes whatever comes on the connections that are open.
func (g *rawGrid) serve() {
	for _, c := range g.conns {
		c.serve(func([]byte) {})
	}
}

// outer gives the address at which the network takes packets for a candidate.
func (g *rawGrid) outer(c webrtc.ICECandidateInit) (webrtc.ICECandidateInit, error) {
	if g.network == nil {
		return c, nil
	}
	f := strings.Fields(c.Candidate) // RFC 8839 section 5.1: … address port typ …
	if len(f) < 6 {
		return c, fmt.Errorf("candidate %q", c.Candidate)
	}
	port, err := strconv.ParseUint(f[5], 10, 16)
	if err != nil {
		return c, fmt.Errorf("candidate %q: %w", c.Candidate, err)
	}
	addr, err := g.network.Add("", netip.AddrPortFrom(far.Loopback, uint16(port)))
	if err != nil {
		return c, err
	}
	f[4], f[5] = addr.Addr().String(), strconv.Itoa(int(addr.Port()))
	c.Candidate = strings.Join(f, " ")
	return c, nil
}

// loopbackOnly keeps traffic on loopback, which the defaults would not.
func loopbackOnly(se *webrtc.SettingEngine) {
	names := loopbacks()
	se.SetIncludeLoopbackCandidate(true)
	se.SetInterfaceFilter(func(name string) bool { return slices.Contains(names, name) })
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
}

// loopbacks lists the loopback interfaces. To look at them is slow: once will do.
var loopbacks = sync.OnceValue(func() (names []string) {
	all, _ := net.Interfaces() // without any, nothing connects, which is told
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			names = append(names, i.Name)
		}
	}
	return names
})

// OpenFar measures how long raw pion/webrtc with its default settings takes to
// open a session whose packets and signals are underway for so long, one way. For
// who compares something that this program cannot run.
func OpenFar(ctx context.Context, underway time.Duration) (time.Duration, error) {
	r, err := openAll(ctx, rawDefault, 1, 1, 1, way{packets: underway, signals: underway})
	if err != nil {
		return 0, err
	}
	return r.times[0], nil
}
