package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rsc.io/qr"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/overlay/paste"
)

const (
	pasteWidth    = 64               // characters in a line of a text: a terminal's line may have 80
	admitPatience = 15 * time.Minute // an answer is carried by a person
	maxPasteLines = 4096             // a text in lines of one character
)

// clipboard is what a chat's person carries: the half texts that are being pasted
// here, and the answer that somebody waits for. It belongs to who reads the lines,
// but for answers.
type clipboard struct {
	text    strings.Builder
	lines   int
	answers chan []byte // holds one, while an offer of ours is out
	qr      bool        // texts are shown as QR codes, too
}

// offer lets somebody let us in: it shows an offer and waits for the answer to be
// pasted. When that leads nowhere, there is another offer. It ends with ctx.
func (c *chat) offer(ctx context.Context) {
	for ctx.Err() == nil {
		pasted := false
		_, err := c.protocol.Join(ctx, func(ctx context.Context, offer []byte) ([]byte, error) {
			c.show(paste.Offer, offer, "give this offer to somebody in the network, or to whoever is to make one with you:")
			c.screen.say("paste the answer here; or paste an offer of theirs, and give them the answer")
			select {
			case answer := <-c.clip.answers:
				pasted = true
				return answer, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
		if err == nil || ctx.Err() != nil {
			return
		}
		c.screen.say("! no connection came of it: %v", err)
		if !pasted {
			return // and none will
		}
	}
}

// show shows a text to be carried.
func (c *chat) show(k paste.Kind, data []byte, what string) {
	text, err := paste.Encode(k, data)
	if err != nil {
		c.screen.say("! %v", err)
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", what)
	for rest := text; rest != ""; {
		n := min(pasteWidth, len(rest))
		b.WriteString(rest[:n] + "\n")
		rest = rest[n:]
	}
	if c.clip.qr {
		code, err := qr.Encode(text, qr.L)
		if err != nil {
			c.screen.say("! QR code: %v", err)
			return
		}
		b.WriteString("\n" + blocks(code))
	}
	c.screen.say("%s", b.String())
}

// blocks draws a QR code, dark on light whatever the terminal's colors are, with
// the quiet zone of four modules that scanners want (ISO/IEC 18004 section 5.3.8).
// A character is two modules, one above the other.
func blocks(code *qr.Code) string {
	const quiet, on, off = 4, "\x1b[30;107m", "\x1b[0m"
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		b.WriteString(on)
		for x := -quiet; x < code.Size+quiet; x++ {
			n := 0
			if code.Black(x, y) {
				n |= 1
			}
			if code.Black(x, y+1) {
				n |= 2
			}
			b.WriteString([]string{" ", "▀", "▄", "█"}[n])
		}
		b.WriteString(off + "\n")
	}
	return b.String()
}

// pasted takes a line that belongs to a text, and does what the text says as soon
// as it is whole; false: the line is no part of one.
func (c *chat) pasted(ctx context.Context, line string) bool {
	p := &c.clip
	if p.lines == 0 && !paste.Begun(line) {
		return false
	}
	p.text.WriteString(line + "\n")
	p.lines++
	text := p.text.String()
	blank := strings.TrimSpace(line) == ""
	if !paste.Ended(text) && !blank && p.lines < maxPasteLines && len(text) < paste.MaxText {
		return true // more is to come; an empty line says that it is not
	}
	p.text.Reset()
	p.lines = 0
	if err := c.carried(ctx, text); err != nil && ctx.Err() == nil {
		c.screen.say("! %v", err)
	}
	return true
}

// carried does what a text says: it lets a newcomer in, or takes the answer to our
// own offer.
func (c *chat) carried(ctx context.Context, text string) error {
	answer, err := paste.Decode(paste.Answer, text)
	if err == nil {
		select {
		case c.clip.answers <- answer:
			c.screen.say("connecting")
			return nil
		default:
			return errors.New("no offer of yours waits for an answer")
		}
	}
	if !errors.Is(err, paste.ErrKind) {
		return fmt.Errorf("%w; copy it once more, from N2N to END", err)
	}
	offer, err := paste.Decode(paste.Offer, text)
	if err != nil {
		return fmt.Errorf("%w; copy it once more, from N2N to END", err)
	}
	answer, err = c.node.Admit(ctx, offer)
	switch {
	case errors.Is(err, overlay.ErrSignature), errors.Is(err, overlay.ErrMalformed):
		return fmt.Errorf("that is no offer of this chat: %w", err)
	case errors.Is(err, overlay.ErrRefused):
		return fmt.Errorf("that offer was answered before, or is your own: %w", err)
	case err != nil:
		return err
	}
	c.show(paste.Answer, answer, fmt.Sprintf("give this answer to whom the offer is of, within %v:", admitPatience))
	return nil
}
