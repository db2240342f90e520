package pion_test

import (
	"encoding/binary"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// viewer is a peer that is told of media, too.
type viewer struct {
	*peer
	done  chan outcome
	began chan *transport.Track
	ended chan *transport.Track
}

type outcome struct {
	m   transport.Media
	err error
}

func newViewer() *viewer {
	return &viewer{newPeer(), make(chan outcome, 1), make(chan *transport.Track, 64), make(chan *transport.Track, 64)}
}

func (v *viewer) MediaDone(_ transport.SessionID, m transport.Media, err error) {
	v.done <- outcome{m, err}
}
func (v *viewer) TrackBegan(_ transport.SessionID, t *transport.Track) { v.began <- t }
func (v *viewer) TrackEnded(_ transport.SessionID, t *transport.Track) { v.ended <- t }

func withMedia(c *pion.Config) { c.Media = true }

// pair is a session between two drivers with media. a has begun it.
type pair struct {
	testing.TB
	a, b   *viewer
	sa, sb transport.MediaSession
}

func newPair(t testing.TB) *pair {
	p := &pair{TB: t, a: newViewer(), b: newViewer()}
	da, db := newDriver(t, withMedia), newDriver(t, withMedia)
	sa, err := da.Offer(sessionID(1), p.a)
	must(t, err)
	sb, err := db.Answer(sessionID(1), receive(t, p.a.described, "offer"), p.b)
	must(t, err)
	must(t, sa.Finish(receive(t, p.b.described, "answer")))
	receive(t, p.a.up, "Up of the initiator")
	receive(t, p.b.up, "Up of the answerer")
	p.sa, p.sb = sa.(transport.MediaSession), sb.(transport.MediaSession)
	return p
}

// exchange does an offer and an answer, as a node does.
func (p *pair) exchange() (offer, answer transport.Media) {
	p.Helper()
	p.sa.OfferMedia(p.sb.Tracks())
	o := receive(p, p.a.done, "offer of media")
	must(p, o.err)
	p.sb.AnswerMedia(o.m)
	n := receive(p, p.b.done, "answer of media")
	must(p, n.err)
	p.sa.FinishMedia(n.m)
	f := receive(p, p.a.done, "end of the exchange")
	must(p, f.err)
	return o.m, n.m
}

func newTrack(t testing.TB, kind transport.MediaKind, name string) *webrtc.TrackLocalStaticRTP {
	t.Helper()
	c := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	if kind == transport.Video {
		c = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
	}
	track, err := webrtc.NewTrackLocalStaticRTP(c, name, "stream-"+name)
	must(t, err)
	return track
}

// speak sends packets that are numbered in their payload, until the test ends.
func speak(t testing.TB, track *webrtc.TrackLocalStaticRTP) {
	t.Helper()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for n := uint32(1); ; n++ {
			payload := binary.BigEndian.AppendUint32([]byte(track.ID()), n)
			p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: n * 240}, Payload: payload}
			if err := track.WriteRTP(p); err != nil && err != io.ErrClosedPipe {
				t.Logf("%s: %v", track.ID(), err)
			}
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
}

// hear reads n packets of a track and sees that they are whole and in order.
func hear(t testing.TB, track *transport.Track, name string, n int) {
	t.Helper()
	remote := pion.RemoteTrack(event{track})
	var last uint32
	var sequence uint16
	for range n {
		must(t, remote.SetReadDeadline(time.Now().Add(patience)))
		p, _, err := remote.ReadRTP()
		must(t, err)
		text, number := string(p.Payload[:len(p.Payload)-4]), binary.BigEndian.Uint32(p.Payload[len(p.Payload)-4:])
		if text != name || last != 0 && (number != last+1 || p.SequenceNumber != sequence+1) {
			t.Fatalf("%q %d with sequence number %d after %d with %d", text, number, p.SequenceNumber, last, sequence)
		}
		last, sequence = number, p.SequenceNumber
	}
}

type event struct{ *transport.Track }

func (e event) Driver() any { return e.Track.Driver }

func attach(t testing.TB, s transport.MediaSession, kind transport.MediaKind, name string) transport.Sender {
	t.Helper()
	track := newTrack(t, kind, name)
	sender, err := s.Attach(track, "label of "+name)
	must(t, err)
	speak(t, track)
	return sender
}

