package pion_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/turn/v5"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// stunServer answers binding requests with an address that it makes up, as if
// there were a router in between, and counts them.
type stunServer struct {
	conn *net.UDPConn

	mu       sync.Mutex
	requests int
	mute     int // of the next requests, so many get no answer
}

var mappedAddr = netip.MustParseAddrPort("127.0.0.77:44444")

func newSTUNServer(t *testing.T, mute int) *stunServer {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	s := &stunServer{conn: conn, mute: mute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve()
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return s
}

func (s *stunServer) serve() {
	buf := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if n < 20 || !s.answers() {
			continue
		}
		// RFC 8489 sections 5 and 14.2.
		reply := make([]byte, 32)
		binary.BigEndian.PutUint16(reply, 0x0101)
		binary.BigEndian.PutUint16(reply[2:], 12)
		copy(reply[4:], buf[4:20])
		binary.BigEndian.PutUint16(reply[20:], 0x0020)
		binary.BigEndian.PutUint16(reply[22:], 8)
		reply[25] = 1
		binary.BigEndian.PutUint16(reply[26:], mappedAddr.Port()^0x2112)
		ip := mappedAddr.Addr().As4()
		for i := range ip {
			reply[28+i] = ip[i] ^ buf[4+i]
		}
		_, _ = s.conn.WriteToUDPAddrPort(reply, from)
	}
}

func (s *stunServer) answers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	return s.requests > s.mute
}

func (s *stunServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *stunServer) url() string { return "stun:" + s.conn.LocalAddr().String() }

func TestSTUN(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		server := newSTUNServer(t, 1) // the first request is lost
		withSTUN := func(c *pion.Config) { c.ICEServers = []pion.ICEServer{{URLs: []string{server.url()}}} }
		da, db := newDriver(t, withSTUN, kind), newDriver(t, kind)
		a, b := newPeer(), newPeer()
		sa, err := da.Offer(sessionID(1), a)
		must(t, err)
		described := receive(t, a.described, "description")
		if len(described.Candidates) != 1 {
			t.Errorf("described with %v, want the host candidate at once", described.Candidates)
		}
		found := a.all(t)
		if len(found) != 1 || found[0].Type != transport.ServerReflexive || found[0].Addr != mappedAddr {
			t.Fatalf("gathered %v, want %v from the server", found, mappedAddr)
		}
		must(t, sa.Close())

		// The next session knows it from the start, and asks nobody.
		asked := server.count()
		a = newPeer()
		sa, sb := start(t, da, db, a, b, 2)
		if last := a.all(t); len(last) != 0 {
			t.Errorf("gathered %v again", last)
		}
		receive(t, a.up, "Up")
		receive(t, b.up, "Up")
		say(t, sa, sb, a, b)
		if n := server.count(); n != asked {
			t.Errorf("%d more requests", n-asked)
		}
	})
}

// TestSTUNSilent has a server that never answers: the last call comes all the same.
func TestSTUNSilent(t *testing.T) {
	server := newSTUNServer(t, 1000)
	d := newDriver(t, func(c *pion.Config) { c.ICEServers = []pion.ICEServer{{URLs: []string{server.url()}}} })
	a := newPeer()
	_, err := d.Offer(sessionID(1), a)
	must(t, err)
	start := time.Now()
	if found := a.all(t); len(found) != 0 {
		t.Errorf("gathered %v from nobody", found)
	}
	t.Logf("gave up after %v and %d requests", time.Since(start), server.count())
}

const turnUser, turnPassword = "user", "secret"

// newTURNServer starts a server on loopback and gives its URL.
func newTURNServer(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(t, err)
	server, err := turn.NewServer(turn.ServerConfig{
		Realm: "test",
		AuthHandler: func(ra *turn.RequestAttributes) (string, []byte, bool) {
			return ra.Username, turn.GenerateAuthKey(turnUser, "test", turnPassword), ra.Username == turnUser
		},
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn: conn,
			RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{
				RelayAddress: net.IPv4(127, 0, 0, 1),
				Address:      "127.0.0.1",
			},
		}},
		LoggerFactory: quiet{},
	})
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	return fmt.Sprintf("turn:%v?transport=udp", conn.LocalAddr())
}

func withTURN(url string, only bool) func(*pion.Config) {
	return func(c *pion.Config) {
		c.ICEServers = []pion.ICEServer{{URLs: []string{url}, Username: turnUser, Password: turnPassword}}
		c.RelayOnly = only
	}
}

func TestRelayOnly(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		url := newTURNServer(t)
		for _, both := range []bool{true, false} {
			t.Run(fmt.Sprintf("both=%v", both), func(t *testing.T) {
				da := newDriver(t, withTURN(url, true), kind)
				db := newDriver(t, kind)
				if both {
					db = newDriver(t, withTURN(url, true), kind)
				}
				a, b := newPeer(), newPeer()
				begun := time.Now()
				sa, sb := start(t, da, db, a, b, 1)
				ca, cb := a.all(t), b.all(t)
				for _, c := range ca {
					if c.Type != transport.Relayed {
						t.Errorf("told %v", c)
					}
				}
				if len(ca) != 1 {
					t.Errorf("told %v, want one relay", ca)
				}
				must(t, sb.AddCandidates(ca))
				must(t, sa.AddCandidates(cb))
				receive(t, a.up, "Up of the initiator")
				receive(t, b.up, "Up of the answerer")
				t.Logf("open after %v", time.Since(begun))
				say(t, sa, sb, a, b)
			})
		}
	})
}

// TestRelayBeside has hosts that can reach each other and a relay: the direct
// path is used, and the relay is told.
func TestRelayBeside(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		url := newTURNServer(t)
		da, db := newDriver(t, withTURN(url, false), kind), newDriver(t, kind)
		a, b := newPeer(), newPeer()
		sa, sb := connect(t, da, db, a, b, 1)
		say(t, sa, sb, a, b)
		types := make(map[transport.CandidateType]int)
		for _, c := range a.all(t) {
			types[c.Type]++
		}
		if types[transport.Relayed] != 1 {
			t.Errorf("gathered %v, want a relay", types)
		}
	})
}

// TestRelayRefused has a wrong password: the last call comes all the same.
func TestRelayRefused(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		url := newTURNServer(t)
		d := newDriver(t, func(c *pion.Config) {
			withTURN(url, true)(c)
			c.ICEServers[0].Password = "wrong"
		}, kind)
		a := newPeer()
		_, err := d.Offer(sessionID(1), a)
		must(t, err)
		if found := a.all(t); len(found) != 0 {
			t.Errorf("gathered %v although the server refuses", found)
		}
	})
}
