package overlay_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

var none, two = uint16(0), uint16(2)

// deliver is two nodes with a protocol of one Delivery at each, and an arc.
func (k *kit) deliver(here, there overlay.Delivery) (a, b *overlay.Protocol) {
	k.t.Helper()
	for i, d := range []overlay.Delivery{here, there} {
		p, err := k.nodes[i].Protocol("data", overlay.ProtocolConfig{Delivery: d})
		k.must(err)
		if i == 0 {
			a = p
		} else {
			b = p
		}
	}
	_, err := a.Join(k.ctx, k.nodes[1].Admit)
	k.must(err)
	return a, b
}

// numbers receives until nothing comes for a minute.
func (k *kit) numbers(p *overlay.Protocol) (list []uint32) {
	k.t.Helper()
	for {
		ctx, cancel := context.WithTimeout(k.ctx, time.Minute)
		m, err := p.Receive(ctx)
		cancel()
		if err != nil {
			return list
		}
		list = append(list, binary.BigEndian.Uint32(m.Data))
	}
}

// What each Delivery promises, on a path that loses a fifth of all packets.
func TestDelivery(t *testing.T) {
	const n = 2000
	for name, c := range map[string]struct {
		delivery        overlay.Delivery
		loses, reorders bool
	}{
		"zero":                       {overlay.Delivery{}, false, false},
		"unordered":                  {overlay.Delivery{Unordered: true}, false, true},
		"sent once":                  {overlay.Delivery{MaxRetransmits: &none}, true, false},
		"sent thrice":                {overlay.Delivery{MaxRetransmits: &two}, true, false},
		"sent once, unordered":       {overlay.Delivery{MaxRetransmits: &none, Unordered: true}, true, true},
		"lives for 100 ms":           {overlay.Delivery{MaxLifetime: 100 * time.Millisecond}, true, false},
		"lives for 1 min, unordered": {overlay.Delivery{MaxLifetime: time.Minute, Unordered: true}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 2, func(k *kit) {
				a, b := k.deliver(c.delivery, c.delivery)
				k.net.SetPath(mem.Path{Latency: 10 * time.Millisecond, Loss: 0.2, Duplicate: 0.1, Reorder: 0.1})
				for _, p := range [][2]*overlay.Protocol{{a, b}, {b, a}} {
					go func() {
						for i := range n {
							m := make([]byte, 400)
							binary.BigEndian.PutUint32(m, uint32(i))
							if err := p[0].Send(k.ctx, p[1].Node().ID(), m); err != nil {
								t.Error(err)
							}
						}
					}()
					got := k.numbers(p[1])
					sorted := slices.Sorted(slices.Values(got))
					if len(slices.Compact(slices.Clone(sorted))) != len(got) {
						t.Error("something came twice")
					}
					if lost := len(got) < n; lost != c.loses || len(got) < n/2 {
						t.Errorf("%d of %d came", len(got), n)
					}
					if reordered := !slices.Equal(got, sorted); reordered != c.reorders {
						t.Errorf("reordered: %v", reordered)
					}
				}
				if s := k.nodes[0].Stats(); s.MessagesDropped != 0 {
					t.Errorf("%d dropped in a buffer", s.MessagesDropped)
				}
			})
		})
	}
}

// Over pion, every Delivery works, from either end and beside a protocol that is
// reliable.
func TestDeliveryOverPion(t *testing.T) {
	for _, d := range []overlay.Delivery{{Unordered: true}, {MaxRetransmits: &none}, {MaxLifetime: time.Second, Unordered: true}} {
		a, b := pair(t, func() transport.Driver { return loopback(t) }, overlay.ProtocolConfig{Delivery: d})
		for _, p := range [][2]*overlay.Protocol{{a, b}, {b, a}} {
			for i := range 100 {
				want := fmt.Sprint("message ", i)
				if err := p[0].Send(t.Context(), p[1].Node().ID(), []byte(want)); err != nil {
					t.Fatal(err)
				}
				m, err := p[1].Receive(t.Context()) // loopback loses nothing
				if err != nil || string(m.Data) != want {
					t.Fatalf("received %q, %v, want %q", m.Data, err, want)
				}
			}
		}
	}
}

// Where messages may be lost, nobody waits: what is not taken goes, the oldest
// first, and is counted.
func TestLooseMessagesWaitForNobody(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		a, b := k.deliver(overlay.Delivery{MaxRetransmits: &none}, overlay.Delivery{MaxRetransmits: &two})
		const n = 3000
		start := time.Now()
		for i := range n {
			m := make([]byte, 1000-64) // so that 1048 are a window
			binary.BigEndian.PutUint32(m, uint32(i))
			k.must(a.Send(k.ctx, k.id(1), m))
			if i%100 == 0 {
				k.rest(50 * time.Millisecond)
			}
		}
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("the sender waited %v", d)
		}
		k.rest(time.Second)
		got := k.numbers(b)
		if len(got) != 1048 || got[0] != n-1048 || got[1047] != n-1 {
			t.Errorf("%d are left, from %d to %d, want the last 1048", len(got), got[0], got[len(got)-1])
		}
		if s := k.nodes[1].Stats(); s.MessagesDropped != n-1048 {
			t.Errorf("%d dropped, want %d", s.MessagesDropped, n-1048)
		}
		// And the driver's buffer, when too much is sent at once.
		for range 2 * n {
			k.must(a.Send(k.ctx, k.id(1), make([]byte, 1000)))
		}
		if s := k.nodes[0].Stats(); s.MessagesDropped == 0 {
			t.Error("6 MB went into the driver's buffer")
		}
		k.must(a.Send(k.ctx, k.id(1), []byte("last"))) // it goes on all the same
	})
}

