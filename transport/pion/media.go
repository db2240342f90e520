package pion

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/pion/webrtc/v4"

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
	api     *webrtc.API
	work    sync.WaitGroup // everything that runs here

	mu      sync.Mutex
	pc      *webrtc.PeerConnection // nil until it is made
	ended   bool                   // nothing is begun any more
	over    bool                   // EndMedia was called
	senders []*sender
	offer   transport.Media // ours that waits for its answer
	remote  transport.Media // what the peer sends
	began   map[int]*transport.Track

	telling sync.Mutex // held while the handler is called

	buffers, large atomic.Int32 // see newBuffer; pion calls it while mu is held
}

// use gives the tracks their PeerConnection, before anything else can happen.
func (t *tracks) use(api *webrtc.API, pc *webrtc.PeerConnection) {
	pc.OnTrack(func(r *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) { t.onTrack(pc, r, receiver) })
	t.mu.Lock()
	defer t.mu.Unlock()
	t.api, t.pc = api, pc
}

// connection is the PeerConnection; nil until there is one.
func (t *tracks) connection() *webrtc.PeerConnection {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pc
}

// begin runs f on a goroutine, unless the session is over.
func (t *tracks) begin(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.work.Go(f)
	}
}

// end waits for what runs; the PeerConnection is closed by now.
func (t *tracks) end() {
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
	t.work.Wait()
}

// OfferMedia makes an offer with at least so many sections, as far as there may
// be more.
func (s mediaSession) OfferMedia(audio, video int) {
	s.media.describe(func(pc *webrtc.PeerConnection) (transport.Media, error) {
		return s.media.makeOffer(pc, audio, video)
	})
}

// AnswerMedia makes the answer to an offer.
func (s mediaSession) AnswerMedia(offer transport.Media) {
	s.media.describe(func(pc *webrtc.PeerConnection) (transport.Media, error) {
		return s.media.makeAnswer(pc, offer)
	})
}

// FinishMedia applies the answer to the last offer.
func (s mediaSession) FinishMedia(answer transport.Media) {
	s.media.describe(func(pc *webrtc.PeerConnection) (transport.Media, error) {
		return transport.Media{}, s.media.finish(pc, answer)
	})
}

// describe does one thing and tells what came of it.
func (t *tracks) describe(f func(*webrtc.PeerConnection) (transport.Media, error)) {
	t.begin(func() {
		s, pc := t.session, t.connection()
		if pc == nil || s.ctx.Err() != nil {
			return
		}
		m, err := f(pc)
		t.tell(func(h transport.MediaHandler) { h.MediaDone(s.id, m, err) })
	})
}

// tell calls the handler, unless the session is over or the handler has no ear
// for media.
func (t *tracks) tell(call func(transport.MediaHandler)) {
	t.telling.Lock()
	defer t.telling.Unlock()
	if h, ok := t.session.handler.(transport.MediaHandler); ok && !t.session.silent.Load() {
		call(h)
	}
}

func (t *tracks) makeOffer(pc *webrtc.PeerConnection, audio, video int) (transport.Media, error) {
	if err := t.place(pc, true, audio, video); err != nil {
		return transport.Media{}, err
	}
	local, err := pc.CreateOffer(nil)
	if err != nil {
		return transport.Media{}, err
	}
	m, err := t.read(pc, local, nil)
	if err != nil {
		return m, err
	}
	t.mu.Lock()
	t.offer = m
	t.mu.Unlock()
	return m, pc.SetLocalDescription(local)
}

