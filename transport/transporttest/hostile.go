package transporttest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"github.com/n2n-overlay/n2n/transport"
)

var hostileCases = []testCase{
	{"wrong fingerprint in the answer", "DTLS proves the fingerprint that the description named.", func(k *kit) { testWrongFingerprint(k, true) }},
	{"wrong fingerprint in the offer", "DTLS proves the fingerprint that the description named.", func(k *kit) { testWrongFingerprint(k, false) }},
	{"wrong password", "ICE proves the credentials that the description named (RFC 8445 section 7.3).", testWrongPassword},
	{"description of another attempt", "A description connects only the attempt that it was made for.", testOtherAttempt},
	{"bad answer", "A description that cannot work ends the session with Down.", testBadAnswer},
	{"bad offer", "A description that cannot work is refused, or ends the session with Down.", testBadOffer},
	{"random descriptions", "Whatever a description says, the driver survives it and does not connect.", testRandomDescriptions},
	{"random SCTP init", "Whatever is sent ahead as SCTP INIT, the driver survives it.", testRandomInit},
}

func testWrongFingerprint(k *kit, inAnswer bool) {
	a, b := k.ends()
	a.offer()
	offer := a.description()
	if !inAnswer {
		offer.Fingerprint[31] ^= 1
	}
	b.answer(offer)
	answer := b.description()
	if inAnswer {
		answer.Fingerprint[31] ^= 1
	}
	a.finish(answer)
	_ = a.session.AddCandidates(b.gathered()) // an error if it is Down already
	_ = b.session.AddCandidates(a.gathered())

	deceived, other := a, b
	if !inAnswer {
		deceived, other = b, a
	}
	// Down is not required, so wait for either.
	deceived.within(k.cfg.Timeout, func(ev []Event) bool { return deceived.told(Down)(ev) || deceived.told(Up)(ev) })
	other.Never(k, k.quiet(), "Up although the other end was given a wrong fingerprint", other.told(Up))
	if deceived.count(Up) > 0 {
		k.Errorf("%s: Up with a peer whose certificate has another fingerprint", deceived.name)
	}
}

func testWrongPassword(k *kit) {
	da, db := k.driver(), k.driver()
	for name, edit := range map[string]func(d *transport.Description){
		"password": func(d *transport.Description) { d.Password = strings.Repeat("x", transport.MinPassword) },
		"ufrag":    func(d *transport.Description) { d.Ufrag = "other" },
	} {
		id := k.newID()
		a, b := k.end("a, wrong "+name, da, id), k.end("b, wrong "+name, db, id)
		a.offer()
		b.answer(a.description())
		answer := b.description()
		edit(&answer)
		a.finish(answer)
		_ = a.session.AddCandidates(b.gathered()) // an error if it is Down already
		_ = b.session.AddCandidates(a.gathered())
		a.Never(k, k.quiet(), "Up with a wrong "+name, a.told(Up))
		b.Never(k, 0, "Up although the other end was given a wrong "+name, b.told(Up))
		a.close()
		b.close()
	}
}

func testOtherAttempt(k *kit) {
	da, db := k.driver(), k.driver()
	id1, id2 := k.newID(), k.newID()
	a1, b1 := k.end("a1", da, id1), k.end("b1", db, id1)
	a2 := k.end("a2", da, id2)
	a1.offer()
	a2.offer()
	b1.answer(a1.description())
	a2.finish(b1.description()) // the answer to the first offer
	a2.add(b1.gathered())
	b1.add(a2.gathered())
	a2.Never(k, k.quiet(), "Up with the answer to another offer", a2.told(Up))

	a1.finish(b1.description()) // the right one still works
	a1.add(b1.gathered())
	b1.add(a1.gathered())
	a1.waitUp()
	b1.waitUp()
	k.exchange(a1, b1)
}

// badDescriptions fail Description.Check, one for each rule of it.
func badDescriptions(good transport.Description) map[string]transport.Description {
	bad := map[string]transport.Description{"zero": {}}
	edit := func(name string, f func(d *transport.Description)) {
		d := clone(good)
		f(&d)
		bad[name] = d
	}
	edit("no ufrag", func(d *transport.Description) { d.Ufrag = "" })
	edit("huge ufrag", func(d *transport.Description) { d.Ufrag = strings.Repeat("u", 1<<16) })
	edit("ufrag with a line break", func(d *transport.Description) { d.Ufrag = "ab\r\na=ice-lite" })
	edit("short password", func(d *transport.Description) { d.Password = "short" })
	edit("password of wrong characters", func(d *transport.Description) { d.Password = strings.Repeat("\x00", 30) })
	edit("unknown setup", func(d *transport.Description) { d.Setup = 200 })
	edit("small maximum message", func(d *transport.Description) { d.MaxMessage = 1 })
	edit("huge SCTP init", func(d *transport.Description) { d.SCTPInit = make([]byte, 1<<16) })
	edit("zero candidate", func(d *transport.Description) { d.Candidates = make([]transport.Candidate, 1) })
	edit("name with a line break", func(d *transport.Description) {
		d.Candidates = []transport.Candidate{{Addr: netip.AddrPortFrom(netip.Addr{}, 5000), Name: "00000000-0000-4000-8000-0000000000\r\n"}}
	})
	edit("many candidates", func(d *transport.Description) {
		d.Candidates = slices.Repeat([]transport.Candidate{{Addr: netip.MustParseAddrPort("127.0.0.1:5000")}}, 10000)
	})
	return bad
}

