package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// maker makes the mutants of one spec.
type maker struct {
	path string
	src  []byte
	out  []*mutant
}

func specMutants(path string, src []byte) ([]*mutant, error) {
	s, err := spec.Load(path, src)
	if err != nil {
		return nil, fmt.Errorf("without any mutant: %w", err)
	}
	k := &maker{path: path, src: src}
	for _, m := range s.Machines {
		for _, d := range m.Defines {
			k.define(m, d)
		}
		for _, d := range m.Dos {
			if err := k.do(m, d); err != nil {
				return nil, err
			}
		}
		for _, on := range m.Ons {
			for _, r := range on.Rules {
				if err := k.rule(m, on, r); err != nil {
					return nil, err
				}
			}
		}
	}
	return k.out, nil
}

func (k *maker) add(at span, text, where, what string) {
	k.out = append(k.out, &mutant{name: where + ": " + what, path: k.path, text: at.replace(k.src, text), spec: true})
}

// rule makes the mutants of one rule.
func (k *maker) rule(m *spec.Machine, on *spec.On, parsed *spec.Rule) error {
	r, err := readRule(k.src, parsed.Pos)
	if err != nil {
		return err
	}
	where := m.Name + "." + on.Name + " " + r.name()
	change := func(what string, edit func(r *rule)) {
		c := r
		c.actions = slices.Clone(r.actions)
		edit(&c)
		k.add(r.span, c.String(), where, what)
	}
	ignore := func(c *rule) { c.target, c.actions = "same", nil }
	if parsed.Target == spec.Never {
		if on.Trigger == spec.Arrives {
			change("ignore", ignore)
		}
		return nil
	}
	for _, s := range m.States {
		if s.Name != r.target && !(parsed.Target == spec.Same && s.Name == r.from) {
			change("next state "+s.Name, func(c *rule) { c.target = s.Name })
		}
	}
	if parsed.Target != spec.Same || len(r.actions) > 0 {
		change("ignore", ignore)
	}
	change("never", func(c *rule) { c.target, c.label, c.actions = "never", "", nil })
	if guard, ok := strings.CutPrefix(r.guard, "if "); ok {
		change("guard dropped", func(c *rule) { c.guard = "" })
		change("guard negated", func(c *rule) { c.guard = "if !(" + guard + ")" })
		for _, s := range swaps(guard) {
			change("guard "+s, func(c *rule) { c.guard = "if " + s })
		}
	}
	for i, a := range r.actions {
		change("drop "+a, func(c *rule) { c.actions = slices.Delete(c.actions, i, i+1) })
	}
	for _, a := range spare(m) {
		if !slices.Contains(r.actions, a) {
			change("add "+a, func(c *rule) { c.actions = append(c.actions, a) })
		}
	}
	return nil
}

// spare lists what may be added to any rule: effects and messages that need no
// values.
func spare(m *spec.Machine) (out []string) {
	for _, e := range m.Effects {
		if len(e.Params) == 0 {
			out = append(out, e.Name)
		}
	}
	for _, on := range m.Ons {
		for _, r := range on.Rules {
			for _, a := range r.Actions {
				if text := "send " + a.Name; a.Kind == spec.Send && len(a.Args) == 0 && !slices.Contains(out, text) {
					out = append(out, text)
				}
			}
		}
	}
	return out
}

// do makes the mutants of a macro for actions.
func (k *maker) do(m *spec.Machine, d *spec.Do) error {
	open := bytes.IndexByte(k.src[d.Pos.Offset:], '{')
	if open < 0 {
		return fmt.Errorf("%s: no actions", d.Pos)
	}
	b, err := readBody(k.src, d.Pos.Offset+open)
	if err != nil {
		return err
	}
	for i, a := range b.actions {
		rest := slices.Delete(slices.Clone(b.actions), i, i+1)
		k.add(b.span, block(rest), m.Name+" do "+d.Name, "drop "+a)
	}
	return nil
}

// define makes the mutants of a macro for a condition.
func (k *maker) define(m *spec.Machine, d *spec.Define) {
	line := k.src[d.Pos.Offset:]
	from := bytes.IndexByte(line, '=') + 1
	to := from + statement(line[from:])
	text := strings.TrimSpace(string(line[from:to]))
	at := span{d.Pos.Offset + from, d.Pos.Offset + to}
	where := m.Name + " define " + d.Name
	k.add(at, " !("+text+")\t", where, "negated")
	for _, s := range swaps(text) {
		k.add(at, " "+s+"\t", where, s)
	}
}

// swaps gives a condition with one operator changed to its neighbor.
func swaps(text string) (out []string) {
	for _, s := range [][2]string{
		{" > ", " >= "}, {" >= ", " > "}, {" < ", " <= "}, {" <= ", " < "}, {" == ", " != "}, {" != ", " == "},
		{" && ", " || "}, {" || ", " && "}, {"!", ""},
	} {
		for i := 0; ; i += len(s[0]) {
			n := strings.Index(text[i:], s[0])
			if n < 0 {
				break
			}
			if i += n; s[0] == "!" && strings.HasPrefix(text[i:], "!=") {
				continue
			}
			out = append(out, text[:i]+s[1]+text[i+len(s[0]):])
		}
	}
	return out
}
