package overlay_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// film is an IVF file of VP8 frames: of a frame only the header means anything,
// the rest is noise from a seed. A tenth of them need several packets.
func film(seed uint64, frames int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	le := binary.LittleEndian
	b := append([]byte("DKIF"), 0, 0, 32, 0)
	b = append(b, "VP80"...)
	b = le.AppendUint16(le.AppendUint16(b, 320), 240)
	b = le.AppendUint32(le.AppendUint32(b, 100), 1) // 100 frames a second
	b = le.AppendUint64(b, uint64(frames))          // and four unused bytes
	for n := range frames {
		size := 20 + r.IntN(200)
		if n%10 == 0 {
			size = 3000 + r.IntN(3000)
		}
		frame := make([]byte, size)
		for i := range frame {
			frame[i] = byte(r.Uint32())
		}
		frame[0] = frame[0]&^1 | 1 // RFC 6386 section 9.1: not a key frame
		if n == 0 {
			frame[0] &^= 1
			copy(frame[3:], []byte{0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00})
		}
		b = le.AppendUint64(le.AppendUint32(b, uint32(size)), uint64(n))
		b = append(b, frame...)
	}
	return b
}

// song is an Ogg file of Opus packets, noise but for the first byte.
func song(t testing.TB, seed uint64, packets int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	w, err := oggwriter.NewWith(&b, 48000, 2)
	if err != nil {
		t.Fatal(err)
	}
	for n := range packets {
		payload := make([]byte, 20+r.IntN(200))
		for i := range payload {
			payload[i] = byte(r.Uint32())
		}
		payload[0] = 0xfc // RFC 6716 section 3.1: CELT, 20 ms, stereo, one frame
		p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(n+1) * 960}, Payload: payload}
		if err := w.WriteRTP(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// frames reads what a file holds.
func frames(t testing.TB, file []byte) (list [][]byte) {
	t.Helper()
	if !bytes.HasPrefix(file, []byte("DKIF")) {
		r, _, err := oggreader.NewWith(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		for {
			page, _, err := r.ParseNextPage()
			if err == io.EOF {
				return list
			} else if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(page, []byte("OpusTags")) && len(page) > 0 {
				list = append(list, page)
			}
		}
	}
	r, _, err := ivfreader.NewWith(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for {
		frame, _, err := r.ParseNextFrame()
		if err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, frame)
	}
}

// play sends what is in a file, and an end: a frame that says so until stop.
func play(t testing.TB, track *webrtc.TrackLocalStaticSample, file []byte, stop <-chan struct{}) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	list := frames(t, file)
	for n := 0; ; n++ {
		frame := endFrame
		if n < len(list) {
			frame = list[n]
		}
		if err := track.WriteSample(media.Sample{Data: frame, Duration: 10 * time.Millisecond}); err != nil {
			t.Errorf("%s: %v", track.ID(), err)
		}
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}

var endFrame = []byte{1, 'e', 'n', 'd'}

// watch reads a track up to its end frame and gives the hash of what came,
// frame by frame. Every packet must have come, in order.
func watch(track *webrtc.TrackRemote) (hash [32]byte, packets int, err error) {
	var all, frame bytes.Buffer
	var last *rtp.Packet
	for {
		if err := track.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			return hash, packets, err
		}
		p, _, err := track.ReadRTP()
		if err != nil {
			return hash, packets, err
		}
		if last != nil && p.SequenceNumber != last.SequenceNumber+1 {
			return hash, packets, fmt.Errorf("packet %d after %d", p.SequenceNumber, last.SequenceNumber)
		}
		last = p
		packets++
		payload, whole := p.Payload, true
		if track.Kind() == webrtc.RTPCodecTypeVideo {
			var v codecs.VP8Packet
			if payload, err = v.Unmarshal(p.Payload); err != nil {
				return hash, packets, err
			}
			whole = p.Marker
		}
		if frame.Write(payload); !whole {
			continue
		}
		if bytes.Equal(frame.Bytes(), endFrame) {
			return sha256.Sum256(all.Bytes()), packets, nil
		}
		fmt.Fprintf(&all, "%d:", frame.Len())
		frame.WriteTo(&all)
	}
}

func hashOf(t testing.TB, file []byte) [32]byte {
	var all bytes.Buffer
	for _, f := range frames(t, file) {
		fmt.Fprintf(&all, "%d:", len(f))
		all.Write(f)
	}
	return sha256.Sum256(all.Bytes())
}

// TestMediaFiles plays an IVF and an Ogg file in each direction, all four at
// once, beside messages; each arrives whole and in order.
func TestMediaFiles(t *testing.T) {
	inStudio(t, func(s *studio) {
		s.join()
		files := map[string][]byte{
			"v0": film(1, 300), "v1": film(2, 300), "a0": song(t, 3, 300), "a1": song(t, 4, 300),
		}
		stop := make(chan struct{})
		var playing sync.WaitGroup
		for i := range 2 {
			for _, kind := range []struct{ mime, name string }{{webrtc.MimeTypeVP8, "v"}, {webrtc.MimeTypeOpus, "a"}} {
				name := fmt.Sprintf("%s%d", kind.name, i)
				playing.Go(func() {
					track := sampleTrack(t, kind.mime, name)
					if _, err := s.chat[i].AddTrack(s.ctx, s.id(1-i), track); err != nil {
						t.Error(err)
						return
					}
					play(t, track, files[name], stop)
				})
			}
			playing.Go(func() {
				for {
					if err := s.chat[i].Send(s.ctx, s.id(1-i), []byte("beside")); err != nil {
						t.Error(err)
						return
					}
					select {
					case <-stop:
						return
					case <-time.After(time.Millisecond):
					}
				}
			})
			playing.Go(func() {
				for n := 0; ; n++ {
					if _, err := s.chat[i].Receive(s.ctx); err != nil || n == 100 {
						return
					}
				}
			})
		}
		var watching sync.WaitGroup
		for i := range 2 {
			for range 2 {
				e := waitFor[overlay.TrackAdded](s, i)
				if e.Peer != s.id(1-i) || e.Track.Stream != "stream-"+e.Track.ID {
					t.Errorf("%+v", e.Track)
				}
				watching.Go(func() {
					got, packets, err := watch(pion.RemoteTrack(e.Track))
					if err != nil || got != hashOf(t, files[e.Track.ID]) {
						t.Errorf("%s: %d packets, another hash, %v", e.Track.ID, packets, err)
					}
					t.Logf("%s %v: %d packets", e.Track.ID, e.Track.Kind, packets)
				})
			}
		}
		watching.Wait()
		close(stop)
		playing.Wait()
	}, true, true)
}
