package overlay_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

// Who watches a node sees each machine go from state to state without a gap, and
// finds it where its last step led.
func TestWatch(t *testing.T) {
	bubble(t, 1, func(k *kit) {
		type machine struct {
			name string
			peer transport.PeerID
		}
		var mu sync.Mutex
		at := map[machine]string{}
		taken := map[string]int{}
		gaps := 0
		i := k.add(overlay.Config{Trace: func(s overlay.Step) {
			mu.Lock()
			defer mu.Unlock()
			m := machine{s.Machine, s.Peer}
			if was, ok := at[m]; ok && was != s.From && s.From != "Fresh" { // each arc begins anew
				gaps++
			}
			at[m] = s.To
			taken[s.Machine]++
			if s.Event == "" || s.Line == 0 {
				t.Errorf("a step without an event or a line: %+v", s)
			}
		}})
		if _, err := k.chat[i].Join(k.ctx, k.nodes[0].Admit); err != nil {
			t.Fatal(err)
		}
		if err := k.chat[i].Invite(k.ctx, k.nodes[0].ID()); err != nil {
			t.Fatal(err)
		}
		want := []overlay.Machine{
			{Name: "link", Peer: k.nodes[0].ID(), State: "Open"},
			{Name: "session", Peer: k.nodes[0].ID(), State: "Living"},
			{Name: "arc", Peer: k.nodes[0].ID(), State: "Up", Protocol: "chat", Out: true},
			{Name: "arc", Peer: k.nodes[0].ID(), State: "Up", Protocol: "chat"},
		}
		got := k.nodes[i].Machines()
		if len(got) != len(want) {
			t.Fatalf("machines %+v, want %+v", got, want)
		}
		mu.Lock()
		defer mu.Unlock()
		for j, m := range got {
			if m != want[j] {
				t.Errorf("machine %d is %+v, want %+v", j, m, want[j])
			}
			if last := at[machine{m.Name, m.Peer}]; last != m.State {
				t.Errorf("%s is %s, and its last step led to %s", m.Name, m.State, last)
			}
		}
		for _, name := range []string{"link", "session", "arc", "meeting"} {
			if taken[name] == 0 {
				t.Errorf("no step of a %s", name)
			}
		}
		if gaps > 0 {
			t.Errorf("%d gaps", gaps)
		}
		k.nodes[i].Close()
		if got := k.nodes[i].Machines(); got != nil {
			t.Errorf("a closed node has %+v", got)
		}
	})
}

// The exchange of a session is shown while the session may carry media.
func TestMachinesOfMedia(t *testing.T) {
	cast(t, 2, func(k *kit, _ []*actor) {
		exchange := func() (states []string) {
			for _, m := range k.nodes[0].Machines() {
				if m.Name == "exchange" && m.Peer == k.id(1) {
					states = append(states, m.State)
				}
			}
			return states
		}
		if got := exchange(); !slices.Equal(got, []string{"Calm"}) {
			t.Errorf("before media: %q", got)
		}
		go k.chat[0].AddTrack(k.ctx, k.id(1), "a") // one who offers makes, one who does not asks
		k.rest(time.Millisecond)
		if got := exchange(); !slices.Equal(got, []string{"Making"}) && !slices.Equal(got, []string{"Asking"}) {
			t.Errorf("while a track is added: %q", got)
		}
		k.rest(time.Second)
		k.nodes[1].Close()
		k.rest(time.Second)
		if got := exchange(); len(got) > 0 {
			t.Errorf("after the session: %q", got)
		}
	}, true)
}
