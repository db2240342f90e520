package sim

import (
	"slices"

	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// lies lists what the liars among the brokers can do with what reached them.
// They cannot change a signal, which is signed; they can keep it, repeat it and
// hold it up, as the network can, and they can answer for others.
func (w *World) lies(moves []Move, b *Budget) []Move {
	if b.Lies == 0 {
		return moves
	}
	for n, it := range w.pending {
		m, ok := w.head(it)
		if !ok || !slices.Contains(w.opts.Liars, it.To) {
			continue
		}
		switch msg := m.msg.(type) {
		case *signal.Relay:
			if int(msg.Position) == len(msg.Path)-1 {
				continue // it is for the liar itself
			}
			moves = append(moves, Move{MoveBounce, uint16(n)})
			for _, i := range w.near(it.To) {
				if i != it.From && n < 256 && w.Peers[i].ID != msg.Path[msg.Position+1] {
					moves = append(moves, Move{MoveAstray, uint16(i<<8 | n)})
				}
			}
		case *signal.Meet, *signal.Invite:
			moves = append(moves, Move{MovePretend, uint16(n)})
		}
	}
	return moves
}

// lie has a liar take what reached it for itself, and send what is not true.
func (w *World) lie(m Move) {
	n := int(m.N)
	if m.Kind == MoveAstray {
		n &= 255
	}
	it := w.pending[n]
	liar := w.Peers[it.To]
	head, _ := w.head(it)
	how := map[MoveKind]string{MoveBounce: "bounces", MoveAstray: "leads astray to " + w.letter(int(m.N>>8)), MovePretend: "pretends"}[m.Kind]
	w.tell(false, "%s lies, %s: %s", w.letter(it.To), how, described{w, it})
	w.remove(it)
	w.pop(it, liar.end(it.Session))
	to, session, sent := it.From, it.Session, core.Message(nil)
	switch msg := head.msg.(type) {
	case *signal.Relay:
		if m.Kind == MoveBounce {
			sent = &signal.Bounce{Initiator: msg.Initiator, Number: msg.Number, Path: msg.Path, Position: msg.Position - 1}
			break
		}
		to = int(m.N >> 8)
		session, _ = liar.Core.Open(w.Peers[to].ID)
		astray := *msg
		astray.Position++
		sent = &astray
	case *signal.Meet:
		sent = &signal.Met{Meeting: msg.Meeting, Result: signal.OutcomeOpened}
	case *signal.Invite:
		sent = &signal.Met{Meeting: msg.Meeting, Result: signal.OutcomeOpened}
	}
	w.news("%s>%s %s", w.letter(it.To), w.letter(to), w.describe(message{msg: sent}))
	w.told()
	w.send(liar, session, message{sent, head.signal})
}
