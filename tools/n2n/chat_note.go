package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/n2n-overlay/n2n/transport"
)

// Bounds of what peers of the chat say to each other.
const (
	maxNote  = 8 << 10 // bytes of a note
	maxName  = 24      // characters
	maxShown = 4 << 10 // characters of a line
	maxKnown = 32      // people in an answer
	maxBook  = 4096    // people remembered
)

// The kinds of notes.
const (
	kindHello = "hello" // Text is my name
	kindSay   = "say"   // Text is for all neighbors
	kindWho   = "who"   // whom do you know by the name or the id Text? empty: all
	kindKnown = "known" // the answer, with the question's number
)

// note is what the peers of the chat say to each other, as JSON.
type note struct {
	Kind   string         `json:"kind"`
	Text   string         `json:"text,omitempty"`
	Number uint64         `json:"number,omitempty"`
	Known  []acquaintance `json:"known,omitempty"`
}

// acquaintance is a neighbor of who answers.
type acquaintance struct {
	ID   transport.PeerID `json:"id"`
	Name string           `json:"name,omitempty"`
}

func (n note) encode() ([]byte, error) {
	b, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	if len(b) > maxNote {
		return nil, fmt.Errorf("%d bytes are too long: at most %d", len(b), maxNote)
	}
	return b, nil
}

// decodeNote reads a note. Its text is still a peer's: clean it before it is
// shown.
func decodeNote(b []byte) (note, error) {
	var n note
	if len(b) > maxNote {
		return n, errors.New("note is too long")
	}
	if err := json.Unmarshal(b, &n); err != nil {
		return n, err
	}
	if len(n.Known) > maxKnown {
		n.Known = n.Known[:maxKnown]
	}
	return n, nil
}

// checkName says what is wrong with a name that somebody chose.
func checkName(name string) error {
	if n := utf8.RuneCountInString(name); n > maxName {
		return fmt.Errorf("%d characters: at most %d", n, maxName)
	}
	bad := func(r rune) bool { return !unicode.IsPrint(r) || unicode.IsSpace(r) || r == utf8.RuneError }
	if strings.ContainsFunc(name, bad) {
		return errors.New("want printable characters and no spaces")
	}
	return nil
}
