package wire

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/transport"
)

// everyMessage gives a zero message of every tag.
func everyMessage() (list []Message) {
	for tag := range 256 {
		if m := newMessage(uint8(tag)); m != nil {
			list = append(list, m)
		}
	}
	return list
}

func nameOf(m Message) string { return strings.ToLower(reflect.TypeOf(m).Elem().Name()) }

// TestCDDLMessages: wire.cddl has exactly the messages that the specs declare,
// each with its tag and its fields in their order, with type and limit.
func TestCDDLMessages(t *testing.T) {
	rules := loadCDDL(t)
	var frames []string
	for _, m := range everyMessage() {
		name := nameOf(m)
		frames = append(frames, name)
		if rules[name] == nil {
			t.Errorf("wire.cddl: no rule %s", name)
			continue
		}
		v := reflect.ValueOf(m).Elem()
		var fields []string
		for i := 1; i < v.NumField(); i++ { // 0 says that it is an array
			field := strings.ToLower(v.Type().Field(i).Name)
			fields = append(fields, field+": "+cddlOf(v.Field(i).Type(), limitOf(m, i)))
		}
		want := fmt.Sprintf("[%d, [%s]]", m.Tag(), strings.Join(fields, ", "))
		if got := rules[name].String(); got != want {
			t.Errorf("wire.cddl: %s =\n%s\nwant, by the spec,\n%s", name, got, want)
		}
	}
	if got, want := rules["frame"].String(), strings.Join(frames, " / "); got != want {
		t.Errorf("wire.cddl: frame = %s\nwant %s", got, want)
	}
}

// limitOf asks the generated Check for the limit of a message's field; -1: none.
func limitOf(m Message, field int) int {
	v := reflect.New(reflect.TypeOf(m).Elem()).Elem()
	f := v.Field(field)
	switch f.Kind() {
	case reflect.String:
		f.SetString(strings.Repeat("x", 1<<16))
	case reflect.Slice:
		f.Set(reflect.MakeSlice(f.Type(), 1<<16, 1<<16))
	case reflect.Uint8:
		f.SetUint(255)
	}
	err := v.Interface().(Message).Check()
	var a *arc.LimitError
	var s *signal.LimitError
	var d *media.LimitError
	switch {
	case errors.As(err, &a):
		return a.Limit
	case errors.As(err, &d):
		return d.Limit
	case errors.As(err, &s):
		return s.Limit
	}
	return -1
}

// cddlOf is how wire.cddl writes a type of the spec language.
func cddlOf(t reflect.Type, limit int) string {
	switch t.Kind() {
	case reflect.Array:
		return "peer-id"
	case reflect.String:
		return fmt.Sprintf("tstr .size (0..%d)", limit)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Array {
			return fmt.Sprintf("[0*%d peer-id]", limit)
		}
		return fmt.Sprintf("bstr .size (0..%d)", limit)
	case reflect.Uint8:
		if limit >= 0 {
			return strings.ToLower(t.Name()) // an enum
		}
	}
	return t.Kind().String()
}

// TestCDDLBasics: the numbers in wire.cddl are those of the code.
func TestCDDLBasics(t *testing.T) {
	rules := loadCDDL(t)
	kinds := []string{}
	for k := transport.Offer; k <= transport.Reject; k++ {
		kinds = append(kinds, k.String())
	}
	for rule, want := range map[string]string{
		"uint8":   "uint .size 1",
		"uint16":  "uint .size 2",
		"uint32":  "uint .size 4",
		"uint64":  "uint .size 8",
		"peer-id": "bstr .size 32",
		"hash":    "bstr .size 32",
		"outcome": enum(signal.OutcomeOpened, signal.OutcomeTimeout),
		"halt":    enum(media.HaltUnable, media.HaltTimeout),
		"media":   fmt.Sprintf("[opus: 96..127, vp8: 96..127, twcc: 0..14, sections: [0*%d section]]", transport.MaxSections),
		"section": fmt.Sprintf("[kind: media-kind, ssrc: uint32, label: tstr .size (0..%d), stream: tstr .size (0..%d), track: tstr .size (0..%d)]",
			transport.MaxLabel, transport.MaxTrackID, transport.MaxTrackID),
		"media-kind": enum(transport.Audio, transport.Video),
		"setup":      enum(transport.SetupActPass, transport.SetupPassive),
		"candidate-type": enum(transport.Host,
			transport.Relayed),
		"reason":     fmt.Sprintf("&(none: %d, known: %d, busy: %d, refused: %d)", transport.NoReason, transport.Known, transport.Busy, transport.Refused),
		"payload":    strings.Join(kinds, " / "),
		"candidates": "candidates-of-offer / candidates-of-answer",
		"candidate":  "[type: candidate-type, priority: uint32, address: bstr .size 4 / bstr .size 16 / hidden, port: 1024..65535]",
		"hidden":     `tstr .regexp "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"`,
		"description": fmt.Sprintf("[fingerprint: hash, ufrag: tstr .regexp %q, password: tstr .regexp %q, setup: setup, "+
			"max-message: %d..%d, eager: bool, sctp-init: bstr .size (0..%d), candidates: [0*%d candidate]]",
			fmt.Sprintf("[A-Za-z0-9+/]{4,%d}", transport.MaxUfrag),
			fmt.Sprintf("[A-Za-z0-9+/]{%d,%d}", transport.MinPassword, transport.MaxPassword),
			transport.MaxFrame, uint32(1<<32-1), transport.MaxSCTPInit, transport.MaxCandidates),
	} {
		if got := rules[rule].String(); got != want {
			t.Errorf("wire.cddl: %s =\n%s\nwant\n%s", rule, got, want)
		}
	}
}

