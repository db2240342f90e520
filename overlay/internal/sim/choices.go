package sim

import (
	"slices"
	"time"
)

// Choice is one thing that can happen next.
type Choice struct {
	Name string
	Do   func()
	Hops [][2]int // sessions that it relies on
	Keep bool     // it would end an arc of the last protocol, which some worlds keep
}

// Limits say what may happen in a world, and how often.
type Limits struct {
	Calls   int // of applications
	Faults  int // crashes, breaks, failing drivers, channels that close, the entrance
	Losses  int // signals lost, repeated or held up
	Early   int // timers that fire too soon
	Cuts    int // pairs between which nothing comes through; only heartbeats find them
	Changes int // protocols registered or not, farewells, cancels
	Lingers int // timers of at most ShortLinger that fire, in their time
}

// ShortLinger is a Config.Linger that is shorter than every other timer, so that
// a world can let sessions linger out while nobody waits for anything.
const ShortLinger = time.Millisecond

// deliver lists what the network and the drivers can do next, the oldest first.
func (w *World) deliver() (list []Choice) {
	for _, it := range w.pending {
		if w.turn(it) {
			list = append(list, Choice{Name: "deliver", Do: func() { w.Deliver(it) }})
		}
	}
	return list
}

// turn reports whether an item is the first of its application's channel.
func (w *World) turn(it *Item) bool {
	if it.Conn == 0 {
		return true
	}
	for _, first := range w.pending {
		if first.To == it.To && first.Conn == it.Conn {
			return first == it
		}
	}
	return false
}

// lose lists what the network can do to signals.
func (w *World) lose() (list []Choice) {
	for _, it := range w.pending {
		if !w.Lossy(it) {
			continue
		}
		list = append(list,
			Choice{Name: "drop", Do: func() { w.Drop(it) }},
			Choice{Name: "repeat", Do: func() { w.Duplicate(it) }})
		switch {
		case it.Kind == Message:
			list = append(list, Choice{Name: "hold", Do: func() { w.Hold(it) }})
		case !w.turn(it):
			list = append(list, Choice{Name: "overtake", Do: func() { w.Deliver(it) }})
		}
	}
	return list
}

// haste bounds by how much a clock may be ahead: a signal must not be under way
// for longer than peers remember spent numbers.
const haste = 110 * time.Second

// early lists the timers that can fire too soon.
func (w *World) early() (list []Choice) {
	for i, p := range w.Peers {
		if d, ok := w.deadline(p); ok && p.ahead+d-w.Now < haste {
			list = append(list, Choice{Name: "early", Do: func() { w.Early(i) }})
		}
	}
	return list
}

// lingers lists the peers whose next timer is one that lingers.
func (w *World) lingers() (list []Choice) {
	for i, p := range w.Peers {
		if d, ok := w.deadline(p); ok && d <= w.Now+ShortLinger {
			list = append(list, Choice{Name: "linger", Do: func() { w.Early(i) }})
		}
	}
	return list
}

// callable lists what applications can ask for.
func (w *World) callable() (list []Choice) {
	near := make([][]int, len(w.Peers))
	for i := range w.Peers {
		near[i] = w.near(i)
	}
	for i, p := range w.Peers {
		for j := range w.Peers {
			if i == j || !p.Alive {
				continue
			}
			for _, protocol := range w.opts.Protocols {
				list = append(list, w.callsOf(protocol, i, j, near)...)
			}
		}
		for _, hold := range p.Holds() {
			list = append(list, Choice{Name: "release", Do: func() { w.ReleaseArc(i, hold) }})
		}
	}
	for _, protocol := range w.opts.Protocols {
		list = append(list, w.crossings(protocol, near)...)
	}
	return list
}

func (w *World) callsOf(protocol string, i, j int, near [][]int) (list []Choice) {
	add := func(name string, f func(), hops ...[2]int) {
		list = append(list, Choice{Name: name, Do: f, Hops: hops})
	}
	for _, b := range near[i] {
		if b == j {
			continue
		}
		add("connect via", func() { w.ConnectAs(protocol, i, j, b) }, [2]int{i, b}, [2]int{b, j})
		add("introduce", func() { w.IntroduceAs(protocol, i, b, j) }, [2]int{i, b}, [2]int{i, j})
		for _, d := range near[b] {
			if d != i && d != j {
				add("connect via two", func() { w.ConnectAs(protocol, i, j, b, d) }, [2]int{i, b}, [2]int{b, d}, [2]int{d, j})
			}
		}
	}
	if slices.Contains(near[i], j) {
		add("connect", func() { w.ConnectAs(protocol, i, j) })
		add("invite", func() { w.InviteAs(protocol, i, j) }, [2]int{i, j})
	}
	if w.Peers[i].Out[Arc{protocol, w.Peers[j].ID}] > 0 {
		last := protocol == w.opts.Protocols[len(w.opts.Protocols)-1]
		list = append(list, Choice{Name: "disconnect", Do: func() { w.DisconnectAs(protocol, i, j) }, Keep: last})
		add("reverse", func() { w.ReverseAs(protocol, i, j) })
		add("hold", func() { w.HoldArcAs(protocol, i, j) })
	}
	add("join", func() { w.JoinAs(protocol, i, j, true) })
	add("join by hand", func() { w.JoinAs(protocol, i, j, false) })
	return list
}

