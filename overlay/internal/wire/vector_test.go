package wire

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

// vector is a file of spec/vectors; the format is that of the README there.
type vector struct {
	name, what, kind, expect string
	network                  string // of a signal: the codec's
	seed                     string // of a signal: the signer's, in hex
	tag                      string // of a good message
	hash                     string // of a good offer, in hex
	fields                   [][2]string
	bytes                    []byte
}

const vectorsDir = "../../../spec/vectors"

// headers gives the vector's lines in the order of the file.
func (v *vector) headers() [][2]string {
	all := [][2]string{
		{"name", v.name}, {"what", v.what}, {"kind", v.kind}, {"expect", v.expect},
		{"network", v.network}, {"seed", v.seed}, {"tag", v.tag}, {"hash", v.hash},
	}
	var set [][2]string
	for _, h := range all {
		if h[1] != "" {
			set = append(set, h)
		}
	}
	for _, f := range v.fields {
		set = append(set, [2]string{"field", f[0] + " = " + f[1]})
	}
	return set
}

func (v *vector) String() string {
	var b strings.Builder
	for _, h := range v.headers() {
		b.WriteString(strings.TrimRight(h[0]+": "+h[1], " ") + "\n")
	}
	b.WriteString("hex:\n")
	for rest := hex.EncodeToString(v.bytes); rest != ""; {
		n := min(len(rest), 64)
		b.WriteString(rest[:n] + "\n")
		rest = rest[n:]
	}
	return b.String()
}

func parseVector(text string) (*vector, error) {
	v := &vector{}
	head, body, ok := strings.Cut(text, "hex:\n")
	if !ok {
		return nil, fmt.Errorf("no hex")
	}
	into := map[string]*string{
		"name": &v.name, "what": &v.what, "kind": &v.kind, "expect": &v.expect,
		"network": &v.network, "seed": &v.seed, "tag": &v.tag, "hash": &v.hash,
	}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if key == "field" {
			name, x, _ := strings.Cut(value, " =")
			v.fields = append(v.fields, [2]string{name, strings.TrimPrefix(x, " ")})
			continue
		}
		if into[key] == nil {
			return nil, fmt.Errorf("line %q", line)
		}
		*into[key] = value
	}
	var err error
	v.bytes, err = hex.DecodeString(strings.Join(strings.Fields(body), ""))
	if err == nil && v.String() != text {
		err = fmt.Errorf("not as it would be written:\n%s", v)
	}
	return v, err
}

// loadVectors reads all files of spec/vectors, by name.
func loadVectors(t testing.TB) map[string]*vector {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vectorsDir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	all := map[string]*vector{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := parseVector(string(b))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if v.name+".txt" != filepath.Base(file) {
			t.Fatalf("%s: name %q", file, v.name)
		}
		all[v.name] = v
	}
	return all
}

func (v *vector) key(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	return ed25519.NewKeyFromSeed(unhex(t, v.seed))
}

// messageFields gives the fields of a message as text.
func messageFields(m Message) (fields [][2]string) {
	v := reflect.ValueOf(m).Elem()
	for i := 1; i < v.NumField(); i++ {
		fields = append(fields, [2]string{strings.ToLower(v.Type().Field(i).Name), fieldText(v.Field(i))})
	}
	return fields
}

func fieldText(f reflect.Value) string {
	switch f.Kind() {
	case reflect.String:
		return strconv.Quote(f.String())
	case reflect.Bool:
		return strconv.FormatBool(f.Bool())
	case reflect.Array:
		return fmt.Sprintf("%x", f.Interface())
	case reflect.Slice:
		if f.Type().Elem().Kind() == reflect.Uint8 {
			return hex.EncodeToString(f.Bytes())
		}
		var list []string
		for i := range f.Len() {
			list = append(list, fieldText(f.Index(i)))
		}
		return strings.Join(list, " ")
	}
	return strconv.FormatUint(f.Uint(), 10)
}

// setField is the inverse of fieldText.
func setField(t testing.TB, f reflect.Value, text string) {
	t.Helper()
	var err error
	switch f.Kind() {
	case reflect.String:
		text, err = strconv.Unquote(text)
		f.SetString(text)
	case reflect.Bool:
		f.SetBool(text == "true")
	case reflect.Array:
		reflect.Copy(f, reflect.ValueOf(unhex(t, text)))
	case reflect.Slice:
		if f.Type().Elem().Kind() == reflect.Uint8 {
			f.SetBytes(unhex(t, text))
			return
		}
		for _, x := range strings.Fields(text) {
			e := reflect.New(f.Type().Elem()).Elem()
			setField(t, e, x)
			f.Set(reflect.Append(f, e))
		}
	default:
		var n uint64
		n, err = strconv.ParseUint(text, 10, 64)
		f.SetUint(n)
	}
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
}

// message makes the message that a vector's lines name.
func (v *vector) message(t testing.TB) Message {
	t.Helper()
	tag, err := strconv.ParseUint(v.tag, 10, 8)
	if err != nil {
		t.Fatal(err)
	}
	m := newMessage(uint8(tag))
	s := reflect.ValueOf(m).Elem()
	if s.NumField()-1 != len(v.fields) {
		t.Fatalf("%d fields, want %d", len(v.fields), s.NumField()-1)
	}
	for i, f := range v.fields {
		if want := strings.ToLower(s.Type().Field(i + 1).Name); f[0] != want {
			t.Fatalf("field %d is %s, want %s", i, f[0], want)
		}
		setField(t, s.Field(i+1), f[1])
	}
	return m
}

