package pion_test

import (
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// patience is how long a test waits for what must come. Nothing takes a tenth
// of it; a loaded machine with the race detector may.
const patience = 20 * time.Second

// peer is a handler whose calls a test can wait for.
type peer struct {
	described chan transport.Description
	gathered  chan []transport.Candidate // each call; closed with the last
	up        chan struct{}
	down      chan error
	message   func(channel uint16, data []byte) // set before Channel is called
	messages  chan string                       // without message
}

func newPeer() *peer {
	return &peer{
		described: make(chan transport.Description, 1),
		gathered:  make(chan []transport.Candidate, 16),
		up:        make(chan struct{}, 1),
		down:      make(chan error, 1),
		messages:  make(chan string, 1<<12),
	}
}

func (p *peer) Described(_ transport.SessionID, d transport.Description) { p.described <- d }

func (p *peer) Gathered(_ transport.SessionID, c []transport.Candidate, last bool) {
	p.gathered <- c
	if last {
		close(p.gathered)
	}
}

func (p *peer) Up(transport.SessionID) { p.up <- struct{}{} }

func (p *peer) Down(_ transport.SessionID, reason error) { p.down <- reason }

func (p *peer) Message(_ transport.SessionID, channel uint16, data []byte) {
	if p.message != nil {
		p.message(channel, data)
		return
	}
	p.messages <- string(data)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// receive waits for one value.
func receive[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s within %v", what, patience)
		panic("unreachable")
	}
}

// all waits for the last of a peer's candidates that were not described.
func (p *peer) all(t testing.TB) (all []transport.Candidate) {
	t.Helper()
	for {
		select {
		case c, ok := <-p.gathered:
			if !ok {
				return all
			}
			all = append(all, c...)
		case <-time.After(patience):
			t.Fatalf("no last candidate within %v", patience)
		}
	}
}

func sessionID(number uint64) transport.SessionID {
	return transport.SessionID{Initiator: transport.PeerID{1}, Number: number}
}

// start does the handshake without candidates that come later.
func start(t testing.TB, da, db transport.Driver, a, b *peer, number uint64) (sa, sb transport.Session) {
	t.Helper()
	sa, err := da.Offer(sessionID(number), a)
	must(t, err)
	sb, err = db.Answer(sessionID(number), receive(t, a.described, "offer"), b)
	must(t, err)
	must(t, sa.Finish(receive(t, b.described, "answer")))
	return sa, sb
}

// connect opens a session.
func connect(t testing.TB, da, db transport.Driver, a, b *peer, number uint64) (sa, sb transport.Session) {
	t.Helper()
	sa, sb = start(t, da, db, a, b, number)
	receive(t, a.up, "Up of the initiator")
	receive(t, b.up, "Up of the answerer")
	return sa, sb
}
