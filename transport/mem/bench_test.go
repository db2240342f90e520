package mem_test

import (
	"testing"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// signals hands a handler's calls to a benchmark.
type signals struct {
	described chan transport.Description
	up, down  chan struct{}
	messages  chan struct{}
}

func newSignals() *signals {
	return &signals{make(chan transport.Description, 1), make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 64)}
}

func (s *signals) Described(_ transport.SessionID, d transport.Description)  { s.described <- d }
func (s *signals) Gathered(transport.SessionID, []transport.Candidate, bool) {}
func (s *signals) Up(transport.SessionID)                                    { s.up <- struct{}{} }
func (s *signals) Down(transport.SessionID, error)                           { s.down <- struct{}{} }
func (s *signals) Message(id transport.SessionID, channel uint16, message []byte) {
	s.messages <- struct{}{}
}

func open(b *testing.B, da, db *mem.Driver, number uint64) (sa, sb transport.Session, ha, hb *signals) {
	ha, hb = newSignals(), newSignals()
	sa, err := da.Offer(sessionID(number), ha)
	if err != nil {
		b.Fatal(err)
	}
	if sb, err = db.Answer(sessionID(number), <-ha.described, hb); err != nil {
		b.Fatal(err)
	}
	if err := sa.Finish(<-hb.described); err != nil {
		b.Fatal(err)
	}
	<-ha.up
	<-hb.up
	return sa, sb, ha, hb
}

func BenchmarkOpen(b *testing.B) {
	n := mem.NewNetwork(1)
	da, db := newDriver(b, n), newDriver(b, n)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		sa, _, _, hb := open(b, da, db, uint64(i))
		_ = sa.Close()
		<-hb.down
	}
}

func BenchmarkMessage16KiB(b *testing.B) {
	n := mem.NewNetwork(1)
	sa, sb, _, hb := open(b, newDriver(b, n), newDriver(b, n), 1)
	if _, err := sb.Channel(1, transport.ChannelConfig{}); err != nil {
		b.Fatal(err)
	}
	c, err := sa.Channel(1, transport.ChannelConfig{})
	if err != nil {
		b.Fatal(err)
	}
	p := make([]byte, 16<<10)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	underway := 0
	for b.Loop() {
		if underway == 128 { // 2 MiB: less than buffer and window together
			<-hb.messages
			underway--
		}
		if err := c.Send(p); err != nil {
			b.Fatal(err)
		}
		underway++
	}
	for ; underway > 0; underway-- {
		<-hb.messages
	}
}
