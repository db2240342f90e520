//go:build js || n2n_small

package wire

import (
	"errors"
	"reflect"
	"unicode/utf8"
)

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
		item, err := d.item(depth)
		v.SetBytes(append([]byte(nil), item...))
		return err
	}
	if v.Kind() == reflect.Struct && v.Addr().Type().Implements(unmarshalerType) {
		item, err := d.item(depth)
		if err != nil {
			return err
		}
		return v.Addr().Interface().(unmarshaler).UnmarshalCBOR(item)
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

// item gives the bytes of the next one.
func (d *decoder) item(depth int) ([]byte, error) {
	before := d.b
	err := d.skip(depth)
	return before[:len(before)-len(d.b)], err
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