// signalFields gives the fields of a signal as text, always all of them.
func signalFields(s *transport.Signal) [][2]string {
	hex32 := func(b [32]byte) string {
		if b == [32]byte{} {
			return ""
		}
		return hex.EncodeToString(b[:])
	}
	fields := [][2]string{
		{"kind", s.Kind.String()},
		{"initiator", hex32(s.Session.Initiator)},
		{"number", strconv.FormatUint(s.Session.Number, 10)},
		{"from", hex32(s.From)},
		{"to", hex32(s.To)},
		{"ref", hex32(s.Ref)},
		{"mine", strconv.FormatUint(s.Mine, 10)},
		{"yours", strconv.FormatUint(s.Yours, 10)},
		{"reason", strconv.Itoa(int(s.Reason))},
	}
	if d := s.Description; d != nil {
		fields = append(fields, [][2]string{
			{"fingerprint", hex32(d.Fingerprint)},
			{"ufrag", d.Ufrag},
			{"password", d.Password},
			{"setup", d.Setup.String()},
			{"max-message", strconv.FormatUint(uint64(d.MaxMessage), 10)},
			{"eager", strconv.FormatBool(d.Eager)},
			{"sctp-init", hex.EncodeToString(d.SCTPInit)},
		}...)
		fields = append(fields, candidateFields("description.candidate", d.Candidates)...)
	}
	if w := s.Wish; w != nil {
		fields = append(fields, [2]string{"wish.arc", strconv.FormatUint(w.Arc, 10)}, [2]string{"wish.protocol", w.Protocol})
	}
	fields = append(fields, candidateFields("candidate", s.Candidates)...)
	return append(fields, [2]string{"last", strconv.FormatBool(s.Last)})
}

func candidateFields(name string, cs []transport.Candidate) (fields [][2]string) {
	for _, c := range cs {
		fields = append(fields, [2]string{name, c.String()})
	}
	return fields
}

// signal makes the signal that a vector's lines name.
func (v *vector) signal(t testing.TB) *transport.Signal {
	t.Helper()
	s := &transport.Signal{}
	d := &transport.Description{}
	number := func(text string, bits int) uint64 {
		n, err := strconv.ParseUint(text, 10, bits)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	bytes32 := func(to *[32]byte, text string) { copy(to[:], unhex(t, text)) }
	for _, f := range v.fields {
		switch text := f[1]; f[0] {
		case "kind":
			s.Kind = named(t, transport.Reject, text)
		case "initiator":
			bytes32((*[32]byte)(&s.Session.Initiator), text)
		case "number":
			s.Session.Number = number(text, 64)
		case "from":
			bytes32((*[32]byte)(&s.From), text)
		case "to":
			bytes32((*[32]byte)(&s.To), text)
		case "ref":
			bytes32(&s.Ref, text)
		case "mine":
			s.Mine = number(text, 64)
		case "yours":
			s.Yours = number(text, 64)
		case "reason":
			s.Reason = transport.Reason(number(text, 8))
		case "fingerprint":
			s.Description = d
			bytes32(&d.Fingerprint, text)
		case "ufrag":
			d.Ufrag = text
		case "password":
			d.Password = text
		case "setup":
			d.Setup = named(t, transport.SetupPassive, text)
		case "max-message":
			d.MaxMessage = uint32(number(text, 32))
		case "eager":
			d.Eager = text == "true"
		case "wish.arc":
			s.Wish = &transport.Wish{Arc: number(text, 64)}
		case "wish.protocol":
			s.Wish.Protocol = text
		case "sctp-init":
			if text != "" {
				d.SCTPInit = unhex(t, text)
			}
		case "description.candidate":
			d.Candidates = append(d.Candidates, parseCandidate(t, text))
		case "candidate":
			s.Candidates = append(s.Candidates, parseCandidate(t, text))
		case "last":
			s.Last = text == "true"
		default:
			t.Fatalf("field %q", f[0])
		}
	}
	return s
}

func parseCandidate(t testing.TB, text string) transport.Candidate {
	t.Helper()
	f := strings.Fields(text)
	priority, err := strconv.ParseUint(f[1], 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	c := transport.Candidate{Type: named(t, transport.Relayed, f[0]), Priority: uint32(priority)}
	name, port, ok := strings.Cut(f[2], ".local:")
	if !ok {
		c.Addr = netip.MustParseAddrPort(f[2])
		return c
	}
	c.Name = name
	c.Addr = netip.AddrPortFrom(netip.Addr{}, netip.MustParseAddrPort("[::]:"+port).Port())
	return c
}

// named gives the value up to last whose name is text.
func named[T interface {
	~uint8
	String() string
}](t testing.TB, last T, text string) T {
	t.Helper()
	for v := range last + 1 {
		if v.String() == text {
			return v
		}
	}
	t.Fatalf("unknown: %q", text)
	return 0
}

// TestVectorFormat: what is written is read again.
func TestVectorFormat(t *testing.T) {
	for _, v := range append(goodVectors(t), badVectors(t)...) {
		again, err := parseVector(v.String())
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if !bytes.Equal(again.bytes, v.bytes) || fmt.Sprint(again.headers()) != fmt.Sprint(v.headers()) {
			t.Errorf("%s reads as\n%s", v.name, again)
		}
	}
	for _, bad := range []string{"", "name: x\n", "nome: x\nhex:\n", "name: x\nhex:\n0\n", "name: x\nhex:\n00ff\nAA\n"} {
		if v, err := parseVector(bad); err == nil {
			t.Errorf("%q reads as %v", bad, v)
		}
	}
}
