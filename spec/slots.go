package spec

// Slot is one of the values that make up a machine beside its state: first the
// parameters, then the variables, then the timers.
type Slot struct {
	Name string
	Type *Type
	Top  int64 // searches look at 0..Top
}

// Slots gives the slots in their order.
func (m *Machine) Slots() []Slot {
	out := make([]Slot, len(m.slots))
	for i, s := range m.slots {
		out[i] = Slot{s.name, s.typ, s.top}
	}
	return out
}

// From gives what a machine in s does when the event happens: the edges in the
// order in which their guards are tried. The last one has no guard.
func (on *On) From(s *State) []*Edge { return on.edges[s.Index] }