// heard waits for n tracks, in any order, and hears each.
func heard(t testing.TB, v *viewer, names ...string) map[string]*transport.Track {
	t.Helper()
	tracks := map[string]*transport.Track{}
	for range names {
		track := receive(t, v.began, "track")
		tracks[track.ID] = track
	}
	for _, name := range names {
		track := tracks[name]
		if track == nil || track.Label != "label of "+name || track.Stream != "stream-"+name {
			t.Fatalf("want track %s, got %+v", name, tracks)
		}
		hear(t, track, name, 50)
	}
	return tracks
}

// TestMedia sends audio and video both ways at once, and messages beside them.
func TestMedia(t *testing.T) {
	p := newPair(t)
	senders := []transport.Sender{
		attach(t, p.sa, transport.Audio, "a1"), attach(t, p.sa, transport.Video, "a2"),
		attach(t, p.sb, transport.Audio, "b1"), attach(t, p.sb, transport.Video, "b2"),
	}
	for _, s := range senders {
		if s.Agreed() || s.Driver() != nil {
			t.Error("agreed before any exchange")
		}
	}
	offer, _ := p.exchange()
	for _, s := range senders {
		if !s.Agreed() || pion.Sender(s) == nil {
			t.Error("not agreed")
		}
	}
	if len(offer.Sections) != 2 {
		t.Errorf("%d sections for two tracks each way", len(offer.Sections))
	}
	heard(t, p.a, "b1", "b2")
	heard(t, p.b, "a1", "a2")
	say(t, p.sa, p.sb, p.a.peer, p.b.peer)
}

// TestMediaOneWay has tracks in one direction only, from either end.
func TestMediaOneWay(t *testing.T) {
	p := newPair(t)
	attach(t, p.sb, transport.Video, "b1")
	p.exchange()
	heard(t, p.a, "b1")
	attach(t, p.sa, transport.Audio, "a1") // in a second exchange, another kind
	p.exchange()
	heard(t, p.b, "a1")
	attach(t, p.sa, transport.Video, "a2") // in a section that is there
	offer, _ := p.exchange()
	heard(t, p.b, "a2")
	if len(offer.Sections) != 2 {
		t.Errorf("%d sections, want 2", len(offer.Sections))
	}
}

// TestMediaDetach removes tracks and adds others in their sections, many times,
// at both ends.
func TestMediaDetach(t *testing.T) {
	p := newPair(t)
	stays := attach(t, p.sa, transport.Audio, "stays")
	p.exchange()
	heard(t, p.b, "stays")
	for range 10 {
		sa, sb := attach(t, p.sa, transport.Video, "va"), attach(t, p.sb, transport.Video, "vb")
		offer, _ := p.exchange()
		if len(offer.Sections) != 2 {
			t.Fatalf("%d sections, want 2", len(offer.Sections))
		}
		va, vb := heard(t, p.b, "va")["va"], heard(t, p.a, "vb")["vb"]
		sa.Detach()
		sb.Detach()
		if sa.Agreed() {
			t.Fatal("agreed, and detached")
		}
		p.exchange()
		if got := receive(t, p.b.ended, "end of a track"); got != va {
			t.Fatalf("ended: %+v", got)
		}
		if got := receive(t, p.a.ended, "end of a track"); got != vb {
			t.Fatalf("ended: %+v", got)
		}
		for _, track := range []*transport.Track{va, vb} { // what is in the buffer, then the end
			remote := pion.RemoteTrack(event{track})
			for {
				must(t, remote.SetReadDeadline(time.Now().Add(patience)))
				if _, _, err := remote.ReadRTP(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if !stays.Agreed() {
		t.Error("the track that was not touched is gone")
	}
	say(t, p.sa, p.sb, p.a.peer, p.b.peer)
}

// TestMediaMost fills every section, and one more finds no room.
func TestMediaMost(t *testing.T) {
	p := newPair(t)
	var last transport.Sender
	for i := range transport.MaxSections {
		last = attach(t, p.sa, transport.MediaKind(i%2), "a"+string(rune('a'+i)))
	}
	if _, err := p.sa.Attach(newTrack(t, transport.Audio, "more"), ""); err != transport.ErrSections {
		t.Errorf("one more: %v", err)
	}
	p.exchange()
	for range transport.MaxSections {
		receive(t, p.b.began, "track")
	}
	if !last.Agreed() {
		t.Error("the last is not agreed")
	}
	// b wants nine of a kind of which there are eight sections.
	var b []transport.Sender
	for i := range 9 {
		b = append(b, attach(t, p.sb, transport.Video, "b"+string(rune('a'+i))))
	}
	p.exchange()
	for i, s := range b {
		if s.Agreed() != (i < 8) {
			t.Errorf("track %d: agreed=%v", i, s.Agreed())
		}
	}
}

// TestMediaReports has a receiver ask for a whole picture, as one does that
// cannot decode.
func TestMediaReports(t *testing.T) {
	p := newPair(t)
	var asked atomic.Int64
	local := newTrack(t, transport.Video, "v")
	_, err := p.sa.Attach(pion.Track{TrackLocal: local, RTCP: func(packets []rtcp.Packet) {
		for _, packet := range packets {
			if _, ok := packet.(*rtcp.PictureLossIndication); ok {
				asked.Add(1)
			}
		}
	}}, "label of v")
	must(t, err)
	speak(t, local)
	p.exchange()
	track := heard(t, p.b, "v")["v"]
	must(t, pion.Report(event{track}, &rtcp.PictureLossIndication{MediaSSRC: uint32(pion.RemoteTrack(event{track}).SSRC())}))
	for deadline := time.Now().Add(patience); asked.Load() == 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("nobody asked")
		}
	}
}

// TestMediaBadTracks: what cannot be sent is refused before anything is.
func TestMediaBadTracks(t *testing.T) {
	p := newPair(t)
	vp9, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP9, ClockRate: 90000}, "v", "s")
	must(t, err)
	unnamed, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "", "s")
	must(t, err)
	line, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "a", "s\r\na=evil")
	must(t, err)
	for want, track := range map[string]any{
		"want a webrtc.TrackLocal": "a string",
		"type <nil>":               nil,
		"type pion.Track":          pion.Track{},
		"want video/VP8":           vp9,
		"name of 0 bytes":          unnamed,
		"cannot be in it":          line,
	} {
		if _, err := p.sa.Attach(track, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v, want %q", track, err, want)
		}
	}
	if audio, video := p.sa.Tracks(); audio+video != 0 {
		t.Errorf("%d tracks are attached", audio+video)
	}
}

