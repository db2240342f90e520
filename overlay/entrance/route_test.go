//go:build !js

package entrance

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// Signals go both ways, whole and in order, and the end is told.
func TestCarry(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		k := w.greeted(keeper, 1, "lobby")
		n := w.greeted(newcomer, 2, "lobby")
		n.signal(0, "offer")
		v := k.want(begin).number
		k.wantSignal(v, "offer")
		k.signal(v, "answer")
		n.wantSignal(0, "answer")
		n.signal(0, "candidate 1")
		n.signal(0, "candidate 2")
		k.wantSignal(v, "candidate 1")
		k.wantSignal(v, "candidate 2")
		k.say(frame{kind: end, number: v})
		n.want(end)
		n.signal(0, "too late")
		k.signal(v, "too late")
		k.say(frame{kind: end, number: v})
		k.say(frame{kind: ping})
		k.want(pong)
		n.say(frame{kind: ping})
		n.want(pong)
		if s := w.server.Stats(); s.Signals != 4 || s.Stale != 2 || s.Answered != 1 || s.Visits != 0 {
			t.Errorf("%+v", s)
		}
		// The newcomer's end, and its going, reach the keeper.
		for range 2 {
			n := w.greeted(newcomer, 2, "lobby")
			n.signal(0, "offer")
			next := k.want(begin).number
			if next == v {
				t.Error("a number was used twice")
			}
			k.wantSignal(next, "offer")
			if v = next; v%2 == 0 {
				n.say(frame{kind: end})
			} else {
				n.ws.CloseNow()
			}
			if f := k.want(end); f.number != next {
				t.Errorf("end of %d, want of %d", f.number, next)
			}
		}
	})
}

// Members are picked by chance, and nobody meets itself.
func TestPick(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		picked := map[byte]int{}
		keepers := map[byte]*raw{}
		for i := range byte(4) {
			keepers[i] = w.greeted(keeper, i, "lobby")
			go func() {
				for {
					f, err := keepers[i].hear()
					if err != nil {
						return
					}
					if f.kind == begin {
						picked[i]++
						keepers[i].signal(f.number, "answer")
					}
				}
			}()
			synctest.Wait()
		}
		for range 100 {
			n := w.greeted(newcomer, 3, "lobby")
			n.signal(0, "offer")
			n.want(signal)
			n.ws.CloseNow()
			synctest.Wait()
		}
		// One of three is picked fewer than 10 times of 100 with a probability of 1e-7.
		if picked[3] != 0 || picked[0] < 10 || picked[1] < 10 || picked[2] < 10 {
			t.Errorf("picked %v", picked)
		}
		for _, k := range keepers {
			k.ws.CloseNow()
		}
	})
}

// A newcomer is given on until somebody answers, at most MaxTries times and to
// nobody twice.
func TestMove(t *testing.T) {
	inWorld(t, ServerConfig{MaxTries: 3}, func(t *testing.T, w *world) {
		asked := make(chan byte, 100)
		for i := range byte(5) {
			k := w.greeted(keeper, i, "lobby")
			go func() {
				for {
					f, err := k.hear()
					if err != nil {
						return
					}
					if f.kind == signal {
						asked <- i
					}
				}
			}()
		}
		n := w.greeted(newcomer, 9, "lobby")
		began := time.Now()
		n.signal(0, "offer")
		for range 2 {
			n.want(moved)
			n.signal(0, "offer")
		}
		n.wantRefused(Unanswered)
		if d := time.Since(began); d != 6*time.Second {
			t.Errorf("refused after %v, want three times 2 s", d)
		}
		seen := map[byte]bool{}
		for len(asked) > 0 {
			seen[<-asked] = true
		}
		if len(seen) != 3 {
			t.Errorf("asked %v", seen)
		}
		w.wantCount(Unanswered, 1)
	})
}

// A late answer of the member before must not reach the newcomer: it would get
// two.
func TestLateAnswer(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		slow := w.greeted(keeper, 1, "lobby")
		n := w.greeted(newcomer, 3, "lobby")
		n.signal(0, "offer")
		v := slow.want(begin).number
		slow.wantSignal(v, "offer")
		quick := w.greeted(keeper, 2, "lobby")
		n.want(moved)
		slow.want(end)
		slow.signal(v, "late answer")
		n.signal(0, "offer")
		v = quick.want(begin).number
		quick.wantSignal(v, "offer")
		quick.signal(v, "answer")
		n.wantSignal(0, "answer")
		// From now on, its end is the newcomer's.
		quick.ws.CloseNow()
		n.want(end)
	})
}

