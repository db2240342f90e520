package search

import (
	"sync/atomic"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// Edge names an edge of a machine. The zero value names none.
type Edge struct {
	machine int
	edge    uint8
}

// The edges of each machine.
func link(e signal.LinkEdge) Edge       { return Edge{1, uint8(e)} }
func meeting(e signal.MeetingEdge) Edge { return Edge{3, uint8(e)} }
func session(e arc.SessionEdge) Edge    { return Edge{4, uint8(e)} }
func arcs(e arc.ArcEdge) Edge           { return Edge{5, uint8(e)} }

var machines = map[string]int{"link": 1, "broker": 2, "meeting": 3, "session": 4, "arc": 5}

// cover is the set of edges that machines have taken.
type cover [6][256]atomic.Bool

func (c *cover) add(e core.Edge) {
	if b := &c[machines[e.Machine]][e.Edge]; !b.Load() {
		b.Store(true)
	}
}

func (c *cover) has(e Edge) bool { return e.machine != 0 && c[e.machine][e.edge].Load() }
