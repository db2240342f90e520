package transporttest

import (
	"net/netip"

	"github.com/n2n-overlay/n2n/transport"
)

var trickleCases = []testCase{
	{"candidates trickle", "Candidates may follow the descriptions, one at a time; repeated ones change nothing.", testTrickle},
	{"candidates of the initiator only", "One end learns the other's address from its checks (RFC 8445 section 7.3.1.3: peer-reflexive).", func(k *kit) { testOneSided(k, true) }},
	{"candidates of the answerer only", "One end learns the other's address from its checks (RFC 8445 section 7.3.1.3: peer-reflexive).", func(k *kit) { testOneSided(k, false) }},
	{"candidates before the answer", "AddCandidates may be called at any time.", testEarlyCandidates},
	{"candidates of no use", "Addresses where nobody is, and bad ones, do no harm.", testUselessCandidates},
}

// bare gives a description without candidates, and all of this end's.
func (e *end) bare() (d transport.Description, all []transport.Candidate) {
	e.k.Helper()
	d = e.description()
	all = append(d.Candidates, e.gathered()...)
	d.Candidates = nil
	return d, all
}

func testTrickle(k *kit) {
	a, b := k.ends()
	a.offer()
	offer, ca := a.bare()
	b.answer(offer)
	answer, cb := b.bare()
	a.finish(answer)
	a.Never(k, k.quiet(), "Up without any candidate", a.told(Up))
	for _, c := range cb {
		a.add([]transport.Candidate{c})
		a.add([]transport.Candidate{c, c})
	}
	for _, c := range ca {
		b.add([]transport.Candidate{c})
	}
	b.add(ca)
	a.waitUp()
	b.waitUp()
	a.add(cb)
	b.add(nil)
	k.exchange(a, b)
}

func testOneSided(k *kit, initiators bool) {
	a, b := k.ends()
	a.offer()
	offer, ca := a.bare()
	b.answer(offer)
	answer, cb := b.bare()
	a.finish(answer)
	if initiators {
		b.add(ca)
	} else {
		a.add(cb)
	}
	a.waitUp()
	b.waitUp()
	k.exchange(a, b)
}

func testEarlyCandidates(k *kit) {
	a, b := k.ends()
	a.offer()
	offer, _ := a.bare()
	b.answer(offer)
	answer, cb := b.bare()
	a.add(cb) // overtakes the answer
	a.finish(answer)
	a.waitUp()
	b.waitUp()
	k.exchange(a, b)
}

func testUselessCandidates(k *kit) {
	a, b := k.ends()
	a.offer()
	b.answer(a.description())
	answer := b.description()
	// Nobody listens at the port of the discard service's big brother; the
	// others fail transport.CheckCandidates.
	nobody := transport.Candidate{Type: transport.Host, Priority: 1, Addr: netip.MustParseAddrPort("127.0.0.1:1999")}
	a.finish(answer)
	a.add([]transport.Candidate{nobody})
	hidden := netip.AddrPortFrom(netip.Addr{}, 1999)
	a.add([]transport.Candidate{{Priority: 1, Addr: hidden, Name: "00000000-0000-4000-8000-000000000000"}})
	for _, c := range []transport.Candidate{
		{},
		{Type: 77, Addr: nobody.Addr},
		{Addr: netip.MustParseAddrPort("127.0.0.1:1")},
		{Addr: netip.MustParseAddrPort("0.0.0.0:5000")},
		{Addr: netip.MustParseAddrPort("224.0.0.1:5000")},
		{Addr: hidden, Name: "00000000-0000-4000-8000-000000000000.local"},
		{Addr: hidden, Name: "printer-of-the-third-floor-left.lan1"},
		{Type: transport.Relayed, Addr: hidden, Name: "00000000-0000-4000-8000-000000000000"},
	} {
		_ = a.session.AddCandidates([]transport.Candidate{c}) // an error or nil
	}
	_ = a.session.AddCandidates(make([]transport.Candidate, 100*transport.MaxCandidates))
	a.add(b.gathered())
	b.add(a.gathered())
	a.waitUp()
	b.waitUp()
	k.exchange(a, b)
}
