package wire

import (
	"errors"
	"unicode/utf8"
)

// What this package needs of CBOR (RFC 8949): unsigned integers, bools, byte and
// text strings, arrays, and null, each in its one encoding (section 4.2.1). It is
// written out here because it stands on the path of every signal: a library that
// finds out by reflection what to do takes ten times as long.

// The major types (section 3.1) and the simple values.
const (
	typeUint   = 0
	typeBytes  = 2
	typeText   = 3
	typeArray  = 4
	typeSimple = 7

	simpleFalse = typeSimple<<5 | 20
	simpleTrue  = typeSimple<<5 | 21
	simpleNull  = typeSimple<<5 | 22
)

// maxElements is more than any list has.
const maxElements = 16

var (
	errShort = errors.New("unexpected end")
	errForm  = errors.New("not in its shortest definite form")
	errType  = errors.New("another type or length than wanted")
	errLimit = errors.New("too many elements, or a number too large")
	errRest  = errors.New("bytes after the end")
)

// appendHead begins an item, in the shortest form.
func appendHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return append(b, major|25, byte(n>>8), byte(n))
	case n < 1<<32:
		return append(b, major|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	b = append(b, major|27)
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(n>>shift))
	}
	return b
}

func appendUint(b []byte, n uint64) []byte { return appendHead(b, typeUint, n) }

func appendBytes(b, p []byte) []byte {
	return append(appendHead(b, typeBytes, uint64(len(p))), p...)
}

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, typeText, uint64(len(s))), s...)
}

func appendArray(b []byte, n int) []byte { return appendHead(b, typeArray, uint64(n)) }

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, simpleTrue)
	}
	return append(b, simpleFalse)
}

// reader takes items off the front of b. It keeps the first error, and gives
// zeros from then on.
type reader struct {
	b   []byte
	err error
}

// fail notes an error; nothing is left to be read.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

// end gives the error, which bytes that are left are, too.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = errRest
	}
	return r.err
}

// head takes the beginning of an item of a type.
func (r *reader) head(major byte) uint64 {
	switch {
	case len(r.b) == 0:
		r.fail(errShort)
		return 0
	case r.b[0]>>5 != major:
		r.fail(errType)
		return 0
	}
	n := uint64(r.b[0] & 31)
	r.b = r.b[1:]
	if n < 24 {
		return n
	}
	if n > 27 {
		r.fail(errForm)
		return 0
	}
	size := 1 << (n - 24)
	if len(r.b) < size {
		r.fail(errShort)
		return 0
	}
	n = 0
	for _, x := range r.b[:size] {
		n = n<<8 | uint64(x)
	}
	r.b = r.b[size:]
	if n < 24 || size > 1 && n>>(4*size) == 0 { // half the bytes would do
		r.fail(errForm)
		return 0
	}
	return n
}

// uint takes a number up to limit.
func (r *reader) uint(limit uint64) uint64 {
	n := r.head(typeUint)
	if n > limit {
		r.fail(errLimit)
		return 0
	}
	return n
}

func (r *reader) bool() bool {
	if len(r.b) == 0 {
		r.fail(errShort)
		return false
	}
	v := r.b[0] == simpleTrue
	if !v && r.b[0] != simpleFalse {
		r.fail(errType)
		return false
	}
	r.b = r.b[1:]
	return v
}

// null takes a null, if one is next.
func (r *reader) null() bool {
	if len(r.b) == 0 || r.b[0] != simpleNull {
		return false
	}
	r.b = r.b[1:]
	return true
}

// text takes a string, which must be UTF-8.
func (r *reader) text() string {
	s := r.string(typeText)
	if !utf8.Valid(s) {
		r.fail(errForm)
		return ""
	}
	return string(s)
}

// bytes takes a byte string. It is a part of what is being read: to keep it, copy
// it.
func (r *reader) bytes() []byte { return r.string(typeBytes) }

func (r *reader) string(major byte) []byte {
	n := r.head(major)
	if n > uint64(len(r.b)) {
		r.fail(errShort)
		return nil
	}
	s := r.b[:n:n]
	r.b = r.b[n:]
	return s
}

// id takes a byte string of 32.
func (r *reader) id() (id [32]byte) {
	if s := r.bytes(); len(s) == len(id) {
		copy(id[:], s)
	} else {
		r.fail(errType)
	}
	return id
}

// array takes the beginning of an array of n.
func (r *reader) array(n uint64) {
	if r.head(typeArray) != n {
		r.fail(errType)
	}
}

// list takes the beginning of an array of any length up to maxElements.
func (r *reader) list() int {
	n := r.head(typeArray)
	if n > maxElements {
		r.fail(errLimit)
		return 0
	}
	return int(n)
}
