//go:build js && wasm

package browser_test

import (
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/browser"
)

const patience = 20 * time.Second

// viewer is a handler that is told of media, too.
type viewer struct {
	described chan transport.Description
	up        chan struct{}
	done      chan outcome
	began     chan *transport.Track
	ended     chan *transport.Track
	ready     chan struct{} // closed when other is there
	other     transport.Session
}

type outcome struct {
	m   transport.Media
	err error
}

func newViewer() *viewer {
	return &viewer{
		make(chan transport.Description, 1), make(chan struct{}, 1), make(chan outcome, 1),
		make(chan *transport.Track, 16), make(chan *transport.Track, 16), make(chan struct{}), nil,
	}
}

func (v *viewer) Described(_ transport.SessionID, d transport.Description) { v.described <- d }

func (v *viewer) Gathered(_ transport.SessionID, c []transport.Candidate, _ bool) {
	<-v.ready
	_ = v.other.AddCandidates(c)
}
func (v *viewer) Up(transport.SessionID)                      { v.up <- struct{}{} }
func (v *viewer) Down(transport.SessionID, error)             {}
func (v *viewer) Message(transport.SessionID, uint16, []byte) {}

func (v *viewer) MediaDone(_ transport.SessionID, m transport.Media, err error) {
	v.done <- outcome{m, err}
}
func (v *viewer) TrackBegan(_ transport.SessionID, t *transport.Track) { v.began <- t }
func (v *viewer) TrackEnded(_ transport.SessionID, t *transport.Track) { v.ended <- t }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

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

// pair is a session between two drivers of one page. a has begun it.
type pair struct {
	testing.TB
	a, b   *viewer
	sa, sb transport.MediaSession
}

func newPair(t testing.TB) *pair {
	t.Helper()
	var drivers [2]*browser.Driver
	for i := range drivers {
		d, err := browser.New(browser.Config{Media: true})
		must(t, err)
		t.Cleanup(func() { must(t, d.Close()) })
		drivers[i] = d
	}
	p := &pair{TB: t, a: newViewer(), b: newViewer()}
	id := transport.SessionID{Initiator: transport.PeerID{1}, Number: 1}
	sa, err := drivers[0].Offer(id, p.a)
	must(t, err)
	sb, err := drivers[1].Answer(id, receive(t, p.a.described, "offer"), p.b)
	must(t, err)
	p.a.other, p.b.other = sb, sa
	close(p.a.ready)
	close(p.b.ready)
	must(t, sa.Finish(receive(t, p.b.described, "answer")))
	receive(t, p.a.up, "Up of the initiator")
	receive(t, p.b.up, "Up of the answerer")
	p.sa, p.sb = sa.(transport.MediaSession), sb.(transport.MediaSession)
	return p
}

func (p *pair) exchange() (offer, answer transport.Media) {
	p.Helper()
	p.sa.OfferMedia(p.sb.Tracks())
	o := receive(p, p.a.done, "offer of media")
	must(p, o.err)
	p.sb.AnswerMedia(o.m)
	n := receive(p, p.b.done, "answer of media")
	must(p, n.err)
	p.sa.FinishMedia(n.m)
	must(p, receive(p, p.a.done, "end of the exchange").err)
	return o.m, n.m
}

// await waits for a promise.
func await(t testing.TB, promise js.Value) js.Value {
	t.Helper()
	settled := make(chan js.Value, 2)
	f := js.FuncOf(func(_ js.Value, args []js.Value) any { settled <- args[0]; return nil })
	defer f.Release()
	promise.Call("then", f, f)
	return receive(t, settled, "promise")
}

// devices gives the tracks of a fake camera and a fake microphone.
func devices(t testing.TB) (stream, audio, video js.Value) {
	t.Helper()
	media := js.Global().Get("navigator").Get("mediaDevices")
	stream = await(t, media.Call("getUserMedia", map[string]any{"audio": true, "video": true}))
	if !stream.Get("getTracks").Truthy() {
		t.Fatalf("no camera: %v", stream.Get("message"))
	}
	t.Cleanup(func() {
		tracks := stream.Call("getTracks")
		for i := range tracks.Length() {
			tracks.Index(i).Call("stop")
		}
	})
	return stream, stream.Call("getAudioTracks").Index(0), stream.Call("getVideoTracks").Index(0)
}

