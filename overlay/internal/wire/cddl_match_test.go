package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// item is a CBOR data item, read by a reader of our own, which shares nothing
// with the package's: two readings that agree are hardly both wrong.
type item struct {
	major byte   // RFC 8949 section 3.1
	n     uint64 // the value of an integer; 20, 21, 22: false, true, null
	bytes []byte // of a string
	items []item // of an array
}

const (
	majorUint   = 0
	majorBytes  = 2
	majorText   = 3
	majorArray  = 4
	majorSimple = 7
)

// readAll reads the one item that b is, in the deterministic encoding.
func readAll(b []byte) (item, error) {
	i, rest, err := readItem(b, 5)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes after the item", len(rest))
	}
	return i, err
}

// head gives the first bytes of an item (RFC 8949 section 4.2.1: shortest form).
func head(major byte, n uint64) []byte {
	m := major << 5
	switch {
	case n < 24:
		return []byte{m | byte(n)}
	case n < 1<<8:
		return []byte{m | 24, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{m | 25}, uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32([]byte{m | 26}, uint32(n))
	}
	return binary.BigEndian.AppendUint64([]byte{m | 27}, n)
}

func readItem(b []byte, depth int) (i item, rest []byte, err error) {
	if len(b) == 0 || depth == 0 {
		return i, nil, errors.New("too short, or too deep")
	}
	i.major, i.n = b[0]>>5, uint64(b[0]&31)
	size := 0
	if i.n >= 24 && i.n < 28 {
		size = 1 << (i.n - 24)
	}
	if i.n >= 28 || len(b) < 1+size {
		return i, nil, errors.New("head: indefinite, reserved or cut")
	}
	if size > 0 {
		i.n = 0
		for _, c := range b[1 : 1+size] {
			i.n = i.n<<8 | uint64(c)
		}
	}
	if len(head(i.major, i.n)) != 1+size {
		return i, nil, errors.New("head: not the shortest")
	}
	rest = b[1+size:]
	switch i.major {
	case majorUint:
	case majorBytes, majorText:
		if i.n > uint64(len(rest)) {
			return i, nil, errors.New("string: cut")
		}
		i.bytes, rest = rest[:i.n], rest[i.n:]
		if i.major == majorText && !utf8.Valid(i.bytes) {
			return i, nil, errors.New("text: not UTF-8")
		}
	case majorArray:
		for range i.n {
			var e item
			if e, rest, err = readItem(rest, depth-1); err != nil {
				return i, nil, err
			}
			i.items = append(i.items, e)
		}
	case majorSimple:
		if size > 0 || i.n < 20 || i.n > 22 {
			return i, nil, errors.New("float, or unknown simple value")
		}
	default:
		return i, nil, fmt.Errorf("major type %d", i.major)
	}
	return i, rest, nil
}

// matches reports why b is not what the rule says.
func (c cddl) matches(rule string, b []byte) error {
	i, err := readAll(b)
	if err != nil {
		return err
	}
	if !c.match(c[rule], i) {
		return fmt.Errorf("%x is no %s", b, rule)
	}
	return nil
}

func (c cddl) match(t *cddlType, i item) bool {
	switch t.op {
	case "choice":
		return slices.ContainsFunc(t.args, func(a *cddlType) bool { return c.match(a, i) })
	case "int":
		return i.major == majorUint && i.n == t.lo
	case "range":
		return i.major == majorUint && i.n >= t.lo && i.n <= t.hi
	case "bytes":
		return i.major == majorBytes && string(i.bytes) == t.bytes
	case "enum":
		return slices.ContainsFunc(t.items, func(e cddlItem) bool { return c.match(e.t, i) })
	case "array":
		return i.major == majorArray && c.matchItems(t.items, i.items)
	case "size":
		return c.match(t.args[0], i) && fits(t, i)
	case "cbor":
		if !c.match(t.args[0], i) {
			return false
		}
		inner, err := readAll(i.bytes)
		return err == nil && c.match(t.args[1], inner)
	case "regexp":
		return c.match(t.args[0], i) && t.re.Match(i.bytes) && t.re.FindString(string(i.bytes)) == string(i.bytes)
	}
	return c.matchName(t.name, i)
}

// fits: RFC 8610 section 3.8.1.
func fits(t *cddlType, i item) bool {
	if i.major == majorUint {
		return t.lo >= 8 || i.n>>(8*t.lo) == 0
	}
	return uint64(len(i.bytes)) >= t.lo && uint64(len(i.bytes)) <= t.hi
}

func (c cddl) matchItems(want []cddlItem, have []item) bool {
	for _, w := range want {
		var n uint64
		for n < w.max && len(have) > 0 && c.match(w.t, have[0]) {
			have = have[1:]
			n++
		}
		if n < w.min {
			return false
		}
	}
	return len(have) == 0
}

func (c cddl) matchName(name string, i item) bool {
	if t := c[name]; t != nil {
		return c.match(t, i)
	}
	switch name {
	case "uint":
		return i.major == majorUint
	case "bstr":
		return i.major == majorBytes
	case "tstr":
		return i.major == majorText
	case "bool":
		return i.major == majorSimple && (i.n == 20 || i.n == 21)
	case "false":
		return i.major == majorSimple && i.n == 20
	case "true":
		return i.major == majorSimple && i.n == 21
	case "null":
		return i.major == majorSimple && i.n == 22
	}
	return false
}

// frame reports why b is no message: what Decode must refuse, and nothing else.
func (c cddl) frame(b []byte) error {
	if len(b) > MaxMessage { // rule 1
		return fmt.Errorf("%d bytes", len(b))
	}
	return c.matches("frame", b)
}

// signal reports why b is no signal, its signature aside: what Open must refuse
// as malformed, and nothing else. The rules are those that wire.cddl numbers.
func (c cddl) signal(b []byte) error {
	if len(b) > MaxSignal { // rule 1
		return fmt.Errorf("%d bytes", len(b))
	}
	if err := c.matches("signal", b); err != nil {
		return err
	}
	envelope, _ := readAll(b)
	p, _ := readAll(envelope.items[0].bytes)
	from, to, ref := string(p.items[3].bytes), string(p.items[4].bytes), string(p.items[5].bytes)
	zero := string(make([]byte, 32))
	if from == zero || to == zero || ref == zero || from == to { // rule 2
		return errors.New("ids")
	}
	candidates := p.items[11].items
	if d := p.items[9]; d.major == majorArray {
		candidates = append(candidates, d.items[7].items...)
	}
	for _, x := range candidates { // rules 3 and 4
		kind, address := x.items[0], x.items[2]
		if address.major == majorBytes && nobodys(address.bytes) || address.major == majorText && kind.n != 0 {
			return fmt.Errorf("%d with address %x", kind.n, address.bytes)
		}
	}
	return nil
}

func nobodys(ip []byte) bool {
	if len(ip) == 4 {
		n := binary.BigEndian.Uint32(ip)
		return n == 0 || n == 1<<32-1 || n>>28 == 14 // RFC 1122, RFC 919, RFC 5771
	}
	high, low := binary.BigEndian.Uint64(ip), binary.BigEndian.Uint64(ip[8:])
	return high == 0 && low == 0 || ip[0] == 0xff || high == 0 && low>>32 == 0xffff // RFC 4291 section 2
}

// from gives the sender of a signal that the rules take.
func (c cddl) from(b []byte) (id [32]byte) {
	envelope, _ := readAll(b)
	p, _ := readAll(envelope.items[0].bytes)
	return [32]byte(p.items[3].bytes)
}
