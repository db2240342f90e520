package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

func TestChatTalk(t *testing.T) {
	g := party(t, "ann", "bob", "cy")
	chain(t, g...)
	g[0].types(t, "is it lonely?", "")
	g[1].shown.wait(t, `(?m)^ann \(\w{8}\): is it lonely\?$`)
	g[1].types(t, "  \x1b[2Jno ", "")
	g[0].shown.wait(t, `(?m)^bob \(\w{8}\): �\[2Jno$`)
	g[2].shown.wait(t, `(?m)^bob \(\w{8}\): �\[2Jno$`)
	if strings.Contains(g[2].shown.String(), "lonely") {
		t.Errorf("cy heard what ann said, who is no neighbor")
	}
}

func TestChatConnect(t *testing.T) {
	g := party(t, "ann", "bob", "cy")
	chain(t, g...)
	cy := g[2].node.ID()
	g[0].types(t, "/connect cy", `(?m)^\+ cy \(`+cy.Short()+`\): arc from you, brokered by bob \(\w{8}\)$`)
	g[2].shown.wait(t, `(?m)^\+ .*: arc to you, brokered by bob \(\w{8}\)$`)
	g[2].shown.wait(t, `(?m)^  \w{8} is ann$`)
	g[0].types(t, "/connect "+cy.String()[:5], `(?m)^\+ cy .*: arc from you, on the connection there was$`)
	g[0].types(t, "/peers", `(?m)^you are ann \(\w{8}\), with 3 arcs from you and 0 to you$`)
	g[0].types(t, "/peers", `(?m)^  cy \(\w{8}\) +2 from you, 0 to you, brokered by bob \(\w{8}\), for `)
	g[2].types(t, "/disconnect ann", `(?m)^! no arc leads from you to ann`)
	g[0].types(t, "/disconnect cy", `(?m)^- cy .*: arc from you ended \(by you\)$`)
	g[2].shown.wait(t, `(?m)^- ann .*: arc to you ended \(by the other end\)$`)
}

func TestChatOverSeveral(t *testing.T) {
	g := party(t, "ann", "bob", "cy", "dan")
	chain(t, g...)
	dan := g[3].node.ID().String()
	g[0].types(t, "/connect dan", `(?m)^! no neighbor of yours knows "dan": /peers`)
	g[0].types(t, "/peers bob", `(?m)^bob \(\w{8}\) knows\n  cy \(\w{8}\)$`)
	g[3].types(t, "/peers cy", `(?m)^cy \(\w{8}\) knows\n  bob \(\w{8}\)$`)
	g[0].types(t, "/connect dan via bob cy", `(?m)^! nobody known is "dan": give the whole id`)
	g[0].types(t, "/connect dan via cy bob", `(?m)^! the first broker must be a neighbor: nobody known is "cy"`)
	g[0].types(t, "/connect "+dan+" via bob cy", `(?m)^\+ .*: arc from you, brokered by bob \(\w{8}\), cy \(\w{8}\)$`)
	g[3].shown.wait(t, `(?m)^\+ .*: arc to you, brokered by cy \(\w{8}\), `)
}

func TestChatIntroduce(t *testing.T) {
	g := party(t, "ann", "bob", "cy")
	chain(t, g...)
	g[1].types(t, "/introduce ann cy", `(?m)^ann \(\w{8}\) has an arc to cy \(\w{8}\) now$`)
	g[0].shown.wait(t, `(?m)^\+ .*: arc from you, brokered by bob`)
	g[1].types(t, "/introduce ann zoe", `(?m)^! nobody known is "zoe"$`)
	g[1].types(t, "/introduce zoe ann", `(?m)^! nobody known is "zoe"$`)
}

