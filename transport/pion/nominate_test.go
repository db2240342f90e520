package pion

import (
	"bytes"
	"testing"

	"github.com/pion/stun/v4"
)

// TestNominating: a check becomes one that nominates, whole and in the peer's eyes
// from the same agent; what is no check stays as it is.
func TestNominating(t *testing.T) {
	const password = "the password of the peer"
	check, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername("theirs:ours"),
		stun.RawAttribute{Type: stun.AttrICEControlling, Value: []byte("tiebreak")},
		stun.RawAttribute{Type: stun.AttrPriority, Value: []byte{1, 2, 3, 4}},
		stun.NewShortTermIntegrity(password), stun.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(check.Raw)
	m := &stun.Message{Raw: nominating(check.Raw, password)}
	if err := m.Decode(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(check.Raw, before) {
		t.Error("the agent's own message was changed")
	}
	if m.Type != stun.BindingRequest || m.TransactionID != check.TransactionID {
		t.Errorf("%v, transaction %x", m.Type, m.TransactionID)
	}
	for _, want := range []stun.AttrType{stun.AttrUsername, stun.AttrICEControlling, stun.AttrPriority} {
		a, _ := check.Get(want)
		if b, err := m.Get(want); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%v: %q, %v, want %q", want, b, err, a)
		}
	}
	if !m.Contains(stun.AttrUseCandidate) {
		t.Error("it does not nominate")
	}
	if err := stun.NewShortTermIntegrity(password).Check(m); err != nil {
		t.Error(err)
	}
	if err := stun.Fingerprint.Check(m); err != nil {
		t.Error(err)
	}

	for name, other := range map[string][]byte{
		"one that nominates": m.Raw,
		"cut":                check.Raw[:30],
		"no STUN":            append([]byte{0, 1}, bytes.Repeat([]byte{7}, 40)...),
	} {
		if got := nominating(other, password); !bytes.Equal(got, other) {
			t.Errorf("%s was changed", name)
		}
	}
}