// near lists the neighbors of peer i.
func (w *World) near(i int) (list []int) {
	for _, n := range w.Peers[i].Core.Neighbors() {
		list = append(list, int(n.Peer[0])-1)
	}
	return list
}

// changes lists what applications may change their minds about.
func (w *World) changes() (list []Choice) {
	for _, c := range w.calls {
		if c.Ended == 0 && !c.Cancelled && !c.Lost {
			list = append(list, Choice{Name: "cancel", Do: func() { w.Cancel(c.Peer, c.ID) }})
		}
	}
	for i, p := range w.Peers {
		if !p.Alive {
			continue
		}
		for _, protocol := range w.opts.Protocols {
			list = append(list, Choice{Name: "register", Do: func() { w.Register(i, protocol, p.gone[protocol]) }})
		}
		if !p.Left {
			list = append(list, Choice{Name: "leave", Do: func() { w.Leave(i) }})
		}
	}
	return list
}

// faults lists what can break.
func (w *World) faults() (list []Choice) {
	for i, p := range w.Peers {
		if !p.Alive {
			list = append(list, Choice{Name: "restart", Do: func() { w.Restart(i) }})
			continue
		}
		list = append(list, Choice{Name: "crash", Do: func() { w.Crash(i) }})
		for _, s := range p.ends {
			if !s.over {
				list = append(list, Choice{Name: "fail", Do: func() { w.GiveUp(i, s.id) }})
			}
		}
		for _, j := range w.near(i) {
			if i < j {
				list = append(list, Choice{Name: "break", Do: func() { w.Break(i, j) }})
			}
		}
	}
	for _, c := range w.calls {
		if c.conn != 0 && c.Ended == 0 && !c.Lost {
			j := door(c.conn)
			list = append(list,
				Choice{Name: "close channel", Do: func() { w.CloseDoor(c.Peer, c.conn) }},
				Choice{Name: "close channel", Do: func() { w.CloseDoor(j, channel(c.Peer, c.conn)) }})
		}
	}
	return append(list, w.disasters()...)
}

// cuts lists the pairs of neighbors that can lose each other, and those that can
// meet again.
func (w *World) cuts() (list []Choice) {
	for i, p := range w.Peers {
		for j := range i {
			switch {
			case w.isCut(p, w.Peers[j]):
				list = append(list, Choice{Name: "meet", Do: func() { w.Cut(i, j, false) }})
			case slices.Contains(w.near(i), j):
				list = append(list, Choice{Name: "cut", Do: func() { w.Cut(i, j, true) }})
			}
		}
	}
	return append(list, w.parts()...)
}

// Kind is a kind of choices.
type Kind uint8

// The kinds.
const (
	Deliver Kind = iota
	Calls
	Linger
	Lose
	Early
	Change
	Break
	Cut
	kinds
)

// Kinds lists the kinds of which there may be a choice within the limits. The
// first one, if anything is pending, keeps the world going without a fault.
func (w *World) Kinds(l *Limits) (list []Kind) {
	if len(w.pending) > 0 {
		list = append(list, Deliver)
	}
	for k := Calls; k < kinds; k++ {
		if *l.left(k) > 0 {
			list = append(list, k)
		}
	}
	return list
}

// Choices lists what can happen next of one kind.
func (w *World) Choices(k Kind) []Choice {
	switch k {
	case Deliver:
		return w.deliver()
	case Calls:
		return w.callable()
	case Linger:
		return w.lingers()
	case Lose:
		return w.lose()
	case Early:
		return w.early()
	case Change:
		return w.changes()
	case Break:
		return w.faults()
	case Cut:
		return w.cuts()
	}
	return nil
}

func (l *Limits) left(k Kind) *int {
	return [...]*int{nil, &l.Calls, &l.Lingers, &l.Losses, &l.Early, &l.Changes, &l.Faults, &l.Cuts}[k]
}

// Spend counts a choice of a kind against the limits.
func (l *Limits) Spend(k Kind) {
	if k != Deliver {
		*l.left(k)--
	}
}
