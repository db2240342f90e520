package core

import "testing"

// Each end has numbers of its own to propose: the initiator the first channel
// and the even ones, the other end the odd ones from 3 on.
func TestMayPropose(t *testing.T) {
	for n := range uint16(maxChannel + 10) {
		initiator := n == 1 || n > 1 && n%2 == 0 && n <= maxChannel
		answerer := n >= 3 && n%2 == 1 && n <= maxChannel
		at, theirs := attempt{mine: true}, attempt{}
		if got := theirs.mayPropose(n); got != initiator {
			t.Errorf("the initiator may propose %d: %v", n, got)
		}
		if got := at.mayPropose(n); got != answerer {
			t.Errorf("the other end may propose %d: %v", n, got)
		}
	}
}
