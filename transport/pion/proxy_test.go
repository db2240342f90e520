package pion_test

import (
	"flag"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

var seed = flag.Uint64("seed", 1, "of the packets that lossy tests lose")

// lossy is a path between two sockets that loses packets, at random but by a
// seed. Each end is told the address of the proxy's near socket instead of the
// other end's, and sees packets come from there.
type lossy struct {
	near [2]*net.UDPConn // what the first and the second end talk to
	ends [2]netip.AddrPort

	mu   sync.Mutex
	rng  *rand.Rand
	loss float64
}

// newLossy makes a path between two ends.
func newLossy(t testing.TB, a, b netip.AddrPort, number uint64) *lossy {
	t.Helper()
	l := &lossy{ends: [2]netip.AddrPort{a, b}, rng: rand.New(rand.NewPCG(*seed, number))}
	var done sync.WaitGroup
	for i := range l.near {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		must(t, err)
		must(t, conn.SetReadBuffer(4<<20))
		l.near[i] = conn
	}
	for i := range l.near {
		done.Go(func() { l.forward(i) })
	}
	t.Cleanup(func() {
		for _, conn := range l.near {
			_ = conn.Close()
		}
		done.Wait()
	})
	return l
}

// forward brings what one end sends to the other.
func (l *lossy) forward(from int) {
	buf := make([]byte, 1<<16)
	for {
		n, _, err := l.near[from].ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if !l.lost() {
			_, _ = l.near[1-from].WriteToUDPAddrPort(buf[:n], l.ends[1-from])
		}
	}
}

func (l *lossy) lost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rng.Float64() < l.loss
}

func (l *lossy) set(loss float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loss = loss
}

// through gives a description that leads through the path to an end.
func (l *lossy) through(d transport.Description, to int) transport.Description {
	addr := l.near[1-to].LocalAddr().(*net.UDPAddr).AddrPort()
	d.Candidates = []transport.Candidate{{Type: transport.Host, Priority: 1, Addr: addr}}
	return d
}

// connectLossy opens a session through a lossy path.
func connectLossy(t testing.TB, da, db transport.Driver, a, b *peer, number uint64, loss float64) (sa, sb transport.Session, path *lossy) {
	t.Helper()
	sa, err := da.Offer(sessionID(number), a)
	must(t, err)
	offer := receive(t, a.described, "offer")
	blind := offer // the answerer learns the path when there is one
	blind.Candidates = nil
	sb, err = db.Answer(sessionID(number), blind, b)
	must(t, err)
	answer := receive(t, b.described, "answer")
	path = newLossy(t, offer.Candidates[0].Addr, answer.Candidates[0].Addr, number)
	path.set(loss)
	must(t, sb.AddCandidates(path.through(offer, 0).Candidates))
	must(t, sa.Finish(path.through(answer, 1)))
	receive(t, a.up, "Up of the initiator")
	receive(t, b.up, "Up of the answerer")
	return sa, sb, path
}
