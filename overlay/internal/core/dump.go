package core

import (
	"fmt"
	"strings"
)

// Dump shows the state of a core, for a test that fails.
func (c *Core) Dump() string {
	var b strings.Builder
	for _, p := range c.inOrder() {
		fmt.Fprintf(&b, "  %s: link %v mine=%v seq=%d hi=%d, session %v arcs=%d wants=%d\n",
			p.id.Short(), p.link.State, p.link.Mine, p.link.Seq&0xffff, p.link.Hi&0xffff, p.session.State, p.session.Arcs, p.session.Wants)
		for _, a := range p.arcs {
			fmt.Fprintf(&b, "    arc mine=%v %d out=%v %s %v\n", a.mine, a.number, a.m.Out, a.protocol, a.m.State)
		}
	}
	for id := range c.sessions {
		fmt.Fprintf(&b, "  driver session %v\n", id)
	}
	if len(c.guests)+len(c.meetings) > 0 {
		fmt.Fprintf(&b, "  guests=%d meetings=%d\n", len(c.guests), len(c.meetings))
	}
	return b.String()
}
