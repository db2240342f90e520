package main

import (
	"regexp"
	"strings"
	"testing"
)

// shownText gives the n-th text of a kind that a program shows, as its lines.
func shownText(t *testing.T, p *program, kind string, n int) string {
	t.Helper()
	one := `N2N1-` + kind + `-\d+-[A-Z2-7\n]*-\n?E\n?N\n?D\n`
	all := p.stdout.wait(t, `(?s)(?:.*?(`+one+`)){`+string(rune('0'+n))+`}`)
	return all[1]
}

// Two programs meet without a server: the offer of one is pasted into the other,
// and its answer back, as mail would quote them.
func TestJoinByPaste(t *testing.T) {
	ann := launch(t, "join", "--paste", "--udp", "127.0.0.1:0", "--name", "ann")
	bob := launch(t, "join", "--paste", "--udp", "127.0.0.1:0", "--name", "bob")
	ann.stdout.wait(t, `(?m)^you are ann \(\w{8}\)$`)
	offer := shownText(t, ann, "OFFER", 1)

	// What goes wrong is told, and nothing is lost by it.
	ann.typeLine(t, offer[:64]+"\n")
	ann.stdout.wait(t, `(?m)^! paste: not the whole text: \d+ of \d+ characters, the end is missing; copy it once more, from N2N to END$`)
	bob.typeLine(t, strings.Replace(offer, "OFFER", "ANSWER", 1))
	bob.stdout.wait(t, `(?m)^! paste: the text was changed: the checksum is wrong; copy it once more`)
	bob.typeLine(t, strings.Replace(offer, "N2N1", "N2N7", 1))
	bob.stdout.wait(t, `(?m)^! paste: a text of another version: it is of version 7, this program knows 1`)
	bob.typeLine(t, "hello?")
	bob.stdout.wait(t, `(?m)^! nobody hears you yet$`)

	bob.typeLine(t, "> "+strings.ReplaceAll(strings.TrimSpace(offer), "\n", "\r\n> "))
	bob.stdout.wait(t, `(?m)^give this answer to whom the offer is of, within 15m0s:$`)
	ann.typeLine(t, "“"+strings.TrimSpace(shownText(t, bob, "ANSWER", 1))+"”")
	ann.stdout.wait(t, `(?m)^connecting$`)
	ann.stdout.wait(t, `(?m)^\+ .*: arc from you, by paste$`)
	bob.stdout.wait(t, `(?m)^\+ .*: arc to you, by paste$`)
	ann.stdout.wait(t, `(?m)^  \w{8} is bob$`)
	ann.typeLine(t, "no server")
	bob.stdout.wait(t, `(?m)^ann \(\w{8}\): no server$`)

	ann.typeLine(t, shownText(t, bob, "ANSWER", 1)) // twice
	ann.stdout.wait(t, `(?m)^! no offer of yours waits for an answer$`)
	bob.typeLine(t, offer)
	bob.stdout.wait(t, `(?m)^! that offer was answered before, or is your own: `)

	// A third comes to any of them, and knows the others by brokers from then on.
	cy := launch(t, "join", "--paste", "--udp", "127.0.0.1:0", "--name", "cy")
	bob.typeLine(t, shownText(t, cy, "OFFER", 1))
	cy.typeLine(t, shownText(t, bob, "ANSWER", 2))
	cy.stdout.wait(t, `(?m)^\+ .*: arc from you, by paste$`)
	cy.stdout.wait(t, `(?m)^  \w{8} is bob$`)
	cy.typeLine(t, "/connect ann")
	cy.stdout.wait(t, `(?m)^\+ ann \(\w{8}\): arc from you, brokered by bob \(\w{8}\)$`)

	ann.stdout.wait(t, `(?m)^  \w{8} is cy$`) // what it says goes after the arc
	cy.interrupt()
	ann.stdout.wait(t, `(?m)^- cy \(\w{8}\): arc to you ended \(it left\)$`)
	ann.typeLine(t, "/quit")
	bob.stdin.Close()
	for _, p := range []*program{ann, bob, cy} {
		if code := p.exit(t); code != 0 || p.stderr.String() != "" {
			t.Errorf("exit code %d, %s", code, p.stderr)
		}
	}
}

// Both paste the other's offer: one session comes of it all the same.
func TestPasteBothOffers(t *testing.T) {
	ann := launch(t, "join", "--paste", "--udp", "127.0.0.1:0", "--name", "ann")
	bob := launch(t, "join", "--paste", "--udp", "127.0.0.1:0", "--name", "bob")
	toAnn, toBob := shownText(t, bob, "OFFER", 1), shownText(t, ann, "OFFER", 1)
	ann.typeLine(t, toAnn)
	bob.typeLine(t, toBob)
	fromAnn, fromBob := shownText(t, ann, "ANSWER", 1), shownText(t, bob, "ANSWER", 1)
	ann.typeLine(t, fromBob)
	bob.typeLine(t, fromAnn)
	for _, p := range []*program{ann, bob} {
		p.stdout.wait(t, `(?m)^\+ .*: arc from you`)
		p.stdout.wait(t, `(?m)^\+ .*: arc to you`)
		p.typeLine(t, "/peers")
		p.stdout.wait(t, `(?m)^you are \w+ \(\w{8}\), with 1 arcs from you and 1 to you$`)
	}
}

// A QR code is drawn beside the text, with a quiet zone, in two modules a character.
func TestPasteQR(t *testing.T) {
	p := launch(t, "join", "--paste", "--qr", "--udp", "127.0.0.1:0")
	shownText(t, p, "OFFER", 1)
	p.stdout.wait(t, `paste the answer here`)
	lines := regexp.MustCompile(`(?m)^\x1b\[30;107m([ ▀▄█]+)\x1b\[0m$`).FindAllStringSubmatch(p.stdout.String(), -1)
	if len(lines) < 20 {
		t.Fatalf("%d lines of a QR code:\n%s", len(lines), p.stdout)
	}
	width := len([]rune(lines[0][1]))
	for i, l := range lines {
		if n := len([]rune(l[1])); n != width || (width+1)/2 != len(lines) {
			t.Errorf("line %d of %d has %d characters, the first %d", i, len(lines), n, width)
		}
	}
	if first := strings.TrimSpace(lines[0][1] + lines[1][1]); first != "" {
		t.Errorf("no quiet zone: %q", first)
	}
	if !strings.HasPrefix(lines[2][1], "    █▀▀▀▀▀█ ") {
		t.Errorf("no finder pattern: %q", lines[2][1])
	}
}
