package overlay_test

import (
	"encoding/binary"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/transporttest"
)

// The frames of streams, as in overlay/mux.go.
const (
	open = 16 + iota
	data
	more
	finish
	closing
	refuse
	flow
)

// frame sends a frame of a stream. The hostile peer is the session's initiator:
// its streams have odd numbers.
func (h *hostile) frame(kind byte, number uint64, rest ...byte) {
	h.send(1, append(binary.AppendUvarint([]byte{kind}, number), rest...))
}

func TestHostileStreams(t *testing.T) {
	for name, attack := range map[string]func(h *hostile){
		"no number": func(h *hostile) { h.send(1, []byte{data}) },
		"endless number": func(h *hostile) {
			h.send(1, append([]byte{data}, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
		},
		"unknown kind":          func(h *hostile) { h.frame(open, 1); h.frame(flow+1, 1) },
		"never opened":          func(h *hostile) { h.frame(data, 1, 7) },
		"stream zero":           func(h *hostile) { h.frame(finish, 0) },
		"ours, never opened":    func(h *hostile) { h.frame(closing, 2) },
		"opens ours":            func(h *hostile) { h.frame(open, 2) },
		"opened twice":          func(h *hostile) { h.frame(open, 1); h.frame(open, 1) },
		"out of turn":           func(h *hostile) { h.frame(open, 3) },
		"open with data":        func(h *hostile) { h.frame(open, 1, 7) },
		"data without bytes":    func(h *hostile) { h.frame(open, 1); h.frame(data, 1) },
		"data after finish":     func(h *hostile) { h.frame(open, 1); h.frame(finish, 1); h.frame(data, 1, 7) },
		"finish twice":          func(h *hostile) { h.frame(open, 1); h.frame(finish, 1); h.frame(finish, 1) },
		"finish with data":      func(h *hostile) { h.frame(open, 1); h.frame(finish, 1, 7) },
		"refuses its own":       func(h *hostile) { h.frame(open, 1); h.frame(refuse, 1) },
		"window of zero":        func(h *hostile) { h.frame(open, 1); h.frame(more, 1, 0) },
		"window without number": func(h *hostile) { h.frame(open, 1); h.frame(more, 1) },
		"window from nowhere":   func(h *hostile) { h.frame(open, 1); h.frame(more, 1, 1) },
		"flow of zero":          func(h *hostile) { h.frame(flow, 0) },
		"flow from nowhere":     func(h *hostile) { h.frame(flow, 1) },
		"flow with data":        func(h *hostile) { h.frame(flow, 1, 7) },
		"beyond the window": func(h *hostile) {
			h.frame(open, 1)
			for range 17 { // of 16 KiB: the window has 256 KiB
				h.frame(data, 1, make([]byte, 16<<10)...)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubbleWith(t, 2, func(k *kit) {
				k.join(0, 1)
				k.chat[0].Listen()
				h := k.enter(0)
				h.say(&arc.Bind{Arc: 1, Protocol: "chat", Channel: 1})
				attack(h)
				k.rest(2 * time.Second)
				if k.knows(0, h.id) {
					t.Error("it still has its session")
				}
				if s := k.nodes[0].Stats(); s.Violations != 1 || s.Bugs != 0 || s.Streams != 0 {
					t.Errorf("counted: %+v", s)
				}
				a, b := k.dial(1, 0) // the others feel nothing
				k.write(a, "hello")
				k.read(b, "hello")
			}, false)
		})
	}
}

// What a peer can make a node hold: the streams that it may open, each with a
// window. What it opens beyond is refused, and costs it its session only if it
// does not take the refusals.
func TestHostileStreamsHoldLittle(t *testing.T) {
	bubbleWith(t, 1, func(k *kit) {
		k.chat[0].Listen() // and nobody accepts
		h := k.enter(0)
		h.say(&arc.Bind{Arc: 1, Protocol: "chat", Channel: 1})
		before := heap()
		fill := make([]byte, 16<<10)
		for id := uint64(1); id < 2000; id += 2 {
			h.frame(open, id)
			for range 16 {
				h.frame(data, id, fill...)     // those of a stream that was refused are dropped
				k.rest(500 * time.Microsecond) // all before the heartbeat finds that the peer answers none
			}
		}
		k.rest(time.Second)
		s := k.nodes[0].Stats()
		if s.Streams != 128 || s.StreamsRefused != 1000-128 || s.Violations != 0 {
			t.Errorf("counted: %+v", s)
		}
		if grown := heap() - before; grown < 30<<20 || grown > 80<<20 { // 128 windows, and buffers double as they grow
			t.Errorf("128 full streams hold %d KiB", grown>>10)
		}
		k.must(h.session.Close())
		k.rest(time.Second)
		k.noStreams()
	}, false)
}

// A peer has MaxStreams, however fast they are accepted.
func TestHostileStreamsAreSoMany(t *testing.T) {
	bubbleWith(t, 1, func(k *kit) {
		l := k.chat[0].Listen()
		go func() {
			for {
				if _, err := l.Accept(); err != nil {
					return
				}
			}
		}()
		h := k.enter(0)
		h.say(&arc.Bind{Arc: 1, Protocol: "chat", Channel: 1})
		for id := uint64(1); id < 600; id += 2 {
			h.frame(open, id)
			k.rest(time.Millisecond)
		}
		k.rest(time.Second)
		if s := k.nodes[0].Stats(); s.Streams != overlay.DefaultMaxStreams || s.StreamsRefused != 300-overlay.DefaultMaxStreams || s.Violations != 0 {
			t.Errorf("counted: %+v", s)
		}
	}, false)
}

// A peer that opens streams and never takes the refusals.
func TestHostileStreamsAnswersFillUp(t *testing.T) {
	bubbleWith(t, 2, func(k *kit) {
		k.join(0, 1)
		h := k.enter(0)
		h.say(&arc.Bind{Arc: 1, Protocol: "chat", Channel: 1})
		gate := make(chan struct{})
		h.rec.OnMessage = func(transport.SessionID, uint16, []byte) { <-gate }
		defer close(gate)
		for id := uint64(1); k.knows(0, h.id); id += 2 {
			if id > 1<<20 {
				t.Fatal("the answers have no bound")
			}
			h.frame(open, id)
			if id%255 == 0 {
				k.rest(time.Millisecond)
			}
		}
		a, b := k.dial(1, 0)
		k.write(a, "hello")
		k.read(b, "hello")
	}, false)
}

// Who has ended a stream hears no more of its window: there is nothing that it
// could send.
func TestNoWindowAfterTheEnd(t *testing.T) {
	for name, end := range map[string]func(h *hostile){
		"finish":   func(h *hostile) { h.frame(finish, 1) },
		"close":    func(h *hostile) { h.frame(closing, 1) },
		"last arc": func(h *hostile) { h.say(&arc.Unbind{Arc: 1, Mine: true}) },
	} {
		bubbleWith(t, 1, func(k *kit) {
			l := k.chat[0].Listen()
			h := k.enter(0)
			h.say(&arc.Bind{Arc: 1, Protocol: "chat", Channel: 1})
			h.frame(open, 1)
			h.frame(open, 3)
			for _, id := range []uint64{1, 3} {
				for range 5 {
					h.frame(data, id, make([]byte, 16<<10)...)
				}
			}
			one, three := must(l.Accept()), must(l.Accept())
			must(io.ReadFull(three, make([]byte, 80<<10))) // which shows that windows would come
			end(h)
			k.rest(time.Second)
			must(io.ReadFull(one, make([]byte, 80<<10)))
			k.rest(time.Second)
			windows := map[uint64]int{}
			for _, e := range h.rec.Events() {
				if e.Kind == transporttest.Message && e.Channel == 1 && e.Data[0] == more {
					id, _ := binary.Uvarint(e.Data[1:])
					windows[id]++
				}
			}
			if windows[1] != 0 || windows[3] == 0 {
				t.Errorf("%s: windows by stream: %v", name, windows)
			}
		}, false)
	}
}

func heap() int {
	runtime.GC()
	runtime.GC() // the first one leaves what is in pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
