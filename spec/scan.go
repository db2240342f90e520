package spec

import (
	"go/scanner"
	"go/token"
	"strings"
)

// MaxSource is the largest spec that Parse reads, in bytes.
const MaxSource = 1 << 20

// Two tokens that Go has not: "->" and "=>".
const (
	arrow   = token.Token(1000)
	implies = token.Token(1001)
)

type tok struct {
	pos token.Position
	end int // offset after it
	tok token.Token
	lit string
}

// text gives a token as people write it.
func (t tok) text() string {
	switch {
	case t.tok == arrow:
		return "->"
	case t.tok == implies:
		return "=>"
	case t.tok == token.EOF:
		return "end of file"
	case t.tok == token.SEMICOLON && t.lit == "\n":
		return "end of line"
	case t.tok == token.SEMICOLON:
		return ";"
	case t.lit != "":
		return t.lit
	}
	return t.tok.String()
}

// comments are kept by line: trail stands behind something, lead alone.
type comments struct{ trail, lead map[int]string }

// above joins the lines of comment that end just above line.
func (c comments) above(line int) string {
	var out []string
	for l := line - 1; ; l-- {
		text, ok := c.lead[l]
		if !ok {
			break
		}
		out = append([]string{text}, out...)
	}
	return strings.Join(out, "\n")
}

// scan splits src with go/scanner, whose rule for semicolons at the ends of
// lines is ours too.
func scan(name string, src []byte, faults *list) (toks []tok, com comments) {
	com = comments{trail: map[int]string{}, lead: map[int]string{}}
	file := token.NewFileSet().AddFile(name, -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, func(pos token.Position, msg string) { faults.add(pos, "%s", msg) }, scanner.ScanComments)
	for {
		p, t, lit := s.Scan()
		pos := file.PositionFor(p, false) // a //line comment must not move our faults
		if t == token.COMMENT {
			keep(com, toks, pos, lit)
			continue
		}
		end := pos.Offset + len(lit)
		if lit == "" {
			end = pos.Offset + len(t.String())
		}
		if n := len(toks); n > 0 {
			last := &toks[n-1]
			// Go ends no statement after its own words; defer and labels may.
			if last.tok.IsKeyword() && pos.Line > last.pos.Line {
				toks = append(toks, tok{pos: last.pos, end: last.end, tok: token.SEMICOLON, lit: "\n"})
				last = &toks[n]
			}
			if t == token.GTR && last.end == pos.Offset && last.tok == token.SUB {
				last.tok, last.end = arrow, end
				continue
			}
			if t == token.GTR && last.end == pos.Offset && last.tok == token.ASSIGN {
				last.tok, last.end = implies, end
				continue
			}
		}
		toks = append(toks, tok{pos: pos, end: end, tok: t, lit: lit})
		if t == token.EOF {
			return toks, com
		}
	}
}

func keep(com comments, toks []tok, pos token.Position, lit string) {
	text, ok := strings.CutPrefix(lit, "//")
	if !ok {
		return // a block comment is nobody's documentation
	}
	text = strings.TrimRight(strings.TrimPrefix(text, " "), " \t\r")
	if n := len(toks); n > 0 && toks[n-1].pos.Line == pos.Line {
		com.trail[pos.Line] = text
		return
	}
	com.lead[pos.Line] = text
}
