package overlay_test

import (
	"os"
	"strings"
	"testing"
)

// The README shows the example that is compiled and run here.
func TestReadmeShowsTheExample(t *testing.T) {
	source := read(t, "example_test.go")
	_, body, ok := strings.Cut(source, "func Example() {\n")
	body, _, ok2 := strings.Cut(body, "\t// Output:")
	if !ok || !ok2 {
		t.Fatal("example_test.go has no Example with an output")
	}
	var want strings.Builder
	for line := range strings.Lines(body) {
		want.WriteString(strings.TrimPrefix(line, "\t"))
	}
	if !strings.Contains(read(t, "../README.md"), "```go\n"+want.String()+"```\n") {
		t.Errorf("the README shows another example than\n%s", want.String())
	}
}

// And so does it show overlaytest's.
func TestReadmeShowsTheWorld(t *testing.T) {
	_, body, ok := strings.Cut(read(t, "overlaytest/example_test.go"), "// shuffle keeps")
	if !ok {
		t.Fatal("overlaytest/example_test.go has no shuffle")
	}
	if !strings.Contains(read(t, "../README.md"), "```go\n// shuffle keeps"+body+"```\n") {
		t.Error("the README shows another world than overlaytest/example_test.go")
	}
}

// And so does it show the streams.
func TestReadmeShowsTheStreams(t *testing.T) {
	_, body, ok := strings.Cut(read(t, "example_stream_test.go"), "\tgo http.Serve(")
	body, _, ok2 := strings.Cut(body, "\tif err != nil")
	if !ok || !ok2 {
		t.Fatal("example_stream_test.go has changed its shape")
	}
	want := "```go\ngo http.Serve(" + strings.ReplaceAll(body, "\n\t", "\n") + "```\n"
	if !strings.Contains(read(t, "../README.md"), want) {
		t.Errorf("the README shows other streams than\n%s", want)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
