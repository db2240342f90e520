// Package far puts a delay between the sockets of one machine: on the packets
// themselves, so that nothing under test knows of it, and without rights that a
// test does not have.
//
//	n := far.New(func(from, to string) time.Duration { return 25 * time.Millisecond })
//	defer n.Close()
//	driver := &far.Driver{Driver: inner, Network: n, Label: "end"}
//
// # Concurrency
//
// A Network may be used from any goroutine. It has a goroutine for each socket and
// one that sends on what is due; all end with Close, which waits for them.
package far

import (
	"container/heap"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Network delays the packets between sockets. Each socket gets a second address,
// which its peers are told instead of its own: what is sent there comes out of the
// sender's second address, later. Everything stays on loopback.
type Network struct {
	// Strangers is the label of sockets that send before anybody has told the
	// network of them; empty: what they send is lost. Set it before the first Add.
	Strangers string

	delay func(from, to string) time.Duration // between two labels

	mu     sync.Mutex
	ports  map[netip.AddrPort]*port // by the socket's own address
	outer  map[netip.AddrPort]bool  // the second ones
	queue  packets
	order  uint64
	closed bool
	wake   chan struct{} // a packet that is due first was put in
	done   chan struct{}
	wg     sync.WaitGroup
}

type port struct {
	label string
	inner netip.AddrPort // the socket's own
	conn  *net.UDPConn   // of its second address
}

type packet struct {
	due   time.Time
	order uint64
	data  []byte
	from  *port
	to    netip.AddrPort
}

// New makes a network; delay is how long a packet takes, one way, by the labels of
// its sockets.
func New(delay func(from, to string) time.Duration) *Network {
	n := &Network{
		delay: delay, ports: map[netip.AddrPort]*port{}, outer: map[netip.AddrPort]bool{},
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	n.wg.Go(n.run)
	return n
}

// Add gives a socket its second address; for the second address itself, too.
func (n *Network) Add(label string, inner netip.AddrPort) (netip.AddrPort, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.outer[inner] {
		return inner, nil
	}
	p, err := n.port(label, inner)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return p.addr(), nil
}

// port gives the port of a socket. The caller holds mu.
func (n *Network) port(label string, inner netip.AddrPort) (*port, error) {
	if p := n.ports[inner]; p != nil {
		return p, nil
	}
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(Loopback, 0)))
	if err != nil {
		return nil, err
	}
	p := &port{label: label, inner: inner, conn: conn}
	n.ports[inner] = p
	n.outer[p.addr()] = true
	n.wg.Go(func() { n.read(p) })
	return p, nil
}

func (p *port) addr() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// Loopback is where all sockets are.
var Loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// read takes what is sent to a socket's second address.
func (n *Network) read(p *port) {
	buf := make([]byte, 2048)
	for {
		size, from, err := p.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		data := append([]byte(nil), buf[:size]...)
		n.mu.Lock()
		s := n.ports[from]
		if s == nil && n.Strangers != "" && !n.closed {
			s, _ = n.port(n.Strangers, from) // without a port its packet is lost
		}
		if s != nil {
			n.order++
			due := time.Now().Add(n.delay(s.label, p.label))
			heap.Push(&n.queue, packet{due: due, order: n.order, data: data, from: s, to: p.inner})
			if n.queue[0].order == n.order {
				select {
				case n.wake <- struct{}{}:
				default:
				}
			}
		}
		n.mu.Unlock()
	}
}

// run sends packets on when they are due.
func (n *Network) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		n.mu.Lock()
		for len(n.queue) > 0 && !n.queue[0].due.After(time.Now()) {
			p := heap.Pop(&n.queue).(packet)
			_, _ = p.from.conn.WriteToUDPAddrPort(p.data, p.to) // a closed receiver loses it
		}
		wait := time.Hour
		if len(n.queue) > 0 {
			wait = time.Until(n.queue[0].due)
		}
		n.mu.Unlock()
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-n.wake:
		case <-n.done:
			return
		}
	}
}

// Close ends it: packets under way are lost. The sockets are their owners'.
func (n *Network) Close() {
	close(n.done)
	n.mu.Lock()
	n.closed = true
	for _, p := range n.ports {
		_ = p.conn.Close()
	}
	n.mu.Unlock()
	n.wg.Wait()
}

// packets is a heap by due time, and by order among equals.
type packets []packet

func (q packets) Len() int      { return len(q) }
func (q packets) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q packets) Less(i, j int) bool {
	if q[i].due.Equal(q[j].due) {
		return q[i].order < q[j].order
	}
	return q[i].due.Before(q[j].due)
}
func (q *packets) Push(x any) { *q = append(*q, x.(packet)) }
func (q *packets) Pop() any {
	last := len(*q) - 1
	p := (*q)[last]
	(*q)[last] = packet{}
	*q = (*q)[:last]
	return p
}
