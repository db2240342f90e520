package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/spec/chart"
)

var glare = filepath.Join("..", "..", "spec", "traces", "06-glare.trace")

func TestTrace(t *testing.T) {
	code, stdout, stderr := try(t, "trace", glare)
	if code != exitOK || stderr != "" || !strings.Contains(stdout, "● connects c via b") || !strings.Contains(stdout, "a Offering: insist") {
		t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
	}
	code, all, _ := try(t, "trace", "--all", glare)
	if code != exitOK || len(all) < len(stdout)+500 {
		t.Errorf("exit code %d, with what happened before:\n%s", code, all)
	}
	code, stdout, _ = try(t, "trace", glare, "--format", "mermaid")
	if code != exitOK || !strings.HasPrefix(stdout, "sequenceDiagram\n") || !strings.Contains(stdout, "a->>b: offer a2 for c\n") {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
}

func TestTraceJSON(t *testing.T) {
	code, stdout, _ := try(t, "trace", "--json", glare)
	var got chart.Trace
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitOK || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("exit code %d, %v: %q", code, err, stdout)
	}
	if got.Peers != 3 || len(got.Lines) < 10 || got.Lines[0].What != "a connects c via b" {
		t.Errorf("%+v", got)
	}
}

func TestTraceWrong(t *testing.T) {
	for _, x := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "which trace?", nil},
		{exitUsage, "--format svg", []string{"--format", "svg", glare}},
		{exitUsage, "unexpected argument", []string{glare, glare}},
		{exitFault, "nowhere.trace: no such file", []string{"nowhere.trace"}},
		{exitFault, `trace.go: not a trace: the first line is not "n2n trace 1"`, []string{"trace.go"}},
	} {
		code, stdout, stderr := try(t, append([]string{"trace"}, x.args...)...)
		if code != x.code || stdout != "" || !strings.Contains(stderr, x.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q, %q", x.args, code, stdout, stderr)
		}
	}
}
