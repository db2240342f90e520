package pion_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
)

// liar is a track that sends under any SSRC.
type liar struct {
	*webrtc.TrackLocalStaticRTP
	bound chan webrtc.TrackLocalContext
}

func (l liar) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	l.bound <- c
	return l.TrackLocalStaticRTP.Bind(c)
}

// TestMediaStreams has a peer send under SSRCs that nobody has declared: some are
// passed over, and the agreed track goes on; too many cost it the session.
func TestMediaStreams(t *testing.T) {
	p := newPair(t)
	l := liar{newTrack(t, transport.Video, "v"), make(chan webrtc.TrackLocalContext, 1)}
	_, err := p.sa.Attach(l, "label of v")
	must(t, err)
	p.exchange()
	c := receive(t, l.bound, "binding")
	speak(t, l.TrackLocalStaticRTP)
	send := func(n uint32) {
		t.Helper()
		for i := range n {
			h := &rtp.Header{Version: 2, PayloadType: 96, SSRC: 1 + i, SequenceNumber: 1}
			if _, err := c.WriteStream().WriteRTP(h, binary.BigEndian.AppendUint32(nil, i)); err != nil {
				t.Logf("packet %d: %v", i, err)
				return
			}
		}
	}
	send(20)
	heard(t, p.b, "v")
	select {
	case track := <-p.b.began:
		t.Errorf("a track that nobody declared: %+v", track)
	case err := <-p.b.down:
		t.Fatalf("down: %v", err)
	default:
	}
	tick := time.NewTicker(10 * time.Millisecond) // UDP may lose some
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		send(2000)
		select {
		case err := <-p.b.down:
			if !strings.Contains(err.Error(), "protocol violation: more than 512 RTP streams") {
				t.Errorf("down: %v", err)
			}
			return
		case <-tick.C:
		case <-deadline:
			t.Fatal("the peer keeps its session")
		}
	}
}
