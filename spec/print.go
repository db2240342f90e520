package spec

import (
	"fmt"
	"io"
	"strings"
)

// Table prints m for a terminal: a row for each event, a column for each state.
// A cell lists the edges in the order in which they are tried, as target/label;
// "." stays in the state and "-" must not happen. The error is the writer's.
func Table(w io.Writer, m *Machine) error {
	head := []string{m.Name}
	for _, s := range m.States {
		head = append(head, s.Name)
	}
	rule := make([]string, len(head))
	for i, h := range head {
		rule[i] = strings.Repeat("-", len(h))
	}
	rows := [][]string{head, rule}
	for _, on := range m.Ons {
		rows = append(rows, eventRows(m, on)...)
	}
	_, err := io.WriteString(w, align(rows))
	return err
}

// eventRows gives as many rows as the state with the most edges needs.
func eventRows(m *Machine, on *On) [][]string {
	rows := [][]string{make([]string, len(m.States)+1)}
	rows[0][0] = on.Signature()
	for i, s := range m.States {
		for j, to := range targets(on.From(s)) {
			if j == len(rows) {
				rows = append(rows, make([]string, len(m.States)+1))
			}
			rows[j][i+1] = to
		}
	}
	return rows
}

// align pads the columns to one width each.
func align(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], len(c))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		line := ""
		for i, c := range r {
			line += c + strings.Repeat(" ", width[i]+2-len(c))
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// targets gives a line for each edge.
func targets(edges []*Edge) (out []string) {
	for _, e := range edges {
		to := e.To.Name
		switch e.Rule.Target {
		case Same:
			to = "."
		case Never:
			to = "-"
		}
		if e.Rule.Label != "" {
			to += "/" + e.Rule.Label
		}
		out = append(out, to)
	}
	return out
}

// way is all that leads from one state to another.
type way struct {
	from, to *State
	by       []string
}

// ways collects the edges that leave their state, in the order of the states.
func (m *Machine) ways() (out []way) {
	for _, from := range m.States {
		for _, to := range m.States {
			w := way{from: from, to: to}
			for _, e := range m.Edges {
				if e.From != from || e.To != to || from == to {
					continue
				}
				by := e.On.Name
				if e.Rule.Label != "" {
					by += "/" + e.Rule.Label
				}
				w.by = append(w.by, by)
			}
			if len(w.by) > 0 {
				out = append(out, w)
			}
		}
	}
	return out
}

// Mermaid prints m as a stateDiagram-v2, without the edges that stay in their
// state. The error is the writer's.
func Mermaid(w io.Writer, m *Machine) error {
	var b strings.Builder
	fmt.Fprintf(&b, "stateDiagram-v2\n    [*] --> %s\n", m.Initial.Name)
	for _, a := range m.ways() {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", a.from.Name, a.to.Name, strings.Join(a.by, ", "))
	}
	for _, s := range m.States {
		if s.Final {
			fmt.Fprintf(&b, "    %s --> [*]\n", s.Name)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Graphviz prints m in the DOT language, without the edges that stay in their
// state. The error is the writer's.
func Graphviz(w io.Writer, m *Machine) error {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %q {\n\tnode [shape=box, style=rounded];\n", m.Name)
	for _, s := range m.States {
		attr := ""
		switch {
		case s.Initial:
			attr = " [penwidth=2]"
		case s.Final:
			attr = " [peripheries=2]"
		}
		fmt.Fprintf(&b, "\t%q%s;\n", s.Name, attr)
	}
	for _, a := range m.ways() {
		fmt.Fprintf(&b, "\t%q -> %q [label=%q];\n", a.from.Name, a.to.Name, strings.Join(a.by, "\n"))
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// Signature gives on as it is written: "Offer(n, again)".
func (on *On) Signature() string { return call(on.Name, idents(on.Names)) }

// Signature gives e as it is declared: "failed(why cause)".
func (e *Effect) Signature() string {
	out := make([]string, len(e.Params))
	for i, p := range e.Params {
		out[i] = p.Name + " " + p.TypeName
	}
	return call(e.Name, strings.Join(out, ", "))
}

// Signature gives d as it is declared: "fresh(n)".
func (d *Define) Signature() string { return call(d.Name, paramNames(d.Params)) }

// Signature gives d as it is declared: "take(n)".
func (d *Do) Signature() string { return call(d.Name, paramNames(d.Params)) }

// String gives a as it is written: "send Offer(n, false)".
func (a *Action) String() string {
	args := make([]string, len(a.Args))
	for i, x := range a.Args {
		args[i] = x.String()
	}
	name := call(a.Name, strings.Join(args, ", "))
	switch a.Kind {
	case Assign:
		if op := a.Short(); op != "" {
			return a.Name + op
		}
		return a.Name + " = " + a.Value.String()
	case Start:
		return "start " + name
	case Stop:
		return "stop " + name
	case Send:
		return "send " + name
	}
	return name
}

// Short gives ++ or -- when the assignment is one of them, else "".
func (a *Action) Short() string {
	v := a.Value
	if v == nil || v.Kind != Binary || v.Args[0].Kind != Name || v.Args[0].Name != a.Name || v.Args[1].Kind != Literal || v.Args[1].Value != 1 {
		return ""
	}
	return map[string]string{"+": "++", "-": "--"}[v.Op.String()]
}

func paramNames(ps []*Param) string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.Name
	}
	return strings.Join(out, ", ")
}

func call(name, args string) string {
	if args == "" {
		return name
	}
	return name + "(" + args + ")"
}
