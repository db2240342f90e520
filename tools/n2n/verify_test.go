package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/overlay/verify"
)

func TestVerify(t *testing.T) {
	code, stdout, stderr := try(t, "verify", "--world", "glare,path")
	if code != exitOK || stderr != "" {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "world ") || !strings.HasPrefix(lines[1], "glare ") ||
		!strings.HasSuffix(lines[2], "holds") || !strings.HasPrefix(lines[3], "2 worlds, 0 fail ") {
		t.Errorf("table:\n%s", stdout)
	}
}

func TestVerifyJSON(t *testing.T) {
	code, stdout, _ := try(t, "verify", "--json", "--world", "path,glare")
	var got struct {
		Worlds []struct {
			World, Result string
			States, Depth int
			Seconds       float64
		}
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("%v: %q", err, stdout)
	}
	if code != exitOK || len(got.Worlds) != 2 {
		t.Fatalf("exit code %d: %s", code, stdout)
	}
	if w := got.Worlds[1]; w.World != "glare" || w.Result != "holds" || w.States < 100 || w.Depth < 10 || w.Seconds <= 0 {
		t.Errorf("%+v", w)
	}
}

// TestVerifyFails: a world that does not hold is told, and the exit code says so.
func TestVerifyFails(t *testing.T) {
	var w *verify.World
	for _, w = range verify.Worlds(verify.Short) {
		if w.Name == "farewell" {
			break
		}
	}
	w.Prompt = true // b may refuse, so this does not hold
	t.Setenv("TMPDIR", t.TempDir())
	var stdout, stderr bytes.Buffer
	code := verifyAll(t.Context(), []*verify.World{w}, true, &stdout, &stderr)
	if code != exitFault || !strings.Contains(stdout.String(), `"result":"fails"`) || !strings.Contains(stderr.String(), "  b unregisters p") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout.String(), stderr.String())
	}
	_, path, found := strings.Cut(strings.TrimSpace(stderr.String()), "n2n trace ")
	if !found {
		t.Fatalf("no trace is named:\n%s", stderr.String())
	}
	code, chart, errs := try(t, "trace", path)
	if code != exitOK || !strings.Contains(chart, "● unregisters p") {
		t.Errorf("exit code %d, %s:\n%s", code, errs, chart)
	}
}

func TestVerifyInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, []string{"verify", "--quick"}, strings.NewReader(""), &stdout, &stderr); code != exitInterrupted {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}
