//go:build js && wasm

package browser

import (
	"sync"
	"syscall/js"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/internal/sdp"
)

// mediaSession is a session of a driver with Config.Media.
type mediaSession struct{ *session }

var _ transport.MediaSession = mediaSession{}

// tracks are the audio and video of one session. What changes them runs on
// goroutines of their own, one at a time: the layer above asks for the next
// thing when it has heard of the last one.
type tracks struct {
	session *session
	work    sync.WaitGroup // everything that runs here

	mu      sync.Mutex
	ended   bool // nothing is begun any more
	over    bool // EndMedia was called
	senders []*sender
	offer   transport.Media // ours that waits for its answer
	remote  transport.Media // what the peer sends
	began   map[int]*transport.Track
}

// begin runs f on a goroutine, unless the session is over.
func (t *tracks) begin(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.work.Go(f)
	}
}

// end waits for what runs; the session's context has ended.
func (t *tracks) end() {
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
	t.work.Wait()
}

// OfferMedia makes an offer with at least so many sections, as far as there may
// be more.
func (s mediaSession) OfferMedia(audio, video int) {
	s.media.describe(func(pc js.Value) (transport.Media, error) { return s.media.makeOffer(pc, audio, video) })
}

// AnswerMedia makes the answer to an offer.
func (s mediaSession) AnswerMedia(offer transport.Media) {
	s.media.describe(func(pc js.Value) (transport.Media, error) { return s.media.makeAnswer(pc, offer) })
}

// FinishMedia applies the answer to the last offer.
func (s mediaSession) FinishMedia(answer transport.Media) {
	s.media.describe(func(pc js.Value) (transport.Media, error) {
		return transport.Media{}, s.media.finish(pc, answer)
	})
}

// describe does one thing and tells what came of it.
func (t *tracks) describe(f func(pc js.Value) (transport.Media, error)) {
	t.begin(func() {
		s := t.session
		s.mu.Lock()
		pc := s.pc
		s.mu.Unlock()
		if !pc.Truthy() {
			return
		}
		m, err := f(pc)
		t.tell(func(h transport.MediaHandler) { h.MediaDone(s.id, m, err) })
	})
}

// tell calls the handler, unless the session is over or the handler has no ear
// for media.
func (t *tracks) tell(call func(transport.MediaHandler)) {
	if h, ok := t.session.handler.(transport.MediaHandler); ok && !t.session.silent.Load() {
		call(h)
	}
}

// try calls a method of the connection that gives a promise, and waits for that.
func (t *tracks) try(pc js.Value, method string, args ...any) error {
	_, err := t.session.driver.promises.try(t.session.ctx, pc, method, args...)
	return err
}

func (t *tracks) makeOffer(pc js.Value, audio, video int) (transport.Media, error) {
	if err := t.place(pc, true, audio, video); err != nil {
		return transport.Media{}, err
	}
	if err := t.try(pc, "setLocalDescription"); err != nil {
		return transport.Media{}, err
	}
	m, err := t.read(pc, nil)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.offer = m
	return m, err
}

func (t *tracks) makeAnswer(pc js.Value, offer transport.Media) (transport.Media, error) {
	t.mu.Lock()
	before := t.remote.Sections
	t.mu.Unlock()
	if err := offer.MatchOffer(before); err != nil {
		return transport.Media{}, err
	}
	text, err := sdp.RemoteOffer(t.session.described, offer)
	if err != nil {
		return transport.Media{}, err
	}
	if err := t.try(pc, "setRemoteDescription", map[string]any{"type": "offer", "sdp": text}); err != nil {
		return transport.Media{}, err
	}
	if err := t.place(pc, false, 0, 0); err != nil {
		return transport.Media{}, err
	}
	if err := t.try(pc, "setLocalDescription"); err != nil {
		return transport.Media{}, err
	}
	m, err := t.read(pc, &offer)
	if err == nil {
		err = m.MatchAnswer(&offer)
	}
	if err != nil {
		return m, err
	}
	t.agree()
	t.learn(pc, offer)
	return m, nil
}

func (t *tracks) finish(pc js.Value, answer transport.Media) error {
	t.mu.Lock()
	offer := t.offer
	t.mu.Unlock()
	text, err := sdp.RemoteAnswer(t.session.described, offer, answer)
	if err != nil {
		return err
	}
	if err := t.try(pc, "setRemoteDescription", map[string]any{"type": "answer", "sdp": text}); err != nil {
		return err
	}
	t.agree()
	t.learn(pc, answer)
	return nil
}

// read reads the local SDP, and adds what only this driver knows of its tracks.
func (t *tracks) read(pc js.Value, like *transport.Media) (transport.Media, error) {
	m, err := sdp.LocalMedia(pc.Get("localDescription").Get("sdp").String(), like)
	if err != nil {
		return m, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.senders {
		if i := s.section(); i >= 0 && i < len(m.Sections) && m.Sections[i].SSRC != 0 {
			m.Sections[i].Label = s.label
			s.told = true
		}
	}
	return m, m.Check()
}

// learn takes what the peer sends from now on, and tells which tracks began and
// which ended.
func (t *tracks) learn(pc js.Value, remote transport.Media) {
	type news struct {
		track *transport.Track
		began bool
	}
	var all []news
	media := transceivers(pc)
	t.mu.Lock()
	for i, s := range remote.Sections {
		if i < len(t.remote.Sections) && t.remote.Sections[i].SSRC == s.SSRC {
			continue
		}
		if old := t.began[i]; old != nil {
			all = append(all, news{old, false})
			delete(t.began, i)
		}
		if s.SSRC != 0 && i < len(media) {
			track := &transport.Track{Kind: s.Kind, Label: s.Label, Stream: s.Stream, ID: s.Track, Driver: media[i].Get("receiver").Get("track")}
			t.began[i] = track
			all = append(all, news{track, true})
		}
	}
	t.remote = remote
	t.mu.Unlock()
	for _, n := range all {
		t.tell(func(h transport.MediaHandler) {
			if n.began {
				h.TrackBegan(t.session.id, n.track)
			} else {
				h.TrackEnded(t.session.id, n.track)
			}
		})
	}
}

// transceivers are those of a connection, in the order of their sections.
func transceivers(pc js.Value) []js.Value {
	list := pc.Call("getTransceivers")
	all := make([]js.Value, list.Length())
	for i := range all {
		all[i] = list.Index(i)
	}
	return all
}

// EndMedia stops all tracks for good.
func (s mediaSession) EndMedia() {
	t := s.media
	t.mu.Lock()
	t.over = true
	senders := t.senders
	t.senders = nil
	clear(t.began)
	for _, x := range senders {
		x.agreed = false
	}
	t.mu.Unlock()
	for _, x := range senders {
		x.stop()
	}
}
