//go:build !js

package entrance

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

func (w *world) request(method string, header http.Header) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://entrance.test/", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if header != nil {
		r.Header = header
	}
	response, err := w.client.HTTPClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

func TestHealth(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		if code, text := w.request("GET", nil); code != 200 || text != "n2n entrance: ok\n" {
			t.Errorf("%d %q", code, text)
		}
		if code, _ := w.request("HEAD", nil); code != 200 {
			t.Errorf("HEAD: %d", code)
		}
		if code, _ := w.request("POST", nil); code != 405 {
			t.Errorf("POST: %d", code)
		}
		w.server.Close()
		if code, _ := w.request("GET", nil); code != 503 {
			t.Errorf("after Close: %d", code)
		}
	})
}

func TestOrigin(t *testing.T) {
	inWorld(t, ServerConfig{Origins: []string{"https://app.example"}}, func(t *testing.T, w *world) {
		for origin, allowed := range map[string]bool{
			"": true, "http://entrance.test": true, "https://ENTRANCE.test": true, "https://app.example": true,
			"http://app.example": false, "https://entrance.test:8443": false, "https://evil.example": false, "null": false, "://": false,
		} {
			header := http.Header{}
			if origin != "" {
				header.Set("Origin", origin)
			}
			_, response, err := w.rawDial(header)
			if (err == nil) != allowed || !allowed && response.StatusCode != 403 {
				t.Errorf("origin %q: %v", origin, err)
			}
		}
		w.wantCount(Origin, 5)
	})
	inWorld(t, ServerConfig{Origins: []string{"*"}}, func(t *testing.T, w *world) {
		if _, _, err := w.rawDial(http.Header{"Origin": {"https://evil.example"}}); err != nil {
			t.Error(err)
		}
	})
}

func TestHandshakes(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		upgrade := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
		if code, text := w.request("GET", upgrade); code != 400 || !strings.Contains(text, "version") {
			t.Errorf("another subprotocol: %d %q", code, text)
		}
		w.wantCount(Version, 1)
		upgrade.Set("Sec-Websocket-Protocol", subprotocol)
		if code, _ := w.request("GET", upgrade); code != 400 {
			t.Errorf("no key: %d", code)
		}
		n, p := w.node()
		w.client.HTTPClient.Transport = refuser{w.client.HTTPClient.Transport}
		if _, err := w.client.Join(t.Context(), p, testURL, "lobby"); !errors.Is(err, ErrRefused) {
			t.Errorf("Join: %v", err)
		}
		if _, err := w.client.Open(t.Context(), n, testURL, "lobby"); !errors.Is(err, ErrRefused) {
			t.Errorf("Open: %v", err)
		}
	})
}

// refuser lets every request come from a foreign origin.
type refuser struct{ http.RoundTripper }

func (r refuser) RoundTrip(q *http.Request) (*http.Response, error) {
	q = q.Clone(q.Context())
	q.Header.Set("Origin", "https://evil.example")
	return r.RoundTripper.RoundTrip(q)
}

func TestMaxPerAddress(t *testing.T) {
	inWorld(t, ServerConfig{MaxPerAddress: 2}, func(t *testing.T, w *world) {
		for _, same := range [][3]string{
			{"192.0.2.1:1", "192.0.2.1:2", "[::ffff:192.0.2.1]:3"},
			{"[2001:db8::1]:1", "[2001:db8::2]:2", "[2001:db8::3:4%eth0]:3"},
		} {
			w.as(same[0])
			first := w.raw()
			w.as(same[1])
			w.raw()
			w.as(same[2])
			_, response, err := w.rawDial(nil)
			if err == nil || response.StatusCode != 429 || response.Header.Get("Retry-After") == "" {
				t.Errorf("the third of %q: %v", same, err)
			}
			first.ws.CloseNow()
			synctest.Wait()
			w.raw()
		}
		w.wantCount(AddressFull, 2)
		w.as("[2001:db8:0:1::1]:1")
		w.raw()
	})
	behind := func(r *http.Request) string { return r.Header.Get("X-Real-Ip") }
	inWorld(t, ServerConfig{MaxPerAddress: 1, ClientAddr: behind}, func(t *testing.T, w *world) {
		for ip, ok := range map[string]bool{"192.0.2.1": true, "192.0.2.2": true, "192.0.2.3": true} {
			if _, _, err := w.rawDial(http.Header{"X-Real-Ip": {ip}}); (err == nil) != ok {
				t.Errorf("%s: %v", ip, err)
			}
		}
		if _, _, err := w.rawDial(http.Header{"X-Real-Ip": {"192.0.2.2"}}); err == nil {
			t.Error("a second connection was taken")
		}
	})
}

