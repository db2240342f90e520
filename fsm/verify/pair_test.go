package verify

import (
	"fmt"
	"strings"
)

// phase is how far one end's driver session of an attempt is.
type phase uint8

const (
	none   phase = iota
	local        // has offered
	stable       // has both descriptions
	ready        // up here
	closed
)

func (p phase) alive() bool { return p == local || p == stable || p == ready }

// maxNumber bounds K: the numbers of offers are 1..3.
const maxNumber = 3

// pair is two ends of one pair of peers and all that is between them. End 0 is
// the polite one.
type pair struct {
	link    [2]link
	driver  [2][2][maxNumber + 1]phase // of an end: by whose offer it was, and its number
	joined  [2][maxNumber + 1]bool     // the two driver sessions of an attempt have found each other
	offers  [2]uint8                   // that may arrive at an end: a bit for each n
	answers [2]uint16                  // likewise: bit 4n+h
	resets  [2]uint16                  // bit 4m+y
	loss    uint8                      // how many signals may still be lost
	breaks  uint8                      // how often a driver session may still break
	early   uint8                      // how often a setup timer may still fire too early
	want    [2]bool                    // who wants a session
}

// budget bounds a pair world.
type budget struct {
	K       uint8 // attempts of each end
	Loss, R uint8 // signals lost; repetitions of an offer
	Breaks  uint8
	// Timely: setup fires only when it is early, which is what liveness is about:
	// where nothing else can happen, a timer would have to. Otherwise, at any time.
	Timely bool
	Early  uint8
}

func (b budget) String() string {
	mode := "timers any time"
	if b.Timely {
		mode = fmt.Sprintf("%d early timers", b.Early)
	}
	return fmt.Sprintf("K%d loss %d R%d breaks %d, %s", b.K, b.Loss, b.R, b.Breaks, mode)
}

// pairs is the model: what the network, the drivers and the clock may do with
// two links. A signal sent may arrive at any later time, any number of times, in
// any order; or it is lost when it is sent, within the budget.
type pairs struct {
	player
	budget
	rules rules

	seq, sent, setup, retry int // slots of the link; -1 where it has none
}

func newPairs(p player, b budget, r rules) *pairs {
	return &pairs{player: p, budget: b, rules: r,
		seq: p.slot("seq"), sent: p.slot("sent"), setup: p.slot("setup"), retry: p.slot("retry")}
}

func (m *pairs) starts() (out []pair) {
	for _, want := range [][2]bool{{true, true}, {true, false}, {false, true}} {
		w := pair{loss: m.Loss, breaks: m.Breaks, early: m.Early, want: want}
		w.link = [2]link{m.fresh(true), m.fresh(false)}
		out = append(out, w)
	}
	return out
}

// turn is a step: an event at an end, for one attempt if it is of the driver's.
type turn struct {
	end   int
	ev    event
	own   bool  // the attempt of join, up and down: of whose offer,
	n     uint8 // and its number
	lost  bool  // what it sends is lost
	broke bool  // the driver session breaks by itself
}

func (m *pairs) next(w pair, visit func(turn, pair, string)) {
	for p := range 2 {
		m.local(&w, p, visit)
		m.arrivals(&w, p, visit)
		m.drivers(&w, p, visit)
	}
}

// local are the caller's wish and the timers.
func (m *pairs) local(w *pair, p int, visit func(turn, pair, string)) {
	l := w.link[p]
	if w.want[p] && l.state == 0 && l.slot[m.seq] < m.K {
		m.both(w, turn{end: p, ev: event{connect, l.slot[m.seq] + 1, 0}}, visit)
	}
	if m.retry >= 0 && l.slot[m.retry] != 0 && l.slot[m.sent] < m.R && w.offering(p) {
		m.both(w, turn{end: p, ev: event{kind: retry}}, visit)
	}
	if l.slot[m.setup] != 0 && (!m.Timely || w.early > 0) {
		m.both(w, turn{end: p, ev: event{kind: setup}}, visit)
	}
}

// offering: the other repetitions are of candidates, which are not in this world.
func (w *pair) offering(p int) bool {
	for _, ph := range w.driver[p][p] {
		if ph == local {
			return true
		}
	}
	return false
}

func (m *pairs) arrivals(w *pair, p int, visit func(turn, pair, string)) {
	for n := range m.K + 1 {
		if w.offers[p]&(1<<n) != 0 {
			m.both(w, turn{end: p, ev: event{offer, n, 0}}, visit)
		}
		for h := range m.K + 1 {
			if w.answers[p]&(1<<(4*n+h)) != 0 {
				m.both(w, turn{end: p, ev: event{answer, n, h}}, visit)
			}
			if w.resets[p]&(1<<(4*n+h)) != 0 {
				m.both(w, turn{end: p, ev: event{reset, n, h}}, visit)
			}
		}
	}
}

// drivers: the two sessions of an attempt join when both have both descriptions.
// Each end hears of that later, and of the other's close, if they were joined. A
// session may also break by itself.
func (m *pairs) drivers(w *pair, p int, visit func(turn, pair, string)) {
	for owner := range 2 {
		for n := uint8(1); n <= m.K; n++ {
			here, there, joined := w.driver[p][owner][n], w.driver[1-p][owner][n], w.joined[owner][n]
			own := owner == p
			if p == 0 && here == stable && there == stable && !joined {
				to := *w
				to.joined[owner][n] = true
				visit(turn{ev: event{kind: join}, own: own, n: n}, to, "")
			}
			if joined && here == stable {
				m.both(w, turn{end: p, ev: event{up, b2u(own), 0}, own: own, n: n}, visit)
			}
			t := turn{end: p, ev: event{down, b2u(own), 0}, own: own, n: n}
			if joined && (here == stable || here == ready) && there == closed {
				m.both(w, t, visit)
			}
			if t.broke = true; w.breaks > 0 && (here == stable || here == ready) {
				m.both(w, t, visit)
			}
		}
	}
}