func (t *tracks) makeAnswer(pc *webrtc.PeerConnection, offer transport.Media) (transport.Media, error) {
	t.mu.Lock()
	before := t.remote.Sections
	t.mu.Unlock()
	if err := offer.MatchOffer(before); err != nil {
		return transport.Media{}, err
	}
	text, err := sdp.RemoteOffer(t.session.applied, offer)
	if err != nil {
		return transport.Media{}, err
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}); err != nil {
		return transport.Media{}, err
	}
	if err := t.place(pc, false, 0, 0); err != nil {
		return transport.Media{}, err
	}
	local, err := pc.CreateAnswer(nil)
	if err != nil {
		return transport.Media{}, err
	}
	m, err := t.read(pc, local, &offer)
	if err == nil {
		err = m.MatchAnswer(&offer)
	}
	if err != nil {
		return m, err
	}
	t.learn(offer) // before the first packet can come
	if err := pc.SetLocalDescription(local); err != nil {
		return m, err
	}
	t.agree()
	return m, nil
}

func (t *tracks) finish(pc *webrtc.PeerConnection, answer transport.Media) error {
	t.mu.Lock()
	offer := t.offer
	t.mu.Unlock()
	text, err := sdp.RemoteAnswer(t.session.applied, offer, answer)
	if err != nil {
		return err
	}
	t.learn(answer)
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}); err != nil {
		return err
	}
	t.agree()
	return nil
}

// read reads the local SDP, and adds what only this driver knows of its tracks.
func (t *tracks) read(pc *webrtc.PeerConnection, local webrtc.SessionDescription, like *transport.Media) (transport.Media, error) {
	m, err := sdp.LocalMedia(local.SDP, like)
	if err != nil {
		return m, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.senders {
		i, ok := section(pc, func(x *webrtc.RTPTransceiver) bool { return s.rtp != nil && x.Sender() == s.rtp })
		if ok && i < len(m.Sections) && m.Sections[i].SSRC != 0 { // else it was detached just now
			m.Sections[i].Label = s.label
			s.told = true
		}
	}
	return m, m.Check()
}

// section finds the section of a transceiver.
func section(pc *webrtc.PeerConnection, is func(*webrtc.RTPTransceiver) bool) (int, bool) {
	for _, x := range pc.GetTransceivers() {
		if is(x) {
			mid, err := strconv.Atoi(x.Mid())
			return mid - 1, err == nil && mid > 0
		}
	}
	return 0, false
}

// learn takes what the peer sends from now on; tracks that it sends no more end.
func (t *tracks) learn(remote transport.Media) {
	t.mu.Lock()
	var gone []*transport.Track
	for i, s := range t.remote.Sections {
		if s.SSRC != remote.Sections[i].SSRC && t.began[i] != nil {
			gone = append(gone, t.began[i])
			delete(t.began, i)
		}
	}
	t.remote = remote
	t.mu.Unlock()
	for _, track := range gone {
		t.tell(func(h transport.MediaHandler) { h.TrackEnded(t.session.id, track) })
	}
}

// onTrack is called by pion on a goroutine of its own, with the first packet of
// a track.
func (t *tracks) onTrack(pc *webrtc.PeerConnection, remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	i, ok := section(pc, func(x *webrtc.RTPTransceiver) bool { return x.Receiver() == receiver })
	if !ok {
		return
	}
	t.begin(func() {
		t.tell(func(h transport.MediaHandler) {
			t.mu.Lock()
			known := i < len(t.remote.Sections) && t.began[i] == nil && t.remote.Sections[i].SSRC == uint32(remote.SSRC())
			var track *transport.Track
			if known { // else it has ended by now
				s := t.remote.Sections[i]
				track = &transport.Track{Kind: s.Kind, Label: s.Label, Stream: s.Stream, ID: s.Track, Driver: &remoteTrack{remote, pc}}
				t.began[i] = track
			}
			t.mu.Unlock()
			if known {
				h.TrackBegan(t.session.id, track)
			}
		})
	})
}

// EndMedia stops all tracks for good.
func (s mediaSession) EndMedia() {
	t := s.media
	t.mu.Lock()
	t.over = true
	for _, x := range t.senders {
		x.agreed = false
	}
	t.senders = nil
	clear(t.began)
	t.mu.Unlock()
	t.begin(func() {
		pc := t.connection()
		if pc == nil {
			return
		}
		for _, x := range pc.GetTransceivers() {
			_ = x.Stop() // fails only for a connection that is over
		}
	})
}
