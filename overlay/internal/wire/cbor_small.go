//go:build js || n2n_small

package wire

import (
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// What this package needs of CBOR, for web pages: cbor.go's library would be a
// sixth of what a tab has to load. Both must do the same with all bytes; so
//
//	go test -tags n2n_small ./overlay/internal/wire
//
// runs this package's tests, vectors and all, with this one. It takes unsigned
// integers, bools, byte and text strings, and arrays of them as slices and
// structs; null is a nil pointer.

// The major types (RFC 8949 section 3.1) and the simple values.
const (
	typeUint   = 0
	typeBytes  = 2
	typeText   = 3
	typeArray  = 4
	typeSimple = 7

	simpleFalse = 0xf4
	simpleTrue  = 0xf5
	simpleNull  = 0xf6
)

// Limits, as of the library.
const (
	maxElements = 16
	maxDepth    = 5
)

// usual is a size in bytes that few messages and signals are above.
const usual = 512

type rawMessage []byte

const small = true

var (
	encoding smallEncoding
	decoding smallDecoding

	rawType = reflect.TypeFor[rawMessage]()
)

type smallEncoding struct{}

// Marshal gives the one encoding of v (RFC 8949 section 4.2.1).
func (smallEncoding) Marshal(v any) ([]byte, error) {
	return appendValue(make([]byte, 0, usual), reflect.ValueOf(v))
}

func appendValue(b []byte, v reflect.Value) (_ []byte, err error) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(b, simpleTrue), nil
		}
		return append(b, simpleFalse), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return appendHead(b, typeUint, v.Uint()), nil
	case reflect.String:
		return append(appendHead(b, typeText, uint64(v.Len())), v.String()...), nil
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, simpleNull), nil
		}
		return appendValue(b, v.Elem())
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b = appendHead(b, typeBytes, uint64(v.Len()))
			if v.Kind() == reflect.Slice {
				return append(b, v.Bytes()...), nil
			}
			for i := range v.Len() {
				b = append(b, byte(v.Index(i).Uint()))
			}
			return b, nil
		}
		b = appendHead(b, typeArray, uint64(v.Len()))
		for i := range v.Len() {
			if b, err = appendValue(b, v.Index(i)); err != nil {
				return nil, err
			}
		}
		return b, nil
	case reflect.Struct:
		b = appendHead(b, typeArray, uint64(width(v)))
		for i := range v.NumField() {
			if blank(v.Field(i)) {
				continue
			}
			if b, err = appendValue(b, v.Field(i)); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	return nil, fmt.Errorf("cbor: no encoding for %v", v.Kind())
}

// blank reports whether a field is the empty one that has the tag.
func blank(v reflect.Value) bool { return v.Kind() == reflect.Struct && v.NumField() == 0 }

// width counts a struct's fields, but for the blank one.
func width(v reflect.Value) (n int) {
	for i := range v.NumField() {
		if !blank(v.Field(i)) {
			n++
		}
	}
	return n
}

// appendHead begins an item, in the shortest form.
func appendHead(b []byte, major byte, n uint64) []byte {
	size := 0
	switch {
	case n < 24:
		return append(b, major<<5|byte(n))
	case n < 1<<8:
		b, size = append(b, major<<5|24), 1
	case n < 1<<16:
		b, size = append(b, major<<5|25), 2
	case n < 1<<32:
		b, size = append(b, major<<5|26), 4
	default:
		b, size = append(b, major<<5|27), 8
	}
	for i := size - 1; i >= 0; i-- {
		b = append(b, byte(n>>(8*i)))
	}
	return b
}

var (
	errShort = errors.New("cbor: unexpected end")
	errForm  = errors.New("cbor: not in its shortest definite form")
	errType  = errors.New("cbor: another type than wanted")
	errLimit = errors.New("cbor: too many elements or levels")
	errRest  = errors.New("cbor: bytes after the end")
)

type smallDecoding struct{}

// Unmarshal reads b, whole, into what v points to. It keeps nothing of b.
func (smallDecoding) Unmarshal(b []byte, v any) error {
	d := decoder{b}
	if err := d.value(reflect.ValueOf(v).Elem(), 1); err != nil {
		return err
	}
	if len(d.b) > 0 {
		return errRest
	}
	return nil
}

