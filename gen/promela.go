package main

import (
	"bytes"
	"fmt"
	"go/token"
	"math"
	"slices"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// promela makes a file for SPIN of each spec: a second way from the spec to
// what can be explored, which shares nothing with the Go packages but the spec.
func promela(specs []*spec.Spec) ([]File, error) {
	var files []File
	for _, s := range specs {
		p := &promelaFile{spec: s, names: &goPackage{spec: s, taken: map[string]int{}}}
		p.head()
		for _, m := range s.Machines {
			g := &promelaMachine{promelaFile: p, m: m, name: m.Name}
			g.types()
			g.effects()
			g.macros()
			g.steps()
			g.properties()
			g.alone()
		}
		if len(p.names.faults) > 0 {
			return nil, p.names.faults
		}
		files = append(files, File{"fsm/promela/" + s.Name + "_gen.pml", p.body.Bytes()})
	}
	return files, nil
}

// promelaFile is one file, printed line by line.
type promelaFile struct {
	spec  *spec.Spec
	names *goPackage // whose claims and faults are used
	body  bytes.Buffer
}

func (p *promelaFile) f(format string, args ...any) {
	fmt.Fprintf(&p.body, format+"\n", args...)
}

const promelaHead = `//
// For each machine M a typedef M_t, and an inline M_step_E(_m, _fx, …) for each
// event E: it answers the event, and leaves in _fx the edge (0: never) and the
// effects. An inline is one step of a machine and belongs into a d_step: what is
// hidden is not restored when SPIN goes back. Parameters begin or end with _.
//
// With M_ALONE defined, this is a model of M alone under every event with every
// value that searches look at. The verifier prints a line for each state,
//	S state and values
// and for each step of one (without an effect's zero values behind its kind)
//	T state and values / event arguments / edge state and values / kind values …`

func (p *promelaFile) head() {
	p.f("%s%s. DO NOT EDIT.", header, p.spec.File)
	p.f("%s\n", promelaHead)
	for _, k := range p.spec.Consts {
		if k.Unit == "" {
			p.number(k.Pos, k.Value)
			p.f("#define %s %d%s", p.claim(k.Pos, p.spec.Name+"_"+k.Name), k.Value, note(k.Doc))
		}
	}
	for _, t := range p.spec.Types {
		for i, v := range t.Values {
			p.f("#define %s %d", p.claim(v.Pos, p.enum(t, v.Name)), i)
		}
	}
}

func (p *promelaFile) enum(t *spec.Type, value string) string {
	return p.spec.Name + "_" + t.Name + "_" + value
}

// claim notes that a name of the file is made for what stands at pos.
func (p *promelaFile) claim(pos token.Position, name string) string {
	if line, ok := p.names.taken[name]; ok {
		p.fault(pos, "the Promela name %s is taken by line %d", name, line)
	}
	p.names.taken[name] = pos.Line
	return name
}

func (p *promelaFile) fault(pos token.Position, format string, args ...any) {
	p.names.faults = append(p.names.faults, p.spec.Fault(pos, format, args...))
}

// number holds a number to Promela's int.
func (p *promelaFile) number(pos token.Position, v uint64) {
	if v > math.MaxInt32 {
		p.fault(pos, "%d is too large for Promela: at most %d", v, math.MaxInt32)
	}
}

// reserved are words of Promela, and of the C that SPIN makes of it, that a spec
// may use as names of variables.
var reserved = strings.Fields(`
	accept active assert atomic bit bool byte d_step do empty enabled end eval false fi full
	get_priority hidden in init inline int len local ltl mtype nempty never nfull notrace np_ od of pc_value
	pid printf printm priority proctype progress provided run set_priority short show skip timeout
	trace true typedef unless unsigned xr xs c_code c_decl c_expr c_state c_track always eventually until weakuntil
	stronguntil release next implies equivalent
	auto char double enum extern float long register restrict signed sizeof static
	union void volatile while asm typeof unix linux`)

// field is the name of a variable: those of a spec begin with a small letter.
// SPIN puts the arguments of an inline in place of every word that is called like
// a parameter, even behind a dot; but no name of a spec begins or ends with _.
func field(name string) string {
	if slices.Contains(reserved, name) {
		return strings.ToUpper(name[:1]) + name[1:]
	}
	return name
}

func promelaType(t *spec.Type) string {
	if t.Kind == spec.Bool {
		return "bool"
	}
	return "int"
}