// Newcomers wait for a place at a door, in the order of their coming, and say
// again then what they said before.
func TestWait(t *testing.T) {
	inWorld(t, ServerConfig{MaxVisits: 1}, func(t *testing.T, w *world) {
		k := w.greeted(keeper, 1, "lobby")
		var list [3]*raw
		for i := range list {
			list[i] = w.greeted(newcomer, byte(10+i), "lobby")
			list[i].signal(0, "lost")
			synctest.Wait()
		}
		if s := w.server.Stats(); s.Waiting != 2 || s.Visits != 1 {
			t.Fatalf("%+v", s)
		}
		v := k.want(begin).number
		k.wantSignal(v, "lost")
		k.signal(v, "answer")
		list[0].wantSignal(0, "answer")
		k.say(frame{kind: end, number: v})
		list[0].want(end)
		list[1].want(moved)
		list[1].signal(0, "again")
		v = k.want(begin).number
		k.wantSignal(v, "again")
		// A new door takes who waits, ...
		l := w.greeted(keeper, 2, "lobby")
		list[2].want(moved)
		l.want(begin)
		last := w.greeted(newcomer, 20, "lobby")
		last.signal(0, "lost")
		synctest.Wait()
		// ... and when all doors are gone, they hear of it.
		k.ws.CloseNow()
		synctest.Wait()
		l.ws.CloseNow()
		list[1].wantRefused(Unanswered)
		list[2].wantRefused(Unanswered)
		last.wantRefused(EmptyRoom)
		for _, r := range append(list[:], last) {
			r.ws.CloseNow()
		}
		w.wantQuiet()
	})
}

// Who waits in vain is told so, and keeps no place.
func TestWaitInVain(t *testing.T) {
	inWorld(t, ServerConfig{MaxVisits: 1, PingInterval: -1, DeadAfter: -1, WriteTimeout: -1}, func(t *testing.T, w *world) {
		k := w.greeted(keeper, 1, "lobby")
		n := w.greeted(newcomer, 10, "lobby")
		n.signal(0, "offer")
		k.want(begin)
		k.want(signal)
		time.Sleep(time.Second)
		l := w.greeted(keeper, 2, "lobby")
		other := w.greeted(newcomer, 11, "lobby")
		other.signal(0, "offer")
		v := l.want(begin).number
		l.want(signal)
		l.signal(v, "answer")
		other.wantSignal(0, "answer")
		n.wantRefused(Busy) // the one has not answered, the other has no place
		w.wantCount(Busy, 1)
		if s := w.server.Stats(); s.Waiting != 0 || s.Visits != 1 {
			t.Errorf("%+v", s)
		}
		k.want(end)
	})
}

// A newcomer that stays too long must go, whatever it does.
func TestNewcomerTooLong(t *testing.T) {
	inWorld(t, ServerConfig{PingInterval: -1, DeadAfter: -1}, func(t *testing.T, w *world) {
		k := w.greeted(keeper, 1, "lobby")
		n := w.greeted(newcomer, 2, "lobby")
		n.signal(0, "offer")
		v := k.want(begin).number
		k.wantSignal(v, "offer")
		k.signal(v, "answer")
		n.wantSignal(0, "answer")
		began := time.Now()
		go func() {
			for n.ws.Write(t.Context(), websocket.MessageBinary, frame{kind: ping}.encode()) == nil {
				time.Sleep(5 * time.Second)
			}
		}()
		for {
			if f, err := n.hear(); err != nil || f.kind == refused {
				if f.reason != TooLong {
					t.Errorf("%+v, %v", f, err)
				}
				break
			}
		}
		if d := time.Since(began); d != 30*time.Second {
			t.Errorf("refused after %v", d)
		}
		if f := k.want(end); f.number != v {
			t.Errorf("end of %d, want of %d", f.number, v)
		}
		n.ws.CloseNow()
		time.Sleep(5 * time.Second)
	})
}

// Who shows its token again takes its own place, even in a full room.
func TestReplaced(t *testing.T) {
	inWorld(t, ServerConfig{MaxDoors: 1}, func(t *testing.T, w *world) {
		hi := frame{kind: hello, role: keeper, token: token{1}, room: "lobby"}
		ghost := w.raw()
		ghost.say(hi)
		ghost.want(welcome)
		n := w.greeted(newcomer, 2, "lobby")
		n.signal(0, "offer")
		ghost.want(begin)
		ghost.want(signal)
		k := w.raw()
		k.say(hi)
		k.want(welcome)
		ghost.wantRefused(Replaced)
		n.want(moved)
		n.signal(0, "offer")
		k.want(begin)
		k.want(signal)
		w.wantCount(Replaced, 1)
		if s := w.server.Stats(); s.Doors != 1 || s.Visits != 1 {
			t.Errorf("%+v", s)
		}
		other := w.raw()
		other.say(frame{kind: hello, role: keeper, token: token{2}, room: "lobby"})
		other.wantRefused(RoomFull)
	})
}
