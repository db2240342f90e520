package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/n2n-overlay/n2n/spec/chart"
	"github.com/n2n-overlay/n2n/transport"
)

// Play lets a trace happen once more, with cores of today, and compares what
// comes of each line with what the trace says: the error names the first line
// that differs. opts may have Log, Trace, Referee and Record; the rest is in the
// trace. The world is as it is after the last line, or the one that differs.
func Play(t *chart.Trace, opts Options) (*World, error) {
	if err := configure(&opts, t); err != nil {
		return nil, err
	}
	var got []string
	also := opts.Record
	opts.Record = func(line string) {
		got = append(got, line)
		if also != nil {
			also(line)
		}
	}
	w := New(t.Peers, opts)
	got = nil
	p := player{World: w, got: &got}
	if err := p.lines(t.Before); err != nil {
		return w, err
	}
	if len(t.Before) > 0 {
		w.Begin()
		got = nil
	}
	return w, p.lines(t.Lines)
}

// player plays lines. got is what came of them.
type player struct {
	*World
	got *[]string
}

func (p player) lines(lines []chart.Line) error {
	for _, l := range lines {
		if len(*p.got) == 0 {
			p.Now = max(p.Now, l.At)
			if err := p.play(l.What); err != nil {
				return fmt.Errorf("line %d: %q: %w", l.Number, l.What, err)
			}
			p.told()
		}
		for len(*p.got) > 0 && strings.HasPrefix((*p.got)[0], "-- ") {
			*p.got = (*p.got)[1:]
		}
		want := chart.Format(l.What, l.Then)
		if len(*p.got) == 0 {
			return fmt.Errorf("line %d: %q: nothing happens", l.Number, l.What)
		}
		if got := (*p.got)[0]; got != want {
			return fmt.Errorf("line %d is\n%s\nand the trace says\n%s", l.Number, got, want)
		}
		*p.got = (*p.got)[1:]
	}
	if len(*p.got) > 0 {
		return fmt.Errorf("after the last line: %s", (*p.got)[0])
	}
	return nil
}

// play lets one line happen.
func (p player) play(what string) error {
	if it := p.item(what); it != nil {
		p.Deliver(it)
		return nil
	}
	how, rest, _ := strings.Cut(what, ": ")
	does := map[string]func(*Item){"lost": p.Drop, "twice": p.Duplicate, "held": p.Hold, "unnoticed": p.Unnoticed}[how]
	if _, lies, ok := strings.Cut(how, " lies, "); ok {
		does = func(it *Item) { p.lieLike(it, lies) }
	}
	if does != nil {
		it := p.item(rest)
		if it == nil {
			return fmt.Errorf("that is not under way")
		}
		does(it)
		return nil
	}
	if up := what == "the entrance is up"; up || what == "the entrance is down" {
		p.Entrance(up)
		return nil
	}
	i, err := letter(what[:1], len(p.Peers))
	if err != nil {
		return err
	}
	words := strings.Fields(what)
	protocol := p.opts.Protocols[0]
	if last := words[len(words)-1]; strings.HasPrefix(last, "(") {
		protocol = strings.Trim(last, "()")
		words = words[:len(words)-1]
	}
	if len(words) < 2 {
		return fmt.Errorf("nobody knows what that is")
	}
	return p.act(i, words, protocol, what)
}

