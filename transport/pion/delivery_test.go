package pion_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// arrivals is what has come on one channel, in order.
type arrivals struct {
	mu      sync.Mutex
	numbers []uint32
}

func (a *arrivals) add(data []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.numbers = append(a.numbers, binary.BigEndian.Uint32(data))
}

// over reports whether a message above the others has come.
func (a *arrivals) over(n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Contains(a.numbers, uint32(n))
}

// list gives what has come, but for those above the others.
func (a *arrivals) list() []uint32 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(a.numbers), func(i uint32) bool { return i >= 1000 })
}

// TestDelivery sends a thousand messages through a path that loses a twentieth
// of all packets, both ways, by each kind of delivery, and looks at what came: all
// of it or not, in order or not, and nothing twice.
func TestDelivery(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		t.Logf("-seed %d", *seed)
		none := uint16(0)
		const n, number = 1000, 600
		for i, c := range []struct {
			cfg             transport.ChannelConfig
			loses, reorders bool
		}{
			{transport.ChannelConfig{}, false, false},
			{transport.ChannelConfig{Unordered: true}, false, true},
			{transport.ChannelConfig{MaxRetransmits: &none}, true, false},
			{transport.ChannelConfig{MaxRetransmits: &none, Unordered: true}, true, false},
		} {
			for _, toAnswerer := range []bool{true, false} {
				t.Run(fmt.Sprintf("%d/%v", i, toAnswerer), func(t *testing.T) {
					da, db := newDriver(t, kind), newDriver(t, kind)
					from, to := newPeer(), newPeer()
					var got arrivals
					a, b := from, to
					if !toAnswerer {
						a, b = to, from
					}
					sa, sb, path := connectLossy(t, da, db, a, b, uint64(i), 0)
					sender, receiver := sa, sb
					if !toAnswerer {
						sender, receiver = sb, sa
					}
					to.message = func(channel uint16, data []byte) {
						if channel == number {
							got.add(data)
							return
						}
						to.messages <- string(data)
					}
					say(t, sa, sb, a, b)
					_, err := receiver.Channel(number, c.cfg)
					must(t, err)
					channel, err := sender.Channel(number, c.cfg)
					must(t, err)
					send := func(i int) {
						p := make([]byte, 900)
						binary.BigEndian.PutUint32(p, uint32(i))
						must(t, channel.Send(p))
					}
					for range 10 {
						say(t, sa, sb, a, b) // meanwhile DCEP's ACK has come as well
					}
					path.set(0.05)
					for i := range n {
						send(i)
						if i%20 == 0 {
							say(t, sa, sb, a, b)
						}
					}
					path.set(0)
					for end := time.Now().Add(patience); !got.over(n) && time.Now().Before(end); {
						send(n) // the last one is not lost for ever
						say(t, sa, sb, a, b)
					}
					if !c.loses { // it came after all others, or they are still to come
						for end := time.Now().Add(patience); len(got.list()) < n && time.Now().Before(end); {
							say(t, sa, sb, a, b)
						}
					}
					list := got.list()
					sorted := slices.Clone(list)
					slices.Sort(sorted)
					once := slices.Compact(slices.Clone(sorted))
					reordered := !slices.Equal(list, sorted)
					t.Logf("%d of %d came, reordered: %v", len(list), n, reordered)
					if len(once) != len(list) {
						t.Errorf("%d came twice", len(list)-len(once))
					}
					if lost := len(list) < n; lost != c.loses {
						t.Errorf("%d of %d came", len(list), n)
					}
					if c.loses && len(list) < n/2 {
						t.Errorf("%d of %d came, of 5 %% loss", len(list), n)
					}
					if reordered && !c.cfg.Unordered || c.reorders && !reordered {
						t.Errorf("reordered: %v", reordered)
					}
					say(t, sa, sb, a, b)
				})
			}
		}
	})
}

// TestLifetime cuts a path off for longer than messages live: they are gone, and
// those of a channel that waits for them are not.
func TestLifetime(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		const mortal, immortal = 600, 2
		da, db := newDriver(t, kind), newDriver(t, kind)
		a, b := newPeer(), newPeer()
		var got [2]arrivals
		b.message = func(channel uint16, data []byte) {
			switch channel {
			case mortal:
				got[0].add(data)
			case immortal:
				got[1].add(data)
			default:
				b.messages <- string(data)
			}
		}
		sa, sb, path := connectLossy(t, da, db, a, b, 1, 0)
		say(t, sa, sb, a, b)
		var channels [2]transport.Channel
		for i, number := range []uint16{mortal, immortal} {
			var cfg transport.ChannelConfig
			if number == mortal {
				cfg.MaxLifetime = 50 * time.Millisecond
			}
			_, err := sb.Channel(number, cfg)
			must(t, err)
			channels[i], err = sa.Channel(number, cfg)
			must(t, err)
		}
		for range 10 {
			say(t, sa, sb, a, b)
		}
		send := func(i int) {
			for _, c := range channels {
				p := make([]byte, 20) // all fit into one packet
				binary.BigEndian.PutUint32(p, uint32(i))
				must(t, c.Send(p))
			}
		}
		path.set(1)
		for i := range 5 {
			send(i)
		}
		<-time.After(2500 * time.Millisecond) // of real time: pion has no other clock. Two retransmission timeouts
		path.set(0)
		for end := time.Now().Add(patience); !got[0].over(1000) && time.Now().Before(end); {
			send(1000)
			say(t, sa, sb, a, b)
		}
		if dead, alive := got[0].list(), got[1].list(); len(dead) > 0 || len(alive) != 5 {
			t.Errorf("of five messages each, %d came later than they live, and %d that live for ever", len(dead), len(alive))
		}
	})
}

