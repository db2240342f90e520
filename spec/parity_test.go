package spec_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// short names of folders in parity.md.
var folders = map[string]string{
	"core": "overlay/internal/core", "search": "overlay/internal/search", "wire": "overlay/internal/wire",
	"pion": "transport/pion", "mem": "transport/mem", "browser": "transport/browser", "e2e": "tools/e2e",
}

var shown = regexp.MustCompile("`([a-z0-9/-]+)\\.((?:Test|Example|Fuzz)\\w+)(?:/([\\w-]+))?`")

// TestParity: every row of parity.md names tests, and each of them exists.
func TestParity(t *testing.T) {
	text, err := os.ReadFile("parity.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, faults := 0, 0
	section := ""
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "## ") {
			section = line
		}
		cells := strings.Split(line, "|")
		if len(cells) < 3 || strings.HasPrefix(cells[1], "---") || cells[1] == " there " || cells[1] == " fault there " {
			continue
		}
		rows++
		if strings.HasPrefix(section, "## 4") || strings.HasPrefix(section, "## The ten") {
			faults++
		}
		if len(cells) != 6 {
			t.Errorf("%d cells: %s", len(cells)-2, line)
			continue
		}
		tests := shown.FindAllStringSubmatch(line, -1)
		if len(shown.FindAllString(cells[3], -1)) == 0 || strings.TrimSpace(shown.ReplaceAllString(cells[3], "")) != "" {
			t.Errorf("no test, or something else in its place: %s", line)
		}
		for _, m := range tests {
			exists(t, m[1], m[2], m[3])
		}
	}
	if rows < 80 || faults != 22+10 {
		t.Errorf("%d rows, of which %d faults: some are not read, or missing", rows, faults)
	}
}

// exists sees that a folder has a test, and a golden file for a story.
func exists(t *testing.T, folder, name, sub string) {
	t.Helper()
	if long, ok := folders[folder]; ok {
		folder = long
	}
	dir := filepath.Join("..", filepath.FromSlash(folder))
	if !functions(t, dir)[name] {
		t.Errorf("%s has no %s", folder, name)
	}
	if sub == "" {
		return
	}
	if _, err := os.Stat(filepath.Join(dir, "testdata", sub+".txt")); name != "TestStories" || err != nil {
		t.Errorf("%s has no story %s", folder, sub)
	}
}

var parsed = map[string]map[string]bool{}

// functions gives the names of a folder's test functions, for whatever system they
// are built.
func functions(t *testing.T, dir string) map[string]bool {
	t.Helper()
	if names, ok := parsed[dir]; ok {
		return names
	}
	names := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[fn.Name.Name] = true
			}
		}
	}
	parsed[dir] = names
	return names
}
