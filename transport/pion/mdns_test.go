package pion_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/mdns/v2"
	"golang.org/x/net/ipv4"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

// A name for each test: others of this host may have some, too.
func hiddenName(n int) string {
	return fmt.Sprintf("%08x-4b1c-4d5e-9a7b-0123456789ab", n)
}

// answerFor has somebody in this network answer for a name.
func answerFor(t *testing.T, name, address string) {
	t.Helper()
	group, err := net.ResolveUDPAddr("udp4", mdns.DefaultAddressIPv4)
	must(t, err)
	c, err := net.ListenUDP("udp4", group)
	must(t, err)
	s, err := mdns.NewServer(ipv4.NewPacketConn(c), nil, mdns.WithLocalNames(name+".local"),
		mdns.WithLocalAddress(net.ParseIP(address)), mdns.WithIncludeLoopback(true), mdns.WithLoggerFactory(quiet{}))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
}

// hide gives candidates with names instead of addresses.
func hide(cs []transport.Candidate, name string) []transport.Candidate {
	hidden := make([]transport.Candidate, len(cs))
	for i, c := range cs {
		c.Name, c.Addr = name, netip.AddrPortFrom(netip.Addr{}, c.Addr.Port())
		hidden[i] = c
	}
	return hidden
}

// attempt has a answer an offer of b's that names hidden candidates only, while b
// is told none of a's: unless a finds them, nobody finds anybody.
func attempt(t *testing.T, a, b *pion.Driver, hidden func([]transport.Candidate) []transport.Candidate) (pa, pb *peer, offer transport.Description) {
	t.Helper()
	pa, pb = newPeer(), newPeer()
	sb, err := b.Offer(sessionID(1), pb)
	must(t, err)
	offer = receive(t, pb.described, "offer")
	offer.Candidates = hidden(offer.Candidates)
	_, err = a.Answer(sessionID(1), offer, pa)
	must(t, err)
	answer := receive(t, pa.described, "answer")
	answer.Candidates = nil
	must(t, sb.Finish(answer))
	return pa, pb, offer
}

func TestHiddenCandidate(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		name := hiddenName(1)
		answerFor(t, name, "127.0.0.1")
		start := time.Now()
		pa, pb, _ := attempt(t, newDriver(t, kind), newDriver(t, kind), func(cs []transport.Candidate) []transport.Candidate { return hide(cs, name) })
		receive(t, pa.up, "Up")
		receive(t, pb.up, "Up")
		t.Logf("open after %v", time.Since(start))
	})
}

// TestHiddenLater: a name may come after the answer.
func TestHiddenLater(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		name := hiddenName(2)
		answerFor(t, name, "127.0.0.1")
		a, b := newDriver(t, kind), newDriver(t, kind)
		pa, pb := newPeer(), newPeer()
		sa, err := a.Offer(sessionID(1), pa)
		must(t, err)
		offer := receive(t, pa.described, "offer")
		offer.Candidates = nil
		_, err = b.Answer(sessionID(1), offer, pb)
		must(t, err)
		answer := receive(t, pb.described, "answer")
		later := hide(answer.Candidates, name)
		answer.Candidates = nil
		must(t, sa.Finish(answer))
		must(t, sa.AddCandidates(later))
		must(t, sa.AddCandidates(later))
		receive(t, pa.up, "Up")
		receive(t, pb.up, "Up")
	})
}

// TestHiddenElsewhere: nobody answers, and the reason says what could help.
func TestHiddenElsewhere(t *testing.T) {
	d := newDriver(t, func(c *pion.Config) { c.Silence = time.Second })
	pa, _, _ := attempt(t, d, newDriver(t, nil), func(cs []transport.Candidate) []transport.Candidate { return hide(cs, hiddenName(3)) })
	reason := receive(t, pa.down, "Down")
	if !errors.Is(reason, transport.ErrSilent) || !strings.Contains(reason.Error(), "1 mDNS names") || !strings.Contains(reason.Error(), "STUN or TURN") {
		t.Errorf("Down: %v", reason)
	}
}

// TestHiddenPolicy: a name that stands for what must not be contacted is passed
// over, whoever answers for it.
func TestHiddenPolicy(t *testing.T) {
	for i, address := range []string{"127.0.0.1", "169.254.1.1", "224.0.0.251", "192.0.2.77"} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			name := hiddenName(0x10 + i)
			answerFor(t, name, address)
			asked := make(chan netip.AddrPort, 16)
			d := newDriver(t, func(c *pion.Config) {
				c.Silence = 4 * time.Second               // time to be answered on a busy machine
				c.Remote = func(to netip.AddrPort) bool { // the last that is asked
					asked <- to
					return false
				}
			})
			b := newDriver(t, nil)
			pa, _, offer := attempt(t, d, b, func(cs []transport.Candidate) []transport.Candidate { return hide(cs, name) })
			reason := receive(t, pa.down, "Down")
			if strings.Contains(reason.Error(), "mDNS") {
				t.Errorf("Down: %v, although somebody answered", reason)
			}
			// Config.Remote is asked about addresses that may be contacted otherwise.
			want := address == "127.0.0.1" // which is the only one that a socket on loopback reaches
			select {
			case to := <-asked:
				if !want && to.Addr().String() == address {
					t.Errorf("%v would be contacted", to)
				}
				if want && to.Port() != offer.Candidates[0].Addr.Port() {
					t.Errorf("asked about %v", to)
				}
			default:
				if want {
					t.Error("Config.Remote was not asked")
				}
			}
		})
	}
}

// TestHiddenFlood: many names cost a bounded number of queries, and end with the
// driver.
func TestHiddenFlood(t *testing.T) {
	d := newDriver(t, nil)
	for i := range 40 {
		r := transporttest.NewRecorder("flooded")
		s, err := d.Offer(sessionID(uint64(i)), r)
		must(t, err)
		for j := range 10 {
			must(t, s.AddCandidates(hide([]transport.Candidate{{Addr: netip.MustParseAddrPort("127.0.0.1:5000")}}, hiddenName(0x1000+100*i+j))))
		}
	}
	most := 0
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(4 * time.Second); most < pion.MaxQueries; { // each is asked for during 5 s
		select {
		case <-deadline:
			t.Fatalf("%d queries, want to see %d", most, pion.MaxQueries)
		case <-tick.C:
			most = max(most, d.Queries())
		}
	}
	if most > pion.MaxQueries {
		t.Errorf("%d queries at the same time", most)
	}
	must(t, d.Close())
	if n := d.Queries(); n != 0 {
		t.Errorf("%d queries after Close", n)
	}
}