// exchange opens a channel at both ends, and sends a message each way on it.
func exchange(t *testing.T, sa, sb transport.Session, a, b *peer, cfg transport.ChannelConfig) {
	t.Helper()
	cb, err := sb.Channel(600, cfg)
	must(t, err)
	ca, err := sa.Channel(600, cfg)
	must(t, err)
	must(t, ca.Send([]byte("there")))
	must(t, cb.Send([]byte("back")))
	if m, n := receive(t, b.messages, "message"), receive(t, a.messages, "message"); m != "there" || n != "back" {
		t.Errorf("got %q and %q", m, n)
	}
}

// TestDeliveryToStrangers has a peer that a driver with media does not know for one
// of its kind, as it does not know a browser: nobody waits for DCEP, and everything
// arrives.
func TestDeliveryToStrangers(t *testing.T) {
	certificate := strangeCertificate(t)
	none := uint16(0)
	for i, strange := range [][2]bool{{true, false}, {false, true}, {true, true}} {
		var drivers [2]transport.Driver
		for j := range drivers {
			drivers[j] = newDriver(t, withMedia, func(cfg *pion.Config) {
				if strange[j] {
					cfg.Certificate = certificate
				}
			})
		}
		a, b := newPeer(), newPeer()
		sa, sb := connect(t, drivers[0], drivers[1], a, b, uint64(i))
		exchange(t, sa, sb, a, b, transport.ChannelConfig{Unordered: true, MaxRetransmits: &none})
	}
}

// TestInterleaving holds that a large message of one channel lets those of others
// through: large ones are not cut by this package.
func TestInterleaving(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		a, b := newPeer(), newPeer()
		for _, s := range both(connect(t, newDriver(t, kind), newDriver(t, kind), a, b, 1)) {
			if !pion.Interleaves(s) {
				t.Error("SCTP does not interleave")
			}
		}
	})
}

func both(a, b transport.Session) []transport.Session { return []transport.Session{a, b} }

// newKin is a PeerConnection that the driver takes for one of its kind, and that
// need not behave.
func newKin(t *testing.T) *browser {
	t.Helper()
	c, err := pion.NewCertificate()
	must(t, err)
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	must(t, err)
	return newBrowser(t, true, webrtc.CertificateFromX509(c.PrivateKey, leaf))
}

func (b *browser) open(t *testing.T, number uint16, ordered bool) *webrtc.DataChannel {
	t.Helper()
	dc, err := b.pc.CreateDataChannel("", &webrtc.DataChannelInit{ID: &number, Ordered: &ordered})
	must(t, err)
	return dc
}

// A channel that the peer opens before this end asks for it waits, and so does
// what it brings.
func TestDeliveryWaits(t *testing.T) {
	p, b := newPeer(), newKin(t)
	s := meet(t, newDriver(t, withMedia), b, p, true)
	dc := b.open(t, 600, false)
	dc.OnOpen(func() { _ = dc.SendText("early") })
	c, err := s.Channel(transport.ControlChannel, transport.ChannelConfig{})
	must(t, err)
	must(t, b.dc.SendText("control"))
	if m := receive(t, p.messages, "message"); m != "control" {
		t.Fatalf("got %q", m)
	}
	must(t, c.Send([]byte("back")))
	receive(t, b.messages, "answer")
	c, err = s.Channel(600, transport.ChannelConfig{Unordered: true})
	must(t, err)
	if m := receive(t, p.messages, "message"); m != "early" {
		t.Fatalf("got %q", m)
	}
	answered := make(chan webrtc.DataChannelMessage, 1)
	dc.OnMessage(func(m webrtc.DataChannelMessage) { answered <- m })
	must(t, c.Send([]byte("late")))
	if m := receive(t, answered, "answer"); string(m.Data) != "late" {
		t.Errorf("got %q", m.Data)
	}
}

// TestKinViolations has one of its kind open what it may not.
func TestKinViolations(t *testing.T) {
	for name, c := range map[string]struct {
		offers bool
		open   func(b *browser)
		want   string
	}{
		"reliable and ordered": {true, func(b *browser) { b.open(t, 600, true) }, "opened channel 600 by itself"},
		"as the answerer":      {false, func(b *browser) { b.open(t, 600, false) }, "opened channel 600 by itself"},
		"too many": {true, func(b *browser) {
			opened := make(chan struct{}, 1100)
			for number := range uint16(cap(opened)) {
				b.open(t, 2000+number, false).OnOpen(func() { opened <- struct{}{} })
				if number >= 8 && number < 1010 { // pion drops what comes faster than it accepts, to be sent again a second later
					receive(t, opened, "open")
				}
			}
		}, "more than 1024 channels"},
	} {
		t.Run(name, func(t *testing.T) {
			p, b := newPeer(), newKin(t)
			meet(t, newDriver(t, withMedia), b, p, c.offers)
			c.open(b)
			if reason := receive(t, p.down, "Down"); !strings.Contains(reason.Error(), c.want) {
				t.Errorf("Down: %v, want %q", reason, c.want)
			}
		})
	}
}

// strangeCertificate is one that says nothing of its driver.
func strangeCertificate(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	must(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