func TestMaxConnections(t *testing.T) {
	inWorld(t, ServerConfig{MaxConnections: 1, MaxPerAddress: -1}, func(t *testing.T, w *world) {
		w.raw()
		if _, response, err := w.rawDial(nil); err == nil || response.StatusCode != 503 {
			t.Errorf("the second connection: %v", err)
		}
		w.wantCount(Full, 1)
	})
}

// What is not the protocol ends the connection, and says so.
func TestMalformed(t *testing.T) {
	hi := helloFrame.encode()
	for name, say := range map[string][][]byte{
		"garbage": {[]byte("{}")}, "empty": {{}}, "no hello": {{byte(ping)}},
		"hello twice": {hi, hi}, "a server's frame": {hi, {byte(welcome)}}, "unknown": {hi, {99}},
		"a keeper's number": {hi, frame{kind: signal, number: 1, signal: []byte("s")}.encode()},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
				w.greeted(keeper, 9, "lobby")
				r := w.raw()
				for i, b := range say {
					if i == 1 {
						r.want(welcome)
					}
					r.write(b)
				}
				r.wantRefused(Malformed)
				r.wantClose(websocket.StatusPolicyViolation)
				w.wantCount(Malformed, 1)
			})
		})
	}
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		r := w.raw()
		if err := r.ws.Write(t.Context(), websocket.MessageText, hi); err != nil {
			t.Fatal(err)
		}
		r.wantRefused(Malformed)
	})
}

// Random bytes, below WebSocket and in it, harm nobody else.
func TestGarbage(t *testing.T) {
	seed := testSeed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	inWorld(t, ServerConfig{MaxPerAddress: -1}, func(t *testing.T, w *world) {
		k := w.greeted(keeper, 1, "lobby")
		var visits atomic.Int32
		go func() {
			for {
				f, err := k.hear()
				if err != nil {
					return
				}
				if f.kind == begin {
					visits.Add(1)
				}
			}
		}()
		for range 50 {
			r := w.raw()
			w.mu.Lock()
			pipe := w.pipes[len(w.pipes)-1]
			w.mu.Unlock()
			b := make([]byte, 200)
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			go pipe.Write(b)
			go func() {
				for {
					if _, err := r.hear(); err != nil {
						return
					}
				}
			}()
		}
		time.Sleep(2 * time.Minute)
		n := w.greeted(newcomer, 2, "lobby")
		n.signal(0, "offer")
		synctest.Wait()
		if s := w.server.Stats(); s.Connections != 2 || visits.Load() != 1 {
			t.Errorf("%d visits, %+v", visits.Load(), s)
		}
		k.ws.CloseNow()
	})
}

func TestTooLarge(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		r := w.raw()
		go r.ws.Write(t.Context(), websocket.MessageBinary, make([]byte, 1<<20))
		r.wantClose(websocket.StatusMessageTooBig)
		w.wantCount(TooLarge, 1)
		r.ws.CloseNow()
		w.wantQuiet()
	})
}

