package overlaytest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// noting is a handler that notes when the node is told something.
type noting struct {
	transport.Handler
	at []time.Time
}

func (n *noting) Up(transport.SessionID)                      { n.at = append(n.at, time.Now()) }
func (n *noting) Message(transport.SessionID, uint16, []byte) { n.at = append(n.at, time.Now()) }

// TestSay: a session and each of its channels speak in slots of their own, again
// and again, and a driver goes on at none of these instants.
func TestSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &noting{}
		h := paced{slots: newSlots(0)}.pace(n)
		instants := map[time.Time]bool{}
		for _, say := range []func(){
			func() { h.Up(transport.SessionID{}) },
			func() { h.Message(transport.SessionID{}, 0, nil) },
			func() { h.Message(transport.SessionID{}, 1, nil) },
		} {
			slot := -1
			for range 3 {
				say()
				said := n.at[len(n.at)-1]
				if !time.Now().After(said) {
					t.Error("the driver goes on while the node does")
				}
				of := int(said.UnixNano() % period)
				if slot >= 0 && of != slot {
					t.Errorf("in slot %d and in %d", slot, of)
				}
				slot = of
				instants[said], instants[time.Now()] = true, true
			}
		}
		slots := map[int64]bool{}
		for at := range instants {
			slots[at.UnixNano()%period] = true
		}
		if len(n.at) != 9 || len(instants) != 18 || len(slots) != 6 {
			t.Errorf("told %d times at %d instants, of %d in a period; want 9, 18 and 6", len(n.at), len(instants), len(slots))
		}
	})
}
