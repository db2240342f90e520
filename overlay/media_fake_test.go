package overlay_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/internal/wire"
	"github.com/n2n-overlay/n2n/transport"
)

// actor is a driver whose sessions carry tracks that are nothing but names, so
// that what a driver with media may do wrong can be tried in virtual time.
type actor struct {
	transport.Driver
	takes time.Duration                                        // each thing that it is asked for
	fails func(what string) error                              // nil: nothing does
	says  func(what string, m transport.Media) transport.Media // changes what it describes
}

func (d *actor) Media() bool { return true }

func (d *actor) Offer(id transport.SessionID, h transport.Handler) (transport.Session, error) {
	s, err := d.Driver.Offer(id, h)
	return d.wrap(s, id, h), err
}

func (d *actor) Answer(id transport.SessionID, offer transport.Description, h transport.Handler) (transport.Session, error) {
	s, err := d.Driver.Answer(id, offer, h)
	return d.wrap(s, id, h), err
}

func (d *actor) wrap(s transport.Session, id transport.SessionID, h transport.Handler) transport.Session {
	return &scene{Session: s, driver: d, id: id, handler: h.(transport.MediaHandler), began: map[int]*transport.Track{}}
}

type scene struct {
	transport.Session
	driver  *actor
	id      transport.SessionID
	handler transport.MediaHandler

	mu      sync.Mutex
	roles   []*role
	local   []transport.Section
	remote  []transport.Section
	began   map[int]*transport.Track
	ended   bool
	nextOne uint32
	news    []func() // for the handler, in order
}

// role is a track that is attached.
type role struct {
	scene  *scene
	name   string
	label  string
	ssrc   uint32 // zero: it has no section yet
	agreed bool
	gone   bool
}