// act lets peer i do something: words[1] is a verb.
func (p player) act(i int, words []string, protocol, what string) error {
	var others []int // whom the words name
	for _, word := range words[2:] {
		if j, err := letter(word, len(p.Peers)); err == nil {
			others = append(others, j)
		}
	}
	need := map[string]int{"connects": 1, "introduces": 2, "invites": 1, "disconnects": 1, "reverses": 1, "holds": 1, "joins": 1, "and": 1, "meets": 1}
	others = append(others, slices.Repeat([]int{-1}, 2)...)
	if n := need[words[1]]; n > 0 && others[n-1] < 0 {
		return fmt.Errorf("it does not say whom")
	}
	named := others[:len(others)-2]
	switch words[1] {
	case "connects":
		p.ConnectAs(protocol, i, named[0], named[1:]...)
	case "introduces":
		p.IntroduceAs(protocol, i, named[0], named[1])
	case "invites":
		p.InviteAs(protocol, i, named[0])
	case "disconnects":
		p.DisconnectAs(protocol, i, named[0])
	case "reverses":
		p.ReverseAs(protocol, i, named[0])
	case "holds":
		p.HoldArcAs(protocol, i, named[0])
	case "releases":
		return p.endsHold(i, words)
	case "joins":
		p.JoinAs(protocol, i, named[0], strings.Contains(what, " over a channel"))
	case "registers", "unregisters":
		p.Register(i, words[len(words)-1], words[1] == "registers")
	case "leaves":
		p.Leave(i)
	case "crashes":
		p.Crash(i)
	case "is":
		return p.is(i, words)
	case "and":
		p.Break(i, named[0])
	case "meets":
		p.Cut(i, named[0], false)
	case "gives":
		return p.onSession(i, words[2], p.GiveUp) // gives a2 up
	case "hears":
		return p.onSession(i, words[len(words)-1], p.Unheard) // hears nothing on a2
	case "loses":
		return p.loses(i, words)
	case "timer", "timer,":
		return p.ticks(i, words)
	case "cancels":
		return p.cancels(i, what)
	default:
		return fmt.Errorf("nobody knows what that is")
	}
	return nil
}

// item finds what is pending under a name; nil: nothing is.
func (p player) item(what string) *Item {
	for _, it := range p.pending {
		if (described{p.World, it}).String() == what {
			return it
		}
	}
	return nil
}

func (p player) is(i int, words []string) error {
	switch last := words[len(words)-1]; words[2] {
	case "back,": // is back, boot 2
		boot, err := strconv.ParseUint(last, 10, 32)
		if err != nil {
			return err
		}
		p.RestartAs(i, boot)
	case "cut": // is cut off from b
		j, err := letter(last, len(p.Peers))
		if err != nil {
			return err
		}
		p.Cut(i, j, true)
	default:
		return fmt.Errorf("nobody knows what that is")
	}
	return nil
}

func (p player) onSession(i int, name string, do func(int, transport.SessionID)) error {
	for _, s := range p.Peers[i].ends {
		if p.session(s.id) == name {
			do(i, s.id)
			return nil
		}
	}
	return fmt.Errorf("there is no session %s", name)
}

// endsHold: a releases hold 3 of b; that is the hold of the third call.
func (p player) endsHold(i int, words []string) error {
	for _, c := range p.calls {
		if len(words) > 3 && c.Kind == "hold" && c.Peer == i && strconv.Itoa(c.turn) == words[3] {
			p.ReleaseArc(i, c.ID)
			return nil
		}
	}
	return fmt.Errorf("there is no such hold")
}

// loses: a loses channel 3 to b; the channel is that of the third call.
func (p player) loses(i int, words []string) error {
	for _, c := range p.calls {
		if len(words) < 4 || c.conn == 0 || fmt.Sprint(c.turn) != words[3] {
			continue
		}
		if c.Peer == i {
			p.CloseDoor(i, c.conn)
		} else {
			p.CloseDoor(i, channel(c.Peer, c.conn))
		}
		return nil
	}
	return fmt.Errorf("there is no such channel")
}

func (p player) ticks(i int, words []string) error {
	by := time.Duration(0)
	if len(words) > 2 {
		d, err := time.ParseDuration(words[2])
		if err != nil {
			return err
		}
		by = d
	}
	p.hasten(i, p.Now+p.Peers[i].ahead+by)
	return nil
}

func (p player) cancels(i int, what string) error {
	var ended *Call
	for _, c := range p.calls {
		if what != fmt.Sprintf("%s cancels %q%s", p.letter(i), c.Text, p.which(c)) {
			continue
		}
		if c.Ended == 0 && !c.Lost {
			p.Cancel(i, c.ID)
			return nil
		}
		ended = c
	}
	if ended == nil {
		return fmt.Errorf("nobody asked for that")
	}
	p.Cancel(i, ended.ID)
	return nil
}

// lieLike tells the lie that a trace has.
func (p player) lieLike(it *Item, how string) {
	m := Move{N: uint16(slices.Index(p.pending, it))}
	switch {
	case how == "bounces":
		m.Kind = MoveBounce
	case how == "pretends":
		m.Kind = MovePretend
	default: // leads astray to d
		m.Kind = MoveAstray
		m.N |= uint16(how[len(how)-1]-'a') << 8
	}
	p.lie(m)
}
