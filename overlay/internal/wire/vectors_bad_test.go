package wire

import (
	"bytes"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
)

// join puts the parts of a CBOR item together: numbers are unsigned integers,
// texts are text, bytes are what they are.
func join(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, head(majorUint, uint64(p))...)
		case string:
			b = append(append(b, head(majorText, uint64(len(p)))...), p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

func array(n int) []byte { return head(majorArray, uint64(n)) }

func bstr(b []byte) []byte { return append(head(majorBytes, uint64(len(b))), b...) }

func ints(n int) []byte { // an array of n ints, as a careless decoder would take for bytes
	return append(array(n), bytes.Repeat([]byte{1}, n)...)
}

// badVectors has bytes that must be refused.
func badVectors(t testing.TB) []*vector {
	t.Helper()
	return append(badMessages(), badSignals(t)...)
}

func badMessages() []*vector {
	id, null := bstr(fill32(1)), []byte{0xf6}
	// The messages that the cases change, with one part left out.
	frame := func(body ...any) []byte { return append(array(2), join(body...)...) }
	hello := func(version, boot, id any) []byte { return frame(1, array(4), version, boot, id, 9) }
	bind := func(name any) []byte { return frame(3, array(4), 5, name, 1, []byte{0xf5}) }
	relay := func(path, payload any) []byte { return frame(16, array(5), id, 9, path, 1, payload) }
	path := func(n int) []byte { return append(array(n), bytes.Repeat(id, n)...) }
	ping := func(id any) []byte { return frame(10, array(1), id) }
	list := []*vector{
		bad("empty", "no bytes at all", nil),
		bad("truncated", "the last byte is missing", ping(300)[:5]),
		bad("trailing", "a byte after the message", append(ping(7), 0)),
		bad("two", "two messages", append(ping(7), ping(7)...)),
		bad("null", "null instead of a frame", null),
		bad("frame-of-1", "a frame without body", join(array(1), 7)),
		bad("frame-of-3", "a frame with a third item", join(array(3), 7, array(0), 0)),
		bad("frame-map", "a frame that is a map", []byte{0xa1, 0x07, 0x80}),
		bad("frame-text", "a frame that is text", join("bye")),
		bad("tag-unknown", "tag 99", frame(99, array(0))),
		bad("tag-zero", "tag 0", frame(0, array(0))),
		bad("tag-large", "tag 263, whose low byte is that of bye", frame(263, array(0))),
		bad("tag-negative", "tag -8", frame([]byte{0x27}, array(0))),
		bad("tag-text", "a tag that is text", frame("7", array(0))),
		bad("tag-float", "tag 7.0", frame([]byte{0xf9, 0x47, 0x00}, array(0))),
		bad("tag-long", "tag 7 in two bytes: not the shortest head", frame([]byte{0x18, 7}, array(0))),
		bad("body-null", "null instead of a body", frame(7, null)),
		bad("body-undefined", "undefined instead of a body", frame(7, []byte{0xf7})),
		bad("body-map", "a body that is a map", frame(10, []byte{0xa1, 0x62, 'i', 'd', 0x07})),
		bad("body-bytes", "a body inside a byte string", frame(10, bstr(join(array(1), 7)))),
		bad("body-short", "a field is missing", frame(1, array(3), 1, 2, id)),
		bad("body-long", "a field too many", frame(10, array(2), 7, 8)),
		bad("body-empty", "bye with a field", frame(7, array(1), 0)),
		bad("body-indefinite", "an array of indefinite length", frame(10, []byte{0x9f, 7, 0xff})),
		bad("frame-indefinite", "a frame of indefinite length", []byte{0x9f, 7, 0x80, 0xff}),
		bad("frame-tagged", "a self-described frame (RFC 8949 section 3.4.6)", join([]byte{0xd9, 0xd9, 0xf7}, ping(7))),
		bad("int-long", "7 in nine bytes", ping([]byte{0x1b, 0, 0, 0, 0, 0, 0, 0, 7})),
		bad("int-negative", "-1", ping([]byte{0x20})),
		bad("int-bignum", "2^64, as a bignum", ping([]byte{0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0})),
		bad("int-small-bignum", "7, as a bignum", ping([]byte{0xc2, 0x41, 7})),
		bad("int-float", "7.0", ping([]byte{0xf9, 0x47, 0x00})),
		bad("int-nan", "NaN", ping([]byte{0xf9, 0x7e, 0x00})),
		bad("int-infinity", "infinity", ping([]byte{0xf9, 0x7c, 0x00})),
		bad("int-null", "null", ping(null)),
		bad("int-bool", "true instead of a number", ping([]byte{0xf5})),
		bad("int-text", "a number as text", ping("7")),
		bad("int-tagged", "a number with a time tag", ping([]byte{0xc1, 7})),
		bad("int-reserved", "a reserved head (28)", ping([]byte{0x1c})),
		bad("int-uint16", "65536 as a uint16", hello(65536, 2, id)),
		bad("bool-int", "1 instead of true", frame(6, array(2), 5, 1)),
		bad("bool-null", "null instead of false", frame(6, array(2), 5, null)),
		bad("bool-simple", "simple value 24", frame(6, array(2), 5, []byte{0xf8, 24})),
		bad("bool-long", "false in two bytes", frame(6, array(2), 5, []byte{0xf8, 20})),
		bad("id-short", "a peer id of 31 bytes", hello(1, 2, bstr(fill32(1)[:31]))),
		bad("id-long", "a peer id of 33 bytes", hello(1, 2, bstr(append(fill32(1), 1)))),
		bad("id-empty", "a peer id of no bytes", hello(1, 2, bstr(nil))),
		bad("id-ints", "a peer id as an array of 32 ints", hello(1, 2, ints(32))),
		bad("id-few-ints", "a peer id as an array of 16 ints", hello(1, 2, ints(16))),
		bad("id-null", "null instead of a peer id", hello(1, 2, null)),
		bad("id-text", "a peer id as text", hello(1, 2, strings.Repeat("x", 32))),
		bad("id-indefinite", "a peer id in two pieces", hello(1, 2, join([]byte{0x5f}, bstr(fill32(1)[:16]), bstr(fill32(1)[:16]), []byte{0xff}))),
		bad("id-tagged", "a peer id with a tag", hello(1, 2, join([]byte{0xd8, 0x18}, id))),
		bad("text-long", "a name of 65 bytes", bind(strings.Repeat("n", arc.MaxBindProtocol+1))),
		bad("text-long-runes", "a name of 33 characters in 66 bytes", bind(strings.Repeat("é", 33))),
		bad("text-not-utf8", "a name that is not UTF-8", bind("sp\xffay")),
		bad("text-surrogate", "a name with a surrogate half", bind("\xed\xa0\x80")),
		bad("text-bytes", "a name as bytes", bind(bstr([]byte("spray")))),
		bad("text-indefinite", "a name in pieces", bind(join([]byte{0x7f}, "sp", "ray", []byte{0xff}))),
		bad("text-null", "null instead of a name", bind(null)),
		bad("text-huge", "a name that claims 2^62 bytes", bind(head(majorText, 1<<62))),
		bad("path-long", "a path of 7 peers", relay(path(7), bstr(nil))),
		bad("path-longer", "a path of 17 peers", relay(path(17), bstr(nil))),
		bad("path-of-zeros", "a path of 3900 zeros", relay(append(array(3900), make([]byte, 3900)...), bstr(nil))),
		bad("path-indefinite", "a path of indefinite length", relay(join([]byte{0x9f}, id, []byte{0xff}), bstr(nil))),
		bad("path-null", "null instead of a path", relay(null, bstr(nil))),
		bad("path-of-null", "a path of nulls", relay(join(array(2), null, null), bstr(nil))),
		bad("path-short-id", "a path with an id of 31 bytes", relay(join(array(1), bstr(fill32(1)[:31])), bstr(nil))),
		bad("path-bytes", "a path as one byte string", relay(bstr(append(fill32(1), fill32(2)...)), bstr(nil))),
		bad("path-huge", "a path that claims 2^32-1 peers", relay(head(majorArray, 1<<32-1), bstr(nil))),
		bad("path-deep", "a path that nests", relay(bytes.Repeat(array(1), 64), bstr(nil))),
		bad("payload-long", "a payload of 2049 bytes", relay(path(3), bstr(make([]byte, MaxSignal+1)))),
		bad("payload-ints", "a payload as an array of ints", relay(path(3), ints(16))),
		bad("payload-null", "null instead of a payload", relay(path(3), null)),
		bad("payload-text", "a payload as text", relay(path(3), "x")),
		bad("payload-huge", "a payload that claims 2^62 bytes", relay(path(3), head(majorBytes, 1<<62))),
		bad("enum-unknown", "outcome 5", frame(20, array(2), 9, 5)),
		bad("deep", "an array in an array, 4000 times", bytes.Repeat(array(1), 4000)),
		bad("largest", "4097 bytes", frame(16, array(5), id, 9, path(3), 1, bstr(make([]byte, MaxMessage+1-145)))),
	}
	if n := len(list[len(list)-1].bytes); n != MaxMessage+1 {
		panic(n) // the table says 4097
	}
	return list
}

func bad(name, what string, b []byte) *vector {
	return &vector{name: "bad-" + name, what: what, kind: "message", expect: "malformed", bytes: b}
}
