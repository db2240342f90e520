package chart

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

// sample has one line of each kind.
const sample = `n2n trace 1
peers 3
protocols p q
# a trace
# of few lines

a joins b over a channel
===
a connects c via b                c Dialing; c Offering
a described a2
a>b offer a2 for c
lost: b>c offer a2
held: b>c offer a2
twice: b>c offer a2
a~c answer c1                     a Finalizing
-- 600ms
a timer                           c Offering: again
c timer
unnoticed: c down a2
lost: c~a answer c1
the entrance is down
b and c lose their session
b's driver; # odd                 done
-- 1m0s
c>a bound 2, channel 1            arc to c opened; "a connects c via b" done
`

func TestRead(t *testing.T) {
	trace, err := Read(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	if trace.About != "a trace of few lines" || trace.Peers != 3 || len(trace.Before) != 1 || len(trace.Lines) != 15 {
		t.Errorf("%+v", trace)
	}
	last := trace.Lines[len(trace.Lines)-1]
	if last.At != time.Minute || last.Number != 25 || last.What != "c>a bound 2, channel 1" || len(last.Then) != 2 {
		t.Errorf("last line: %+v", last)
	}
	for _, l := range trace.Lines {
		if got, want := Format(l.What, l.Then), strings.Split(sample, "\n")[l.Number-1]; got != want {
			t.Errorf("line %d is written as %q, was %q", l.Number, got, want)
		}
	}
}

func TestReadWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "not a trace",
		"a picture\n":                        "not a trace",
		Magic + "\n":                         "line 2: the head does not say how many peers",
		Magic + "\npeers many\n":             `line 2: peers "many": want 1 to 26`,
		Magic + "\npeers 27\n":               `line 2: peers "27"`,
		Magic + "\npeers 1\x1b\n":            "line 2: a control character",
		with("-- soon\n"):                    `line 4: "-- soon" is no later time`,
		with("-- 2s\nx\n-- 1s\n"):            `line 6: "-- 1s" is no later time`,
		with("\n"):                           "line 4: nothing happens",
		with("  a Open\n"):                   "line 4: nothing happens",
		with("a\x1b[2J crashes\n"):           "line 4: a control character",
		with(strings.Repeat("x", maxLine+1)): "token too long",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
	if _, err := Read(strings.NewReader("no")); !errors.Is(err, ErrNoTrace) {
		t.Errorf("%v", err)
	}
}

func with(lines string) string { return Magic + "\npeers 3\n\n" + lines }

// TestCharts: what charts look like is in testdata.
func TestCharts(t *testing.T) {
	trace, err := Read(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	var text, mermaid bytes.Buffer
	if err := errors.Join(trace.Text(&text), trace.Mermaid(&mermaid)); err != nil {
		t.Fatal(err)
	}
	golden(t, "text", text.Bytes())
	golden(t, "mermaid", mermaid.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update renews it):\n%s", path, got)
	}
}

// FuzzRead: whatever is read can be drawn, and nothing of it controls a terminal.
func FuzzRead(f *testing.F) {
	f.Add(sample)
	f.Add(with("z>a x\na>z y\n~\nb>b offer\n"))
	f.Fuzz(func(t *testing.T, text string) {
		trace, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		var b strings.Builder
		if err := errors.Join(trace.Text(&b), trace.Mermaid(&b)); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(b.String(), "\x1b\x00\r\a") {
			t.Errorf("%q", b.String())
		}
	})
}
