package verify

// rules are the properties to hold a pair world to (PROTOCOL 4.1).
//
//	S1  at most one driver session is alive at each end, and none in Idle: none leaks
//	S2  at rest both ends have the same session open, or none
//	S3  a signal makes an end leave an attempt that it has answered, finished or
//	    opened only if the other end has closed it: none that is stale kills a good one
//	S4  every run ends (explore checks it)
//	L   (timely) where nothing but a timer can happen, both ends are open
//	N   the spec rules nothing out that happens, and its invariants hold
type rules uint8

const (
	s1 rules = 1 << iota
	s2
	s3
	live
	safe  = s1 | s2 | s3
	every = safe | live
)

// step judges a step by the driver sessions before and after it.
func (r rules) step(before *[2][2][maxNumber + 1]phase, w *pair, t turn) string {
	if signal := t.ev.kind == offer || t.ev.kind == answer || t.ev.kind == reset; !signal || r&s3 == 0 {
		return ""
	}
	for owner := range 2 {
		for n, was := range before[t.end][owner] {
			is, there := w.driver[t.end][owner][n], w.driver[1-t.end][owner][n]
			if (was == stable || was == ready) && !is.alive() && there.alive() {
				return "S3: a stale signal kills a good attempt"
			}
		}
	}
	return ""
}

func (m *pairs) judge(w pair, quiet bool) string {
	var alive, open [2]int
	same := false
	for p := range 2 {
		for owner := range 2 {
			for n, ph := range w.driver[p][owner] {
				if ph.alive() {
					alive[p]++
				}
				if ph == ready {
					open[p]++
					same = same || w.driver[1-p][owner][n] == ready
				}
			}
		}
		if idle := w.link[p].state == 0; m.rules&s1 != 0 && (alive[p] > 1 || idle != (alive[p] == 0)) {
			return "S1: a driver session leaks"
		}
	}
	switch {
	case !quiet:
	case m.rules&s2 != 0 && (open[0] != open[1] || open[0] == 1 && !same):
		return "S2: at rest the ends do not agree"
	case m.rules&live != 0 && m.Timely && !(open[0] == 1 && open[1] == 1 && same):
		law := "L1"
		if m.Early > 0 {
			law = "L2"
		}
		return law + ": nothing but a timer can happen, and not both ends are open"
	}
	return ""
}
