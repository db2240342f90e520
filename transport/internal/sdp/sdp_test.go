package sdp

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

var sdpSeed = flag.Uint64("sdp-seed", 1, "of the descriptions that are written as SDP")

// TestRoundTrip writes random descriptions as SDP and reads them back.
func TestRoundTrip(t *testing.T) {
	t.Logf("-sdp-seed %d", *sdpSeed)
	rng := rand.New(rand.NewPCG(*sdpSeed, 0))
	for range 200 {
		want := randomDescription(rng)
		got, err := Local(Remote(want))
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

func TestBadLocal(t *testing.T) {
	good := Remote(randomDescription(rand.New(rand.NewPCG(1, 0))))
	for old, bad := range map[string]string{
		"a=fingerprint:sha-256 ": "a=fingerprint:sha-256 00:",
		"a=ice-ufrag:":           "a=ufrag:",
		"a=setup:":               "a=setup:hold",
		"a=max-message-size:":    "a=max-message-size:-",
		"a=sctp-init:":           "a=sctp-init:!",
	} {
		text := strings.Replace(good, old, bad, 1)
		if text == good {
			t.Fatalf("no %q in:\n%s", old, good)
		}
		if d, err := Local(text); err == nil {
			t.Errorf("%q: read as %+v", bad, d)
		}
	}
}
