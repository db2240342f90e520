package sim

import (
	"fmt"
	"maps"
	"slices"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Crash ends a peer without a word. The others' drivers find out when their
// pending Down is delivered.
func (w *World) Crash(i int) {
	p := w.Peers[i]
	if !p.Alive {
		return
	}
	w.tell(false, "%s crashes", w.letter(i))
	w.told()
	p.Alive = false
	for len(p.ends) > 0 {
		w.close(p, p.ends[0].id)
	}
	w.pending = slices.DeleteFunc(w.pending, func(it *Item) bool { return it.To == i })
	for _, c := range w.calls {
		if c.Peer == i && c.Ended == 0 {
			c = w.ownCall(c.ID)
			c.Lost = true
		}
		if c.conn == 0 {
			continue
		}
		if j := door(c.conn); c.Peer == i { // the channels to it break
			w.put(&Item{Kind: Hangup, To: j, Conn: channel(i, c.conn)})
		} else if j == i {
			w.put(&Item{Kind: Hangup, To: c.Peer, Conn: c.conn})
		}
	}
}

// Restart brings a crashed peer back under its id, without its memory.
func (w *World) Restart(i int) { w.RestartAs(i, w.Peers[i].boot+1) }

// RestartAs does so with a clock that may have been set back: boots are counted
// from 1 by a good one.
func (w *World) RestartAs(i int, boot uint64) {
	if p := w.Peers[i]; !p.Alive {
		w.tell(false, "%s is back, boot %d", w.letter(i), boot)
		w.told()
		w.boot(p, boot)
	}
}

// Break ends the session between two peers, as a network failure does: both
// ends' drivers find out at their own time.
func (w *World) Break(i, j int) {
	w.tell(false, "%s and %s lose their session", w.letter(i), w.letter(j))
	w.told()
	for _, s := range slices.Clone(w.Peers[i].ends) {
		o := w.other(s)
		if o == nil || o.peer.Index != j || s.over || o.over || !s.up {
			continue
		}
		s.over, o.over = true, true
		w.put(&Item{Kind: Down, To: i, Session: s.id})
		w.put(&Item{Kind: Down, To: j, Session: s.id})
	}
}

// Unnoticed has a driver never find out: a pending Down does not come.
func (w *World) Unnoticed(it *Item) {
	w.tell(false, "unnoticed: %s", described{w, it})
	w.told()
	w.remove(it)
}

// GiveUp has the driver of peer i give up on a session.
func (w *World) GiveUp(i int, id transport.SessionID) {
	s := w.Peers[i].end(id)
	if s == nil || s.over {
		return
	}
	w.tell(false, "%s gives %s up", w.letter(i), w.session(id))
	w.told()
	s.over = true
	w.put(&Item{Kind: Down, To: i, Session: id})
	if o := w.other(s); o != nil && s.up && o.up && !o.over {
		o.over = true
		w.put(&Item{Kind: Down, To: o.peer.Index, Session: id})
	}
}

// Cut lets nothing pass between two peers any more; no driver notices. Or it ends
// that: what was said meanwhile is lost, so the sessions that are left break.
func (w *World) Cut(i, j int, cut bool) {
	word := "meets"
	if cut {
		word = "is cut off from"
	}
	w.tell(false, "%s %s %s", w.letter(i), word, w.letter(j))
	w.told()
	w.cut = maps.Clone(w.cut) // clones of the world share the old one
	w.cut[[2]int{i, j}], w.cut[[2]int{j, i}] = cut, cut
	if !cut {
		w.Break(i, j)
		w.widow(i, j)
		w.widow(j, i)
		return
	}
	for _, s := range w.Peers[i].ends {
		if o := w.other(s); o != nil && o.peer.Index == j {
			s.inbox, o.inbox = nil, nil
			w.pending = slices.DeleteFunc(w.pending, func(it *Item) bool { return it.Session == s.id && it.Kind == Message })
		}
	}
}

// widow has the driver of peer i find out that peer j's end of a session is gone:
// nobody could tell it.
func (w *World) widow(i, j int) {
	for _, s := range w.Peers[i].ends {
		if s.up && !s.over && w.other(s) == nil && s.remote.Ufrag[0] == byte('a'+j) { // see ufrag
			s.over = true
			w.put(&Item{Kind: Down, To: i, Session: s.id})
		}
	}
}

// Heal ends every cut.
func (w *World) Heal() {
	for i := range w.Peers {
		for j := range i {
			if w.cut[[2]int{i, j}] {
				w.Cut(i, j, false)
			}
		}
	}
}

func (w *World) isCut(p, q *Peer) bool { return w.cut[[2]int{p.Index, q.Index}] }

// Unheard has the driver of peer i give a session up, because it has heard
// nothing of the other end for too long.
func (w *World) Unheard(i int, id transport.SessionID) {
	if s := w.Peers[i].end(id); s != nil {
		s.over = true
		w.tell(false, "%s hears nothing on %s", w.letter(i), w.session(id))
		w.Input(i, core.Down{ID: id, Err: fmt.Errorf("%w for 20s", transport.ErrSilent)})
	}
}
