package transporttest

import (
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

var setupCases = []testCase{
	{"open", "Offer, Answer and Finish give Up at both ends.", testOpen},
	{"description", "Described gives a description that passes Check, with credentials of this attempt only.", testDescription},
	{"outside of methods", "A driver never calls the Handler from inside a method that the node called, and no method waits.", testOutsideOfMethods},
	{"two sessions", "One driver has several sessions at once, to one peer or to several.", testTwoSessions},
	{"id in use", "A session id that is in use is refused.", testIDInUse},
	{"again and again", "A driver outlives its sessions.", testAgain},
	{"finish twice", "A second Finish is harmless, and so is one at the end that answered.", testFinishTwice},
}

func testOpen(k *kit) {
	a, b := k.pair()
	a.still("nothing happened")
	for _, e := range []*end{a, b} {
		if d, u := e.count(Described), e.count(Up); d != 1 || u != 1 {
			k.Errorf("%s: Described %d times and Up %d times, want once each", e.name, d, u)
		}
	}
}

func testDescription(k *kit) {
	a, b := k.ends()
	a.offer()
	offer := a.description()
	b.answer(offer)
	answer := b.description()
	for name, e := range map[string]*end{"offer": a, "answer": b} {
		d := e.description()
		if err := d.Check(); err != nil {
			k.Errorf("%s: %v", name, err)
		}
		if d.Fingerprint == ([32]byte{}) {
			k.Errorf("%s: no fingerprint", name)
		}
		all := e.gathered()
		if err := transport.CheckCandidates(all); err != nil {
			k.Errorf("%s: %v", name, err)
		}
		if len(d.Candidates)+len(all) == 0 {
			k.Errorf("%s: no candidates at all", name)
		}
	}
	// RFC 8842 section 5.2: an offerer leaves the role to the answerer, who
	// (section 5.3) must choose.
	if offer.Setup != transport.SetupActPass {
		k.Errorf("offer: setup %v, want actpass", offer.Setup)
	}
	if answer.Setup == transport.SetupActPass {
		k.Errorf("answer: setup actpass, want active or passive")
	}
	if offer.Fingerprint == answer.Fingerprint {
		k.Errorf("both drivers have the fingerprint %x", offer.Fingerprint)
	}

	// RFC 8445 section 5.3: the credentials are new for each session.
	other := k.end("a again", a.driver, k.newID())
	other.offer()
	if d := other.description(); d.Ufrag == offer.Ufrag || d.Password == offer.Password {
		k.Errorf("two sessions of a driver share ufrag or password")
	}
}

// testOutsideOfMethods holds a lock around each call that the handlers need,
// as a node with a mutex would.
func testOutsideOfMethods(k *kit) {
	a, b := k.ends()
	gate := make(chan struct{}, 1) // a channel, since a mutex would stop a bubble's clock
	pass := func() { gate <- struct{}{}; <-gate }
	for _, e := range []*end{a, b} {
		e.OnDescribed = func(transport.SessionID, transport.Description) { pass() }
		e.OnGathered = func(transport.SessionID, []transport.Candidate, bool) { pass() }
		e.OnUp = func(transport.SessionID) { pass() }
		e.OnDown = func(transport.SessionID, error) { pass() }
		e.OnMessage = func(transport.SessionID, uint16, []byte) { pass() }
	}
	held := func(method string, call func() error) {
		k.Helper()
		gate <- struct{}{}
		done := make(chan error, 1)
		go func() { done <- call() }()
		timer := time.NewTimer(k.cfg.Timeout)
		defer timer.Stop()
		select {
		case err := <-done:
			<-gate
			if err != nil {
				k.Fatalf("%s: %v", method, err)
			}
		case <-timer.C:
			<-gate
			<-done
			k.Fatalf("%s waits for a handler", method)
		}
	}
	held("Offer", func() (err error) { a.session, err = a.driver.Offer(a.id, a.Recorder); return err })
	offer := a.description()
	held("Answer", func() (err error) { b.session, err = b.driver.Answer(b.id, offer, b.Recorder); return err })
	answer := b.description()
	ca, cb := a.gathered(), b.gathered()
	held("Finish", func() error { return a.session.Finish(answer) })
	held("AddCandidates", func() error { return a.session.AddCandidates(cb) })
	held("AddCandidates", func() error { return b.session.AddCandidates(ca) })
	a.waitUp()
	b.waitUp()
	var ac, bc transport.Channel
	held("Channel", func() (err error) {
		ac, err = a.session.Channel(transport.ControlChannel, transport.ChannelConfig{})
		return err
	})
	held("Channel", func() (err error) {
		bc, err = b.session.Channel(transport.ControlChannel, transport.ChannelConfig{})
		return err
	})
	held("Send", func() error { return ac.Send([]byte("from a")) })
	held("Send", func() error { return bc.Send([]byte("from b")) })
	a.waitMessages(transport.ControlChannel, 1)
	b.waitMessages(transport.ControlChannel, 1)
	held("Channel.Close", func() error { return ac.Close() })
	held("Session.Close", func() error { return a.session.Close() })
	b.waitDown()
}

func testTwoSessions(k *kit) {
	a, b, c := k.driver(), k.driver(), k.driver()
	var sessions [][2]*end
	for _, far := range []transport.Driver{b, c, b} {
		id := k.newID()
		sessions = append(sessions, [2]*end{k.end("near "+id.String(), a, id), k.end("far "+id.String(), far, id)})
	}
	for _, s := range sessions {
		s[0].offer()
	}
	for _, s := range slices.Backward(sessions) {
		s[1].answer(s[0].description())
	}
	for _, s := range sessions {
		s[0].finish(s[1].description())
	}
	for _, s := range sessions {
		s[0].add(s[1].gathered())
		s[1].add(s[0].gathered())
		s[0].waitUp()
		s[1].waitUp()
	}
	for _, s := range sessions {
		s[1].channel(transport.ControlChannel)
		k.must(s[0].channel(transport.ControlChannel).Send([]byte(s[0].id.String())))
	}
	for _, s := range sessions {
		s[1].wantMessages(transport.ControlChannel, [][]byte{[]byte(s[0].id.String())})
	}
	sessions[0][0].close()
	sessions[0][1].waitDown()
	k.must(sessions[2][0].channel(transport.ControlChannel).Send([]byte("alive")))
	sessions[2][1].waitMessages(transport.ControlChannel, 2)
}

func testIDInUse(k *kit) {
	a, b := k.ends()
	stranger := k.recorder("stranger")
	refused := func(what string, s transport.Session, err error) {
		k.Helper()
		if err == nil {
			k.Errorf("%s with an id in use: no error", what)
			_ = s.Close()
		}
	}
	a.offer()
	s, err := a.driver.Offer(a.id, stranger)
	refused("Offer", s, err)
	b.answer(a.description())
	s, err = b.driver.Answer(b.id, a.description(), stranger)
	refused("Answer", s, err)
	s, err = b.driver.Offer(b.id, stranger)
	refused("Offer at the other end", s, err)
	s, err = a.driver.Answer(a.id, b.description(), stranger)
	refused("Answer at the initiator", s, err)

	a.finish(b.description())
	b.add(a.gathered())
	a.add(b.gathered())
	a.waitUp()
	b.waitUp()
	if got := stranger.Events(); len(got) > 0 {
		k.Errorf("the refused handler was called: %v", got)
	}
}

func testAgain(k *kit) {
	da, db := k.driver(), k.driver()
	for i := range 5 {
		id := k.newID()
		a, b := k.end("a", da, id), k.end("b", db, id)
		k.connect(a, b)
		if i%2 == 0 {
			a, b = b, a
		}
		a.close()
		b.waitDown()
	}
}

func testFinishTwice(k *kit) {
	a, b := k.ends()
	a.offer()
	b.answer(a.description())
	answer := b.description()
	a.finish(answer)
	_ = a.session.Finish(clone(answer)) // an error or nil: it must only do no harm
	b.add(a.gathered())
	a.add(b.gathered())
	a.waitUp()
	b.waitUp()
	_ = a.session.Finish(clone(answer))
	if err := b.session.Finish(a.description()); err == nil {
		k.Errorf("Finish of a session that was begun with Answer: no error")
	}
	k.exchange(a, b)
	if n := a.count(Up); n != 1 {
		k.Errorf("Up %d times, want once", n)
	}
}

// exchange sends one message each way on the control channel.
func (k *kit) exchange(a, b *end) {
	k.Helper()
	na, nb := a.received(transport.ControlChannel), b.received(transport.ControlChannel)
	ca, cb := a.channel(transport.ControlChannel), b.channel(transport.ControlChannel)
	k.must(ca.Send([]byte("ping")))
	k.must(cb.Send([]byte("pong")))
	a.waitMessages(transport.ControlChannel, na+1)
	b.waitMessages(transport.ControlChannel, nb+1)
}