// both takes a step, and takes it again with what it sends lost.
func (m *pairs) both(w *pair, t turn, visit func(turn, pair, string)) {
	to, sends, fault := m.take(*w, t)
	visit(t, to, fault)
	if t.lost = true; sends && w.loss > 0 {
		to, _, fault = m.take(*w, t)
		visit(t, to, fault)
	}
}

func (m *pairs) take(w pair, t turn) (to pair, sends bool, fault string) {
	p, before := t.end, w.driver
	switch {
	case t.ev.kind == setup && m.Timely:
		w.early--
	case t.broke:
		w.breaks--
	case t.ev.kind == up:
		w.driver[p][t.owner()][t.n] = ready
	}
	out := m.play(w.link[p], t.ev)
	if out.edge == 0 || out.fault != "" {
		return w, false, "N: " + m.state(w.link[p]) + " under " + eventNames[t.ev.kind] + ": never" + out.fault
	}
	w.link[p] = out.next
	count := 0
	for _, e := range out.fx[:out.count] {
		if e.kind >= sendOffer {
			count++
		}
		if fault == "" {
			fault = m.perform(&w, p, e, t.lost)
		}
	}
	if count > 1 && fault == "" {
		fault = "N: two signals in one step: this world loses one at most"
	}
	if fault == "" {
		fault = m.rules.step(&before, &w, t)
	}
	return w, count > 0, fault
}

func (t turn) owner() int {
	if t.own {
		return t.end
	}
	return 1 - t.end
}

// perform does what a link says.
func (m *pairs) perform(w *pair, p int, e effect, lost bool) (fault string) {
	q := 1 - p
	switch e.kind {
	case create:
		return m.begin(w, p, p, e.a, none, local)
	case accept:
		return m.begin(w, p, q, e.a, none, stable)
	case finish:
		return m.begin(w, p, p, e.a, local, stable)
	case closeAll:
		if w.end(p, p)+w.end(p, q) != 1 && m.rules&s1 != 0 {
			return "S1: close is not of one driver session"
		}
	case shut:
		owner := p
		if e.a == 0 {
			owner = q
		}
		w.end(p, owner)
	case sendOffer, sendAnswer, sendReset:
		if lost {
			w.loss--
			return ""
		}
		w.send(q, e)
	case strange:
		return "N: an effect that has no place in this world"
	}
	return ""
}

func (w *pair) send(q int, e effect) {
	switch e.kind {
	case sendOffer:
		w.offers[q] |= 1 << e.a
	case sendAnswer:
		w.answers[q] |= 1 << (4*e.a + e.b)
	case sendReset:
		w.resets[q] |= 1 << (4*e.a + e.b)
	}
}

// begin makes or finishes a driver session. None is made twice for one offer.
func (m *pairs) begin(w *pair, p, owner int, n uint8, from, to phase) string {
	if w.driver[p][owner][n] != from && m.rules&s1 != 0 {
		return "S1: a driver session is made or finished twice"
	}
	w.driver[p][owner][n] = to
	w.joined[owner][n] = false
	return ""
}

// end closes what end p has alive of an owner's offers.
func (w *pair) end(p, owner int) (n int) {
	for i, ph := range w.driver[p][owner] {
		if !ph.alive() {
			continue
		}
		n++
		w.driver[p][owner][i] = closed
	}
	return n
}

// endNames: p is the polite end.
var endNames = [2]string{"p", "q"}

func (m *pairs) text(w pair, t turn) string {
	if t.ev.kind == join {
		return fmt.Sprintf("the driver sessions of %s%d join", endNames[t.owner()], t.n)
	}
	out := m.play(w.link[t.end], t.ev)
	what := eventNames[t.ev.kind]
	switch t.ev.kind {
	case connect, offer:
		what += fmt.Sprintf("(%d)", t.ev.a)
	case answer, reset:
		what += fmt.Sprintf("(%d, %d)", t.ev.a, t.ev.b)
	case up, down:
		what += fmt.Sprintf(" %s%d", endNames[t.owner()], t.n)
	}
	if t.broke {
		what += ", by itself"
	}
	line := fmt.Sprintf("%s: %-14s %s -> %s", endNames[t.end], what, m.state(w.link[t.end]), m.state(out.next))
	for _, e := range out.fx[:out.count] {
		if name := map[effectKind]string{sendOffer: "Offer", sendAnswer: "Answer", sendReset: "Reset"}[e.kind]; name != "" {
			line += fmt.Sprintf(", sends %s(%d", name, e.a)
			if e.kind != sendOffer {
				line += fmt.Sprintf(", %d", e.b)
			}
			if line += ")"; t.lost {
				line += " (lost)"
			}
		}
	}
	return line
}

func (m *pairs) show(w pair) string {
	var out []string
	for p := range 2 {
		s := endNames[p] + " " + m.state(w.link[p])
		for owner := range 2 {
			for n, ph := range w.driver[p][owner] {
				if ph.alive() {
					s += fmt.Sprintf(" %s%d", endNames[owner], n)
				}
			}
		}
		if w.want[p] {
			s += " (wants)"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}
