package pion_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// say sends a message each way on the control channel.
func say(t testing.TB, sa, sb transport.Session, a, b *peer) {
	t.Helper()
	ca, err := sa.Channel(transport.ControlChannel, transport.ChannelConfig{})
	must(t, err)
	cb, err := sb.Channel(transport.ControlChannel, transport.ChannelConfig{})
	must(t, err)
	must(t, ca.Send([]byte("from a")))
	must(t, cb.Send([]byte("from b")))
	if m := receive(t, b.messages, "message to b"); m != "from a" {
		t.Fatalf("b got %q", m)
	}
	if m := receive(t, a.messages, "message to a"); m != "from b" {
		t.Fatalf("a got %q", m)
	}
}

// TestZeroConfig connects two drivers as users make them. All addresses are
// this host's, so the packets stay in it.
func TestZeroConfig(t *testing.T) {
	var drivers [2]*pion.Driver
	for i := range drivers {
		d, err := pion.New(pion.Config{})
		must(t, err)
		t.Cleanup(func() { must(t, d.Close()) })
		drivers[i] = d
	}
	a, b := newPeer(), newPeer()
	sa, sb := connect(t, drivers[0], drivers[1], a, b, 1)
	say(t, sa, sb, a, b)
}

func TestIPv6(t *testing.T) {
	da, err := pion.New(pion.Config{ListenAddr: "[::1]:0"})
	if err != nil {
		t.Skipf("no IPv6 on loopback: %v", err)
	}
	t.Cleanup(func() { must(t, da.Close()) })
	db := newDriver(t, func(c *pion.Config) { c.ListenAddr = "[::1]:0" })
	a, b := newPeer(), newPeer()
	sa, sb := connect(t, da, db, a, b, 1)
	say(t, sa, sb, a, b)
}

// TestReopen closes a session at one end only and opens the next at once,
// between the same two sockets, while the other end may still hold the old one.
func TestReopen(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		da, db := newDriver(t, kind), newDriver(t, kind)
		for i := range uint64(50) {
			a, b := newPeer(), newPeer()
			sa, sb := connect(t, da, db, a, b, i)
			say(t, sa, sb, a, b)
			must(t, sa.Close())
			if i%2 == 0 { // else its driver finds out by itself, some time
				must(t, sb.Close())
			}
		}
	})
}

// TestReplace has A close and offer again, and B close its old session only
// when that offer has come, as the session layer does.
func TestReplace(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		da, db := newDriver(t, kind), newDriver(t, kind)
		var oldA, oldB transport.Session
		for i := range uint64(50) {
			a, b := newPeer(), newPeer()
			if oldA != nil {
				must(t, oldA.Close())
			}
			sa, err := da.Offer(sessionID(i), a)
			must(t, err)
			offer := receive(t, a.described, "offer")
			if oldB != nil {
				must(t, oldB.Close())
			}
			sb, err := db.Answer(sessionID(i), offer, b)
			must(t, err)
			must(t, sa.Finish(receive(t, b.described, "answer")))
			receive(t, a.up, "Up of the initiator")
			receive(t, b.up, "Up of the answerer")
			say(t, sa, sb, a, b)
			oldA, oldB = sa, sb
		}
	})
}

// TestSeveral has many sessions between the same two drivers at once, all in use.
func TestSeveral(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		const n = 8
		da, db := newDriver(t, kind), newDriver(t, kind)
		var a, b [n]*peer
		var sa, sb [n]transport.Session
		for i := range n {
			a[i], b[i] = newPeer(), newPeer()
			x, y := da, db
			if i%3 == 0 { // initiators at both ends
				x, y = db, da
			}
			sa[i], sb[i] = connect(t, x, y, a[i], b[i], uint64(i))
		}
		for range 3 {
			for i := range n {
				say(t, sa[i], sb[i], a[i], b[i])
			}
		}
	})
}

// records keeps what pion's packages log.
type records struct {
	mu  sync.Mutex
	all bytes.Buffer
	slog.Handler
}

func newRecords() *records {
	r := &records{}
	r.Handler = slog.NewTextHandler(&r.all, &slog.HandlerOptions{Level: slog.LevelDebug})
	return r
}

func (r *records) Handle(ctx context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Handler.Handle(ctx, rec)
}

// WithAttrs keeps the lock, which an embedded handler's would not.
func (r *records) WithAttrs([]slog.Attr) slog.Handler { return r }

func (r *records) contain(s string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(r.all.String(), s)
}

