package spec

// Check resolves the names of s, and reports as Faults all that is wrong with
// it: see the package comment for the list. It may be called once for a Spec.
func Check(s *Spec) error {
	faults := &list{lines: s.lines}
	check(s, faults)
	return faults.err()
}

func check(s *Spec, faults *list) {
	c := &checker{list: faults, spec: s}
	for _, m := range c.all() {
		if !m.small() {
			continue
		}
		before := len(faults.faults)
		m.guards()
		if m.sound {
			m.search(len(faults.faults) == before)
		}
	}
	c.unused()
}

// all resolves everything, and gives the machines whose guards make sense, so
// that they can be tried.
func (c *checker) all() (triable []*machineChecker) {
	c.resolve()
	base := len(c.faults)
	for _, m := range c.spec.Machines {
		if mc := c.machine(m); base == 0 && mc.triable {
			triable = append(triable, mc)
		}
	}
	return triable
}
