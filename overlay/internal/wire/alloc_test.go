package wire

import (
	"crypto/ed25519"
	"math"
	"runtime"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
)

// taken gives the bytes of memory that one call of f takes, freed ones
// included. Others of this process allocate, too, and pools are emptied now and
// then (under the race detector one time in four): so f is called again if that
// is more than enough, and the least counts.
func taken(enough uint64, f func()) uint64 {
	var before, after runtime.MemStats
	least := uint64(math.MaxUint64)
	for range 50 {
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
		if least <= enough {
			break
		}
	}
	return least
}

// allowance is what reading n bytes may take, whatever they are: the error, the
// fixed parts of the structs, and a few copies.
func allowance(n int) uint64 { return 4096 + 4*uint64(n) }

// TestAllocations: exact counts, so that an allocation more is somebody's
// decision.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	ping, relay := benchPing(), benchRelay()
	pingBytes, relayBytes := encoded(t, ping), encoded(t, relay)
	codec, offer := NewCodec(network), allKinds()["offer"]
	sealed, err := codec.Seal(alice, offer)
	if err != nil {
		t.Fatal(err)
	}
	forged := enclose(payloadOf(t, offer), make([]byte, ed25519.SignatureSize))
	for _, x := range []struct {
		name string
		want float64
		f    func()
	}{
		{"Encode ping", 2, func() { Encode(ping) }},
		{"Encode relay", 2, func() { Encode(relay) }},
		{"Decode ping", 5, func() { Decode(pingBytes) }},
		{"Decode relay", 8, func() { Decode(relayBytes) }},
		{"Seal offer", 20, func() { codec.Seal(alice, offer) }},
		{"Open offer", 41, func() { codec.Open(sealed) }},
		{"Open forged offer", 47, func() { codec.Open(forged) }},
		{"Hash offer", 17, func() { codec.Hash(offer) }},
	} {
		if got := testing.AllocsPerRun(100, x.f); got != x.want && !(small && got < x.want) {
			t.Errorf("%s: %v allocations, want %v", x.name, got, x.want)
		}
	}
}

// TestSizes: what a signal costs on its way; PERFORMANCE figures rest on it.
func TestSizes(t *testing.T) {
	codec, kinds := NewCodec(network), allKinds()
	for name, want := range map[string]int{
		"offer": 300, "offer-wish": 250, "offer-bare": 228, "answer-largest": 848, "candidates-of-answer": 407, "candidates-hidden": 301, "answer-hidden-largest": 1016, "reset": 165, "reject": 190,
	} {
		b, err := codec.Seal(keyFor(t, kinds[name]), kinds[name])
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", name, len(b))
		if len(b) != want {
			t.Errorf("%s: %d bytes, want %d", name, len(b), want)
		}
		if len(b) > MaxSignal {
			t.Errorf("%s is above MaxSignal", name)
		}
	}
}

func benchPing() Message { return &arc.Ping{Id: 1 << 40} }

func benchRelay() Message {
	return &signal.Relay{
		Initiator: idOf(alice), Number: 1 << 40, Path: [][32]byte{idOf(alice), idOf(carol), idOf(bob)},
		Position: 1, Payload: make([]byte, 300),
	}
}

func encoded(t testing.TB, m Message) []byte {
	t.Helper()
	b, err := Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func BenchmarkEncode(b *testing.B) {
	for name, m := range map[string]Message{"ping": benchPing(), "relay": benchRelay()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Encode(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, m := range map[string]Message{"ping": benchPing(), "relay": benchRelay()} {
		data := encoded(b, m)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSeal(b *testing.B) {
	codec, offer := NewCodec(network), allKinds()["offer"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Seal(alice, offer); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	codec, offer := NewCodec(network), allKinds()["offer"]
	data, err := codec.Seal(alice, offer)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Open(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenMalformed is what a flood of garbage costs: no signature is
// verified.
func BenchmarkOpenMalformed(b *testing.B) {
	codec := NewCodec(network)
	data := append(sealed(payloadOf(b, allKinds()["offer"])), 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Open(data); err == nil {
			b.Fatal("opens")
		}
	}
}
