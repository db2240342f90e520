//go:build js || n2n_small

package wire

import (
	"bytes"
	"fmt"
	"reflect"
	"sync"
)

// What this package needs of CBOR, for web pages: cbor.go's library would be a
// sixth of what a tab has to load. Both must do the same with all bytes; so
//
//	go test -tags n2n_small ./overlay/internal/wire
//
// runs this package's tests, vectors and all, with this one. It takes unsigned
// integers, bools, byte and text strings, and arrays of them as slices and
// structs; null is a nil pointer. Structs may encode themselves.

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
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	b, err := appendValue((*buffer)[:0], reflect.ValueOf(v))
	if err != nil {
		return nil, err
	}
	*buffer = b
	return bytes.Clone(b), nil
}

// MarshalToBuffer appends the one encoding of v.
func (smallEncoding) MarshalToBuffer(v any, to *bytes.Buffer) error {
	b, err := appendValue(to.AvailableBuffer(), reflect.ValueOf(v))
	to.Write(b)
	return err
}

// buffers are of what is being encoded; no message or signal is above 16 KiB.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// marshaler and unmarshaler are types that encode themselves, as of the library.
type (
	marshaler   interface{ MarshalCBOR() ([]byte, error) }
	unmarshaler interface{ UnmarshalCBOR(item []byte) error }
)

var (
	marshalerType   = reflect.TypeFor[marshaler]()
	unmarshalerType = reflect.TypeFor[unmarshaler]()
)

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
		if v.Type().Implements(marshalerType) {
			if v.CanAddr() {
				v = v.Addr() // spares a copy
			}
			item, err := v.Interface().(marshaler).MarshalCBOR()
			return append(b, item...), err
		}
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
