package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// spliced is a Go file that holds many variants of itself. A function that
// differs in some of them is in it once for each, and the one that everybody
// calls looks which it is to be:
//
//	func (c *Core) find(p0 bool) *anArc {
//		switch n2nMutant {
//		case 7:
//			return c.find_mutant7(p0)
//		}
//		return c.find_mutant0(p0)
//	}
//
// So does a variable that is set to a literal.
type spliced struct {
	*source
	others map[int][]variant // of the declaration with that index
}

// variant is a declaration as one mutant has it.
type variant struct {
	mutant int
	from   *source
}

// chooser is the file that each package of a batch gets.
const chooser = `package %s

import (
	"os"
	"strconv"
)

var n2nMutant, _ = strconv.Atoi(os.Getenv("` + choice + `"))
`

// choice is the environment variable that says which mutant a test is to run.
const choice = "N2N_MUTANT"

// source is a file of Go, and each of its declarations without comments.
type source struct {
	text  []byte
	fset  *token.FileSet
	file  *ast.File
	plain []string
}

func readSource(text []byte) (*source, error) {
	s := &source{text: text, fset: token.NewFileSet()}
	var err error
	if s.file, err = parser.ParseFile(s.fset, "", text, parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	for _, d := range s.file.Decls {
		s.plain = append(s.plain, s.print(d))
	}
	return s, nil
}

// print gives a node in a form in which equal ones are equal.
func (s *source) print(n any) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, s.fset, n); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// cut gives the text of a node as it stands there.
func (s *source) cut(n ast.Node) string { return string(s.text[s.at(n.Pos()):s.at(n.End())]) }

func (s *source) at(p token.Pos) int { return s.fset.Position(p).Offset }

func splice(text []byte) (*spliced, error) {
	s, err := readSource(text)
	if err != nil {
		return nil, err
	}
	return &spliced{source: s, others: map[int][]variant{}}, nil
}

// differs lists the declarations in which another text of the file differs;
// false: a choice at run time cannot make that difference.
func (s *spliced) differs(text []byte) (list []int, from *source, ok bool) {
	from, err := readSource(text)
	if err != nil || len(from.plain) != len(s.plain) {
		return nil, nil, false
	}
	for i, d := range s.file.Decls {
		if s.plain[i] == from.plain[i] {
			continue
		}
		if !s.same(d, from, from.file.Decls[i]) {
			return nil, nil, false
		}
		list = append(list, i)
	}
	return list, from, true
}

// same reports whether two declarations differ only in what a function does, or
// in the value of a literal.
func (s *spliced) same(d ast.Decl, from *source, other ast.Decl) bool {
	switch d := d.(type) {
	case *ast.FuncDecl:
		o, ok := other.(*ast.FuncDecl)
		return ok && d.Body != nil && d.Name.Name == o.Name.Name && d.Name.Name != "_" && d.Type.TypeParams == nil &&
			s.print(d.Type) == from.print(o.Type) && receiver(s.source, d) == receiver(from, o)
	case *ast.GenDecl:
		name, lit := literal(d)
		o, ok := other.(*ast.GenDecl)
		if lit == nil || !ok {
			return false
		}
		its, olit := literal(o)
		return olit != nil && name == its && s.print(lit.Type) == from.print(olit.Type)
	}
	return false
}

func receiver(s *source, f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	return s.cut(f.Recv.List[0].Type)
}

// literal gives the value of "var name = T{…}".
func literal(d *ast.GenDecl) (string, *ast.CompositeLit) {
	if d.Tok != token.VAR || len(d.Specs) != 1 {
		return "", nil
	}
	v := d.Specs[0].(*ast.ValueSpec)
	if len(v.Names) != 1 || len(v.Values) != 1 || v.Type != nil {
		return "", nil
	}
	lit, _ := v.Values[0].(*ast.CompositeLit)
	if lit == nil {
		return "", nil
	}
	if a, ok := lit.Type.(*ast.ArrayType); ok {
		if _, dots := a.Len.(*ast.Ellipsis); dots {
			return "", nil // a function cannot have that type
		}
	}
	return v.Names[0].Name, lit
}

func (s *spliced) add(mutant int, list []int, from *source) {
	for _, i := range list {
		s.others[i] = append(s.others[i], variant{mutant, from})
	}
}

// merged gives the text with all variants.
func (s *spliced) merged() []byte {
	out := bytes.Clone(s.text)
	for _, i := range slices.Backward(slices.Sorted(maps.Keys(s.others))) {
		d := s.file.Decls[i]
		text := ""
		switch d := d.(type) {
		case *ast.FuncDecl:
			text = s.function(i, d)
		case *ast.GenDecl:
			text = s.variable(i, d)
		}
		out = slices.Concat(out[:s.at(d.Pos())], []byte(text), out[s.at(d.End()):])
	}
	return out
}

func (s *spliced) function(i int, f *ast.FuncDecl) string {
	var params, args, tail []string
	for _, field := range f.Type.Params.List {
		for range max(1, len(field.Names)) {
			p := fmt.Sprint("p", len(params))
			params = append(params, p+" "+s.cut(field.Type))
			if _, ok := field.Type.(*ast.Ellipsis); ok {
				p += "..."
			}
			args = append(args, p)
		}
	}
	recv, on, results := "", "", ""
	if f.Recv != nil {
		recv, on = "(recv "+receiver(s.source, f)+") ", "recv."
	}
	if f.Type.Results != nil {
		results = s.cut(f.Type.Results) + " "
	}
	call := func(mutant int) string {
		c := fmt.Sprintf("%s%s_mutant%d(%s)", on, f.Name.Name, mutant, strings.Join(args, ", "))
		if results != "" {
			return "return " + c
		}
		return c + "; return"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "func %s%s(%s) %s{\nswitch n2nMutant {\n", recv, f.Name.Name, strings.Join(params, ", "), results)
	for _, v := range s.others[i] {
		fmt.Fprintf(&b, "case %d: %s\n", v.mutant, call(v.mutant))
		tail = append(tail, v.from.renamed(v.from.file.Decls[i].(*ast.FuncDecl), v.mutant))
	}
	fmt.Fprintf(&b, "}\n%s\n}\n\n%s\n\n%s\n", call(0), s.renamed(f, 0), strings.Join(tail, "\n\n"))
	return b.String()
}

// renamed gives the text of a function under the name that it has in a batch.
func (s *source) renamed(f *ast.FuncDecl, mutant int) string {
	from, name := s.at(f.Pos()), s.at(f.Name.End())
	return fmt.Sprintf("%s_mutant%d%s", s.text[from:name], mutant, s.text[name:s.at(f.End())])
}

func (s *spliced) variable(i int, d *ast.GenDecl) string {
	name, lit := literal(d)
	var b strings.Builder
	fmt.Fprintf(&b, "var %s = func() %s {\nswitch n2nMutant {\n", name, s.cut(lit.Type))
	for _, v := range s.others[i] {
		_, l := literal(v.from.file.Decls[i].(*ast.GenDecl))
		fmt.Fprintf(&b, "case %d: return %s\n", v.mutant, v.from.cut(l))
	}
	fmt.Fprintf(&b, "}\nreturn %s\n}()\n", s.cut(lit))
	return b.String()
}
