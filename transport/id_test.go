package transport_test

import (
	"crypto/ed25519"
	"encoding/base32"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

// knownIDs are texts that other programs may have written down: the zero id,
// the key of a fixed seed, and the last id there is.
func knownIDs() map[string]transport.PeerID {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	var last transport.PeerID
	for i := range last {
		last[i] = 0xff
	}
	return map[string]transport.PeerID{
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": {},
		"hnvcppgow2sc2yvdvdicu3ynonsteflxdxrehjr2ybekdc2z3iuq": transport.PeerID(key),
		"777777777777777777777777777777777777777777777777777q": last,
	}
}

func TestPeerIDText(t *testing.T) {
	for text, id := range knownIDs() {
		if got := id.String(); got != text {
			t.Errorf("String gives %q, want %q", got, text)
		}
		if got := id.Short(); got != text[:8] {
			t.Errorf("Short gives %q, want %q", got, text[:8])
		}
		got, err := transport.ParsePeerID(text)
		if err != nil || got != id {
			t.Errorf("%q reads as %v, %v", text, got, err)
		}
	}
}

// TestParsePeerIDCanonical: an id has one text; what is close to it is refused,
// and gives no id.
func TestParsePeerIDCanonical(t *testing.T) {
	const good = "hnvcppgow2sc2yvdvdicu3ynonsteflxdxrehjr2ybekdc2z3iuq"
	bad := map[string]string{
		"empty":           "",
		"short":           good[:51],
		"long":            good + "a",
		"upper case":      strings.ToUpper(good),
		"one upper case":  "H" + good[1:],
		"padded":          good + "====",
		"pad inside":      good[:51] + "=",
		"space":           " " + good[1:],
		"line end":        good[:51] + "\n",
		"line end more":   good + "\n",
		"line end inside": good[:26] + "\r\n" + good[26:],
		"digit 0":         "0" + good[1:],
		"digit 1":         "1" + good[1:],
		"digit 8":         "8" + good[1:],
		"not ASCII":       "é" + good[2:],
		"zero byte":       "\x00" + good[1:],
		"huge":            strings.Repeat("a", 1<<20),
	}
	for _, c := range "bcdefghijklmnoprstuvwxyz234567" { // 256 bits leave 4 of the last character's unused
		bad["unused bits "+string(c)] = good[:51] + string(c)
	}
	for name, text := range bad {
		id, err := transport.ParsePeerID(text)
		if err == nil || !id.IsZero() {
			t.Errorf("%s: %.60q reads as %s, %v", name, text, id, err)
			continue
		}
		if n := len(err.Error()); n > 500 {
			t.Errorf("%s: an error of %d bytes", name, n)
		}
	}
}

func TestPeerIDCompare(t *testing.T) {
	low, high := transport.PeerID{0: 1}, transport.PeerID{0: 2}
	last := transport.PeerID{31: 1}
	ids := []transport.PeerID{high, low, last, {}}
	slices.SortFunc(ids, transport.PeerID.Compare)
	if want := []transport.PeerID{{}, last, low, high}; !slices.Equal(ids, want) {
		t.Errorf("sorted: %v", ids)
	}
	if low.Compare(low) != 0 || low.Compare(high) != -1 || high.Compare(low) != 1 {
		t.Error("Compare is no order")
	}
	if !(transport.PeerID{}).IsZero() || last.IsZero() {
		t.Error("IsZero is wrong")
	}
}

// TestPeerIDMarshal: in JSON an id is its text, as a value and as a key.
func TestPeerIDMarshal(t *testing.T) {
	type doc struct {
		ID   transport.PeerID
		List map[transport.PeerID]int
	}
	for text, id := range knownIDs() {
		b, err := json.Marshal(doc{id, map[transport.PeerID]int{id: 1}})
		if want := `{"ID":"` + text + `","List":{"` + text + `":1}}`; err != nil || string(b) != want {
			t.Errorf("%s, %v; want %s", b, err, want)
		}
		var back doc
		if err := json.Unmarshal(b, &back); err != nil || back.ID != id || back.List[id] != 1 {
			t.Errorf("%s reads as %v, %v", b, back, err)
		}
	}
	id := transport.PeerID{1}
	if err := id.UnmarshalText([]byte("nonsense")); err == nil || id != (transport.PeerID{1}) {
		t.Errorf("nonsense reads as %v, %v", id, err)
	}
}

func TestSessionIDString(t *testing.T) {
	id := transport.SessionID{Number: 1<<64 - 1}
	if got := id.String(); got != "aaaaaaaa/18446744073709551615" {
		t.Error(got)
	}
}

// FuzzParsePeerID: what is read is written as it was, and exactly that is read
// which a decoder of the standard library's takes in upper case.
func FuzzParsePeerID(f *testing.F) {
	for text := range knownIDs() {
		f.Add(text)
		f.Add(text[:51] + "b")
		f.Add(strings.ToUpper(text))
	}
	f.Add("")
	f.Add(strings.Repeat("a", 51) + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := transport.ParsePeerID(text)
		b, stdErr := base32.StdEncoding.DecodeString(strings.ToUpper(text) + "====")
		want := stdErr == nil && len(b) == 32 && strings.ToLower(base32.StdEncoding.EncodeToString(b)) == text+"===="
		if (err == nil) != want {
			t.Fatalf("%q: %v, base32 %v", text, err, stdErr)
		}
		if err == nil && id.String() != text {
			t.Fatalf("%q is written as %q", text, id)
		}
		if err != nil && !id.IsZero() {
			t.Fatalf("%q: %v, and yet %v", text, err, id)
		}
	})
}
