package main

import (
	"bytes"
	"fmt"
	"go/format"
	"go/token"
	"path"
	"strings"

	"github.com/n2n-overlay/n2n/spec"
)

// goPackage is one generated package.
type goPackage struct {
	spec   *spec.Spec
	files  []*goFile
	taken  map[string]int // line of the spec that made a Go name
	enums  *goFile        // strings of the enums
	faults spec.Faults
}

// goFile is one file of it, printed line by line and formatted at the end.
type goFile struct {
	name    string
	imports []string
	doc     string // package comment
	body    bytes.Buffer
}

func (p *goPackage) file(name string, imports ...string) *goFile {
	f := &goFile{name: name + "_gen.go", imports: imports}
	p.files = append(p.files, f)
	return f
}

// names is where the strings of the enums go.
func (p *goPackage) names() *goFile {
	if p.enums == nil {
		p.enums = p.file("names", "strconv")
	}
	return p.enums
}

// doc is the package comment: what the spec says of itself, and an example.
func (p *goPackage) doc() string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Package %s has the messages and machines of %s:\n", p.spec.Name, p.spec.File)
	for line := range strings.SplitSeq(p.spec.Doc, "\n") {
		if line == "" {
			b.WriteString("//\n")
			continue
		}
		fmt.Fprintf(&b, "//\t%s\n", line)
	}
	if len(p.spec.Machines) == 0 {
		return b.String()
	}
	name := goName(p.spec.Machines[0].Name)
	fmt.Fprintf(&b, `//
// A machine answers an event with an edge and with effects for its owner:
//
//	var m %[1]s.%[2]s
//	var fx %[1]s.%[2]sEffects
//	edge := m.Step(ev, &fx)
//	for _, effect := range fx.All() {
//		…
//	}
//
// Machines are plain values without clocks, locks or pointers. A machine and its
// effects belong to one goroutine; everything else here never changes.
`, p.spec.Name, name)
	return b.String()
}

// f prints one line.
func (f *goFile) f(format string, args ...any) {
	fmt.Fprintf(&f.body, format+"\n", args...)
}

// claim notes that a Go name is made for what stands at pos; members are
// claimed as Type.Member. Two makers are a fault of the spec.
func (p *goPackage) claim(pos token.Position, name string) string {
	if line, ok := p.taken[name]; ok {
		p.faults = append(p.faults, p.spec.Fault(pos, "the Go name %s is taken by line %d", name, line))
	}
	p.taken[name] = pos.Line
	return name
}

func (p *goPackage) done() ([]File, error) {
	if len(p.faults) > 0 {
		return nil, p.faults
	}
	var out []File
	for _, f := range p.files {
		data, err := f.format(p.spec.File, p.spec.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, File{path.Join("fsm", p.spec.Name, f.name), data})
	}
	return out, nil
}

// format puts the head in front and runs gofmt. What it refuses is a fault of
// the generator: the source comes with the error.
func (f *goFile) format(from, pkg string) ([]byte, error) {
	var src bytes.Buffer
	fmt.Fprintf(&src, "%s%s. DO NOT EDIT.\n\n%spackage %s\n\n", header, from, f.doc, pkg)
	if len(f.imports) > 0 {
		src.WriteString("import (\n")
		for _, i := range f.imports {
			if i == "" {
				src.WriteString("\n")
				continue
			}
			fmt.Fprintf(&src, "\t%q\n", i)
		}
		src.WriteString(")\n\n")
	}
	src.Write(f.body.Bytes())
	out, err := format.Source(src.Bytes())
	if err != nil {
		return nil, fmt.Errorf("gen: %s: %w\n%s", f.name, err, src.String())
	}
	return out, nil
}

// note gives documentation as a comment behind a line, or nothing.
func note(doc string) string {
	if doc == "" {
		return ""
	}
	return " // " + doc
}

// where names a line of the spec as comments do.
func where(pos token.Position) string {
	return fmt.Sprintf("%s:%d", path.Base(pos.Filename), pos.Line)
}

// goName is the exported name; parts are joined.
func goName(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(spec.CamelCase(p))
	}
	return b.String()
}

// goType is how values of t are kept.
func goType(t *spec.Type) string {
	switch t.Kind {
	case spec.Bool:
		return "bool"
	case spec.Number:
		return fmt.Sprintf("uint%d", t.Bits)
	case spec.Enum:
		return goName(t.Name)
	case spec.Peer:
		return "[32]byte"
	case spec.Peers:
		return "[][32]byte"
	case spec.Text:
		return "string"
	}
	return "[]byte"
}