func TestTooFast(t *testing.T) {
	for name, say := range map[string]func(r *raw) error{
		"frames": func(r *raw) error {
			return r.ws.Write(r.w.t.Context(), websocket.MessageBinary, frame{kind: ping}.encode())
		},
		"pings": func(r *raw) error { return r.ws.Ping(r.w.t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
				k := w.greeted(keeper, 1, "lobby")
				ended := make(chan error, 1)
				go func() {
					for {
						if _, err := k.hear(); err != nil {
							ended <- err
							return
						}
					}
				}()
				sent := 0
				for w.server.Stats().Refused[TooFast] == 0 && sent < 200 {
					if sent == 39 { // with the hello, the burst; then 10 a second
						time.Sleep(time.Second)
					}
					say(k)
					sent++
					synctest.Wait()
				}
				if sent != 50 {
					t.Errorf("message %d was one too many, want 50", sent)
				}
				if err := <-ended; websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
					t.Errorf("closed: %v", err)
				}
				w.wantCount(TooFast, 1)
				k.ws.CloseNow()
				w.wantQuiet()
			})
		})
	}
}

// A keeper may say as much for each newcomer as a newcomer may.
func TestBucketGrant(t *testing.T) {
	var b bucket
	now := time.Unix(1, 0)
	for range 40 {
		if !b.take(now, 10, 40) {
			t.Fatal("the burst")
		}
	}
	if b.take(now, 10, 40) {
		t.Fatal("more than the burst")
	}
	for range 100 {
		b.grant(40, 32)
	}
	taken := 0
	for b.take(now, 10, 40) {
		taken++
	}
	if taken != 32*40 {
		t.Errorf("%d, want 1280", taken)
	}
	now = now.Add(500 * time.Millisecond)
	for taken = 0; b.take(now, 10, 40); taken++ {
	}
	if taken != 5 {
		t.Errorf("%d in half a second, want 5", taken)
	}
}

// A client that does not read is dropped when too much waits for it, and the
// others never wait for it.
func TestTooSlow(t *testing.T) {
	inWorld(t, ServerConfig{MaxQueue: 8}, func(t *testing.T, w *world) {
		slow := w.greeted(keeper, 1, "lobby")
		n := w.greeted(newcomer, 2, "lobby")
		began := time.Now()
		for range 12 {
			n.signal(0, "offer")
		}
		synctest.Wait()
		if d := time.Since(began); d != 0 {
			t.Errorf("the newcomer waited for %v", d)
		}
		w.wantSlow(1)
		slow.wantClose(websocket.StatusTryAgainLater) // it reads at last
		n.wantRefused(Unanswered)
	})
	// One that never reads again is gone after the write's deadline.
	inWorld(t, ServerConfig{MaxQueue: 8}, func(t *testing.T, w *world) {
		w.greeted(keeper, 1, "lobby")
		n := w.greeted(newcomer, 2, "lobby")
		for range 12 {
			n.signal(0, "offer")
		}
		n.ws.CloseNow()
		time.Sleep(5*time.Second + time.Millisecond)
		w.wantQuiet()
	})
}

func (w *world) wantSlow(n uint64) {
	w.t.Helper()
	if got := w.server.Stats().Refused[TooSlow]; got != n {
		w.t.Errorf("%d dropped as too slow, want %d", got, n)
	}
}

// A client that stops to answer pings is dead after 45 s; one that says
// nothing at all, after 5 s; a quiet one lives.
func TestSilent(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		mute := w.raw()
		quiet := w.greeted(keeper, 2, "lobby")
		go func() {
			for {
				if _, err := quiet.hear(); err != nil {
					return
				}
			}
		}()
		dead := w.greeted(keeper, 1, "lobby") // does not read, so does not answer
		time.Sleep(5*time.Second + time.Millisecond)
		w.wantCount(Silent, 1)
		time.Sleep(40 * time.Second)
		if s := w.server.Stats(); s.Doors != 1 {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Hour)
		if s := w.server.Stats(); s.Doors != 1 || s.Connections != 1 {
			t.Errorf("%+v", s)
		}
		mute.ws.CloseNow()
		dead.ws.CloseNow()
		quiet.ws.CloseNow()
		w.wantQuiet()
	})
}
