package overlay_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// studio is some nodes on loopback that can send media.
type studio struct {
	testing.TB
	ctx    context.Context
	nodes  []*overlay.Node
	chat   []*overlay.Protocol
	events []chan overlay.Event // of chat, from the beginning
}

// inStudio runs a test over nodes, each with media or without. They are closed
// when it ends; nothing odd may have been counted, and nothing may be left.
func inStudio(t *testing.T, test func(s *studio), media ...bool) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := &studio{TB: t, ctx: ctx}
	var listening sync.WaitGroup
	for _, m := range media {
		d, err := pion.New(pion.Config{ListenAddr: "127.0.0.1:0", Media: m})
		s.must(err)
		n, err := overlay.New(overlay.Config{Driver: d, Audit: true, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
		s.must(err)
		p, err := n.Protocol("chat", overlay.ProtocolConfig{})
		s.must(err)
		s.nodes, s.chat = append(s.nodes, n), append(s.chat, p)
		events, to := p.Events(ctx), make(chan overlay.Event, 4096)
		s.events = append(s.events, to)
		listening.Go(func() {
			for e := range events {
				to <- e
			}
		})
	}
	test(s)
	for i, n := range s.nodes {
		s.must(n.Close())
		c := n.Stats()
		if c.Bugs+c.Divergences+c.Violations+c.Malformed > 0 || c.Edges == 0 {
			t.Errorf("node %d: %+v", i, c)
		}
	}
	listening.Wait()
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

func (s *studio) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *studio) join() {
	s.Helper()
	_, err := s.chat[0].Join(s.ctx, s.nodes[1].Admit)
	s.must(err)
}

func (s *studio) id(i int) transport.PeerID { return s.nodes[i].ID() }

// waitFor gives the next event of a type at node i; others are passed over.
func waitFor[E overlay.Event](s *studio, i int) E {
	s.Helper()
	for {
		select {
		case e := <-s.events[i]:
			if e, ok := e.(E); ok {
				return e
			}
		case <-s.ctx.Done():
			var want E
			s.Fatalf("node %d: no %T", i, want)
		}
	}
}

// add adds a track, to be sent to the other one of the first two nodes.
func (s *studio) add(i int, track webrtc.TrackLocal) *overlay.Sender {
	s.Helper()
	x, err := s.chat[i].AddTrack(s.ctx, s.id(1-i), track)
	s.must(err)
	return x
}

func sampleTrack(t testing.TB, mime, name string) *webrtc.TrackLocalStaticSample {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, name, "stream-"+name)
	if err != nil {
		t.Fatal(err)
	}
	return track
}

// TestMediaGlare has both ends add a track at the same instant, and remove it so,
// many times; half of the time a second kind joins in.
func TestMediaGlare(t *testing.T) {
	inStudio(t, func(s *studio) {
		s.join()
		for round := range 40 {
			var at sync.WaitGroup
			senders := make([][]*overlay.Sender, 2)
			start := make(chan struct{})
			for i := range 2 {
				at.Go(func() {
					<-start
					for k := range 1 + round%2 {
						mime := []string{webrtc.MimeTypeVP8, webrtc.MimeTypeOpus}[k]
						x, err := s.chat[i].AddTrack(s.ctx, s.id(1-i), sampleTrack(t, mime, fmt.Sprintf("t%d-%d-%d", i, round, k)))
						if err != nil {
							t.Errorf("round %d, node %d: %v", round, i, err)
							return
						}
						senders[i] = append(senders[i], x)
					}
				})
			}
			close(start)
			at.Wait()
			if t.Failed() {
				return
			}
			for i := range 2 {
				at.Go(func() {
					for _, x := range senders[i] {
						if err := x.Close(); err != nil {
							t.Error(err)
						}
						<-x.Done()
						if !errors.Is(x.Err(), overlay.ErrClosed) {
							t.Errorf("a closed track: %v", x.Err())
						}
					}
				})
			}
			at.Wait()
		}
	}, true, true)
}

