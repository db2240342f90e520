package overlay

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

// The page of the frames has the kinds that the code has.
func TestFramesPage(t *testing.T) {
	page, err := os.ReadFile("../spec/frames.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{
		"whole": frameWhole, "part": framePart, "credit": frameCredit, "abort": frameAbort, "batch": frameBatch, "loose": frameLoose,
		"open": frameOpen, "data": frameData, "window": frameWindow, "finish": frameFinish, "close": frameClose, "refuse": frameRefuse,
		"flow": frameFlow,
	}
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| (\w+) \|`).FindAllStringSubmatch(string(page), -1)
	if len(rows) != len(kinds) {
		t.Errorf("%d rows, want %d", len(rows), len(kinds))
	}
	for _, r := range rows {
		if n, ok := kinds[r[2]]; !ok || strconv.Itoa(n) != r[1] {
			t.Errorf("%s is %s on the page, %d in the code", r[2], r[1], n)
		}
	}
}
