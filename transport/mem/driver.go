package mem

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// Driver is a transport.Driver of a Network.
type Driver struct {
	network     *Network
	number      int
	addr        netip.AddrPort
	fingerprint [32]byte
	queue       *queue
	done        chan struct{}  // closed with closed
	running     sync.WaitGroup // every goroutine of the driver; grows only under mu while !closed

	// mu guards everything below, sessions and channels included. It is held
	// while datagrams are sent, which takes the locks of the network and of the
	// receiver's queue: never those of another driver, and never a handler's.
	mu       sync.Mutex
	closed   bool
	attempts int
	sessions map[transport.SessionID]*session
	byUfrag  map[string]*session
	ending   map[*session]bool // over, but Down is still to come
}

var _ transport.Driver = (*Driver)(nil)

func newDriver(n *Network, number int) *Driver {
	d := &Driver{
		network:  n,
		number:   number,
		addr:     address(number),
		queue:    newQueue(),
		done:     make(chan struct{}),
		sessions: make(map[transport.SessionID]*session),
		byUfrag:  make(map[string]*session),
		ending:   make(map[*session]bool),
	}
	d.fingerprint = sha256.Sum256(fmt.Appendf(nil, "certificate %d %d", n.seed, number))
	d.running.Add(1)
	go d.run()
	return d
}

// address counts through 198.18.0.0/15, which RFC 2544 sets apart for tests.
func address(number int) netip.AddrPort {
	host, port := number%(1<<17), 10000+number>>17
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, byte(18 + host>>16), byte(host >> 8), byte(host)}), uint16(port))
}

// Addr is the address by which others reach the driver.
func (d *Driver) Addr() netip.AddrPort { return d.addr }

// Offer begins a session as its initiator. Errors: transport.ErrClosed, or that
// the id is in use.
func (d *Driver) Offer(id transport.SessionID, h transport.Handler) (transport.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, err := d.begin(id, h, true)
	if err != nil {
		return nil, err
	}
	s.describe(transport.SetupActPass)
	return s, nil
}

// Answer begins a session that another peer has offered. Errors:
// transport.ErrClosed, that the id is in use, or what is wrong with the offer.
func (d *Driver) Answer(id transport.SessionID, offer transport.Description, h transport.Handler) (transport.Session, error) {
	if err := offer.Check(); err != nil {
		return nil, fmt.Errorf("mem: offer: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s, err := d.begin(id, h, false)
	if err != nil {
		return nil, err
	}
	setup := transport.SetupActive
	if offer.Setup == transport.SetupActive {
		setup = transport.SetupPassive
	}
	s.describe(setup)
	s.connect(offer)
	return s, nil
}

var errInUse = errors.New("session id in use")

func (d *Driver) begin(id transport.SessionID, h transport.Handler, initiator bool) (*session, error) {
	if d.closed {
		return nil, fmt.Errorf("mem: %w", transport.ErrClosed)
	}
	if d.sessions[id] != nil {
		return nil, fmt.Errorf("mem: %v: %w", id, errInUse)
	}
	d.attempts++
	s := &session{
		driver:    d,
		id:        id,
		handler:   h,
		initiator: initiator,
		ufrag:     fmt.Sprintf("mem%da%d", d.number, d.attempts),
		password:  password(d.network.seed, d.number, d.attempts),
		channels:  make(map[channelKey]*channel),
		last:      make(map[uint16]*channel),
	}
	s.changed.L = &d.mu
	s.newChannel(transport.ControlChannel, 1)
	s.newChannel(transport.FirstChannel, 1)
	d.sessions[id] = s
	d.byUfrag[s.ufrag] = s
	d.running.Add(1)
	go s.tell()
	return s, nil
}

func password(seed uint64, number, attempt int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "password %d %d %d", seed, number, attempt))
	return base32.StdEncoding.EncodeToString(sum[:15])
}

// run does what is due until the driver is closed.
func (d *Driver) run() {
	defer d.running.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		do, wait := d.queue.pop(time.Now())
		if do != nil {
			d.mu.Lock()
			if !d.closed {
				do()
			}
			d.mu.Unlock()
			continue
		}
		var due <-chan time.Time
		if wait >= 0 {
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case <-d.queue.wake:
		case <-due:
		case <-d.done:
			return
		}
	}
}

// receive takes a datagram that has arrived, if it is for one of the sessions.
func (d *Driver) receive(dg *datagram) {
	s := d.byUfrag[dg.ufrag]
	if s == nil || s.password != dg.password || s.remote == nil || s.remote.Ufrag != dg.sender {
		d.network.countRefused()
		return
	}
	s.receive(dg)
}

// noticeSilence ends the sessions with other when it has been silent for long
// enough, if it still is.
func (d *Driver) noticeSilence(other *Driver, still func() bool) {
	silence, ok := d.network.silence()
	if !ok {
		return
	}
	d.queue.push(time.Now().Add(silence), func() {
		if !still() {
			return
		}
		for _, s := range d.sessions {
			if s.peer == other.addr {
				s.end(transport.ErrSilent)
			}
		}
	})
}

// Close ends every session without calling their handlers; the other ends are
// told. It waits for the handler calls that are under way.
func (d *Driver) Close() error {
	d.stop(true)
	d.running.Wait()
	return nil
}

// Crash makes the driver silent, as if its process had died: nothing is sent
// or received from now on, no handler is called, and its peers notice it by the
// silence. Its methods then do what they do after Close. Crash waits for
// nothing, so Close is still needed. A peer that comes back has a new driver.
func (d *Driver) Crash() { d.stop(false) }

func (d *Driver) stop(orderly bool) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	for _, s := range d.sessions {
		if orderly {
			s.sayBye()
		}
		s.closeHere()
	}
	for s := range d.ending {
		s.closeHere()
	}
	d.closed = true
	close(d.done)
	d.queue.close()
	d.mu.Unlock()

	others := d.network.remove(d)
	if orderly {
		return
	}
	for _, other := range others {
		other.noticeSilence(d, func() bool { return true })
	}
}