// TestSNAP looks into SCTP's log for the handshake that SNAP saves.
func TestSNAP(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		for name, strip := range map[string]func(offer *transport.Description){
			"both ends": func(*transport.Description) {},
			"one end":   func(offer *transport.Description) { offer.SCTPInit = nil }, // so the answer has none
		} {
			t.Run(name, func(t *testing.T) {
				log := newRecords()
				withLog := func(c *pion.Config) { c.Logger = slog.New(log) }
				da, db := newDriver(t, withLog, kind), newDriver(t, withLog, kind)
				a, b := newPeer(), newPeer()
				sa, err := da.Offer(sessionID(1), a)
				must(t, err)
				offer := receive(t, a.described, "offer")
				if len(offer.SCTPInit) == 0 {
					t.Fatal("no SCTP init in the offer")
				}
				strip(&offer)
				sb, err := db.Answer(sessionID(1), offer, b)
				must(t, err)
				answer := receive(t, b.described, "answer")
				if got, want := len(answer.SCTPInit) > 0, len(offer.SCTPInit) > 0; got != want {
					t.Errorf("SCTP init in the answer: %v, want %v as in the offer", got, want)
				}
				must(t, sa.Finish(answer))
				receive(t, a.up, "Up of the initiator")
				receive(t, b.up, "Up of the answerer")
				say(t, sa, sb, a, b)
				if got, want := log.contain("sending INIT"), name != "both ends"; got != want {
					t.Errorf("SCTP handshake: %v, want %v", got, want)
				}
			})
		}
	})
}

// TestCrash measures that a silent peer is noticed within what Config promises.
func TestCrash(t *testing.T) {
	const silence, keepAlive = 2 * time.Second, 250 * time.Millisecond
	quick := func(c *pion.Config) { c.Silence, c.KeepAlive = silence, keepAlive }
	da, db := newDriver(t, quick), newDriver(t, quick)
	a, b := newPeer(), newPeer()
	sa, sb := connect(t, da, db, a, b, 1)
	say(t, sa, sb, a, b)
	db.Crash()
	start := time.Now()
	reason := receive(t, a.down, "Down")
	took := time.Since(start)
	t.Logf("Down after %v: %v", took, reason)
	if !errors.Is(reason, transport.ErrSilent) {
		t.Errorf("Down because of %v, want ErrSilent", reason)
	}
	// The machine may be slow, but the silence cannot be shorter than it is.
	if took < silence-keepAlive || took > silence+4*keepAlive {
		t.Errorf("Down after %v, want %v to %v", took, silence, silence+2*keepAlive)
	}
	if err := sa.AddCandidates(nil); err != transport.ErrClosed {
		t.Errorf("AddCandidates after Down gave %v", err)
	}
}

// TestLateAnswer has an answer reach the initiator when an attempt is long over, as
// answers do that people carry: who answered has been told to be patient.
func TestLateAnswer(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		quick := func(c *pion.Config) { c.Silence = time.Second }
		for name, patience := range map[string]time.Duration{"in haste": 0, "patient": 30 * time.Second} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				da, db := newDriver(t, quick, kind), newDriver(t, quick, kind)
				a, b := newPeer(), newPeer()
				sa, err := da.Offer(sessionID(1), a)
				must(t, err)
				offer := receive(t, a.described, "offer")
				sb, err := db.AnswerWithin(sessionID(1), offer, patience, b)
				must(t, err)
				answer := receive(t, b.described, "answer")
				if patience == 0 {
					reason := receive(t, b.down, "Down")
					if !errors.Is(reason, transport.ErrSilent) {
						t.Errorf("Down because of %v", reason)
					}
					return
				}
				select {
				case reason := <-b.down:
					t.Fatalf("the answer died on its way: %v", reason)
				case <-time.After(4 * time.Second): // all its own checks are over: 17, each 200 ms
				}
				must(t, sa.Finish(answer))
				receive(t, a.up, "Up of the initiator")
				receive(t, b.up, "Up of the answerer")
				say(t, sa, sb, a, b)
			})
		}
	})
}

// TestSocketLost has the sockets fail under a driver that lives on.
func TestSocketLost(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		da, db := newDriver(t, kind), newDriver(t, kind)
		a, b := newPeer(), newPeer()
		connect(t, da, db, a, b, 1)
		da.LoseSockets()
		t.Logf("Down: %v", receive(t, a.down, "Down"))
	})
}

// TestCycles opens and closes many sessions; nothing of them may stay.
func TestCycles(t *testing.T) {
	before := goleak.IgnoreCurrent()
	da, err := pion.New(pion.Config{ListenAddr: "127.0.0.1:0"})
	must(t, err)
	db, err := pion.New(pion.Config{ListenAddr: "127.0.0.1:0"})
	must(t, err)
	open := func(i uint64) (transport.Session, transport.Session, *peer) {
		a, b := newPeer(), newPeer()
		sa, sb := connect(t, da, db, a, b, i)
		say(t, sa, sb, a, b)
		return sa, sb, b
	}
	idle := files(t)
	goroutines := runtime.NumGoroutine()
	for i := range uint64(200) {
		sa, sb, b := open(i)
		must(t, sa.Close())
		receive(t, b.down, "Down")
		must(t, sb.Close())
	}
	settle(t, "goroutines", goroutines, func() int { return runtime.NumGoroutine() })
	settle(t, "files", idle, func() int { return files(t) })
	for i := range 20 { // and some that are open when the drivers close
		open(uint64(1000 + i))
	}
	must(t, da.Close())
	must(t, db.Close())
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

// files counts this process's open files, 0 where that is not known.
func files(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Logf("open files are not counted: %v", err)
	}
	return len(list)
}