func TestDeliveryLimits(t *testing.T) {
	bubble(t, 2, func(k *kit) {
		for name, cfg := range map[string]overlay.ProtocolConfig{
			"both limits":       {Delivery: overlay.Delivery{MaxRetransmits: &none, MaxLifetime: time.Second}},
			"negative lifetime": {Delivery: overlay.Delivery{MaxLifetime: -1}},
			"long lifetime":     {Delivery: overlay.Delivery{MaxLifetime: 66 * time.Second}},
			"large messages":    {Delivery: overlay.Delivery{Unordered: true}, MaxMessage: 16<<10 + 1},
		} {
			if _, err := k.nodes[0].Protocol(name, cfg); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		a, b := k.deliver(overlay.Delivery{Unordered: true}, overlay.Delivery{Unordered: true})
		if err := a.Send(k.ctx, k.id(1), make([]byte, 16<<10+1)); !errors.Is(err, overlay.ErrTooLarge) {
			t.Errorf("large message: %v", err)
		}
		k.must(a.Send(k.ctx, k.id(1), make([]byte, 16<<10)))
		m, err := b.Receive(k.ctx)
		k.must(err)
		if len(m.Data) != 16<<10 {
			t.Errorf("%d bytes", len(m.Data))
		}
		if _, err := a.Dial(k.ctx, k.id(1)); err == nil {
			t.Error("a stream over an unordered protocol")
		}
		if _, err := b.Listen().Accept(); err == nil {
			t.Error("a stream over an unordered protocol")
		}
	})
}

// Whoever has configured a protocol otherwise loses its session, with a reason.
func TestDeliveryMustAgree(t *testing.T) {
	unordered, lossy := overlay.Delivery{Unordered: true}, overlay.Delivery{MaxRetransmits: &none}
	for name, c := range map[string][2]overlay.Delivery{
		"plain to lossy":     {{}, lossy},
		"lossy to unordered": {lossy, unordered},
		"unordered to lossy": {unordered, lossy},
		"plain to unordered": {{}, unordered},
	} {
		t.Run(name, func(t *testing.T) {
			bubbleWith(t, 2, func(k *kit) {
				a, b := k.deliver(c[0], c[1])
				k.must(a.Send(k.ctx, k.id(1), []byte("hello")))
				k.rest(time.Second)
				if b.Inview().Len() != 0 || k.nodes[1].Stats().Violations != 1 {
					t.Errorf("counted: %+v", k.nodes[1].Stats())
				}
			}, false)
		})
	}
}

func TestHostileDelivery(t *testing.T) {
	for name, c := range map[string]struct {
		delivery overlay.Delivery
		channel  uint16
		frame    []byte
	}{
		"lossy in a reliable one":  {overlay.Delivery{}, 2, []byte{8, 1}},
		"whole in a lossy one":     {overlay.Delivery{MaxRetransmits: &none}, 514, []byte{0, 1}},
		"credit in a lossy one":    {overlay.Delivery{MaxRetransmits: &none}, 514, []byte{2, 1}},
		"part without order":       {overlay.Delivery{Unordered: true}, 514, []byte{1, 1}},
		"stream without order":     {overlay.Delivery{Unordered: true}, 514, []byte{open, 1}},
		"stream in a lossy one":    {overlay.Delivery{MaxRetransmits: &none}, 514, []byte{open, 1}},
		"too large in a lossy one": {overlay.Delivery{MaxRetransmits: &none}, 514, append([]byte{8}, make([]byte, 16<<10+1)...)},
	} {
		t.Run(name, func(t *testing.T) {
			bubbleWith(t, 1, func(k *kit) {
				_, err := k.nodes[0].Protocol("data", overlay.ProtocolConfig{Delivery: c.delivery})
				k.must(err)
				h := k.enter(0)
				h.say(&arc.Bind{Arc: 1, Protocol: "data", Channel: 2})
				k.rest(time.Second)
				ch, err := h.session.Channel(c.channel, c.delivery)
				k.must(err)
				k.must(ch.Send(c.frame))
				k.rest(time.Second)
				if s := k.nodes[0].Stats(); k.knows(0, h.id) || s.Violations != 1 {
					t.Errorf("counted: %+v", s)
				}
			}, false)
		})
	}
}