func testBadAnswer(k *kit) {
	da, db := k.driver(), k.driver()
	id := k.newID()
	a, b := k.end("a", da, id), k.end("b", db, id)
	a.offer()
	b.answer(a.description())
	for name, d := range badDescriptions(b.description()) {
		e := k.end("a, "+name, da, k.newID())
		e.offer()
		e.description()
		_ = e.session.Finish(d) // an error or nil: Down tells
		e.waitDown()
		if e.count(Up) > 0 {
			k.Errorf("%s: Up", name)
		}
	}
}

func testBadOffer(k *kit) {
	a, b := k.ends()
	a.offer()
	for name, d := range badDescriptions(a.description()) {
		e := k.end("b, "+name, b.driver, k.newID())
		s, err := e.driver.Answer(e.id, d, e.Recorder)
		if err != nil {
			continue
		}
		e.session = s
		e.waitDown()
		if e.count(Up) > 0 {
			k.Errorf("%s: Up", name)
		}
	}
	b.answer(a.description()) // the good one still works
	a.finish(b.description())
	a.add(b.gathered())
	b.add(a.gathered())
	a.waitUp()
}

func testRandomDescriptions(k *kit) {
	rng := k.rand()
	a, b := k.driver(), k.driver()
	var all []*end
	for i := range 8 {
		e := k.end(fmt.Sprintf("a%d", i), a, k.newID())
		e.offer()
		e.description()
		_ = e.session.Finish(randomDescription(rng))
		all = append(all, e)

		f := k.end(fmt.Sprintf("b%d", i), b, k.newID())
		if s, err := b.Answer(f.id, randomDescription(rng), f.Recorder); err == nil {
			f.session = s
			all = append(all, f)
		}
	}
	for i, e := range all {
		d := k.quiet()
		if i > 0 {
			d = 0 // they have been quiet together
		}
		e.Never(k, d, "Up with a random description", e.told(Up))
	}
	for _, e := range all {
		e.close()
	}
}

// randomDescription passes Description.Check and names addresses of the
// loopback interface, and mDNS names of nobody.
func randomDescription(rng *rand.Rand) transport.Description {
	d := transport.Description{
		Ufrag:      randomText(rng, 4, transport.MaxUfrag),
		Password:   randomText(rng, transport.MinPassword, transport.MaxPassword),
		Setup:      transport.Setup(rng.IntN(3)),
		MaxMessage: transport.MaxFrame + rng.Uint32N(1<<32-1-transport.MaxFrame),
		SCTPInit:   randomBytes(rng, rng.IntN(transport.MaxSCTPInit+1)),
	}
	copy(d.Fingerprint[:], randomBytes(rng, len(d.Fingerprint)))
	for range rng.IntN(transport.MaxCandidates + 1) {
		if rng.IntN(4) == 0 {
			d.Candidates = append(d.Candidates, transport.Candidate{
				Priority: rng.Uint32(),
				Addr:     netip.AddrPortFrom(netip.Addr{}, uint16(1024+rng.IntN(1<<16-1024))),
				Name:     fmt.Sprintf("%08x-0000-4000-8000-%012x", rng.Uint32(), rng.Uint64N(1<<48)),
			})
			continue
		}
		addr := netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if rng.IntN(2) == 0 {
			addr = netip.IPv6Loopback()
		}
		d.Candidates = append(d.Candidates, transport.Candidate{
			Type:     transport.CandidateType(rng.IntN(3)),
			Priority: rng.Uint32(),
			Addr:     netip.AddrPortFrom(addr, uint16(1024+rng.IntN(1<<16-1024))),
		})
	}
	return d
}

func randomText(rng *rand.Rand, low, high int) string {
	const chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	b := make([]byte, low+rng.IntN(high-low+1))
	for i := range b {
		b[i] = chars[rng.IntN(len(chars))]
	}
	return string(b)
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func testRandomInit(k *kit) {
	rng := k.rand()
	da, db := k.driver(), k.driver()
	for range 4 {
		id := k.newID()
		a, b := k.end("a", da, id), k.end("b", db, id)
		a.offer()
		b.answer(a.description())
		answer := b.description()
		answer.SCTPInit = randomBytes(rng, 1+rng.IntN(transport.MaxSCTPInit))
		_ = a.session.Finish(answer)
		_ = a.session.AddCandidates(b.gathered())
		_ = b.session.AddCandidates(a.gathered())
		a.within(k.quiet(), func(ev []Event) bool { return a.told(Down)(ev) || a.told(Up)(ev) }) // or neither
		a.close()
		b.close()
	}
	id := k.newID()
	a, b := k.end("a", da, id), k.end("b", db, id)
	k.connect(a, b)
	k.exchange(a, b)
}