// settle waits until a count is back where it was.
func settle(t *testing.T, what string, want int, count func() int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for count() > want && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if got := count(); got > want {
		t.Errorf("%d %s, want %d", got, what, want)
	}
}

// TestLoss opens sessions on paths that lose a twentieth of all packets, and
// sends through them. With a fifth, one session in a hundred takes longer than
// the patience of these tests: pion's DTLS doubles its interval with each try.
func TestLoss(t *testing.T) {
	t.Logf("-seed %d", *seed)
	for i := range uint64(10) {
		da, db := newDriver(t, nil), newDriver(t, nil)
		a, b := newPeer(), newPeer()
		start := time.Now()
		sa, sb, _ := connectLossy(t, da, db, a, b, i, 0.05)
		opened := time.Since(start)
		say(t, sa, sb, a, b)
		t.Logf("open after %v, a message there and back after %v more", opened, time.Since(start)-opened)
	}
}

// TestSetup has descriptions that leave the answerer no choice of the DTLS role.
func TestSetup(t *testing.T) {
	da, db := newDriver(t, nil), newDriver(t, nil)
	for offered, want := range map[transport.Setup]transport.Setup{
		transport.SetupActPass: transport.SetupPassive, // both are eager
		transport.SetupActive:  transport.SetupPassive,
		transport.SetupPassive: transport.SetupActive,
	} {
		t.Run(offered.String(), func(t *testing.T) {
			a, b := newPeer(), newPeer()
			number := uint64(offered)
			sa, err := da.Offer(sessionID(number), a)
			must(t, err)
			offer := receive(t, a.described, "offer")
			offer.Setup = offered
			sb, err := db.Answer(sessionID(number), offer, b)
			must(t, err)
			answer := receive(t, b.described, "answer")
			if answer.Setup != want {
				t.Errorf("answered with %v, want %v", answer.Setup, want)
			}
			must(t, sa.Finish(answer))
			receive(t, a.up, "Up of the initiator")
			receive(t, b.up, "Up of the answerer")
			say(t, sa, sb, a, b)
			must(t, sa.Close())
			must(t, sb.Close())
		})
	}
}

// TestBulk has a node that signals without trickling: each end gives all it has
// before it hears of the other again.
func TestBulk(t *testing.T) {
	d := newDriver(t, nil)
	a := newPeer()
	s, err := d.Offer(sessionID(1), a)
	must(t, err)
	offer := receive(t, a.described, "offer")
	if last := a.all(t); len(last) != 0 || len(offer.Candidates) != 1 {
		t.Errorf("described with %v, then found %v", offer.Candidates, last)
	}
	must(t, s.Close())

	offer.Candidates = nil // there is no connectivity
	b := newPeer()
	_, err = newDriver(t, nil).Answer(sessionID(1), offer, b)
	must(t, err)
	answer := receive(t, b.described, "answer")
	if last := b.all(t); len(last) != 0 || len(answer.Candidates) != 1 {
		t.Errorf("described with %v, then found %v", answer.Candidates, last)
	}
}

// TestChannelClosed closes a channel at one end: it ends at the other one too,
// after what was sent, and its number is spent.
func TestChannelClosed(t *testing.T) {
	eachKind(t, func(t *testing.T, kind func(*pion.Config)) {
		da, db := newDriver(t, kind), newDriver(t, kind)
		a, b := newPeer(), newPeer()
		sa, sb := connect(t, da, db, a, b, 1)
		cb, err := sb.Channel(7, transport.ChannelConfig{})
		must(t, err)
		ca, err := sa.Channel(7, transport.ChannelConfig{})
		must(t, err)
		must(t, ca.Send([]byte("last words")))
		must(t, ca.Close())
		if m := receive(t, b.messages, "message"); m != "last words" {
			t.Fatalf("got %q", m)
		}
		for deadline := time.Now().Add(patience); cb.Send([]byte("anybody?")) == nil; {
			if time.Now().After(deadline) {
				t.Fatal("the other end stays open")
			}
			runtime.Gosched()
		}
		for _, s := range []transport.Session{sa, sb} {
			if _, err := s.Channel(7, transport.ChannelConfig{}); err == nil {
				t.Error("a closed channel was opened again")
			}
		}
		say(t, sa, sb, a, b)
	})
}