// TestMediaBadDescriptions: a description that does not fit what went before
// changes nothing but the exchange.
func TestMediaBadDescriptions(t *testing.T) {
	for name, change := range map[string]func(offer, answer *transport.Media){
		"fewer sections":  func(offer, _ *transport.Media) { offer.Sections = offer.Sections[:1] },
		"another kind":    func(offer, _ *transport.Media) { offer.Sections[0].Kind = transport.Video },
		"a line":          func(offer, _ *transport.Media) { offer.Sections[0].Track = "x\r\na=candidate:1" },
		"answer shorter":  func(_, answer *transport.Media) { answer.Sections = answer.Sections[:1] },
		"answer longer":   func(_, answer *transport.Media) { answer.Sections = append(answer.Sections, transport.Section{}) },
		"another payload": func(_, answer *transport.Media) { answer.Opus++ },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			attach(t, p.sa, transport.Audio, "a1")
			attach(t, p.sa, transport.Video, "a2")
			p.exchange()
			p.sa.OfferMedia(0, 0)
			offer := receive(t, p.a.done, "offer").m
			unused := func() *transport.Media { return &transport.Media{Sections: make([]transport.Section, 2)} }
			change(&offer, unused())
			p.sb.AnswerMedia(offer)
			answer := receive(t, p.b.done, "answer")
			if answer.err == nil {
				change(unused(), &answer.m)
				p.sa.FinishMedia(answer.m)
				answer = receive(t, p.a.done, "end")
			}
			if answer.err == nil {
				t.Fatal("it is taken")
			}
			t.Log(answer.err)
			heard(t, p.b, "a1", "a2") // what was agreed before goes on
			say(t, p.sa, p.sb, p.a.peer, p.b.peer)
		})
	}
}

// TestMediaEnds: EndMedia stops tracks at once, the session stays.
func TestMediaEnds(t *testing.T) {
	p := newPair(t)
	s := attach(t, p.sa, transport.Audio, "a1")
	p.exchange()
	heard(t, p.b, "a1")
	p.sa.EndMedia()
	if s.Agreed() {
		t.Error("agreed after the end")
	}
	if _, err := p.sa.Attach(newTrack(t, transport.Audio, "x"), ""); err != transport.ErrClosed {
		t.Errorf("attach after the end: %v", err)
	}
	p.sb.EndMedia()
	say(t, p.sa, p.sb, p.a.peer, p.b.peer)
}

// TestNoMedia: without Config.Media a session says that it has none.
func TestNoMedia(t *testing.T) {
	d := newDriver(t, nil)
	s, err := d.Offer(sessionID(1), newViewer())
	must(t, err)
	if _, ok := s.(transport.MediaSession); ok || d.Media() {
		t.Error("a driver without media has some")
	}
}
