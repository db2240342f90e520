package main

import (
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// referee makes the package that replays edges on looplab/fsm. Its tables come
// from the spec's list of edges and not from the switches of the Go packages,
// so that each checks the other.
func referee(specs []*spec.Spec) ([]File, error) {
	pkg := &goPackage{taken: map[string]int{}}
	imports := []string{"context", "errors", "fmt", "sync", "", "github.com/looplab/fsm", ""}
	for _, s := range specs {
		imports = append(imports, module+"/fsm/"+s.Name)
	}
	f := pkg.file("referee", imports...)
	f.doc = refereeDoc
	f.f("%s", strings.TrimSpace(refereeHead))
	f.f("func New() *Referee {\nreturn &Referee{machines: map[string]machine{")
	owner := map[string]*spec.Machine{}
	for _, s := range specs {
		for _, m := range s.Machines {
			if other := owner[goName(m.Name)]; other != nil {
				return nil, s.Fault(m.Pos, "machine %s: %s has one of that name too", m.Name, where(other.Pos))
			}
			owner[goName(m.Name)] = m
			f.f("%q: {%q, fsm.NewFSM(%[2]q, %[3]sEdges(), nil)},", m.Name, m.Initial.Name, lower(goName(m.Name)))
		}
	}
	f.f("}}\n}\n")
	f.f("%s", refereeBody)
	for _, s := range specs {
		for _, m := range s.Machines {
			refereeMethod(f, s, m)
			refereeTable(pkg.file(strings.ToLower(m.Name), "github.com/looplab/fsm"), m)
		}
	}
	var files []File
	for _, f := range pkg.files {
		data, err := f.format("spec/*.fsm", "referee")
		if err != nil {
			return nil, err
		}
		files = append(files, File{"fsm/referee/" + f.name, data})
	}
	return files, nil
}

func refereeMethod(f *goFile, s *spec.Spec, m *spec.Machine) {
	name, pkg := goName(m.Name), s.Name
	f.f(`// %[1]s reports whether edge leads from one state to the other: the error is
	// an ErrDivergence.
	func (r *Referee) %[1]s(from %[2]s.%[1]sState, edge %[2]s.%[1]sEdge, to %[2]s.%[1]sState) error {
		return r.replay(%[3]q, from, edge, to)
	}
	`, name, pkg, m.Name)
}

func refereeTable(f *goFile, m *spec.Machine) {
	f.f("// %sEdges has one event for each edge of %s: looplab knows no guards, so two\n// edges from one state need two names.", lower(goName(m.Name)), where(m.Pos))
	f.f("func %sEdges() fsm.Events {\nreturn fsm.Events{", lower(goName(m.Name)))
	for _, e := range m.Edges {
		f.f("{Name: %q, Src: []string{%q}, Dst: %q},", e.Name, e.From.Name, e.To.Name)
	}
	f.f("}\n}")
}

const refereeDoc = `// Package referee replays the edges that machines take on looplab/fsm, which
// knows the same specs by another way: its machines are made from the lists of
// edges, not from the generated switches. It reports where the two differ.
//
//	from := link.State
//	edge := link.Step(ev, &fx)
//	if err := r.Link(from, edge, link.State); err != nil {
//		… // errors.Is(err, referee.ErrDivergence)
//	}
//
// looplab/fsm is the referee and not the player: it has no guards, needs string
// keys and memory for each instance, and a cancelled context wedges it.
`

const refereeHead = `
// ErrDivergence says that a machine took an edge that the spec's list of edges
// does not have. It is a fault of this module, never of a peer.
var ErrDivergence = errors.New("referee: divergence from the spec")

// Referee replays edges on looplab/fsm machines made from the same specs: one
// machine for each type, which is set to the state in question first. It is safe
// for concurrent use.
type Referee struct {
	mu       sync.Mutex
	machines map[string]machine // by the name in the spec
}

type machine struct {
	initial string
	*fsm.FSM
}

// New gives a referee for all machines.
`

const refereeBody = `
// replay lets looplab take the edge. An edge back to its own state is looplab's
// NoTransitionError; and the context is never one that may be cancelled, for
// that wedges looplab's machine for good.
func (r *Referee) replay(name string, from, edge, to fmt.Stringer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.machines[name]
	m.SetState(from.String())
	err := m.Event(context.Background(), edge.String())
	if stay := (fsm.NoTransitionError{}); errors.As(err, &stay) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %v by %v to %v: %v", ErrDivergence, name, from, edge, to, err)
	}
	if got := m.Current(); got != to.String() {
		return fmt.Errorf("%w: %s: %v by %v to %v: the spec says to %s", ErrDivergence, name, from, edge, to, got)
	}
	return nil
}

// Mermaid draws a machine, by its name in the spec, with looplab's visualizer: a
// stateDiagram-v2 with an arrow for each edge.
func (r *Referee) Mermaid(name string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.machines[name]
	if !ok {
		return "", fmt.Errorf("referee: no machine %q", name)
	}
	m.SetState(m.initial)
	return fsm.VisualizeForMermaidWithGraphType(m.FSM, fsm.StateDiagram)
}
`