// enum writes an enum of the code, from its first value to its last.
func enum[T interface {
	~uint8
	String() string
}](first, last T) string {
	var list []string
	for v := first; v <= last; v++ {
		list = append(list, fmt.Sprintf("%s: %d", v.String(), v))
	}
	return "&(" + strings.Join(list, ", ") + ")"
}

// TestCDDLSignals: the five kinds have the same fields in the same order, those
// of the struct that is encoded, and the kind's number in front.
func TestCDDLSignals(t *testing.T) {
	rules := loadCDDL(t)
	names := func(v any) (list []string) {
		for f := range reflect.TypeOf(v).Fields() {
			if f.Name != "_" {
				list = append(list, strings.ToLower(f.Name))
			}
		}
		return list
	}
	inRule := func(rule string) (list []string) {
		for _, i := range rules[rule].items {
			list = append(list, strings.ReplaceAll(i.name, "-", ""))
		}
		return list
	}
	same := func(rule string, v any) {
		t.Helper()
		if got, want := fmt.Sprint(inRule(rule)), fmt.Sprint(names(v)); got != want {
			t.Errorf("wire.cddl: %s has %s\nwant %s", rule, got, want)
		}
	}
	same("signal", envelope{})
	same("description", description{})
	same("candidate", candidate{})
	same("media", sections{})
	same("section", section{})
	for rule, kind := range map[string]transport.SignalKind{
		"offer": transport.Offer, "answer": transport.Answer, "candidates-of-offer": transport.Candidates,
		"candidates-of-answer": transport.Candidates, "reset": transport.Reset, "reject": transport.Reject,
	} {
		same(rule, payload{})
		if got, want := rules[rule].items[0].t.String(), fmt.Sprint(uint8(kind)); got != want {
			t.Errorf("wire.cddl: %s is kind %s, want %s", rule, got, want)
		}
	}
	for kind, number := range map[transport.SignalKind]uint8{
		transport.Offer: signal.OfferKind, transport.Answer: signal.AnswerKind, transport.Candidates: signal.CandidatesKind,
		transport.Reset: signal.ResetKind, transport.Reject: signal.RejectKind,
	} {
		if uint8(kind) != number {
			t.Errorf("%v is %d, in spec/signal.fsm %d", kind, uint8(kind), number)
		}
	}
}

// TestCDDLMatcher: the matcher of these tests refuses what it should.
func TestCDDLMatcher(t *testing.T) {
	rules, err := parseCDDL(`a = [x: 1..3, y: b .size 2, 0*2 c] ; a note
		b = bstr
		c = tstr .regexp "[a-z]{2}" / null / &(u: 7, v: 9)
		d = bstr .cbor a
		e = uint .size 1`)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		rule, hex string
		ok        bool
	}{
		{"a", "8201420000", true}, {"a", "8203420000", true}, {"a", "8204420000", false}, {"a", "8200420000", false},
		{"a", "82014100", false}, {"a", "820143000000", false}, {"a", "8201620000", false}, {"a", "8101", false},
		{"a", "8301420000f6", true}, {"a", "8401420000626162f6", true}, {"a", "840142000007f6", true},
		{"a", "850142000009f6f6", false}, {"a", "830142000008", false}, {"a", "830142000063616263", false},
		{"a", "a101420000", false}, {"a", "9f01420000ff", false}, {"a", "820142000000", false}, {"a", "82180142ffff", false},
		{"d", "458201420000", true}, {"d", "46820142000000", false}, {"d", "4100", false},
		{"e", "18ff", true}, {"e", "190100", false}, {"e", "20", false}, {"e", "f4", false}, {"e", "c100", false},
	} {
		if err := rules.matches(x.rule, unhex(t, x.hex)); (err == nil) != x.ok {
			t.Errorf("%s as %s: %v", x.hex, x.rule, err)
		}
	}
	for _, bad := range []string{"a", "a =", "a = b", "a = [", "a = 1..b", "a = 1 a = 2", "a = {x: 1}", "a = #6.2", `a = tstr .size "x"`} {
		if _, err := parseCDDL(bad); err == nil {
			t.Errorf("%q parses", bad)
		}
	}
}
