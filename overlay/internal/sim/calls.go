package sim

import (
	"fmt"
	"maps"
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/transport"
)

// Call is one call of an application.
type Call struct {
	ID        uint64
	Peer      int
	Text      string
	Ended     int
	Err       error
	At        time.Duration // when it ended
	AtOnce    bool          // it ended in the step that began it
	Cancelled bool
	Lost      bool  // its peer crashed
	Via       []int // the peers that it needs: brokers, and whom it asks
	To        int
	Kind      string
	begun     time.Duration
	protocol  string
	session   transport.SessionID // of a connect: the one that was open when it began
	conn      uint64              // of a join
	trickle   bool
	turn      int // of its making, from 1: numbers may have been reserved
}

// Conn gives the channel of a join, as its own end knows it; zero: it is none.
func (c *Call) Conn() uint64 { return c.conn }

// Calls lists the calls, by number.
func (w *World) Calls() []*Call { return w.calls }

// call makes a call of peer i's application.
func (w *World) call(i int, c *Call, text string, input func(call uint64) core.Input) uint64 {
	c.Peer, c.Text = i, w.letter(i)+" "+text
	c.begun, c.Lost = w.Now, !w.Peers[i].Alive
	w.made++
	c.turn = w.made
	c.session, _ = w.Peers[i].Core.Open(w.Peers[c.To].ID)
	w.number(c)
	in := input(c.ID)
	w.tell(false, "%s", c.Text)
	w.Input(i, in)
	if c = w.calls[c.ID-1]; c.Ended > 0 {
		c.AtOnce = true
	}
	return c.ID
}

func (w *World) done(p *Peer, e core.Done) {
	if e.Call == 0 || e.Call > uint64(len(w.calls)) {
		w.failed(p, "call %d ended, which nobody made", e.Call)
		return
	}
	c := w.ownCall(e.Call)
	c.Ended++
	c.At = w.Now
	if c.Ended > 1 {
		w.failed(p, "call %q ended again", c.Text)
	}
	w.checkDone(p, c, e)
	if e.Err != nil {
		c.Err = e.Err.Err
		w.news("%q failed: %v", c.Text, c.Err)
	} else {
		w.news("%q done", c.Text)
	}
	if c.conn != 0 {
		w.put(&Item{Kind: Hangup, To: p.Index, Conn: c.conn})
		w.put(&Item{Kind: Hangup, To: door(c.conn), Conn: channel(p.Index, c.conn)})
	}
}

// Connect has peer i ask for an arc to peer j, by way of the given brokers.
func (w *World) Connect(i, j int, via ...int) uint64 {
	return w.ConnectAs(w.opts.Protocols[0], i, j, via...)
}

// ConnectAs does so for a protocol.
func (w *World) ConnectAs(protocol string, i, j int, via ...int) uint64 {
	var path []transport.PeerID
	text := "connects " + w.letter(j)
	for _, v := range via {
		path = append(path, w.Peers[v].ID)
		text += " via " + w.letter(v)
	}
	return w.call(i, &Call{Kind: "connect", To: j, Via: via, protocol: protocol}, text+w.protocol(protocol), func(id uint64) core.Input {
		return core.Connect{Call: id, Protocol: protocol, To: w.Peers[j].ID, Path: path}
	})
}

// Introduce has peer b ask peer i for an arc to peer j.
func (w *World) Introduce(b, i, j int) uint64 { return w.IntroduceAs(w.opts.Protocols[0], b, i, j) }

// IntroduceAs does so for a protocol.
func (w *World) IntroduceAs(protocol string, b, i, j int) uint64 {
	text := "introduces " + w.letter(i) + " to " + w.letter(j) + w.protocol(protocol)
	return w.call(b, &Call{Kind: "introduce", To: j, Via: []int{i}, protocol: protocol}, text, func(id uint64) core.Input {
		return core.Introduce{Call: id, Protocol: protocol, From: w.Peers[i].ID, To: w.Peers[j].ID}
	})
}

// Invite has peer i ask peer j for an arc to i.
func (w *World) Invite(i, j int) uint64 { return w.InviteAs(w.opts.Protocols[0], i, j) }

// InviteAs does so for a protocol.
func (w *World) InviteAs(protocol string, i, j int) uint64 {
	text := "invites " + w.letter(j) + w.protocol(protocol)
	return w.call(i, &Call{Kind: "invite", To: j, protocol: protocol}, text, func(id uint64) core.Input {
		return core.Invite{Call: id, Protocol: protocol, From: w.Peers[j].ID}
	})
}

