//go:build !js

package entrance

import (
	"slices"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

// Who knows a room's name learns who keeps a door open in it, and of no other.
func TestMembers(t *testing.T) {
	inWorld(t, ServerConfig{}, func(t *testing.T, w *world) {
		a, _ := w.node()
		b, _ := w.node()
		c, _ := w.node()
		w.open(a, "lobby")
		w.open(b, "lobby")
		w.open(b, "lobby") // two doors, one member
		w.open(c, "other")
		want := []transport.PeerID{a.ID(), b.ID()}
		slices.SortFunc(want, transport.PeerID.Compare)
		if got, doors := w.server.Members("lobby", 9); !slices.Equal(got, want) || doors != 3 {
			t.Errorf("members %v, %d doors; want %v, 3", got, doors, want)
		}
		if got, doors := w.server.Members("lobby", 1); len(got) != 1 || doors != 3 {
			t.Errorf("at most one: %v, %d doors", got, doors)
		}
		if got, doors := w.server.Members("nowhere", 9); len(got) != 0 || doors != 0 {
			t.Errorf("members %v, %d doors of a room that is not", got, doors)
		}
	})
}
