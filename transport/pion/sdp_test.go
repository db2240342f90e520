package pion

import (
	"reflect"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/internal/sdp"
)

// TestSDPOfPion has two PeerConnections read of each other what became of their
// SDP, and finds that nothing is missing: they answer as to the original.
func TestSDPOfPion(t *testing.T) {
	d, err := New(Config{ListenAddr: "127.0.0.1:0", Media: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	connection := func() *webrtc.PeerConnection {
		api := d.newAPI(d.mux, false, defaultSilence, &tracks{})
		pc, err := api.NewPeerConnection(d.connection)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pc.Close() })
		return pc
	}
	read := func(text string) transport.Description {
		got, err := sdp.Local(text)
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		again, err := sdp.Local(sdp.Remote(got))
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("again %+v, %v, want %+v", again, err, got)
		}
		if got.Fingerprint != d.fingerprint || got.MaxMessage != transport.MaxFrame || len(got.SCTPInit) == 0 {
			t.Errorf("%+v of:\n%s", got, text)
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
	for name, text := range map[string]string{"pion's": offer.SDP, "ours": sdp.Remote(described)} {
		b := connection()
		if err := b.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}); err != nil {
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
