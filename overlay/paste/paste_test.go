package paste_test

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/paste"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// sample is as random as a signal.
func sample(n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(n)})
	b := make([]byte, n)
	r.Read(b)
	return b
}

func encode(t testing.TB, k paste.Kind, data []byte) string {
	t.Helper()
	text, err := paste.Encode(k, data)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, paste.MaxData).Draw(t, "data")
		k := rapid.SampledFrom([]paste.Kind{paste.Offer, paste.Answer}).Draw(t, "kind")
		text, err := paste.Encode(k, data)
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-", r) }); i >= 0 {
			t.Fatalf("%q is not in a QR code's alphanumeric alphabet, or invites line breaks", text[i])
		}
		if got, err := paste.Decode(k, text); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%x, %v", got, err)
		}
	})
}

// TestAsPeoplePaste: what chats, mails, terminals and hands do to a text.
func TestAsPeoplePaste(t *testing.T) {
	data := sample(300)
	text := encode(t, paste.Offer, data)
	wrapped := func(width int, before, after string) string {
		var b strings.Builder
		for rest := text; rest != ""; {
			n := min(width, len(rest))
			b.WriteString(before + rest[:n] + after)
			rest = rest[n:]
		}
		return b.String()
	}
	for name, s := range map[string]string{
		"as it is":             text,
		"lines":                wrapped(64, "", "\n"),
		"lines of Windows":     wrapped(76, "", "\r\n"),
		"a column each":        wrapped(1, " ", "\n"),
		"quoted mail":          wrapped(60, "> ", "\n"),
		"quoted twice":         wrapped(60, ">> ", "\n"),
		"groups":               wrapped(5, "", " "),
		"quotes":               `"` + text + `"`,
		"typographic quotes":   "“" + text + "”",
		"guillemets":           "« " + text + " »",
		"backticks":            "```\n" + wrapped(64, "", "\n") + "```",
		"small letters":        strings.ToLower(text),
		"zero-width spaces":    wrapped(30, "\u200b", ""),
		"soft hyphens":         wrapped(30, "", "\u00ad"),
		"byte order mark":      "\ufeff" + text,
		"no-break spaces":      wrapped(30, "\u00a0", ""),
		"dashes made nice":     strings.ReplaceAll(text, "-", "–"),
		"between words":        "Here is my offer: " + text + ". Yours, ann",
		"without its end":      strings.TrimSuffix(text, "-END"),
		"after the other half": encode(t, paste.Answer, sample(9)) + "\n" + text,
		"before a damaged one": text + "\n" + text[:100],
		"ANSI colours removed": "\x1b" + text,
	} {
		if got, err := paste.Decode(paste.Offer, s); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrors(t *testing.T) {
	offer, answer := encode(t, paste.Offer, sample(300)), encode(t, paste.Answer, sample(280))
	body := strings.TrimPrefix(offer, "N2N1-OFFER-487-")
	for name, c := range map[string]struct {
		text string
		want error
		says string
	}{
		"nothing":              {"", paste.ErrNothing, "no text of n2n"},
		"prose":                {"I have lost it, sorry", paste.ErrNothing, "no text of n2n"},
		"an answer":            {answer, paste.ErrKind, "this is the answer, wanted is the offer"},
		"no end":               {offer[:200], paste.ErrHalf, "185 of 487 characters, the end is missing"},
		"no beginning":         {offer[200:], paste.ErrHalf, "the beginning is missing"},
		"half a head":          {offer[:8], paste.ErrHalf, "the beginning is missing"},
		"a line lost":          {offer[:200] + offer[264:], paste.ErrHalf, "423 of 487 characters, some in the middle are missing"},
		"a line twice":         {offer[:264] + offer[200:], paste.ErrChanged, "551 characters, not 487"},
		"two changed places":   {offer[:300] + swap(offer[300:302]) + offer[302:], paste.ErrChanged, "the checksum is wrong"},
		"a digit that none is": {offer[:300] + "1" + offer[301:], paste.ErrChanged, "no text has a '1', character 286 of 487"},
		"another kind":         {strings.Replace(offer, "OFFER", "OTHER", 1), paste.ErrChanged, "it is no offer and no answer"},
		"kinds exchanged":      {strings.Replace(answer, "ANSWER", "OFFER", 1), paste.ErrChanged, "the checksum is wrong"},
		"version 2":            {strings.Replace(offer, "N2N1", "N2N2", 1), paste.ErrVersion, "it is of version 2, this program knows 1"},
		"version 10":           {strings.Replace(offer, "N2N1", "N2N10", 1), paste.ErrVersion, "it is of version 10"},
		"no length":            {"N2N1-OFFER-0-" + body, paste.ErrChanged, "0 characters cannot be"},
		"a huge length":        {"N2N1-OFFER-99999999999999999999-" + body, paste.ErrChanged, "99999999… characters cannot be"},
		"too long":             {strings.Repeat("x", paste.MaxText+1), paste.ErrTooLong, "65537 bytes, at most 65536"},
	} {
		got, err := paste.Decode(paste.Offer, c.text)
		if !errors.Is(err, c.want) || got != nil || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v, want %v: %s", name, err, c.want, c.says)
		}
	}
	if _, err := paste.Encode(paste.Offer, make([]byte, paste.MaxData+1)); !errors.Is(err, paste.ErrTooLong) {
		t.Errorf("too much data: %v", err)
	}
	if _, err := paste.Encode(0, nil); err == nil {
		t.Error("no kind, no error")
	}
}

func swap(s string) string { return s[1:] + s[:1] }

// TestEveryChangeShows: one character changed, left out or added anywhere, two
// neighbors exchanged, any part cut off.
func TestEveryChangeShows(t *testing.T) {
	data := sample(60)
	text := encode(t, paste.Offer, data)
	check := func(what string, i int, s string) {
		got, err := paste.Decode(paste.Offer, s)
		if err == nil && !bytes.Equal(got, data) {
			t.Errorf("%s at %d: other bytes, and no error", what, i)
		}
		inBody := i >= strings.LastIndex(strings.TrimSuffix(text, "-END"), "-")+1 && i < len(text)-len("-END")-1
		if err == nil && inBody && s != text {
			t.Errorf("%s at %d: not noticed", what, i)
		}
	}
	for i := range text {
		for _, r := range "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/é" {
			check("change", i, text[:i]+string(r)+text[i+1:])
			check("addition", i, text[:i]+string(r)+text[i:])
		}
		check("gap", i, text[:i]+text[i+1:])
		if i+1 < len(text) {
			check("exchange", i, text[:i]+swap(text[i:i+2])+text[i+2:])
		}
		if _, err := paste.Decode(paste.Offer, text[:i]); err == nil && i < len(text)-len("-END") {
			t.Errorf("%d characters are enough", i)
		}
		if _, err := paste.Decode(paste.Offer, text[i:]); err == nil && i > 0 {
			t.Errorf("without the first %d it is whole", i)
		}
	}
}

func TestBegunAndEnded(t *testing.T) {
	text := encode(t, paste.Answer, sample(100))
	for n := range len(text) {
		begun, ended := n >= len("N2N1-"), n >= len(text)
		if paste.Begun(text[:n]) != begun || paste.Ended(text[:n]) != ended {
			t.Fatalf("%q: begun %v, ended %v", text[:n], paste.Begun(text[:n]), paste.Ended(text[:n]))
		}
	}
	if !paste.Ended("> " + text[:50] + "\n> " + text[50:] + "\n") {
		t.Error("a quoted one has no end")
	}
}

func FuzzDecode(f *testing.F) {
	for _, n := range []int{0, 1, 60, 300} {
		f.Add(encode(f, paste.Offer, sample(n)))
		f.Add(encode(f, paste.Answer, sample(n))[3:])
	}
	f.Add("N2N1-OFFER-7-AAAAAAA-END")
	f.Fuzz(func(t *testing.T, s string) {
		for _, k := range []paste.Kind{paste.Offer, paste.Answer} {
			data, err := paste.Decode(k, s)
			if err != nil {
				continue
			}
			if again, err := paste.Decode(k, encode(t, k, data)); err != nil || !bytes.Equal(again, data) {
				t.Fatalf("%x, %v", again, err)
			}
		}
	})
}

// TestJoinByPaste: two real nodes meet by two texts, which take longer than
// the driver would look for a path by itself.
func TestJoinByPaste(t *testing.T) {
	_, chat := start(t)
	b, _ := start(t)
	var offers, answers []byte
	peer, err := chat.Join(t.Context(), func(ctx context.Context, offer []byte) ([]byte, error) {
		carried, err := paste.Decode(paste.Offer, encode(t, paste.Offer, offer))
		if err != nil {
			return nil, err
		}
		answer, err := b.Admit(ctx, carried)
		if err != nil {
			return nil, err
		}
		offers, answers = offer, answer
		select { // the driver's Silence is 1 s here
		case <-time.After(3 * time.Second):
		case <-ctx.Done():
		}
		return paste.Decode(paste.Answer, encode(t, paste.Answer, answer))
	})
	if err != nil || peer != b.ID() {
		t.Fatalf("%v, %v", peer, err)
	}
	// What the package comment says of compression.
	for name, data := range map[string][]byte{"offer": offers, "answer": answers} {
		packed := deflate(t, data)
		t.Logf("%s: %d bytes, deflated %d; a text of %d characters", name, len(data), packed, len(encode(t, paste.Offer, data)))
		if packed < len(data) {
			t.Errorf("%s: compression wins now, %d bytes of %d", name, packed, len(data))
		}
	}
}

func deflate(t *testing.T, data []byte) int {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	w.Close()
	return b.Len()
}

func start(t *testing.T) (*overlay.Node, *overlay.Protocol) {
	t.Helper()
	driver, err := pion.New(pion.Config{ListenAddr: "127.0.0.1:0", Silence: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	node, err := overlay.New(overlay.Config{Driver: driver})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	chat, err := node.Protocol("chat", overlay.ProtocolConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return node, chat
}