func (s *scene) Attach(track any, label string) (transport.Sender, error) {
	name, ok := track.(string)
	if !ok {
		return nil, errors.New("not a name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &role{scene: s, name: name, label: label}
	s.roles = append(s.roles, r)
	return r, nil
}

func (r *role) Driver() any { return r.name }

func (r *role) Agreed() bool {
	r.scene.mu.Lock()
	defer r.scene.mu.Unlock()
	return r.agreed && !r.gone
}

func (r *role) Detach() {
	r.scene.mu.Lock()
	defer r.scene.mu.Unlock()
	r.gone = true
}

func (s *scene) Tracks() (audio, video int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.roles {
		if !r.gone {
			audio++
		}
	}
	return audio, 0
}

func (s *scene) OfferMedia(audio, _ int) {
	s.act("offer", func() transport.Media {
		for have, _ := s.count(), 0; len(s.local) < max(have, audio); {
			s.local = append(s.local, transport.Section{})
		}
		return s.cast()
	})
}

func (s *scene) AnswerMedia(offer transport.Media) {
	s.act("answer", func() transport.Media {
		for len(s.local) < len(offer.Sections) {
			s.local = append(s.local, transport.Section{})
		}
		m := s.cast()
		s.learn(offer)
		s.agree()
		return m
	})
}

func (s *scene) FinishMedia(answer transport.Media) {
	s.act("finish", func() transport.Media {
		s.learn(answer)
		s.agree()
		return transport.Media{}
	})
}

func (s *scene) EndMedia() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

// act does something after a while, and tells.
func (s *scene) act(what string, f func() transport.Media) {
	time.AfterFunc(s.driver.takes, func() {
		var m transport.Media
		var err error
		if s.driver.fails != nil {
			err = s.driver.fails(what)
		}
		if err == nil {
			s.mu.Lock()
			m = f()
			news := s.news
			s.news = nil
			s.mu.Unlock()
			for _, tell := range news {
				tell()
			}
			if s.driver.says != nil {
				m = s.driver.says(what, m)
			}
		}
		s.handler.MediaDone(s.id, m, err)
	})
}

func (s *scene) count() (n int) {
	for _, r := range s.roles {
		if !r.gone {
			n++
		}
	}
	return n
}

// cast gives roles the sections that are free, and describes them.
func (s *scene) cast() transport.Media {
	s.roles = slices.DeleteFunc(s.roles, func(r *role) bool { return r.gone })
	for i, x := range s.local {
		if !slices.ContainsFunc(s.roles, func(r *role) bool { return r.ssrc == x.SSRC && x.SSRC != 0 }) {
			s.local[i] = transport.Section{}
		}
	}
	for _, r := range s.roles {
		i := slices.IndexFunc(s.local, func(x transport.Section) bool { return x.SSRC == 0 })
		if r.ssrc == 0 && i >= 0 {
			s.nextOne++
			r.ssrc = s.nextOne
			s.local[i] = transport.Section{SSRC: r.ssrc, Label: r.label, Stream: "s", Track: r.name}
		}
	}
	return transport.Media{Opus: 111, VP8: 96, Sections: slices.Clone(s.local)}
}

func (s *scene) agree() {
	for _, r := range s.roles {
		r.agreed = r.agreed || r.ssrc != 0
	}
}

func (s *scene) learn(m transport.Media) {
	for i, x := range m.Sections {
		var before uint32
		if i < len(s.remote) {
			before = s.remote[i].SSRC
		}
		if x.SSRC == before {
			continue
		}
		if t := s.began[i]; t != nil {
			s.news = append(s.news, func() { s.handler.TrackEnded(s.id, t) })
			delete(s.began, i)
		}
		if x.SSRC != 0 {
			t := &transport.Track{Label: x.Label, Stream: x.Stream, ID: x.Track, Driver: x.Track}
			s.began[i] = t
			s.news = append(s.news, func() { s.handler.TrackBegan(s.id, t) })
		}
	}
	s.remote = slices.Clone(m.Sections)
}

// cast makes n nodes whose drivers have media. They are a line.
func cast(t *testing.T, n int, test func(k *kit, drivers []*actor), honest bool) {
	t.Helper()
	bubbleWith(t, 0, func(k *kit) {
		var drivers []*actor
		for range n {
			d := &actor{takes: 5 * time.Millisecond}
			k.wrap = func(inner transport.Driver) transport.Driver {
				d.Driver = inner
				return d
			}
			k.add(overlay.Config{})
			drivers = append(drivers, d)
		}
		k.wrap = nil
		k.line()
		test(k, drivers)
	}, honest)
}

// seen gives the names of the tracks in events so far: +added, -ended.
func seen(k *kit, i int) func() string {
	ctx, cancel := context.WithCancel(k.ctx)
	k.t.Cleanup(cancel)
	events := k.chat[i].Events(ctx)
	var mu sync.Mutex
	var names []string
	go func() {
		for e := range events {
			mu.Lock()
			switch e := e.(type) {
			case overlay.TrackAdded:
				names = append(names, "+"+e.Track.Driver().(string))
			case overlay.TrackEnded:
				names = append(names, "-"+e.Track.Driver().(string))
			}
			mu.Unlock()
		}
	}()
	return func() string {
		k.rest(time.Second)
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(names, " ")
	}
}

// TestTracks: both ends add and remove, and hear of each other's.
func TestTracks(t *testing.T) {
	cast(t, 2, func(k *kit, _ []*actor) {
		saw := []func() string{seen(k, 0), seen(k, 1)}
		x, err := k.chat[0].AddTrack(k.ctx, k.id(1), "a")
		k.must(err)
		y, err := k.chat[1].AddTrack(k.ctx, k.id(0), "b")
		k.must(err)
		k.must(x.Close())
		_, err = k.chat[0].AddTrack(k.ctx, k.id(1), "c")
		k.must(err)
		k.must(k.chat[0].Disconnect(k.ctx, k.id(1)))
		<-y.Done()
		if got := saw[0]() + " / " + saw[1](); got != "+b -b / +a -a +c -c" {
			t.Errorf("events: %s", got)
		}
	}, true)
}

// TestTrackFailures: whatever a driver cannot do, at whichever end, the caller
// hears of it, media is over at both ends, and messages go on.
func TestTrackFailures(t *testing.T) {
	for _, caller := range []int{0, 1} {
		for broken, what := range map[int]string{0: "offer", 1: "answer", 2: "finish"} {
			for _, wrong := range []bool{false, true} { // fails, or describes what cannot be
				if wrong && what == "finish" {
					continue
				}
				cast(t, 2, func(k *kit, drivers []*actor) {
					d := drivers[broken%2] // 0 joined 1: it offers, and finishes
					if wrong {
						d.says = func(is string, m transport.Media) transport.Media {
							if is == what {
								m.Sections = append(m.Sections, make([]transport.Section, 20)...)
							}
							return m
						}
					} else {
						d.fails = func(is string) error {
							if is == what {
								return errors.New("camera on fire")
							}
							return nil
						}
					}
					saw := []func() string{seen(k, 0), seen(k, 1)}
					if _, err := k.chat[caller].AddTrack(k.ctx, k.id(1-caller), "a"); !errors.Is(err, overlay.ErrFailed) && what != "finish" {
						t.Errorf("%s at %d, asked by %d: %v", what, broken%2, caller, err)
					}
					k.rest(time.Second)
					for i := range 2 {
						if _, err := k.chat[i].AddTrack(k.ctx, k.id(1-i), "b"); !errors.Is(err, overlay.ErrFailed) {
							t.Errorf("after %s at %d, asked by %d: %v", what, broken%2, i, err)
						}
						names := strings.Fields(saw[i]())
						if len(names)%2 != 0 {
							t.Errorf("a track goes on: %v", names)
						}
					}
					k.must(k.chat[0].Send(k.ctx, k.id(1), []byte("still here")))
					_, err := k.chat[1].Receive(k.ctx)
					k.must(err)
				}, true)
			}
		}
	}
}

// TestTrackTimeout: a driver that never ends costs 10 s, and media.
func TestTrackTimeout(t *testing.T) {
	for _, slow := range []int{0, 1} {
		for _, caller := range []int{0, 1} {
			cast(t, 2, func(k *kit, drivers []*actor) {
				drivers[slow].takes = time.Minute
				start := time.Now()
				_, err := k.chat[caller].AddTrack(k.ctx, k.id(1-caller), "a")
				if took := time.Since(start); !errors.Is(err, overlay.ErrTimeout) || took > 11*time.Second {
					t.Errorf("slow %d, asked by %d: %v after %v", slow, caller, err, took)
				}
				k.must(k.chat[0].Send(k.ctx, k.id(1), []byte("still here")))
				_, err = k.chat[1].Receive(k.ctx)
				k.must(err)
				k.rest(2 * time.Minute) // what comes too late changes nothing
			}, true)
		}
	}
}

// TestTrackSessionLost: who waits for a peer that goes away hears of it, and so
// does who closes its own node.
func TestTrackSessionLost(t *testing.T) {
	for closed, want := range []error{overlay.ErrClosed, overlay.ErrNotNeighbor} {
		cast(t, 2, func(k *kit, drivers []*actor) {
			drivers[1].takes = time.Minute
			result := make(chan error, 1)
			go func() {
				_, err := k.chat[0].AddTrack(k.ctx, k.id(1), "a")
				result <- err
			}()
			k.rest(time.Second)
			k.must(k.nodes[closed].Close())
			start := time.Now()
			if err := <-result; !errors.Is(err, want) || time.Since(start) > time.Second {
				t.Errorf("%v after %v, want %v", err, time.Since(start), want)
			}
		}, true)
	}
}

// TestTrackContext: who waits no longer takes the track with it.
func TestTrackContext(t *testing.T) {
	cast(t, 2, func(k *kit, _ []*actor) {
		for _, i := range []int{0, 1} {
			saw := seen(k, 1-i)
			ctx, cancel := context.WithTimeout(k.ctx, 12*time.Millisecond)
			if _, err := k.chat[i].AddTrack(ctx, k.id(1-i), "a"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%d: %v", i, err)
			}
			cancel()
			if names := strings.Fields(saw()); len(names)%2 != 0 {
				t.Errorf("%d: a track goes on: %v", i, names)
			}
			x, err := k.chat[i].AddTrack(k.ctx, k.id(1-i), "b")
			k.must(err)
			k.must(x.Close())
		}
	}, true)
}

// TestTrackLies: a peer that speaks of media what cannot be loses its session,
// and a name of a protocol that is none is nobody's.
func TestTrackLies(t *testing.T) {
	sections := func(label string) []byte {
		b, err := wire.EncodeMedia(&transport.Media{Opus: 111, VP8: 96, Sections: []transport.Section{{SSRC: 1, Label: label, Stream: "s", Track: "t"}}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, lie := range map[string]wire.Message{
		"an answer to nothing":  &media.MediaAnswer{N: 1, Sections: sections("chat")},
		"a want of the offerer": &media.MediaWant{N: 1, Audio: 1},
		"the second offer":      &media.MediaOffer{N: 2, Sections: sections("chat")},
		"no sections":           &media.MediaOffer{N: 1},
		"bytes":                 &media.MediaOffer{N: 1, Sections: make([]byte, media.MaxMediaOfferSections)},
	} {
		t.Run(name, func(t *testing.T) {
			cast(t, 1, func(k *kit, _ []*actor) {
				h := k.enter(0)
				h.say(lie)
				k.rest(time.Second)
				if k.knows(0, h.id) {
					t.Error("the session is still there")
				}
			}, false)
		})
	}
	cast(t, 1, func(k *kit, _ []*actor) {
		h := k.enter(0)
		saw := seen(k, 0)
		h.say(&media.MediaOffer{N: 1, Sections: sections("no such protocol")})
		k.rest(time.Second)
		h.say(&media.MediaOffer{N: 2, Sections: sections("chat")}) // but it has no arc of it
		if got := saw(); got != "" || !k.knows(0, h.id) {
			t.Errorf("events: %s", got)
		}
	}, false)
}