// received gives how many pictures a session has decoded, and how many packets of
// sound have come.
func received(t testing.TB, s transport.Session) (pictures, sounds int) {
	t.Helper()
	var list js.Value
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		stat := args[0]
		if stat.Get("type").String() != "inbound-rtp" {
			return nil
		}
		if stat.Get("kind").String() == "video" {
			if n := stat.Get("framesDecoded"); n.Truthy() {
				pictures += n.Int()
			}
		} else {
			sounds += stat.Get("packetsReceived").Int()
		}
		return nil
	})
	defer f.Release()
	list = await(t, browser.Connection(s).Call("getStats"))
	list.Call("forEach", f)
	return pictures, sounds
}

// plays waits until pictures and sound come.
func plays(t testing.TB, s transport.Session, what string) {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(20 * time.Millisecond) // the browser counts on its own
	defer tick.Stop()
	for range tick.C {
		pictures, sounds := received(t, s)
		if pictures >= 10 && sounds >= 20 {
			t.Logf("%s: %d pictures, %d packets of sound after %v", what, pictures, sounds, time.Since(start))
			return
		}
		if time.Since(start) > patience {
			t.Fatalf("%s: only %d pictures and %d packets of sound", what, pictures, sounds)
		}
	}
}

// TestMedia sends camera and microphone both ways at once, then takes the tracks
// of one end away and adds them again.
func TestMedia(t *testing.T) {
	firstEvent()
	p := newPair(t)
	stream, audio, video := devices(t)
	attach := func(s transport.MediaSession, track any) transport.Sender {
		x, err := s.Attach(track, "chat")
		must(t, err)
		return x
	}
	senders := []transport.Sender{
		attach(p.sa, browser.Track{Track: audio, Stream: stream}), attach(p.sa, browser.Track{Track: video, Stream: stream}),
		attach(p.sb, audio), attach(p.sb, video),
	}
	offer, answer := p.exchange()
	if len(offer.Sections) != 2 {
		t.Errorf("%d sections for two tracks each way", len(offer.Sections))
	}
	for _, m := range []transport.Media{offer, answer} {
		t.Logf("%+v", m)
	}
	for _, s := range senders {
		if !s.Agreed() {
			t.Error("not agreed")
		}
	}
	var ofA []*transport.Track
	for range 2 {
		ta, tb := receive(t, p.a.began, "track at a"), receive(t, p.b.began, "track at b")
		if ta.Label != "chat" || tb.Label != "chat" || tb.Stream != stream.Get("id").String() {
			t.Errorf("%+v, %+v", ta, tb)
		}
		if browser.RemoteTrack(event{tb}).Get("kind").String() != tb.Kind.String() {
			t.Errorf("%+v", tb)
		}
		ofA = append(ofA, tb)
	}
	plays(t, p.sa, "at a")
	plays(t, p.sb, "at b")
	senders[0].Detach()
	senders[1].Detach()
	p.exchange()
	for range 2 {
		if got := receive(t, p.b.ended, "end of a track"); got != ofA[0] && got != ofA[1] {
			t.Errorf("ended: %+v", got)
		}
	}
	attach(p.sa, video)
	if offer, _ = p.exchange(); len(offer.Sections) != 2 {
		t.Errorf("%d sections, want 2", len(offer.Sections))
	}
	if again := receive(t, p.b.began, "track"); again.Kind != transport.Video {
		t.Errorf("%+v", again)
	}
}

type event struct{ *transport.Track }

func (e event) Driver() any { return e.Track.Driver }

// TestMediaBad: what is no track is refused, and so is a description that does
// not fit.
func TestMediaBad(t *testing.T) {
	firstEvent()
	p := newPair(t)
	for _, track := range []any{nil, "a string", js.Global(), js.Null(), browser.Track{}} {
		if _, err := p.sa.Attach(track, ""); err == nil || !strings.Contains(err.Error(), "want a MediaStreamTrack") {
			t.Errorf("%v: %v", track, err)
		}
	}
	p.sb.AnswerMedia(transport.Media{Opus: 111, VP8: 96, Sections: []transport.Section{{SSRC: 1, Stream: "s", Track: "x\r\na=candidate"}}})
	if o := receive(t, p.b.done, "answer"); o.err == nil {
		t.Errorf("answered %+v", o.m)
	}
	p.sa.FinishMedia(transport.Media{Opus: 111, VP8: 96, Sections: []transport.Section{{}}})
	if o := receive(t, p.a.done, "end"); o.err == nil {
		t.Error("an answer to nothing is taken")
	}
}