// decoder holds what is left to be read.
type decoder struct{ b []byte }

// head reads the beginning of an item.
func (d *decoder) head() (major byte, n uint64, err error) {
	if len(d.b) == 0 {
		return 0, 0, errShort
	}
	major, n = d.b[0]>>5, uint64(d.b[0]&31)
	d.b = d.b[1:]
	if n < 24 {
		return major, n, nil
	}
	if n > 27 || major == typeSimple {
		return 0, 0, errForm
	}
	size := 1 << (n - 24)
	if len(d.b) < size {
		return 0, 0, errShort
	}
	n = 0
	for _, x := range d.b[:size] {
		n = n<<8 | uint64(x)
	}
	d.b = d.b[size:]
	if n < 24 || size > 1 && n>>(4*size) == 0 { // half the bytes would do
		return 0, 0, errForm
	}
	return major, n, nil
}

// take gives the n bytes of a string.
func (d *decoder) take(n uint64) ([]byte, error) {
	if n > uint64(len(d.b)) {
		return nil, errShort
	}
	s := d.b[:n]
	d.b = d.b[n:]
	return s, nil
}

func (d *decoder) value(v reflect.Value, depth int) error {
	if v.Type() == rawType {
		before := d.b
		if err := d.skip(depth); err != nil {
			return err
		}
		v.SetBytes(append([]byte(nil), before[:len(before)-len(d.b)]...))
		return nil
	}
	if v.Kind() == reflect.Pointer {
		if len(d.b) > 0 && d.b[0] == simpleNull {
			d.b = d.b[1:]
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(v.Elem(), depth)
	}
	major, n, err := d.head()
	if err != nil {
		return err
	}
	switch kind := v.Kind(); {
	case kind == reflect.Bool && major == typeSimple && (n == simpleFalse&31 || n == simpleTrue&31):
		v.SetBool(n == simpleTrue&31)
		return nil
	case kind >= reflect.Uint8 && kind <= reflect.Uint64 && major == typeUint && !v.OverflowUint(n):
		v.SetUint(n)
		return nil
	case kind == reflect.String && major == typeText:
		s, err := d.take(n)
		if err == nil && !utf8.Valid(s) {
			err = errType
		}
		v.SetString(string(s))
		return err
	case (kind == reflect.Slice || kind == reflect.Array) && v.Type().Elem().Kind() == reflect.Uint8 && major == typeBytes:
		return d.bytes(v, n)
	case kind == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8 && major == typeArray:
		return d.list(v, n, depth)
	case kind == reflect.Struct && major == typeArray && n == uint64(width(v)) && depth <= maxDepth:
		return d.fields(v, depth)
	}
	return errType
}

func (d *decoder) bytes(v reflect.Value, n uint64) error {
	s, err := d.take(n)
	switch {
	case err != nil:
		return err
	case v.Kind() == reflect.Slice:
		v.SetBytes(append([]byte{}, s...))
	case len(s) != v.Len():
		return errType
	default:
		reflect.Copy(v, reflect.ValueOf(s))
	}
	return nil
}

func (d *decoder) list(v reflect.Value, n uint64, depth int) error {
	if n > maxElements || depth > maxDepth {
		return errLimit
	}
	v.Set(reflect.MakeSlice(v.Type(), int(n), int(n)))
	for i := range int(n) {
		if err := d.value(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) fields(v reflect.Value, depth int) error {
	for i := range v.NumField() {
		if blank(v.Field(i)) {
			continue
		}
		if err := d.value(v.Field(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// skip goes over an item of the types that there are.
func (d *decoder) skip(depth int) error {
	major, n, err := d.head()
	if err != nil {
		return err
	}
	switch major {
	case typeUint:
		return nil
	case typeBytes, typeText:
		_, err := d.take(n)
		return err
	case typeArray:
		if n > maxElements || depth > maxDepth {
			return errLimit
		}
		for range n {
			if err := d.skip(depth + 1); err != nil {
				return err
			}
		}
		return nil
	case typeSimple:
		if n >= simpleFalse&31 && n <= simpleNull&31 {
			return nil
		}
	}
	return errType
}
