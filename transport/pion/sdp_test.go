package pion

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
)

var sdpSeed = flag.Uint64("sdp-seed", 1, "of the descriptions that are written as SDP")

// TestSDPRoundTrip writes random descriptions as SDP and reads them back.
func TestSDPRoundTrip(t *testing.T) {
	t.Logf("-sdp-seed %d", *sdpSeed)
	rng := rand.New(rand.NewPCG(*sdpSeed, 0))
	for range 200 {
		want := randomDescription(rng)
		want.Eager = true // whatever the SDP says: it is this driver's
		got, err := localDescription(remoteSDP(want))
		if err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}

func randomDescription(rng *rand.Rand) transport.Description {
	text := func(low, high int) string {
		const chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		b := make([]byte, low+rng.IntN(high-low+1))
		for i := range b {
			b[i] = chars[rng.IntN(len(chars))]
		}
		return string(b)
	}
	d := transport.Description{
		Ufrag:      text(4, transport.MaxUfrag),
		Password:   text(transport.MinPassword, transport.MaxPassword),
		Setup:      transport.Setup(rng.IntN(3)),
		MaxMessage: transport.MaxFrame + rng.Uint32N(1<<32-1-transport.MaxFrame),
	}
	for i := range d.Fingerprint {
		d.Fingerprint[i] = byte(rng.Uint32())
	}
	if n := rng.IntN(transport.MaxSCTPInit + 1); n > 0 {
		d.SCTPInit = make([]byte, n)
		for i := range d.SCTPInit {
			d.SCTPInit[i] = byte(rng.Uint32())
		}
	}
	return d
}

// TestSDPOfPion has two PeerConnections read of each other what became of their
// SDP, and finds that nothing is missing: they answer as to the original.
func TestSDPOfPion(t *testing.T) {
	d, err := New(Config{ListenAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	connection := func() *webrtc.PeerConnection {
		pc, err := d.api.NewPeerConnection(d.connection)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pc.Close() })
		return pc
	}
	read := func(sdp string) transport.Description {
		got, err := localDescription(sdp)
		if err != nil {
			t.Fatalf("%v in:\n%s", err, sdp)
		}
		again, err := localDescription(remoteSDP(got))
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("again %+v, %v, want %+v", again, err, got)
		}
		if got.Fingerprint != d.fingerprint || got.MaxMessage != transport.MaxFrame || len(got.SCTPInit) == 0 {
			t.Errorf("%+v of:\n%s", got, sdp)
		}
		return got
	}
	a := connection()
	if _, err := a.CreateDataChannel("", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := a.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	described := read(offer.SDP)
	if described.Setup != transport.SetupActPass {
		t.Errorf("offer: %v", described.Setup)
	}
	for name, sdp := range map[string]string{"pion's": offer.SDP, "ours": remoteSDP(described)} {
		b := connection()
		if err := b.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		answer, err := b.CreateAnswer(nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := read(answer.SDP); got.Setup != transport.SetupActive {
			t.Errorf("%s: answer %v", name, got.Setup)
		}
	}
}

func TestBadLocalSDP(t *testing.T) {
	good := remoteSDP(randomDescription(rand.New(rand.NewPCG(1, 0))))
	for old, bad := range map[string]string{
		"a=fingerprint:sha-256 ": "a=fingerprint:sha-256 00:",
		"a=ice-ufrag:":           "a=ufrag:",
		"a=setup:":               "a=setup:hold",
		"a=max-message-size:":    "a=max-message-size:-",
		"a=sctp-init:":           "a=sctp-init:!",
	} {
		sdp := strings.Replace(good, old, bad, 1)
		if sdp == good {
			t.Fatalf("no %q in:\n%s", old, good)
		}
		if d, err := localDescription(sdp); err == nil {
			t.Errorf("%q: read as %+v", bad, d)
		}
	}
}
