package main

import (
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/spec"
)

// What Promela cannot say is a fault of the spec, with its place. That the rest
// means what the spec means is tested by SPIN, in fsm/verify.
func TestPromelaFaults(t *testing.T) {
	for want, body := range map[string]string{
		"x.fsm:2:9: 4294967296 is too large for Promela: at most 2147483647":  "const ( big = 4294967296 )\nmachine m () {\n state A initial\n event e(n small)\n on e(n) { A if n < big - n && n > 1 -> same; A else -> same } }",
		"x.fsm:5:21: 2147483648 is too large for Promela: at most 2147483647": "machine m () {\n state A initial\n event e(n small)\n on e(n) { A if n < 2147483648 && n > 1 -> same; A else -> same } }",
		"x.fsm:5:9: the Promela name m_copy is taken by line 2":               "machine m () {\n state A initial\n event e(n small)\n define copy(a) = a > 1\n on e(n) { A if copy(n) -> same; A else -> same } }",
	} {
		s, err := spec.Load("x.fsm", []byte("spec x version 1\n"+body+"\ntype small uint8 explore 2\n"))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		files, err := promela([]*spec.Spec{s})
		if err == nil || files != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

func TestField(t *testing.T) {
	for name, want := range map[string]string{"seq": "seq", "timeout": "Timeout", "long": "Long"} {
		if got := field(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
}
