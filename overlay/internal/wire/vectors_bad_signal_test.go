package wire

import (
	"bytes"
	"crypto/ed25519"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/transport"
)

// sealed is the envelope of any bytes, signed by alice.
func sealed(payload []byte) []byte { return sealedBy(alice, network, payload) }

func sealedBy(key ed25519.PrivateKey, network string, payload []byte) []byte {
	return enclose(payload, ed25519.Sign(key, NewCodec(network).over(payload)))
}

func enclose(payload, signature []byte) []byte { return join(array(2), bstr(payload), bstr(signature)) }

// badSignals has signals that a codec of the network must refuse, though alice
// has signed them where nothing else is said.
func badSignals(t testing.TB) []*vector {
	t.Helper()
	var list []*vector
	add := func(name, what string, b []byte) {
		list = append(list, &vector{
			name: "bad-signal-" + name, what: what, kind: "signal", expect: "malformed",
			network: network, bytes: b,
		})
	}
	changeEnvelope(t, add)
	changeBytes(t, add)
	changeFields(t, add)
	changeDescription(t, add)
	forgeries(t, func(name, what string, b []byte) {
		add(name, what, b)
		list[len(list)-1].expect = "signature"
	})
	return list
}

type adder func(name, what string, b []byte)

func payloadOf(t testing.TB, s *transport.Signal) []byte {
	t.Helper()
	b, err := encoding.Marshal(toPayload(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func changeEnvelope(t testing.TB, add adder) {
	p := payloadOf(t, allKinds()["offer"])
	sig := ed25519.Sign(alice, NewCodec(network).over(p))
	good := enclose(p, sig)
	add("empty", "no bytes at all", nil)
	add("null", "null instead of an envelope", []byte{0xf6})
	add("truncated", "the last byte is missing", good[:len(good)-1])
	add("half", "the second half is missing", good[:len(good)/2])
	add("trailing", "a byte after the envelope", append(slices.Clone(good), 0))
	add("envelope-of-1", "no signature", join(array(1), bstr(p)))
	add("envelope-of-3", "a third item", join(array(3), bstr(p), bstr(sig), 0))
	add("envelope-indefinite", "an envelope of indefinite length", join([]byte{0x9f}, bstr(p), bstr(sig), []byte{0xff}))
	add("envelope-tagged", "COSE_Sign1's tag", join([]byte{0xd2}, good))
	add("envelope-map", "an envelope that is a map", join([]byte{0xa2}, 1, bstr(p), 2, bstr(sig)))
	add("payload-text", "a payload as text", join(array(2), "payload", bstr(sig)))
	add("payload-null", "null instead of a payload", join(array(2), []byte{0xf6}, bstr(sig)))
	add("payload-empty", "a payload of no bytes, signed", sealed(nil))
	add("payload-bare", "a payload that is not in a byte string", join(array(2), p, bstr(sig)))
	add("payload-long-head", "the length of the payload in nine bytes",
		join(array(2), []byte{0x5b, 0, 0, 0, 0, 0, 0, byte(len(p) >> 8), byte(len(p))}, p, bstr(sig)))
	add("payload-huge", "a payload that claims 2^62 bytes", join(array(2), head(majorBytes, 1<<62)))
	add("signature-short", "a signature of 63 bytes", enclose(p, sig[:63]))
	add("signature-long", "a signature of 65 bytes", enclose(p, append(slices.Clone(sig), 0)))
	add("signature-null", "null instead of a signature", join(array(2), bstr(p), []byte{0xf6}))
	add("signature-ints", "a signature as an array of ints", join(array(2), bstr(p), ints(16)))
	add("largest", "2049 bytes", sealed(bytes.Repeat([]byte{0}, MaxSignal+1-70)))
}

// changeBytes signs payloads that are not the encoding of anything.
func changeBytes(t testing.TB, add adder) {
	p := payloadOf(t, allKinds()["offer-bare"])
	replace := func(old, new []byte) []byte {
		t.Helper()
		if bytes.Count(p, old) != 1 {
			t.Fatalf("%x is %d times in %x", old, bytes.Count(p, old), p)
		}
		return sealed(bytes.Replace(p, old, new, 1))
	}
	number := head(majorUint, 1<<40)
	from, to, fp := idOf(alice), idOf(bob), id32(0xf1)
	size, ufrag := head(majorUint, 65536), join("u1Fr")
	last := func(b ...byte) []byte { return sealed(append(slices.Clone(p[:len(p)-1]), b...)) }
	add("payload-truncated", "the payload's last byte is missing, and it is signed so", sealed(p[:len(p)-1]))
	add("payload-trailing", "a byte after the payload, signed", sealed(append(slices.Clone(p), 0)))
	add("payload-14", "a fourteenth field", sealed(append(append(array(14), p[1:]...), 0)))
	add("payload-12", "a field is missing", sealed(append(array(12), p[1:len(p)-1]...)))
	add("payload-indefinite", "a payload of indefinite length", sealed(append(append([]byte{0x9f}, p[1:]...), 0xff)))
	add("payload-tagged", "a payload with a tag", sealed(append([]byte{0xd8, 0x18}, p...)))
	add("payload-array", "an empty payload", sealed(array(0)))
	add("payload-deep", "an array in an array, 1000 times", sealed(bytes.Repeat(array(1), 1000)))
	add("kind-long", "kind 1 in two bytes", sealed(append([]byte{p[0], 0x18, 1}, p[2:]...)))
	add("number-bignum", "the number as a bignum", replace(number, []byte{0xc2, 0x46, 1, 0, 0, 0, 0, 0}))
	add("number-negative", "a negative number", replace(number, []byte{0x20}))
	add("number-nan", "NaN", replace(number, []byte{0xf9, 0x7e, 0}))
	add("number-float", "2^40 as a float", replace(number, []byte{0xfa, 0x53, 0x80, 0, 0}))
	add("from-ints", "from as an array of ints", replace(bstr(from[:]), ints(16)))
	add("from-null", "null instead of from", replace(bstr(from[:]), []byte{0xf6}))
	add("to-null", "null instead of to", replace(bstr(to[:]), []byte{0xf6}))
	add("to-indefinite", "to in one piece of an indefinite string", replace(bstr(to[:]), join([]byte{0x5f}, bstr(to[:]), []byte{0xff})))
	add("fingerprint-ints", "a fingerprint as an array of ints", replace(bstr(fp[:]), ints(16)))
	add("candidates-many", "candidates that are 1500 zeros", sealed(join(p[:len(p)-2], array(1500), make([]byte, 1500), []byte{0xf4})))
	add("max-message-large", "2^32 as max-message", replace(size, head(majorUint, 1<<32)))
	add("ufrag-bytes", "a ufrag as bytes", replace(ufrag, bstr([]byte("u1Fr"))))
	add("ufrag-not-utf8", "a ufrag that is not UTF-8", replace(ufrag, join("u1\xffr")))
	add("last-int", "0 instead of false", last(0))
	add("last-null", "null instead of false", last(0xf6))
	add("last-undefined", "undefined instead of false", last(0xf7))
	add("candidates-null", "null instead of candidates", sealed(append(slices.Clone(p[:len(p)-2]), 0xf6, 0xf4)))
	add("candidates-map", "a map instead of candidates", sealed(append(slices.Clone(p[:len(p)-2]), 0xa0, 0xf4)))
	add("candidates-huge", "candidates that claim 2^32-1",
		sealed(join(p[:len(p)-2], head(majorArray, 1<<32-1))))
}

// changeFields signs payloads with fields that their kind does not have.
func changeFields(t testing.TB, add adder) {
	with := func(name string, change func(*payload)) []byte {
		t.Helper()
		s := allKinds()[name]
		p := toPayload(s)
		change(p)
		b, err := encoding.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return sealedBy(keyFor(t, s), network, b)
	}
	d := toPayload(allKinds()["offer"]).Description
	me := idOf(alice)
	add("kind-0", "kind 0", with("offer", func(p *payload) { p.Kind = 0 }))
	add("kind-6", "kind 6", with("offer", func(p *payload) { p.Kind = 6 }))
	add("kind-0-bare", "kind 0, with nothing else in it", with("reset", func(p *payload) { p.Kind, p.Mine, p.Yours = 0, 0, 0 }))
	add("kind-6-bare", "kind 6, with nothing else in it", with("reset", func(p *payload) { p.Kind, p.Mine, p.Yours = 6, 0, 0 }))
	add("from-short", "a from of 31 bytes", with("offer", func(p *payload) { p.From = p.From[:31] }))
	add("from-long", "a from of 33 bytes", with("offer", func(p *payload) { p.From = append(slices.Clone(p.From), 0) }))
	add("from-empty", "from nobody", with("offer", func(p *payload) { p.From = nil }))
	add("from-zero", "from 32 zero bytes", with("offer", func(p *payload) { p.From = make([]byte, 32) }))
	add("to-short", "a to of 31 bytes", with("offer", func(p *payload) { p.To = p.To[:31] }))
	add("to-long", "a to of 33 bytes", with("offer", func(p *payload) { p.To = append(slices.Clone(p.To), 0) }))
	add("to-zero", "to 32 zero bytes", with("offer", func(p *payload) { p.To = make([]byte, 32) }))
	add("to-self", "to its sender", with("offer", func(p *payload) { p.To = me[:] }))
	add("ref-short", "a ref of 31 bytes", with("answer", func(p *payload) { p.Ref = p.Ref[:31] }))
	add("ref-zero", "a ref of 32 zero bytes", with("answer", func(p *payload) { p.Ref = make([]byte, 32) }))
	add("offer-of-others", "an offer by the one that is to answer", with("offer", func(p *payload) { p.Own = false }))
	add("offer-bare-of-description", "an offer without description", with("offer", func(p *payload) { p.Description = nil }))
	add("offer-ref", "an offer with a ref", with("offer", func(p *payload) { p.Ref = fill32(1) }))
	add("offer-mine", "an offer that voids offers", with("offer", func(p *payload) { p.Mine = 1 }))
	add("offer-yours", "an offer that voids the other's offers", with("offer", func(p *payload) { p.Yours = 1 }))
	add("offer-reason", "an offer with a reason", with("offer", func(p *payload) { p.Reason = 1 }))
	add("offer-candidates", "an offer with candidates outside of its description", with("offer", func(p *payload) { p.Candidates = d.Candidates }))
	add("offer-wish-zero", "an offer for arc 0", with("offer-wish", func(p *payload) { p.Wish.Arc = 0 }))
	add("offer-wish-unnamed", "an offer for an arc of no protocol", with("offer-wish", func(p *payload) { p.Wish.Protocol = "" }))
	add("offer-wish-long", "an offer for an arc of a protocol with 65 bytes", with("offer-longest", func(p *payload) { p.Wish.Protocol += "x" }))
	add("offer-wish-not-utf8", "an offer for an arc of a protocol that is not UTF-8", with("offer-wish", func(p *payload) { p.Wish.Protocol = "spray\xff" }))
	add("answer-wish", "an answer that wishes", with("answer", func(p *payload) { p.Wish = &wish{Arc: 1, Protocol: "spray"} }))
	add("reset-wish", "a reset that wishes", with("reset", func(p *payload) { p.Wish = &wish{Arc: 1, Protocol: "spray"} }))
	add("offer-last", "an offer that says last", with("offer", func(p *payload) { p.Last = true }))
	add("answer-own", "an answer by the initiator", with("answer", func(p *payload) { p.Own = true }))
	add("answer-to-nobody", "an answer to nobody", with("answer", func(p *payload) { p.To = nil }))
	add("answer-without-ref", "an answer without ref", with("answer", func(p *payload) { p.Ref = nil }))
	add("answer-bare-of-description", "an answer without description", with("answer", func(p *payload) { p.Description = nil }))
	add("answer-yours", "an answer that voids the initiator's offers", with("answer", func(p *payload) { p.Yours = 1 }))
	add("candidates-without-ref", "candidates without ref", with("candidates", func(p *payload) { p.Ref = nil }))
	add("candidates-description", "candidates with a description", with("candidates", func(p *payload) { p.Description = d }))
	add("candidates-of-answer-to-nobody", "candidates of an answer to nobody", with("candidates-of-answer", func(p *payload) { p.To = nil }))
	add("candidates-nine", "nine candidates", with("candidates", func(p *payload) {
		for len(p.Candidates) < transport.MaxCandidates+1 {
			p.Candidates = append(p.Candidates, p.Candidates[0])
		}
	}))
	add("reset-to-nobody", "a reset to nobody", with("reset-own", func(p *payload) { p.To = nil }))
	add("reset-ref", "a reset with a ref", with("reset", func(p *payload) { p.Ref = fill32(1) }))
	add("reset-description", "a reset with a description", with("reset", func(p *payload) { p.Description = d }))
	add("reset-reason", "a reset with a reason", with("reset", func(p *payload) { p.Reason = 1 }))
	add("reject-own", "a reject by the initiator", with("reject", func(p *payload) { p.Own = true }))
	add("reject-without-ref", "a reject without ref", with("reject", func(p *payload) { p.Ref = nil }))
	add("reject-reason-4", "reason 4", with("reject", func(p *payload) { p.Reason = 4 }))
	add("reject-candidates", "a reject with candidates", with("reject", func(p *payload) { p.Candidates = d.Candidates }))
}

func changeDescription(t testing.TB, add adder) {
	with := func(change func(*description)) []byte {
		t.Helper()
		p := toPayload(allKinds()["offer"])
		change(p.Description)
		b, err := encoding.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return sealed(b)
	}
	at := func(change func(*candidate)) []byte {
		return with(func(d *description) { change(&d.Candidates[0]) })
	}
	item := func(b []byte) []byte { // instead of the address, whatever it is
		return sealed(bytes.Replace(payloadOf(t, allKinds()["offer"]), bstr([]byte{192, 0, 2, 7}), b, 1))
	}
	ip := func(b ...byte) []byte { return item(bstr(b)) }
	text := func(s string) []byte { return item(join(s)) }
	name := address{name: hidden}
	add("fingerprint-short", "a fingerprint of 31 bytes", with(func(d *description) { d.Fingerprint = d.Fingerprint[:31] }))
	add("fingerprint-long", "a fingerprint of 33 bytes", with(func(d *description) { d.Fingerprint = append(slices.Clone(d.Fingerprint), 0) }))
	add("ufrag-short", "a ufrag of 3 characters", with(func(d *description) { d.Ufrag = "abc" }))
	add("ufrag-long", "a ufrag of 65 characters", with(func(d *description) { d.Ufrag = strings.Repeat("u", 65) }))
	add("ufrag-chars", "a line end in a ufrag", with(func(d *description) { d.Ufrag = "u1Fr\r\na=x" }))
	add("ufrag-not-ascii", "a ufrag that is not ASCII", with(func(d *description) { d.Ufrag = "u1Fé" }))
	add("password-short", "a password of 21 characters", with(func(d *description) { d.Password = strings.Repeat("p", 21) }))
	add("password-long", "a password of 65 characters", with(func(d *description) { d.Password = strings.Repeat("p", 65) }))
	add("password-chars", "a space in a password", with(func(d *description) { d.Password = "pa55word pa55word pa55" }))
	add("setup-3", "setup 3", with(func(d *description) { d.Setup = 3 }))
	add("max-message-small", "max-message 16447", with(func(d *description) { d.MaxMessage = transport.MaxFrame - 1 }))
	add("sctp-init-long", "an SCTP INIT of 257 bytes", with(func(d *description) { d.SCTPInit = make([]byte, 257) }))
	add("description-candidates-nine", "nine candidates in the description", with(func(d *description) {
		d.Candidates = append(d.Candidates, d.Candidates...)
		d.Candidates = append(d.Candidates, d.Candidates[0])
	}))
	add("description-candidates-seventeen", "17 candidates in the description", with(func(d *description) {
		d.Candidates = slices.Repeat(d.Candidates[:1], 17)
	}))
	add("candidate-type-3", "candidate type 3: peer-reflexive ones are not signaled", at(func(c *candidate) { c.Type = 3 }))
	add("port-1023", "a candidate with port 1023", at(func(c *candidate) { c.Port = 1023 }))
	add("port-0", "a candidate with port 0", at(func(c *candidate) { c.Port = 0 }))
	add("address-empty", "an address of no bytes", ip())
	add("address-5", "an address of 5 bytes", ip(192, 0, 2, 7, 0))
	add("address-17", "an address of 17 bytes", ip(make([]byte, 17)...))
	add("address-unspecified", "0.0.0.0", ip(0, 0, 0, 0))
	add("address-unspecified-6", "::", ip(make([]byte, 16)...))
	add("address-multicast", "224.0.0.251", ip(224, 0, 0, 251))
	add("address-multicast-6", "ff02::fb", ip(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb))
	add("address-broadcast", "255.255.255.255", ip(255, 255, 255, 255))
	add("address-mapped", "::ffff:192.0.2.7", ip(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7))
	add("address-null", "null instead of an address", item([]byte{0xf6}))
	add("address-int", "an address as an integer", item(head(majorUint, 0xc0000207)))
	add("address-ints", "an address as an array of ints", item(ints(4)))
	add("address-tagged", "an address with the tag of RFC 9164", item(join([]byte{0xd8, 0x34}, bstr([]byte{192, 0, 2, 7}))))
	add("address-text", "an address as text", text("192.0.2.7"))
	add("name-empty", "an empty name", text(""))
	add("name-local", "a name with .local", text(hidden+".local"))
	add("name-upper", "a name in upper case", text(strings.ToUpper(hidden)))
	add("name-short", "a name of 35 characters", text(hidden[:35]))
	add("name-long", "a name of 37 characters", text(hidden+"0"))
	add("name-of-others", "36 characters that are no UUID: another host's name", text("printer-of-the-third-floor-left.lan1"))
	add("name-hyphens", "a hyphen out of place", text(strings.Replace(hidden, "3e-4", "3-e4", 1)))
	add("name-not-hex", "a g in a name", text("g"+hidden[1:]))
	add("name-line-end", "a line end behind a name", text(hidden[:35]+"\n"))
	add("name-bytes", "a name as bytes", ip([]byte(hidden)...))
	add("name-long-head", "the length of a name in three bytes", item(join([]byte{0x79, 0, 36}, []byte(hidden))))
	add("name-indefinite", "a name in one piece of an indefinite text", item(join([]byte{0x7f}, hidden, []byte{0xff})))
	add("name-srflx", "a name in a server-reflexive candidate", at(func(c *candidate) { c.Type, c.Address = 1, name }))
	add("name-relay", "a name in a relayed candidate", at(func(c *candidate) { c.Type, c.Address = 2, name }))
	add("name-port-1023", "a name with port 1023", at(func(c *candidate) { c.Port, c.Address = 1023, name }))
}

// forgeries are well-formed signals that their sender has not signed.
func forgeries(t testing.TB, add adder) {
	offer := allKinds()["offer"]
	p := payloadOf(t, offer)
	sig := ed25519.Sign(alice, NewCodec(network).over(p))
	changed := func(change func(*transport.Signal)) []byte {
		s := *offer
		d := *s.Description
		d.Candidates = slices.Clone(d.Candidates)
		s.Description = &d
		change(&s)
		return enclose(payloadOf(t, &s), sig)
	}
	flip := func(b []byte, at int) []byte {
		b = slices.Clone(b)
		b[at] ^= 1
		return b
	}
	add("forged-bit-r", "a bit of the signature's first half is changed", enclose(p, flip(sig, 0)))
	add("forged-bit-s", "a bit of the signature's second half is changed", enclose(p, flip(sig, 32)))
	add("forged-zero", "a signature of zeros", enclose(p, make([]byte, 64)))
	add("forged-s-plus-l", "s + L instead of s (RFC 8032 section 5.1.7)", enclose(p, plusL(sig)))
	add("forged-by-other", "signed by bob, from alice", sealedBy(bob, network, p))
	add("forged-network", "signed for another network", sealedBy(alice, "another", p))
	add("forged-without-prefix", "signed without prefix", enclose(p, ed25519.Sign(alice, p)))
	add("forged-other-signal", "the signature of another signal of alice's",
		enclose(p, ed25519.Sign(alice, NewCodec(network).over(payloadOf(t, allKinds()["reset-own"])))))
	add("changed-from", "from is carol: the initiator, too", changed(func(s *transport.Signal) {
		s.From, s.Session.Initiator = idOf(carol), idOf(carol)
	}))
	add("changed-to", "to is carol", changed(func(s *transport.Signal) { s.To = idOf(carol) }))
	add("changed-to-nobody", "to is nobody", changed(func(s *transport.Signal) { s.To = transport.PeerID{} }))
	add("changed-number", "the number is one more", changed(func(s *transport.Signal) { s.Session.Number++ }))
	add("changed-fingerprint", "a broker's fingerprint", changed(func(s *transport.Signal) { s.Description.Fingerprint[0]++ }))
	add("changed-ufrag", "another ufrag", changed(func(s *transport.Signal) { s.Description.Ufrag = "u1Fs" }))
	add("changed-setup", "another DTLS role", changed(func(s *transport.Signal) { s.Description.Setup++ }))
	add("changed-candidate", "another address", changed(func(s *transport.Signal) {
		s.Description.Candidates[0] = cand(transport.Host, 2130706431, "192.0.2.8:50000")
	}))
	add("changed-candidates", "one candidate less", changed(func(s *transport.Signal) {
		s.Description.Candidates = s.Description.Candidates[1:]
	}))
}

// plusL gives the other s that a careless verifier takes.
func plusL(sig []byte) []byte {
	s := slices.Clone(sig[32:])
	slices.Reverse(s) // little-endian
	l, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	n := l.Add(l, new(big.Int).SetBytes(s)).FillBytes(make([]byte, 32))
	slices.Reverse(n)
	return append(slices.Clone(sig[:32]), n...)
}