// feed sends empty sound until the sender is over.
func (s *studio) feed(x *overlay.Sender, track *webrtc.TrackLocalStaticSample) {
	go func() {
		for {
			_ = track.WriteSample(media.Sample{Data: []byte{0xfc, 1, 2, 3}, Duration: 20 * time.Millisecond}) // fails when it is over
			select {
			case <-x.Done():
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
}

// TestMediaClose: closing a track tells the peer, and the next one may come.
func TestMediaClose(t *testing.T) {
	inStudio(t, func(s *studio) {
		s.join()
		for _, i := range []int{0, 1, 0} {
			track := sampleTrack(t, webrtc.MimeTypeOpus, "a")
			x := s.add(i, track)
			s.feed(x, track)
			added := waitFor[overlay.TrackAdded](s, 1-i)
			s.must(x.Close())
			s.must(x.Close())
			if ended := waitFor[overlay.TrackEnded](s, 1-i); ended.Track != added.Track || ended.Peer != s.id(i) {
				t.Errorf("ended: %+v", ended)
			}
			if _, _, err := watch(pion.RemoteTrack(added.Track)); err != io.EOF {
				t.Errorf("reading a track that is over: %v", err)
			}
		}
	}, true, true)
}

// TestMediaArcEnds: with the last arc of a protocol its tracks end, at both ends,
// and those of another protocol do not.
func TestMediaArcEnds(t *testing.T) {
	inStudio(t, func(s *studio) {
		s.join()
		other := [2]*overlay.Protocol{}
		for i := range other {
			var err error
			other[i], err = s.nodes[i].Protocol("other", overlay.ProtocolConfig{})
			s.must(err)
		}
		s.must(other[0].Connect(s.ctx, s.id(1)))
		mine, theirs, kept := sampleTrack(t, webrtc.MimeTypeOpus, "mine"), sampleTrack(t, webrtc.MimeTypeVP8, "theirs"), sampleTrack(t, webrtc.MimeTypeOpus, "kept")
		x, y := s.add(0, mine), s.add(1, theirs)
		z, err := other[0].AddTrack(s.ctx, s.id(1), kept)
		s.must(err)
		s.feed(x, mine)
		s.feed(y, theirs)
		waitFor[overlay.TrackAdded](s, 0)
		waitFor[overlay.TrackAdded](s, 1)
		s.must(s.chat[0].Disconnect(s.ctx, s.id(1)))
		for _, end := range []*overlay.Sender{x, y} {
			<-end.Done()
			if !errors.Is(end.Err(), overlay.ErrNotNeighbor) {
				t.Errorf("ended: %v", end.Err())
			}
		}
		waitFor[overlay.TrackEnded](s, 0)
		waitFor[overlay.TrackEnded](s, 1)
		if _, err := s.chat[0].AddTrack(s.ctx, s.id(1), mine); !errors.Is(err, overlay.ErrNotNeighbor) {
			t.Errorf("without an arc: %v", err)
		}
		if err := z.Err(); err != nil {
			t.Errorf("the other protocol's track: %v", err)
		}
		s.must(s.chat[0].Connect(s.ctx, s.id(1))) // and it goes on
		again := sampleTrack(t, webrtc.MimeTypeOpus, "again")
		x = s.add(0, again)
		s.feed(x, again)
		if e := waitFor[overlay.TrackAdded](s, 1); e.Track.ID != "again" {
			t.Errorf("%+v", e.Track)
		}
		s.must(x.Close())
	}, true, true)
}

// TestMediaSessionLost: a node that closes ends the tracks of both directions.
func TestMediaSessionLost(t *testing.T) {
	inStudio(t, func(s *studio) {
		s.join()
		mine, theirs := sampleTrack(t, webrtc.MimeTypeOpus, "mine"), sampleTrack(t, webrtc.MimeTypeVP8, "theirs")
		x, y := s.add(0, mine), s.add(1, theirs)
		s.feed(x, mine)
		s.feed(y, theirs)
		added := waitFor[overlay.TrackAdded](s, 0)
		s.must(s.nodes[1].Close())
		<-y.Done()
		if !errors.Is(y.Err(), overlay.ErrClosed) {
			t.Errorf("at the node that closed: %v", y.Err())
		}
		<-x.Done()
		if !errors.Is(x.Err(), overlay.ErrNotNeighbor) {
			t.Errorf("at the other one: %v", x.Err())
		}
		if ended := waitFor[overlay.TrackEnded](s, 0); ended.Track != added.Track {
			t.Errorf("ended: %+v", ended)
		}
	}, true, true)
}

// TestMediaRefused: a node without media says so at once, whoever of the two
// began the session; messages go on.
func TestMediaRefused(t *testing.T) {
	for name, media := range map[string][]bool{"offerer": {true, false}, "answerer": {false, true}} {
		t.Run(name, func(t *testing.T) {
			inStudio(t, func(s *studio) {
				s.join()
				for i, able := range media {
					for range 2 { // the second time it is known
						_, err := s.chat[i].AddTrack(s.ctx, s.id(1-i), sampleTrack(t, webrtc.MimeTypeVP8, "v"))
						if !errors.Is(err, overlay.ErrNoMedia) {
							t.Errorf("able=%v: %v", able, err)
						}
					}
				}
				s.must(s.chat[0].Send(s.ctx, s.id(1), []byte("still here")))
				_, err := s.chat[1].Receive(s.ctx)
				s.must(err)
			}, media...)
		})
	}
}

// TestMediaMisuse: what cannot be is told before anything happens.
func TestMediaMisuse(t *testing.T) {
	inStudio(t, func(s *studio) {
		s.join()
		if _, err := s.chat[0].AddTrack(s.ctx, s.id(1), "no track"); err == nil {
			t.Error("a string was sent")
		}
		if _, err := s.chat[0].AddTrack(s.ctx, transport.PeerID{1}, sampleTrack(t, webrtc.MimeTypeVP8, "v")); !errors.Is(err, overlay.ErrNotNeighbor) {
			t.Errorf("to a stranger: %v", err)
		}
		ctx, cancel := context.WithCancel(s.ctx)
		cancel()
		if _, err := s.chat[0].AddTrack(ctx, s.id(1), sampleTrack(t, webrtc.MimeTypeVP8, "v")); !errors.Is(err, context.Canceled) {
			t.Errorf("with a dead context: %v", err)
		}
		p, err := s.nodes[0].Protocol("gone", overlay.ProtocolConfig{})
		s.must(err)
		s.must(p.Close())
		if _, err := p.AddTrack(s.ctx, s.id(1), sampleTrack(t, webrtc.MimeTypeVP8, "v")); !errors.Is(err, overlay.ErrClosed) {
			t.Errorf("of a closed protocol: %v", err)
		}
	}, true, true)
}
