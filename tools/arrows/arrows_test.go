// Package arrows holds the test of which package may import which. The cut of
// the project is in these few lines; an arrow that is not here is a mistake.
package arrows

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/n2n-overlay/n2n/"

// rule says what the packages of a folder may import besides the standard
// library, and why no more. Test files may import anything.
type rule struct {
	folder string
	may    []string // prefixes; those without a dot are folders of this module
	why    string
}

var rules = []rule{
	{"spec", nil, "the language needs no dependency"},
	{"spec/chart", nil, "a trace is read and drawn without knowing what made it"},
	{"spec/spectest", []string{"spec"}, "compares generated machines with the interpreter"},
	{"gen", []string{"spec", "spec/chart"}, "a generator that imported its own output could not start from nothing"},
	{"fsm/signal", nil, "machines are plain values"},
	{"fsm/arc", nil, "machines are plain values"},
	{"fsm/media", nil, "machines are plain values"},
	{"fsm/referee", []string{"fsm/signal", "fsm/arc", "fsm/media", "github.com/looplab/fsm"}, "the referee knows only what it judges"},
	{"fsm", nil, "only holds the go:generate line"},
	{"transport", nil, "nouns that everything imports"},
	{"transport/mem", []string{"transport"}, "a driver knows nothing of overlays"},
	{"transport/tcp", []string{"transport"}, "an example shows what a driver needs"},
	{"transport/internal/sdp", []string{"transport"}, "what drivers that speak SDP to themselves share"},
	{"transport/browser", []string{"transport", "transport/internal/sdp"}, "a driver knows nothing of overlays, and a page loads little"},
	{"transport/pion", []string{"transport", "transport/internal/sdp", "github.com/pion/", "golang.org/x/net/"}, "a driver knows nothing of overlays"},
	{"transport/transporttest", []string{"transport", "go.uber.org/goleak"}, "the suite judges every driver alike"},
	{"overlay/internal/core", []string{"fsm/signal", "fsm/arc", "fsm/media", "transport"}, "the core is pure"},
	{"overlay/internal/wire", []string{"fsm/signal", "fsm/arc", "fsm/media", "transport", "github.com/fxamacker/cbor/v2"}, "bytes, and nothing else"},
	{"overlay/internal/sim", []string{"overlay/internal/core", "fsm/signal", "fsm/arc", "fsm/media", "fsm/referee", "spec/chart", "transport"}, "a world of cores has no I/O"},
	{"overlay/internal/search", []string{"overlay/internal/core", "overlay/internal/sim", "fsm/signal", "fsm/arc", "fsm/media"}, "a search looks at cores, and has no I/O"},
	{"overlay/verify", []string{"overlay/internal/search"}, "lets tools, which see no internal packages, search"},
	{"overlay/cost", []string{"overlay/internal/core", "overlay/internal/sim", "overlay/internal/wire", "fsm/signal", "fsm/arc", "transport"}, "lets tools, which see no internal packages, measure"},
	{"overlay", []string{"overlay/internal/core", "overlay/internal/wire", "fsm/signal", "fsm/arc", "fsm/media", "fsm/referee", "transport"}, "a node works with any driver"},
	{"overlay/overlaytest", []string{"overlay", "transport", "transport/mem"}, "a world for users has what users have"},
	{"overlay/paste", nil, "text is text"},
	{"overlay/entrance", []string{"overlay", "transport", "github.com/coder/websocket", "github.com/gorilla/websocket", "github.com/fxamacker/cbor/v2"}, "an entrance carries signals for any driver"},
}

func TestArrows(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(rel))
		if strings.HasPrefix(folder, "tools") {
			return nil // tools may import anything
		}
		i := slices.IndexFunc(rules, func(r rule) bool { return r.folder == folder })
		if i < 0 {
			if !seen[folder] {
				t.Errorf("%s: no rule says what this folder may import", folder)
			}
			seen[folder] = true
			return nil
		}
		seen[folder] = true
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, im := range f.Imports {
			name, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				return err
			}
			if !allowed(rules[i], name) {
				t.Errorf("%s imports %s: %s", rel, name, rules[i].why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if !seen[r.folder] {
			t.Errorf("%s: a rule for a folder without Go files", r.folder)
		}
	}
}

func allowed(r rule, name string) bool {
	local, ours := strings.CutPrefix(name, module)
	if !ours && !strings.Contains(strings.Split(name, "/")[0], ".") {
		return true // the standard library
	}
	for _, m := range r.may {
		if ours && m == local || !ours && strings.HasPrefix(name, m) {
			return true
		}
	}
	return false
}