func TestChatErrors(t *testing.T) {
	g := party(t, "ann", "bob", "bob")
	alone := party(t, "eve")[0]
	chain(t, g[0], g[1])
	chain(t, g[0], g[2])
	g[0].types(t, "/connect bob", `(?m)^! "bob" means 2 peers \(bob \(\w{8}\), bob \(\w{8}\)\): say the beginning of an id$`)
	g[0].types(t, "/connect "+g[2].node.ID().Short(), `(?m)^\+ bob .* on the connection there was$`)
	for line, want := range map[string]string{
		"/connect":                   "usage: /connect PEER",
		"/connect a by b":            "usage: /connect PEER",
		"/connect a via":             "usage: /connect PEER",
		"/introduce a":               "usage: /introduce PEER PEER",
		"/disconnect":                "usage: /disconnect PEER",
		"/disconnect zoe":            `nobody known is "zoe"`,
		"/peers zoe":                 `nobody known is "zoe"`,
		"/id zoe":                    `nobody known is "zoe"`,
		"/dance":                     `no such command: /dance; /help`,
		"/peers a b":                 `no such command: /peers; /help`,
		strings.Repeat("x", maxNote): `did not get that: \d+ bytes are too long`,
	} {
		g[0].types(t, line, `(?m)^! .*`+want)
	}
	alone.types(t, "hello?", `(?m)^! nobody hears you yet$`)
	alone.types(t, "/connect ann", `(?m)^! you have no neighbor that could broker it$`)
	alone.types(t, "/help", `/introduce PEER PEER`)
	alone.types(t, "/id", `(?m)^`+alone.node.ID().String()+`$`)
	alone.types(t, "   ", ``)
	if !alone.typed(t.Context(), "/quit") {
		t.Error("/quit does not")
	}
}

// Neighbors that speak nonsense are shown nothing of, and change nothing.
func TestChatHostile(t *testing.T) {
	g := party(t, "ann", "bob")
	chain(t, g...)
	bob := g[1]
	send := func(b []byte) {
		t.Helper()
		if err := bob.protocol.Send(t.Context(), g[0].node.ID(), b); err != nil {
			t.Fatal(err)
		}
	}
	victim := transport.PeerID{1, 2, 3}
	for _, n := range []note{
		{Kind: kindHello, Text: "two words"},
		{Kind: kindHello, Text: "\x1b[31mred"},
		{Kind: kindHello, Text: strings.Repeat("n", maxName+1)},
		{Kind: kindKnown, Number: 1, Known: []acquaintance{{victim, "mallory"}}}, // nobody asked
		{Kind: "dance"},
		{Kind: kindWho, Number: 1, Text: strings.Repeat("?", 4000)},
	} {
		b, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		send(b)
	}
	for _, junk := range []string{"", "{", "null", "[]", "\xff\x00", `{"kind":7}`, `{"known":[{"id":"short"}]}`, strings.Repeat("[", maxNote)} {
		send([]byte(junk))
	}
	bob.types(t, "done", "")
	g[0].shown.wait(t, `(?m)^bob \(\w{8}\): done$`)
	if s := g[0].shown.String(); strings.Count(s, "\n") != 3 { // the arc, the name, the line
		t.Errorf("ann was shown more:\n%s", s)
	}
	if len(g[0].book()) != 1 {
		t.Errorf("ann knows %d people, want bob alone", len(g[0].book()))
	}
}

func TestNoteBounds(t *testing.T) {
	n := note{Kind: kindKnown}
	for i := range maxKnown + 10 {
		n.Known = append(n.Known, acquaintance{ID: transport.PeerID{byte(i + 1)}})
	}
	b, err := n.encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decodeNote(b); err != nil || len(got.Known) != maxKnown {
		t.Errorf("%d known, %v; want %d", len(got.Known), err, maxKnown)
	}
	if _, err := decodeNote(make([]byte, maxNote+1)); err == nil {
		t.Error("a note above the limit was read")
	}
	// The largest answer fits.
	full := note{Kind: kindKnown, Number: 1<<64 - 1}
	for range maxKnown {
		full.Known = append(full.Known, acquaintance{Name: strings.Repeat("\U0001F600", maxName)})
	}
	if _, err := full.encode(); err != nil {
		t.Errorf("the largest answer: %v", err)
	}
}

func TestBookIsBounded(t *testing.T) {
	g := party(t, "ann")[0]
	for i := range maxBook + 100 {
		g.heard([]acquaintance{{transport.PeerID{byte(i), byte(i >> 8), 1}, "x"}})
	}
	if n := len(g.book()); n != maxBook {
		t.Errorf("%d people remembered, want %d", n, maxBook)
	}
}

// The news of an entrance that is gone comes once, and again only when it was
// back.
func TestDoorNews(t *testing.T) {
	g := party(t, "ann")[0]
	lost := false
	for _, err := range []error{nil, context.Canceled, overlay.ErrClosed, nil, nil, context.Canceled} {
		lost = g.doorNews(err, lost)
	}
	s := g.shown.String()
	if gone, back := strings.Count(s, "is gone"), strings.Count(s, "is back"); gone != 2 || back != 1 || !lost {
		t.Errorf("gone %d times, back %d times, lost %v; want 2, 1, true", gone, back, lost)
	}
}
