package spec

import "slices"

// The predeclared types. Expressions of numbers have type number, whatever the
// types of their operands.
var (
	boolean = &Type{Name: "bool", Kind: Bool}
	number  = &Type{Name: "uint64", Kind: Number, Bits: 64}
)

func predeclared() table[*Type] {
	return table[*Type]{
		"bool":   boolean,
		"uint8":  {Name: "uint8", Kind: Number, Bits: 8},
		"uint16": {Name: "uint16", Kind: Number, Bits: 16},
		"uint32": {Name: "uint32", Kind: Number, Bits: 32},
		"uint64": number,
		"peer":   {Name: "peer", Kind: Peer},
		"peers":  {Name: "peers", Kind: Peers},
		"text":   {Name: "text", Kind: Text},
		"bytes":  {Name: "bytes", Kind: Bytes},
	}
}

// checker resolves the names of a spec and finds what is wrong with it.
type checker struct {
	*list
	spec     *Spec
	consts   table[*Const]
	types    table[*Type]
	messages table[*Message]
}

// resolve gives every name of the spec its meaning.
func (c *checker) resolve() {
	c.consts, c.types, c.messages = table[*Const]{}, predeclared(), table[*Message]{}
	for _, k := range c.spec.Consts {
		declare(c.list, c.consts, k.Pos, k.Name, "constant", k)
	}
	for _, t := range c.spec.Types {
		c.typeDecl(t)
	}
	numbers := map[bool]map[uint64]string{false: {}, true: {}}
	for _, m := range c.spec.Messages {
		declare(c.list, c.messages, m.Pos, m.Name, "message", m)
		c.fields(m.Fields)
		if other, ok := numbers[m.Signal][m.Number]; ok {
			c.add(m.Pos, "number %d of %s is that of %s", m.Number, m.Name, other)
		}
		numbers[m.Signal][m.Number] = m.Name
		if m.Signal && !m.Scalars() {
			c.add(m.Pos, "signal %s: its fields are numbers, bools and enums; the rest is the envelope's", m.Name)
		}
	}
	machines := table[*Machine]{}
	for _, m := range c.spec.Machines {
		declare(c.list, machines, m.Pos, m.Name, "machine", m)
	}
}

func (c *checker) typeDecl(t *Type) {
	declare(c.list, c.types, t.Pos, t.Name, "type", t)
	if t.Kind == Enum {
		values := table[bool]{}
		for _, v := range t.Values {
			declare(c.list, values, v.Pos, v.Name, "value", true)
		}
		if len(t.Values) > 255 {
			c.add(t.Pos, "enum %s has %d values: want at most 255", t.Name, len(t.Values))
		}
		return
	}
	base := predeclared()[t.base]
	if base == nil || base.Kind != Number {
		if t.base != "" {
			c.add(t.basePos, "%s is no number type: want uint8, uint16, uint32 or uint64", t.base)
		}
		base = number
	}
	t.Bits = base.Bits
	c.limit(t.Explore, t)
}

// size resolves a limit that may name a constant.
func (c *checker) size(s *Size) bool {
	if s == nil {
		return false
	}
	if !plain(s.Text) || s.Text == "" {
		return true
	}
	k, ok := c.consts[s.Text]
	if !ok {
		c.add(s.Pos, "constant %s is not declared%s", s.Text, hint(c.consts, s.Text))
		return false
	}
	k.used = true
	s.Const, s.Value = k, k.Value
	return true
}

// limit resolves the limit of a number.
func (c *checker) limit(s *Size, t *Type) {
	switch {
	case !c.size(s):
	case s.Const != nil && s.Const.Unit != "":
		c.add(s.Pos, "%s is a duration: want a number", s.Text)
	case t.Bits < 64 && s.Value >= 1<<t.Bits:
		c.add(s.Pos, "limit %d does not fit into %s", s.Value, t.Name)
	}
}

// lookup gives a type by its name; nil after a fault.
func (c *checker) lookup(f *Field) *Type {
	t, ok := c.types[f.TypeName]
	if !ok {
		c.add(f.Pos, "type %s is not declared%s", f.TypeName, hint(c.types, f.TypeName))
		return nil
	}
	if t.Pos.Line > 0 { // the predeclared are shared: they are never written
		t.used = true
	}
	return t
}

// fields resolves types and finds names that are there twice.
func (c *checker) fields(fs []*Field) {
	seen := table[bool]{}
	for _, f := range fs {
		declare(c.list, seen, f.Pos, f.Name, "field", true)
		t := c.lookup(f)
		if t == nil {
			continue
		}
		sized := t.Kind >= Peers
		switch {
		case sized && f.Limit == nil:
			c.add(f.Pos, "%s %s needs a limit: %s<=N", f.Name, t.Name, t.Name)
			continue
		case !sized && f.Limit != nil:
			c.add(f.Limit.Pos, "%s takes no limit", t.Name)
		case sized:
			c.limit(f.Limit, number)
			t = &Type{Pos: f.Pos, Name: t.Name, Kind: t.Kind, Limit: f.Limit}
		}
		f.Type = t
	}
}

// scalars is fields for what machines compute with. Those that a search must
// go through need a limit as well.
func (c *checker) scalars(fs []*Field, searched bool) {
	c.fields(fs)
	for _, f := range fs {
		switch {
		case f.Type == nil:
		case !f.Type.Scalar():
			c.add(f.Pos, "%s is %s: a machine computes with numbers, bools and enums only", f.Name, f.Type.Name)
		case searched && f.Type.Kind == Number && f.Type.Explore == nil:
			c.add(f.Pos, "%s has no limit to search up to: give it a type with explore", f.Name)
		}
	}
	if len(fs) > maxArgs {
		c.add(fs[maxArgs].Pos, "more than %d parameters", maxArgs)
	}
}

// unused finds declarations that nothing refers to.
func (c *checker) unused() {
	if slices.ContainsFunc(c.spec.Machines, func(m *Machine) bool { return m.broken }) {
		return // what did not parse may have used them
	}
	for _, k := range c.spec.Consts {
		if !k.used {
			c.idle(k.Pos, "constant %s is not used", k.Name)
		}
	}
	for _, t := range c.spec.Types {
		if !t.used {
			c.idle(t.Pos, "type %s is not used", t.Name)
		}
	}
	for _, m := range c.spec.Messages {
		if !m.used && !m.Plain {
			c.idle(m.Pos, "no machine handles or sends %s: make it plain, if that is meant", m.Name)
		}
	}
}
