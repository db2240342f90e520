package wire

import (
	"fmt"
	"math"
)

// What a message can have as a field (spec.Kind), as the pointer that its Fields
// gives.

// room is at least as many bytes as the field takes.
func room(field any) int {
	const head = 9
	switch p := field.(type) {
	case *[32]byte:
		return head + len(p)
	case *[][32]byte:
		return head + len(*p)*(head+32)
	case *string:
		return head + len(*p)
	case *[]byte:
		return head + len(*p)
	}
	return head
}

func appendField(b []byte, field any) []byte {
	switch p := field.(type) {
	case *uint8:
		return appendUint(b, uint64(*p))
	case *uint16:
		return appendUint(b, uint64(*p))
	case *uint32:
		return appendUint(b, uint64(*p))
	case *uint64:
		return appendUint(b, *p)
	case *bool:
		return appendBool(b, *p)
	case *string:
		return appendText(b, *p)
	case *[]byte:
		return appendBytes(b, *p)
	case *[32]byte:
		return appendBytes(b, p[:])
	case *[][32]byte:
		b = appendArray(b, len(*p))
		for i := range *p {
			b = appendBytes(b, (*p)[i][:])
		}
		return b
	}
	panic(fmt.Sprintf("wire: field of type %T", field)) // gen writes no other
}

// field takes a field. What it keeps is copied.
func (r *reader) field(field any) {
	switch p := field.(type) {
	case *uint8:
		*p = uint8(r.uint(math.MaxUint8))
	case *uint16:
		*p = uint16(r.uint(math.MaxUint16))
	case *uint32:
		*p = uint32(r.uint(math.MaxUint32))
	case *uint64:
		*p = r.uint(math.MaxUint64)
	case *bool:
		*p = r.bool()
	case *string:
		*p = r.text()
	case *[]byte:
		*p = append([]byte{}, r.bytes()...)
	case *[32]byte:
		*p = r.id()
	case *[][32]byte:
		*p = make([][32]byte, r.list())
		for i := range *p {
			(*p)[i] = r.id()
		}
	default:
		panic(fmt.Sprintf("wire: field of type %T", field))
	}
}
