package verify

import "github.com/n2n-overlay/n2n/fsm/arc"

// check holds the world of ends to what must hold in every state:
//
//	C  each session counts its arcs and requests right, and is usable when its line is
//	T  at most one end holds an arc
//	N  the spec rules nothing out that happens, and its invariants hold
func (w *ends) check() string {
	for p := range 2 {
		s := w.session[p]
		up, waiting := 0, 0
		for i := range maxArcs {
			a, b := w.out[p][i], w.in[p][i]
			if waits(a) {
				waiting++
			}
			if a.State == arc.ArcUp {
				up++
			}
			if b.State == arc.ArcUp {
				up++
			}
			if o := w.in[1-p][i]; a.State == arc.ArcUp && o.State == arc.ArcUp && a.Out && o.Out {
				return "T: both ends hold an arc"
			}
			if broken := a.Check() + b.Check(); broken != "" {
				return "N: " + broken
			}
		}
		switch broken := s.Check(); {
		case broken != "":
			return "N: " + broken
		case int(s.Arcs) != up || int(s.Wants) != waiting:
			return "C: the session counts wrong"
		case (w.line[p] == usable) != s.State.Usable():
			return "C: a session is usable that is not, or the other way round"
		case w.line[p] == dialing && s.State != arc.SessionDialing:
			return "C: the link dials for nobody"
		}
	}
	return ""
}

// judge holds it, where nothing is under way but wishes and timers, to this:
//
//	A  the outview of each end is the inview of the other, and each arc has one holder
//	B  both ends have the session, and none waits for the other's word; or neither has
//	F  a request fails only if somebody gave it up, or more broke than are redialed
func (m endWorld) judge(w ends, quiet bool) string {
	if w.failed && m.Gives+m.Early == 0 && m.Breaks+m.Fails <= arc.Redials {
		return "F: a request has failed"
	}
	for p := range 2 {
		for _, what := range []happening{receive, greeted, lost, meet} {
			if w.may(p, what) {
				return ""
			}
		}
	}
	if w.line[0] != w.line[1] {
		return "B: one end has a session"
	}
	for p := range 2 {
		if w.session[p].State.Ending() {
			return "B: an end waits for a word that does not come"
		}
		for i := range maxArcs {
			out, in := w.out[p][i], w.in[1-p][i]
			if waits(out) || (out.State == arc.ArcUp) != (in.State == arc.ArcUp) || out.State == arc.ArcUp && out.Out == in.Out {
				return "A: the ends do not agree on an arc"
			}
		}
	}
	return ""
}