// Cancel says that nobody waits for a call of peer i.
func (w *World) Cancel(i int, call uint64) {
	c := w.ownCall(call)
	c.Cancelled = true
	w.tell(false, "%s cancels %q%s", w.letter(i), c.Text, w.which(c))
	w.Input(i, core.Cancel{Call: call})
}

// Register makes a protocol welcome at peer i, or not.
func (w *World) Register(i int, protocol string, welcome bool) {
	w.Peers[i].gone = maps.Clone(w.Peers[i].gone)
	w.Peers[i].gone[protocol] = !welcome
	if welcome {
		w.tell(false, "%s registers %s", w.letter(i), protocol)
		w.Input(i, core.Register{Protocol: protocol})
		return
	}
	w.tell(false, "%s unregisters %s", w.letter(i), protocol)
	w.Input(i, core.Unregister{Protocol: protocol})
}

// Leave has peer i say farewell.
func (w *World) Leave(i int) {
	w.Peers[i].Left = true
	w.tell(false, "%s leaves", w.letter(i))
	w.Input(i, core.Leave{})
}

// Join has peer i meet peer j over a channel that carries signals both ways as
// an entrance does (trickle), or one offer and one answer, carried by hand.
func (w *World) Join(i, j int, trickle bool) uint64 {
	return w.JoinAs(w.opts.Protocols[0], i, j, trickle)
}

// JoinAs does so for a protocol.
func (w *World) JoinAs(protocol string, i, j int, trickle bool) uint64 {
	how := " by hand"
	if trickle {
		how = " over a channel"
	}
	c := &Call{Kind: "join" + how, To: j, trickle: trickle, protocol: protocol}
	id := w.call(i, c, "joins "+w.letter(j)+how+w.protocol(protocol), func(id uint64) core.Input {
		// A channel's number tells the world whom it leads to.
		c.conn = uint64(j+1)<<16 | id
		w.Input(j, core.OpenDoor{Conn: channel(i, c.conn), Trickle: trickle})
		return core.Join{Call: id, Protocol: protocol, Conn: c.conn, Trickle: trickle}
	})
	if !w.Peers[j].Alive || !w.Peers[i].Alive || w.shut && trickle {
		w.CloseDoor(i, c.conn)
		w.CloseDoor(j, channel(i, c.conn))
	}
	return id
}

// channel gives the number that an application's channel has at its other end.
func channel(other int, conn uint64) uint64 { return uint64(other+1)<<16 | conn&0xffff }

// door gives the peer at the other end of a channel.
func door(conn uint64) int { return int(conn>>16) - 1 }

// CloseDoor ends an application's channel at peer i.
func (w *World) CloseDoor(i int, conn uint64) {
	w.tell(true, "%s loses channel %d to %s", w.letter(i), w.calls[conn&0xffff-1].turn, w.letter(door(conn)))
	w.Input(i, core.CloseDoor{Conn: conn})
}

// CloseChannel ends the channel of a join at its own end.
func (w *World) CloseChannel(call uint64) {
	c := w.calls[call-1]
	w.CloseDoor(c.Peer, c.conn)
}

// carried hears that a signal went out over a channel: who admits by hand is
// done with its first answer.
func (w *World) carried(p *Peer, e core.SendSignal) {
	if c := w.calls[e.Conn&0xffff-1]; c.Peer != p.Index && !c.trickle {
		w.put(&Item{Kind: Hangup, To: p.Index, Conn: e.Conn})
	}
}

func (w *World) doorDone(p *Peer, e core.DoorDone) {
	if e.Err != nil {
		w.news("door: %s failed: %v", w.Name(e.Peer), e.Err)
	} else {
		w.news("door: %s is in", w.Name(e.Peer))
	}
	w.put(&Item{Kind: Hangup, To: p.Index, Conn: e.Conn})
}

// Connected makes an arc from i to j over an entrance, and panics if that fails.
func (w *World) Connected(i, j int) {
	c := w.Join(i, j, true)
	w.Settle()
	if err, ended := w.Result(c); err != nil || !ended {
		panic(fmt.Sprintf("sim: join failed: %v\n%s", err, w.Dump()))
	}
}

// Result gives how a call ended, and whether it has.
func (w *World) Result(call uint64) (error, bool) {
	c := w.calls[call-1]
	return c.Err, c.Ended > 0
}

// Endings counts how often a call was said to have ended.
func (w *World) Endings(call uint64) int { return w.calls[call-1].Ended }
