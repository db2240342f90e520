package entrance

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

var helloFrame = frame{kind: hello, role: newcomer, peer: transport.PeerID{1, 31: 2}, token: token{3, 15: 4}, room: "lobby"}

// The bytes of version 1, for implementations in other languages.
var vectors = []struct {
	frame frame
	hex   string
}{
	{helloFrame, "0102" + "01" + strings.Repeat("00", 30) + "02" + "03" + strings.Repeat("00", 14) + "04" + "6c6f626279"},
	{frame{kind: welcome}, "02"},
	{frame{kind: begin, number: 7}, "0300000007"},
	{frame{kind: signal, number: 0x01020304, signal: []byte("s")}, "040102030473"},
	{frame{kind: end, number: 7}, "0500000007"},
	{frame{kind: moved}, "06"},
	{frame{kind: refused, reason: Unanswered, after: 1500 * time.Millisecond}, "0705000005dc"},
	{frame{kind: goaway, after: time.Second}, "08000003e8"},
	{frame{kind: ping}, "09"},
	{frame{kind: pong}, "0a"},
}

func TestFrameVectors(t *testing.T) {
	for _, v := range vectors {
		if got := hex.EncodeToString(v.frame.encode()); got != v.hex {
			t.Errorf("%+v: encoded as %s, want %s", v.frame, got, v.hex)
		}
		b, _ := hex.DecodeString(v.hex)
		if got, err := decode(b); err != nil || !reflect.DeepEqual(got, v.frame) {
			t.Errorf("%s: decoded as %+v, %v; want %+v", v.hex, got, err, v.frame)
		}
	}
}

func TestFrameLimits(t *testing.T) {
	room := func(name string) []byte { f := helloFrame; f.room = name; return f.encode() }
	big := func(n int) []byte { return frame{kind: signal, signal: make([]byte, n)}.encode() }
	for name, b := range map[string][]byte{"room of 64": room(strings.Repeat("ü", 32)), "signal of 2048": big(2048)} {
		if _, err := decode(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	role := helloFrame
	role.role = 3
	bad := map[string][]byte{
		"nothing": {}, "kind 0": {0}, "kind 11": {11}, "4097 bytes": make([]byte, 4097),
		"room of 65": room(strings.Repeat("x", 65)), "no room": room(""), "room not UTF-8": room("\xff"), "role 3": role.encode(),
		"empty signal": big(0), "signal of 2049": big(2049),
	}
	for _, v := range vectors {
		b, _ := hex.DecodeString(v.hex)
		if k := v.frame.kind; k != hello && k != signal {
			bad["longer "+v.hex] = append(b[:len(b):len(b)], 0)
		}
		if k := v.frame.kind; k != hello {
			bad["shorter "+v.hex] = b[:len(b)-1]
		}
	}
	for name, b := range bad {
		if f, err := decode(b); !errors.Is(err, errFrame) {
			t.Errorf("%s: decoded as %+v, %v", name, f, err)
		}
	}
}

func TestRenumber(t *testing.T) {
	b := frame{kind: signal, number: 7, signal: []byte("s")}.encode()
	renumber(b, 1<<31)
	if f, err := decode(b); err != nil || f.number != 1<<31 || string(f.signal) != "s" {
		t.Errorf("%+v, %v", f, err)
	}
}

// Whatever is taken has exactly one encoding.
func FuzzFrame(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.frame.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := decode(b)
		if err != nil {
			return
		}
		if again := v.encode(); !bytes.Equal(again, b) {
			t.Errorf("%x is %+v, which is %x", b, v, again)
		}
	})
}

// Each reason has a name, and its number in the protocol does not change.
func TestReasons(t *testing.T) {
	seen := map[string]bool{}
	for r := Reason(1); r < reasons; r++ {
		if s := r.String(); s == "" || seen[s] || strings.HasPrefix(s, "Reason(") {
			t.Errorf("reason %d is named %q", r, s)
		}
		seen[r.String()] = true
		err := error(&RefusedError{Reason: r})
		if errors.Is(err, ErrEmptyRoom) != (r == EmptyRoom) || errors.Is(err, ErrRefused) == (r == EmptyRoom) {
			t.Errorf("%v is the wrong error", err)
		}
	}
	if EmptyRoom != 1 || TooLong != 6 || Silent != 11 || Closing != 17 {
		t.Error("numbers have changed")
	}
	if s := Reason(200).String(); s != "Reason(200)" {
		t.Error(s)
	}
}
